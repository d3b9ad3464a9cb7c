"""Anthropic's SDKs through the gateway: Python 0.x and 2.x, Node."""

from typing import Any

import pytest

from tests.clients.answers.anthropic import GREETING
from tests.clients.comparison import assert_the_same_through, cases
from tests.clients.stage import CLIENTS, FAMILIES, Stage

FAMILY = FAMILIES["anthropic"]

THOUGHT = {"signature": "c2ln+/8=", "thinking": "Let me think …", "type": "thinking"}
CALLS = [["weather", {"city": "Tokyo"}], ["weather", {"city": "Paris"}]]


def text(words: str) -> dict[str, Any]:
    return {"text": words, "type": "text"}


def message(*blocks: dict[str, Any]) -> dict[str, Any]:
    """A message as the scripts print it."""
    numbers = {"input": 12, "cached": 4, "output": 5}
    return {"model": "claude-scripted", "blocks": list(blocks), "stop": "end_turn", **numbers, "tomorrow": ["kept"]}


def error(raised: str, status: int) -> dict[str, Any]:
    return {"raised": raised, "status": status, "message": f"scripted {status}"}


HELLO = text(f"{GREETING}: Hello")
LOOP = {"calls": CALLS, "first": "tool_use", "last": message(text("toolu_0=18; toolu_1=11"))}
FOUND = {"encrypted_content": "ZW5j", "title": "T", "type": "web_search_result", "url": "https://example.com/"}

PRINTED: dict[str, Any] = {
    "unary": {**message(HELLO), "request_id": True},
    "stream": {"text": HELLO["text"], **message(HELLO)},
    "async_stream": message(HELLO),
    "events": [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ],
    "tools": LOOP,
    "stream_tools": LOOP,
    "thinking": {"first": message(THOUGHT, HELLO), "again": message(THOUGHT, text(f"{GREETING}: And?"))},
    "stream_thinking": {"text": HELLO["text"], **message(THOUGHT, HELLO)},
    "image": message(text(f"{GREETING}: image/png:104")),
    "pdf": message(text(f"{GREETING}: application/pdf:168")),
    "web_search": message(
        {"id": "srvtoolu_1", "input": {"query": "news"}, "name": "web_search", "type": "server_tool_use"},
        {"content": [FOUND], "tool_use_id": "srvtoolu_1", "type": "web_search_tool_result"},
        text("One thing was found."),
    ),
    "structured": message(text('{"city": "Tokyo", "asked": ["asked", "city"]}')),
    "count_tokens": {"tokens": 21},
    "models": {"ids": ["claude-scripted"], "name": "Claude Scripted"},
    "beta": {"text": HELLO["text"]},
    "batch": [["one", "Done."]],
    "bad_request": error("BadRequestError", 400),
    "rate_limited": error("RateLimitError", 429),
    "budget_gone": error("RateLimitError", 429),
    "overloaded": error("OverloadedError", 529),
    "stream_overloaded": error("OverloadedError", 529),
    "stream_fails": {"raised": "APIStatusError", "status": 200, "message": "scripted overload"},
}
PRINTED_BY_NODE: dict[str, Any] = {
    "stream_fails": {"raised": "APIError", "status": None, "message": "scripted overload"},
}


@pytest.mark.parametrize(("client", "feature"), cases(PRINTED))
def test_a_feature_is_the_same_through_the_gateway(stage: Stage, client: str, feature: str) -> None:
    """The program prints what the provider said, and the provider receives what the program sent, and only that."""
    expected = {**PRINTED, **(PRINTED_BY_NODE if client == "node" else {})}[feature]
    assert_the_same_through(stage, FAMILY, client, feature, expected)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_beta_reaches_the_provider_as_this_generation_sends_it(stage: Stage, client: str) -> None:
    """The 0.x releases say ``?beta=true`` as well as the header; both, and an unknown value, must arrive."""
    request = stage.outcomes(FAMILY.dialect, client)["operator", "beta"].received[0]
    assert request.header("anthropic-beta") == "context-1m-2025-08-07,a-beta-of-tomorrow-2027-01-01"
    assert request.target == ("/v1/messages?beta=true" if client == "python-earlier" else "/v1/messages")
    version = "2023-06-01" if client == "python-earlier" else "2026-10-21"
    assert request.header("anthropic-version") == version


@pytest.mark.parametrize(("feature", "attempts"), [("rate_limited", ["0", "1", "2"]), ("budget_gone", ["0"])])
@pytest.mark.parametrize("client", CLIENTS)
def test_the_sdk_retries_as_the_provider_says(stage: Stage, client: str, feature: str, attempts: list[str]) -> None:
    """A throttle is tried again, each attempt counted for the provider; ``x-should-retry: false`` ends it at once."""
    received = stage.outcomes(FAMILY.dialect, client)["operator", feature].received
    assert [request.header("x-stainless-retry-count") for request in received] == attempts
