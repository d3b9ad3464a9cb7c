"""Every stream obeys its dialect's hard rules, and says what the whole answer to the same request says."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.laws import stream_rules
from tests.laws.stream_judges.judge import Broken
from tests.unit.simulator.line import Line, events

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ASKS = {
    "words": "Explain bees.",
    "tools": "What is the weather in Tokyo and Paris? Check both.",
    "script": 'simulate: say Look:\nsimulate: call weather {"city":"Rome"}\nsimulate: call weather {}',
    "nothing": "simulate: set tokens=0",
    "refusal": "simulate: set finish=refusal",
    "chunks": "simulate: set chunk=7; tokens=50",
    "failure": "simulate: set error=4",
    "failure at once": "simulate: set error=0",
}


def anthropic(words: str, name: str) -> tuple[str, dict[str, Any]]:
    body: dict[str, Any] = {"model": "m", "max_tokens": 3000, "messages": [{"role": "user", "content": words}]}
    body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    body["tools"] = [{"name": "weather", "input_schema": SCHEMA}]
    if name == "search":
        body["tools"] = [{"type": "web_search_20250305", "name": "web_search"}]
    return "/v1/messages", body


def chat(words: str, name: str) -> tuple[str, dict[str, Any]]:
    tools = [{"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}]
    body: dict[str, Any] = {"model": "gpt-5", "n": 2, "messages": [{"role": "user", "content": words}], "tools": tools}
    return "/v1/chat/completions", body


def responses(words: str, name: str) -> tuple[str, dict[str, Any]]:
    tools: list[Any] = [{"type": "function", "name": "weather", "parameters": SCHEMA}]
    if name == "search":
        tools = [{"type": "web_search"}]
    return "/v1/responses", {"model": "gpt-5", "input": words, "tools": tools, "reasoning": {"summary": "auto"}}


def gemini(words: str, name: str) -> tuple[str, dict[str, Any]]:
    tools: list[Any] = [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": SCHEMA}]}]
    if name == "search":
        tools = [{"googleSearch": {}}]
    config = {"thinkingConfig": {"includeThoughts": True}}
    body = {"contents": [{"parts": [{"text": words}]}], "tools": tools, "generationConfig": config}
    return "/v1beta/models/gemini-3.8-flash:streamGenerateContent", body


Judge = Callable[[bytes], list[Broken]]
DIALECTS: dict[str, tuple[Callable[[str, str], tuple[str, dict[str, Any]]], str, dict[str, Any], Judge]] = {
    "anthropic": (anthropic, "", {"stream": True}, stream_rules.anthropic_messages),
    "chat": (chat, "", {"stream": True}, lambda body: stream_rules.openai_chat(body, usage_asked=False)),
    "chat with usage": (
        chat,
        "",
        {"stream": True, "stream_options": {"include_usage": True}},
        lambda body: stream_rules.openai_chat(body, usage_asked=True),
    ),
    "responses": (responses, "", {"stream": True}, stream_rules.openai_responses),
    "gemini": (gemini, "?alt=sse", {}, stream_rules.gemini_events),
    "gemini array": (gemini, "", {}, stream_rules.gemini_array),
}


@pytest.mark.parametrize("name", [*ASKS, "search"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_keeps_the_rules(line: Line, dialect: str, name: str) -> None:
    """No rule of the dialect is broken, whatever the stream carries and however it ends."""
    build, query, extra, judge = DIALECTS[dialect]
    path, body = build(ASKS.get(name, "The latest news about bees?"), name)
    heard = line.ask(path + query, {**body, **extra})
    assert heard.status == 200
    if "usage" in dialect and name.startswith("failure"):
        # What ends in an error has no usage to tell, but is judged like the rest.
        judge = stream_rules.openai_chat
    assert judge(heard.body) == []


def accumulated_anthropic(stream: list[Any]) -> list[Any]:
    """Blocks as an SDK puts them together, without ids."""
    blocks: list[Any] = []
    for event in stream:
        if event["type"] == "content_block_start":
            blocks.append({**event["content_block"], "joined": ""})
        if event["type"] == "content_block_delta":
            delta = event["delta"]
            if "signature" in delta:
                blocks[-1]["signature"] = delta["signature"]
            elif "citation" in delta:
                blocks[-1]["citations"].append(delta["citation"])
            else:
                blocks[-1]["joined"] += delta.get("text", delta.get("thinking", delta.get("partial_json")))
    return blocks


@pytest.mark.parametrize("name", ["words", "tools", "script", "search"])
def test_anthropic_streams_hold_the_blocks_of_whole_messages(line: Line, name: str) -> None:
    """The same kinds of blocks and the same reason to end; a script's words and arguments to the letter."""
    path, body = anthropic(ASKS.get(name, "The latest news about bees?"), name)
    whole, stream = line.ask(path, body).json, events(line.ask(path, {**body, "stream": True}).body)
    blocks = accumulated_anthropic(stream)
    assert [block["type"] for block in blocks] == [block["type"] for block in whole["content"]]
    final = next(event for event in stream if event["type"] == "message_delta")
    assert final["delta"]["stop_reason"] == whole["stop_reason"]
    for block, other in zip(blocks, whole["content"], strict=True):
        if block["type"] == "thinking":
            assert block["signature"]
            assert block["joined"]
        if block["type"] == "tool_use":
            assert json.loads(block["joined"]) == other["input"]
        if block["type"] == "text" and (name == "script" or block.get("citations")):
            assert block["joined"] == other["text"]


def test_a_streams_usage_is_what_was_streamed(line: Line) -> None:
    """One token a delta: the counter says how many there were."""
    path, body = anthropic("simulate: set tokens=40; think=25", "words")
    stream = events(line.ask(path, {**body, "stream": True, "tools": []}).body)
    kinds = [event["delta"]["type"] for event in stream if event["type"] == "content_block_delta"]
    usage = next(event["usage"] for event in stream if event["type"] == "message_delta")
    assert (kinds.count("text_delta"), kinds.count("thinking_delta")) == (40, 25)
    assert (usage["output_tokens"], usage["output_tokens_details"]["thinking_tokens"]) == (65, 25)
    assert sum(event["type"] == "ping" for event in stream) == 1
