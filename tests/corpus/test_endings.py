"""Recorded answers and how they ended: what the tallies tell is what a plain walk over their JSON finds.

The walk is written down here as providers document each field, and shares nothing with the readers. Streams are shown
as the gateway shows them: those frames that hold the tally's sign, and at the end the latest pieces that passed.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from penstock.app import DIALECTS
from penstock.core.dialect import Tally
from penstock.wire.sse import Frames
from penstock.wire.trail import PIECES
from tests.corpus.test_usage import exchanges
from tests.support.corpus import Recorded

Json = dict[str, Any]

# What the recordings hold at least, by dialect and ending; s marks event streams.
FOUND = {
    "anthropic": {"truncated": 22, "refused": 2, "truncated s": 11, "refused s": 4},
    "openai": {"truncated": 149, "refused": 33, "invalid": 4, "truncated s": 112, "refused s": 11},
    "gemini": {"truncated": 8, "refused": 9, "invalid": 5, "truncated s": 4, "refused s": 6, "invalid s": 3},
}
ORDER = ("", "invalid", "refused", "truncated")


def values(exchange: Recorded) -> list[Json]:
    """The JSON objects of a body, an array, or a stream's events."""
    if not exchange.sse:
        try:
            told = json.loads(exchange.response_body)
        except ValueError:
            return []
        return [one for one in (told if isinstance(told, list) else [told]) if isinstance(one, dict)]
    found = []
    for line in re.findall(r"^data:(.*)$", exchange.response_body, re.MULTILINE):
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [one for one in found if isinstance(one, dict)]


def anthropic(told: Json, *, streamed: bool) -> Iterator[str]:
    reason = (told.get("delta") or {}).get("stop_reason") if streamed else told.get("stop_reason")
    if reason in {"max_tokens", "model_context_window_exceeded"}:
        yield "truncated"
    elif reason == "refusal":
        yield "refused"


def unreadable(arguments: Any) -> bool:
    if not isinstance(arguments, str) or not arguments.strip():
        return False
    try:
        json.loads(arguments)
    except ValueError:
        return True
    return False


def openai(told: Json, *, streamed: bool) -> Iterator[str]:
    for choice in told.get("choices") or []:
        if choice.get("finish_reason") == "length":
            yield "truncated"
        said = choice.get("delta") or choice.get("message") or {}
        if choice.get("finish_reason") == "content_filter" or said.get("refusal"):
            yield "refused"
        functions = [call.get("function") for call in said.get("tool_calls") or []] + [said.get("function_call")]
        if not streamed and any(unreadable(one.get("arguments")) for one in functions if one):
            yield "invalid"
    # Of a stream's events the last ones hold the response whole.
    response = told.get("response") if streamed else told
    if not isinstance(response, dict) or not isinstance(response.get("usage"), dict):
        return
    if response.get("status") == "incomplete":
        reason = (response.get("incomplete_details") or {}).get("reason")
        yield {"max_output_tokens": "truncated", "content_filter": "refused"}.get(reason, "")
    for item in response.get("output") or []:
        if any("refusal" in part for part in item.get("content") or []):
            yield "refused"
        if item.get("type") == "function_call" and unreadable(item.get("arguments")):
            yield "invalid"


def gemini(told: Json, *, streamed: bool) -> Iterator[str]:
    del streamed
    if (told.get("promptFeedback") or {}).get("blockReason"):
        yield "refused"
    for candidate in told.get("candidates") or []:
        match candidate.get("finishReason"):
            case "MAX_TOKENS" | 2:
                yield "truncated"
            case "SAFETY" | "RECITATION" | "PROHIBITED_CONTENT" | "BLOCKLIST" | "SPII" | "MODEL_ARMOR":
                yield "refused"
            case "MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL":
                yield "invalid"


def walked(exchange: Recorded, dialect: str) -> str:
    """How the answer says that it ended; of several words the gravest."""
    walk = {"anthropic": anthropic, "openai": openai, "gemini": gemini}[dialect]
    found = [word for one in values(exchange) for word in walk(one, streamed=exchange.sse)]
    return max(found, key=ORDER.index, default="")


def told(tally: Tally, exchange: Recorded) -> str:
    """What the tally tells of it: a stream comes frame by frame."""
    body = exchange.response_body.encode()
    latest: list[bytes] = []
    if exchange.sse:
        frames = Frames(1 << 24)
        for piece in re.split(rb"(?<=\n\n)|(?<=\n\r\n)", body):
            if whole := frames.feed(piece):
                latest = [*latest, whole][-PIECES:]
                if tally.sign in whole:
                    tally.frames(whole)
        tally.frames(frames.rest())
    else:
        tally.piece(body)
    if exchange.sse:
        tally.latest(b"".join(latest))
    tally.consumed()
    return tally.ending.value


@pytest.mark.parametrize("dialect", FOUND)
def test_an_answer_ended_as_it_says(dialect: str) -> None:
    """Whole and streamed: every ending equals the walk's, and there are as many as there were."""
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for exchange, spoken, met in exchanges():
        tally = DIALECTS[dialect].tally(met) if spoken == dialect else None
        # What is read again, a file of many answers, and the steps of a run have no ending of their own.
        if tally is None or met.route.method == "GET" or met.route.operation.startswith("threads."):
            continue
        expected, found = walked(exchange, dialect), told(tally, exchange)
        if expected != found:
            wrong.append(f"{exchange.id} {met.route.operation}: {found!r} but it says {expected!r}")
        counts[(found or "in order") + " s" * exchange.sse] += 1
    print(dialect, dict(counts))
    print(*wrong, sep="\n")
    assert wrong == []
    assert {name: counts[name] for name, least in FOUND[dialect].items() if counts[name] < least} == {}
