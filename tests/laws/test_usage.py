"""One call's numbers, told by every dialect in its own way: the same usage; and nonsense, that never counts.

Written down once as what happened, spelt as each provider would spell it, read by each dialect's tally.
"""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from penstock.app import DIALECTS
from penstock.core.dialect import Tally
from penstock.core.head import RequestHead
from penstock.core.usage import Consumption, Source, Usage
from penstock.route_rows import ROWS
from penstock.routes import match


@dataclass(frozen=True)
class Happened:
    """Tokens by kind, each in one place."""

    fresh: int
    read: int
    written: int
    seen: int
    thought: int


HAPPENED = [Happened(30, 0, 0, 9, 0), Happened(30, 20, 0, 9, 0), Happened(30, 20, 6, 9, 4), Happened(0, 20, 0, 0, 4),
            Happened(999_999, 1, 12_345, 67_890, 1_000)]  # fmt: skip


def anthropic(one: Happened) -> dict[str, Any]:
    return {
        "input_tokens": one.fresh, "cache_read_input_tokens": one.read, "cache_creation_input_tokens": one.written,
        "output_tokens": one.seen + one.thought, "output_tokens_details": {"thinking_tokens": one.thought},
    }  # fmt: skip


def openai(one: Happened, into: str = "prompt", out: str = "completion") -> dict[str, Any]:
    sums = one.fresh + one.read + one.written, one.seen + one.thought
    return {
        f"{into}_tokens": sums[0], f"{out}_tokens": sums[1], "total_tokens": sum(sums),
        f"{into}_tokens_details": {"cached_tokens": one.read, "cache_write_tokens": one.written},
        f"{out}_tokens_details": {"reasoning_tokens": one.thought},
    }  # fmt: skip


def responses(one: Happened) -> dict[str, Any]:
    return openai(one, "input", "output")


def gemini(one: Happened) -> dict[str, Any]:
    # Gemini writes to its cache without a price of its own: such tokens are input as any other.
    return {
        "promptTokenCount": one.fresh + one.written + one.read, "cachedContentTokenCount": one.read,
        "candidatesTokenCount": one.seen, "thoughtsTokenCount": one.thought,
    }  # fmt: skip


def _event(data: Any) -> bytes:
    return b"data: " + json.dumps(data).encode() + b"\n\n"


# By name: the route, how it spells usage, and the bodies and streams that hold it.
SPELT: dict[str, tuple[str, Any, Any, Any]] = {
    "anthropic": (
        "/anthropic/v1/messages", anthropic,
        lambda usage: {"model": "m", "content": [], "usage": usage},
        lambda usage: [{"type": "message_start", "message": {"model": "m", "usage": usage}},
                       {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}],
    ),
    "chat": (
        "/openai/v1/chat/completions", openai,
        lambda usage: {"model": "m", "choices": [], "usage": usage},
        lambda usage: [{"model": "m", "choices": [{"finish_reason": "stop"}], "usage": None},
                       {"model": "m", "choices": [], "usage": usage}],
    ),
    "legacy": (
        "/openai/v1/completions", openai,
        lambda usage: {"model": "m", "choices": [], "usage": usage},
        lambda usage: [{"model": "m", "choices": [{"text": "", "finish_reason": "stop"}], "usage": usage}],
    ),
    "responses": (
        "/openai/v1/responses", responses,
        lambda usage: {"model": "m", "status": "completed", "usage": usage},
        lambda usage: [{"type": "response.created", "response": {"model": "m", "usage": None}},
                       {"type": "response.completed", "response": {"model": "m", "usage": usage}}],
    ),
    "gemini": (
        "/gemini/v1beta/models/m:streamGenerateContent", gemini,
        lambda usage: [{"candidates": [{"finishReason": "STOP"}], "usageMetadata": usage, "modelVersion": "m"}],
        lambda usage: [{"candidates": [{"finishReason": "STOP"}], "usageMetadata": usage, "modelVersion": "m"}],
    ),
}  # fmt: skip


def _tally(path: str) -> Tally:
    met = match(RequestHead("POST", path.encode(), ()))
    found = DIALECTS[met.route.dialect].tally(met)
    assert found is not None
    return found


def _both(name: str, usage: dict[str, Any]) -> list[Consumption]:
    path, _, body, events = SPELT[name]
    whole, streamed = _tally(path), _tally(path)
    whole.piece(json.dumps(body(usage)).encode())
    for event in events(usage):
        streamed.frames(_event(event))
    return [whole.consumed(), streamed.consumed()]


@pytest.mark.parametrize("one", HAPPENED, ids=str)
@pytest.mark.parametrize("name", SPELT)
def test_the_same_numbers_are_the_same_usage(name: str, one: Happened) -> None:
    """Whole and streamed, in every dialect: disjoint, complete, and by the same model."""
    written = 0 if name == "gemini" else one.written
    fresh = one.fresh + one.written - written
    expected = Usage(input=fresh, cache_read=one.read, cache_write_5m=written, output=one.seen, reasoning=one.thought)
    for consumption in _both(name, SPELT[name][1](one)):
        assert consumption.usage == expected
        assert consumption.model == "m"
        assert (consumption.source, consumption.missing) == (Source.REPORTED, False)


NONSENSE = [
    "12", -12, 1.5, 12.0, True, None, [], {}, [12], {"tokens": 12}, 10**12, 10**30, -(10**30), "9" * 5000, 2**63, 2**64,
]  # fmt: skip


@pytest.mark.parametrize("value", NONSENSE, ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("name", SPELT)
def test_nonsense_never_counts(name: str, value: Any) -> None:
    """Not as a counter, not as the details, not as the usage itself, not as model or tier; and nothing is raised."""
    spelt = SPELT[name][1](Happened(30, 20, 6, 9, 4))
    for field in spelt:
        nested = dict.fromkeys(spelt[field], value) if isinstance(spelt[field], dict) else value
        for told in (value, nested):
            for consumption in _both(name, spelt | {field: told, "service_tier": value, "iterations": value}):
                usage = consumption.usage
                assert 0 <= usage.total_input <= 56 * 2
                assert 0 <= usage.total_output <= 13
    for consumption in _both(name, dict.fromkeys(spelt, value)) + (_both(name, value) if value else []):
        assert (consumption.usage, consumption.missing) == (Usage(), True)


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b'{"usage":{"input_tokens":1e999}}', b"null", b"[]", b"7", b'"usage"', b"<html>",
     b"\xff\xfe{", b'{"usage":' * 2000, b"[" * 5000,
     b'[{"usageMetadata":' + b"[" * 5000, b'{"model":"\\ud800","usage":{"a":1e999}}',
     b'data: {"usage":{"usage":{\n\n', b"data: [DONE]\n\n",
     b'data: {"type":"message_start","message":7,"usage":{}}\n\n'],
    ids=lambda text: repr(text[:24]),
)  # fmt: skip
@pytest.mark.parametrize("name", SPELT)
def test_broken_answers_never_raise(name: str, text: bytes) -> None:
    """As a body and as frames: they tell nothing, and what a model wrote is missing."""
    path = SPELT[name][0]
    whole, streamed = _tally(path), _tally(path)
    whole.piece(text)
    streamed.frames(text)
    for consumption in (whole.consumed(), streamed.consumed()):
        assert (consumption.usage, consumption.source, consumption.missing) == (Usage(), Source.NONE, True)


def test_a_number_beyond_all_bounds_spoils_only_itself() -> None:
    """What stands beside it counts."""
    tally = _tally("/openai/v1/chat/completions")
    tally.piece(
        b'{"model":"m","usage":{"prompt_tokens":30,"completion_tokens":9,"cost":1e999,"x":' + b"9" * 400 + b"}}"
    )
    assert tally.consumed().usage == Usage(input=30, output=9)


# Everything else lists, keeps, or counts beforehand.
CONSUMING = {
    "anthropic": {"messages.create", "batches.results"},
    "openai": {
        "chat.completions.create", "completions.create", "responses.create", "responses.compact",
        "responses.retrieve", "responses.cancel", "embeddings.create", "moderations.create", "images.generate",
        "images.edit", "images.create_variation", "audio.speech.create", "audio.transcriptions.create",
        "audio.translations.create", "threads.create_and_run", "threads.runs.create", "threads.runs.retrieve",
        "threads.runs.cancel", "threads.runs.submit_tool_outputs", "files.content",
    },
    "gemini": {
        "models.generateContent", "models.streamGenerateContent", "models.embedContent", "models.batchEmbedContents",
        "files.download",
    },
}  # fmt: skip


def test_which_operations_consume() -> None:
    """Every row of the route table either has a tally or never costs tokens."""
    found: dict[str, set[str]] = {name: set() for name in CONSUMING}
    for row in ROWS:
        path = f"/{row.dialect}" + row.template.replace("{", "x").replace("}", "1")
        met = match(RequestHead(row.method, path.encode(), ()))
        assert met.route.operation == row.operation
        if DIALECTS[row.dialect].tally(met) is not None:
            found[row.dialect].add(row.operation)
    assert found == CONSUMING
