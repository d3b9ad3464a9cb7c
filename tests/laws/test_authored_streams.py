"""Every stream that we author obeys its dialect's hard rules: the simulator's, and the endings that the gateway adds.

A relayed stream that breaks a rule stays as it is; what we write ourselves has no excuse.
"""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.laws import stream_rules
from tests.support.client import ask
from tests.support.gateway import Gateway

pytestmark = pytest.mark.slow

Judge = Callable[[bytes], list[stream_rules.Broken]]

TOOL = {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}
PROMPTS = {
    "text": "Explain connection pooling.",
    "nothing": "simulate: set tokens=0",
    "one word": "simulate: say pong",
    "a tool": 'simulate: call weather {"city":"Tōkyō \\"T\\"","days":2}',
    "two tools": 'simulate: call weather {"city":"Oslo"}\nsimulate: call weather {"city":"Rome"}',
    "no arguments": "simulate: call weather {}",
    "words, then tools": 'simulate: say Let me look.\nsimulate: call weather {"city":"Oslo"}',
    "thoughts": "simulate: think First things first.\nsimulate: say Done.",
    "a long answer": "simulate: set tokens=900; chunk=7",
    "cut short": "simulate: set finish=length",
    "refused": "simulate: set finish=refusal",
    "an error in the middle": "simulate: set error=4; tokens=40",
    "a silence": "simulate: set silence=1.3s; at=3; tokens=30",
    "a cut": "simulate: set cut=4; tokens=40",
    "a cut at once": "simulate: set cut=1; tokens=40",
}


def anthropic(prompt: str) -> tuple[str, dict[str, object]]:
    return "/v1/messages", {
        "model": "claude-sonnet-5-5", "max_tokens": 16000, "stream": True,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tools": [{"name": "weather", "input_schema": TOOL},
                  {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}],
        "messages": [{"role": "user", "content": prompt}],
    }  # fmt: skip


def chat(prompt: str) -> tuple[str, dict[str, object]]:
    return "/v1/chat/completions", {
        "model": "gpt-4o", "stream": True, "stream_options": {"include_usage": True},
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": TOOL}}],
        "messages": [{"role": "user", "content": prompt}],
    }  # fmt: skip


def responses(prompt: str) -> tuple[str, dict[str, object]]:
    return "/v1/responses", {
        "model": "gpt-5.5", "stream": True, "store": False, "reasoning": {"summary": "auto"}, "input": prompt,
        "tools": [{"type": "function", "name": "weather", "parameters": TOOL, "strict": False}, {"type": "web_search"}],
    }  # fmt: skip


def gemini(prompt: str) -> tuple[str, dict[str, object]]:
    return "/gemini/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse", {
        "contents": [{"role": "user", "parts": [{"text": prompt}]}],
        "tools": [{"functionDeclarations": [{"name": "weather", "parametersJsonSchema": TOOL}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
    }  # fmt: skip


def gemini_array(prompt: str) -> tuple[str, dict[str, object]]:
    target, body = gemini(prompt)
    return target.partition("?")[0], body


DIALECTS: dict[str, tuple[Callable[[str], tuple[str, dict[str, object]]], Judge]] = {
    "anthropic": (anthropic, stream_rules.anthropic_messages),
    "chat": (chat, lambda body: stream_rules.openai_chat(body, usage_asked=True)),
    "responses": (responses, stream_rules.openai_responses),
    "gemini": (gemini, stream_rules.gemini_events),
    "gemini array": (gemini_array, stream_rules.gemini_array),
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    # Keep-alives after a second of silence, so that those are judged too.
    config = {"listen": "127.0.0.1:0", "stream_keepalive": 1, "keys": [{"name": "test", "key": "${KEY}"}]}
    environment = {"KEY": "mt_live_test000000000000000000000000000000000000"}
    with Gateway(config, tmp_path_factory.mktemp("authored"), environment, ("--demo",)) as running:
        yield running


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_authored_streams_break_no_rule(gateway: Gateway, dialect: str, prompt: str) -> None:
    """Whatever the answer holds and however it ends, the stream is one that the dialect's clients can read."""
    request, judge = DIALECTS[dialect]
    target, body = request(PROMPTS[prompt])
    # The demo paces its streams for people; nobody watches here.
    got = ask(gateway, target, json.dumps(body), {"x-simulate": "pace=0ms"})
    assert got.status == 200, got.body
    assert got.headers["x-penstock-simulated"] == "true"
    assert judge(got.body) == []
    if prompt.startswith(("an error", "a cut")):
        assert b"error" in got.body
    if prompt == "a silence" and dialect in {"anthropic", "chat", "responses"}:
        assert (b"event: ping" in got.body) or (b": keep-alive" in got.body)
