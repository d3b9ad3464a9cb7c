"""Every SDK against the demo: the simulator must satisfy the same programs that a real provider does.

What it says is its own; what is asserted is what a program relies on: kinds of blocks, reasons, numbers, and that
nothing but the demo is needed.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.clients.comparison import ONLY_PYTHON
from tests.clients.stage import CLIENTS, FAMILIES, Stage, simulated_features

Check = Callable[[Any], object]


def is_place(answer: Mapping[str, Any]) -> bool:
    """Fits the schema that the scripts ask for."""
    return isinstance(answer["city"], str) and all(isinstance(each, str) for each in answer.get("asked", []))


def two_calls(calls: list[Any]) -> bool:
    """Both at once, of the tool that was offered, with its required argument."""
    return [name for name, _ in calls] == ["weather"] * 2 and all(isinstance(given["city"], str) for _, given in calls)


def refused(printed: Any) -> bool:
    return bool(printed["status"] == 401)


# Anthropic


def message(printed: Any, *kinds: str) -> bool:
    """A complete message of these kinds of blocks, with numbers."""
    found = [block["type"] for block in printed["blocks"]]
    said = all(block.get("text", "-").strip() for block in printed["blocks"])
    counted = printed["input"] > 0 and printed["output"] > 0
    return found == list(kinds or ("text",)) and said and counted and printed["stop"] == "end_turn"


def signed(printed: Any) -> bool:
    thought = printed["blocks"][0]
    return message(printed, "thinking", "text") and bool(thought["thinking"] and thought["signature"])


def anthropic_loop(printed: Any) -> bool:
    return two_calls(printed["calls"]) and printed["first"] == "tool_use" and message(printed["last"])


def searched(printed: Any) -> bool:
    kinds = [block["type"] for block in printed["blocks"]]
    found = next(block for block in printed["blocks"] if block["type"] == "web_search_tool_result")
    return kinds.index("server_tool_use") < kinds.index("web_search_tool_result") and bool(found["content"][0]["url"])


ANTHROPIC: dict[str, Check] = {
    "unary": lambda printed: message(printed) and printed["request_id"],
    "stream": lambda printed: message(printed) and printed["text"] == printed["blocks"][0]["text"],
    "async_stream": message,
    "events": lambda printed: printed[0] == "message_start" and printed[-2:] == ["message_delta", "message_stop"],
    "tools": anthropic_loop,
    "stream_tools": anthropic_loop,
    "thinking": lambda printed: signed(printed["first"]) and signed(printed["again"]),
    "stream_thinking": signed,
    "image": message,
    "pdf": message,
    "web_search": searched,
    "structured": lambda printed: message(printed) and is_place(json.loads(printed["blocks"][0]["text"])),
    "count_tokens": lambda printed: printed["tokens"] > 0,
    "models": lambda printed: printed["ids"] and printed["name"],
    "beta": lambda printed: printed["text"].strip(),
    "wrong_key": refused,
}

# OpenAI


def completion(printed: Any) -> bool:
    return bool(printed["text"].strip() and printed["stop"] == "stop" and printed["input"] > 0 < printed["output"])


def openai_loop(printed: Any) -> bool:
    return two_calls(printed["calls"]) and printed["first"] == "tool_calls" and bool(printed["last"].strip())


def response(printed: Any) -> bool:
    """A message; a model that reasons shows that it did before it."""
    counted = printed["input"] > 0 < printed["output"]
    return printed["items"][-1] == "message" and counted and bool(printed["text"].strip())


def reasoned(printed: Any) -> bool:
    return response(printed) and bool(printed["items"] == ["reasoning", "message"])


OPENAI: dict[str, Check] = {
    "unary": lambda printed: completion(printed) and printed["request_id"],
    "stream": lambda printed: printed["text"].strip() and printed["stops"] == ["stop"],
    "stream_usage": lambda printed: printed["choices"] == 0 and min(printed["usage"]) > 0,
    "async_stream": str.strip,
    "tools": openai_loop,
    "stream_tools": openai_loop,
    "thinking": completion,
    "image": completion,
    "pdf": completion,
    "structured": is_place,
    "wrong_key": refused,
    "responses_unary": response,
    "responses_stream": lambda printed: response(printed) and printed["streamed"] == printed["text"],
    "responses_events": lambda printed: printed[0] == "response.created" and printed[-1] == "response.completed",
    "responses_tools": lambda printed: two_calls(printed["calls"]) and printed["last"].strip(),
    "responses_stream_tools": two_calls,
    "responses_thinking": lambda printed: reasoned(printed["first"]) and reasoned(printed["again"]),
    "responses_image": response,
    "responses_pdf": response,
    "responses_structured": is_place,
    "count_tokens": lambda printed: printed["tokens"] > 0,
    "completions": lambda printed: printed["text"].strip() and printed["streamed"].strip(),
    "embeddings": lambda printed: len(printed["vectors"]) == 2 and any(printed["vectors"][0]) and any(printed["plain"]),
    "models": lambda printed: printed["ids"] and printed["owner"],
}

# Google


def generated(printed: Any) -> bool:
    said = all(part["text"].strip() for part in printed["parts"])
    return said and printed["stop"] == "STOP" and printed["input"] > 0 < printed["output"]


def thought(printed: Any) -> bool:
    return generated(printed) and [bool(part.get("thought")) for part in printed["parts"]] == [True, False]


def poured(printed: Any) -> bool:
    return bool(printed["text"].strip() and printed["stop"] == "STOP" and printed["output"] > 0)


GEMINI: dict[str, Check] = {
    "unary": generated,
    "stream": poured,
    "async_stream": str.strip,
    "tools": lambda printed: two_calls(printed["calls"]) and printed["last"].strip(),
    "stream_tools": lambda printed: two_calls(printed["calls"]) and printed["stop"] == "STOP",
    "thinking": lambda printed: thought(printed["first"]) and thought(printed["again"]),
    "stream_thinking": lambda printed: poured(printed) and printed["thought"].strip(),
    "image": generated,
    "pdf": generated,
    "structured": is_place,
    "count_tokens": lambda printed: printed["tokens"] > 0,
    "models": lambda printed: printed["names"] and printed["shown"],
    "embeddings": lambda printed: len(printed) == 1 and any(printed[0]),
    "chat": lambda printed: all(map(str.strip, printed)),
    "wrong_key": refused,
}

CHECKS = {"anthropic": ANTHROPIC, "openai": OPENAI, "gemini": GEMINI}

CASES = [
    (dialect, client, feature)
    for dialect, family in FAMILIES.items()
    for client in CLIENTS
    for feature in simulated_features(family)
    if client != "node" or feature not in ONLY_PYTHON
]


@pytest.mark.parametrize(("dialect", "client", "feature"), CASES)
def test_a_feature_works_in_the_demo(stage: Stage, dialect: str, client: str, feature: str) -> None:
    """The program gets what it needs, without any provider."""
    printed = stage.simulated(dialect, client)["demo", feature].printed
    assert not isinstance(printed, dict) or "unexpected" not in printed, printed
    assert CHECKS[dialect][feature](printed), printed
