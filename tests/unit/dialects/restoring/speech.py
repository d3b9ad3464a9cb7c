"""Streams of every dialect that say one text in pieces, and what a client puts together from such a stream."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.core.mask import Masks, spelt
from penstock.core.restoring import Restoring
from penstock.core.route import Match
from penstock.dialects.anthropic import Anthropic
from penstock.route_rows import ROWS
from tests.laws import stream_rules

EMAIL, PERSON, KEY = spelt("EMAIL", 123456789), spelt("PERSON", 99999), spelt("SECRET", 5)
VALUES = {EMAIL: 'a"b\\c\nd@x.example', PERSON: "José “Pepe” 😀", KEY: "line\nline"}
"""What the tokens of these tests stand for: quotes, backslashes, line ends, and letters of several bytes."""

ANTHROPIC = Anthropic().restoring
Check = Callable[[bytes], list[stream_rules.Broken]]


def match(dialect: str, operation: str) -> Match:
    """A request of this operation."""
    route = next(row for row in ROWS if row.dialect == dialect and row.operation == operation)
    return Match(route, (), route.template, "")


@dataclass(frozen=True)
class Voice:
    """One way to say a text in a stream."""

    name: str
    restoring: Restoring
    match: Match
    frames: Callable[[Sequence[str]], list[bytes]]
    """A whole stream, frame by frame, that says the text in these pieces."""
    heard: Callable[[bytes], str]
    """The text, from a stream."""
    check: Check
    json: bool = False
    """The text must be JSON: a tool's arguments."""
    ordered: bool = False
    """Its frames are numbered."""

    def told(self, frames: Iterable[bytes], masks: Masks) -> bytes:
        """What the client gets of these pieces of a stream."""
        lanes = self.restoring.lanes(self.match, masks)
        return b"".join([lanes.frames(frame) for frame in frames] + [lanes.rest()])


def typed(**data: Any) -> bytes:
    """A frame that is named by its type."""
    return b"event: %b\ndata: %b\n\n" % (str(data["type"]).encode(), _json(data))


def unnamed(data: Any) -> bytes:
    """A data frame."""
    return b"data: %b\n\n" % _json(data)


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def events(stream: bytes) -> list[dict[str, Any]]:
    """The data of a stream's frames."""
    lines = [line[5:].strip() for line in stream.decode().replace("\r\n", "\n").split("\n") if line.startswith("data:")]
    return [json.loads(line) for line in lines if line.startswith("{")]


# --- Anthropic ----------------------------------------------------------------------------------------------------

_START = typed(
    type="message_start",
    message={
        "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
)  # fmt: skip
_ENDING = [
    typed(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1}),
    typed(type="message_stop"),
]


def _block(begun: dict[str, Any], kind: str, field: str) -> Callable[[Sequence[str]], list[bytes]]:
    def frames(parts: Sequence[str]) -> list[bytes]:
        thought = [
            typed(type="content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
            typed(type="content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": f"It is {EMAIL}"}),
            typed(type="content_block_stop", index=0),
        ]
        deltas = [typed(type="content_block_delta", index=1, delta={"type": kind, field: part}) for part in parts]
        deltas.insert(0, typed(type="ping"))
        around = (
            typed(type="content_block_start", index=1, content_block=begun),
            typed(type="content_block_stop", index=1),
        )
        return [_START, *thought, around[0], *deltas, around[1], *_ENDING]

    return frames


def _in_delta(field: str) -> Callable[[bytes], str]:
    return lambda stream: "".join((one.get("delta") or {}).get(field, "") for one in events(stream))


_MESSAGES = match("anthropic", "messages.create")
_TOOL = {"type": "tool_use", "id": "toolu_1", "name": "edit", "input": {}}

ANTHROPIC_VOICES = (
    Voice(
        "anthropic text", ANTHROPIC, _MESSAGES, _block({"type": "text", "text": ""}, "text_delta", "text"),
        _in_delta("text"), stream_rules.anthropic_messages,
    ),
    Voice(
        "anthropic tool input", ANTHROPIC, _MESSAGES, _block(_TOOL, "input_json_delta", "partial_json"),
        _in_delta("partial_json"), stream_rules.anthropic_messages, json=True,
    ),
)  # fmt: skip

VOICES = ANTHROPIC_VOICES
