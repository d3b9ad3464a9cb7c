"""What Claude says: blocks of a message, whole or streamed, and how a stream of them is cut. Pure; never raises."""

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.fault import Fault, FaultKind
from penstock.core.hearing import Kind, Listening, Said
from penstock.core.route import Match
from penstock.dialects.collecting import event_data
from penstock.dialects.leaves import decoded, leaves

_DELTAS = {
    "text_delta": ("text", Kind.TEXT), "thinking_delta": ("thinking", Kind.THINKING),
    "input_json_delta": ("partial_json", Kind.ARGUMENTS), "compaction_delta": ("content", Kind.TEXT),
}  # fmt: skip
_TOOL = "tool_use"


class _Standing(msgspec.Struct, frozen=True):
    block: int | None = None
    """The block that is open."""
    kind: str = ""
    following: int = 0
    """The next block's index."""
    calling: bool = False
    """A call of a tool has begun, and may be complete."""
    tokens: int = 0


class Hearing:
    """Anthropic's ``core.hearing.Hearing``."""

    def whole(self, match: Match, body: bytes) -> Sequence[Said] | None:
        """A message, or whatever else answers in JSON."""
        del match
        value = decoded(body)
        return None if value is None else list(leaves(value))

    def listening(self, match: Match) -> Listening:
        """Only messages stream."""
        del match
        return _Blocks()

    def cut(self, match: Match, standing: object, fault: Fault, exchange_id: str) -> bytes:
        """The open text ends with the fault's words, the message with ``refusal``; thinking that has no signature yet
        can't be closed."""
        del match, exchange_id
        if fault.kind is not FaultKind.REFUSED:
            return b""
        if not isinstance(standing, _Standing) or standing.calling or standing.kind not in {"", "text"}:
            return b""
        return b"".join(b"event: %b\ndata: %b\n\n" % pair for pair in _ending(standing, fault.words))


def _ending(standing: _Standing, words: str) -> Iterator[tuple[bytes, bytes]]:
    index, events = standing.block, []
    if index is None:
        index = standing.following
        events.append({"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}})
    events += [
        {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": f"\n\n[{words}]"}},
        {"type": "content_block_stop", "index": index},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "refusal", "stop_sequence": None},
            "usage": {"output_tokens": standing.tokens},
        },
        {"type": "message_stop"},
    ]
    for event in events:
        yield str(event["type"]).encode(), msgspec.json.encode(event)


class _Blocks:
    """The blocks of one message."""

    def __init__(self) -> None:
        self._standing = _Standing()

    def frames(self, frames: bytes) -> Sequence[Said]:
        """What they say, in order."""
        return [said for data in event_data(frames, b"") for said in self._event(decoded(data))]

    def standing(self) -> object:
        """Which block is open."""
        return self._standing

    def _event(self, event: object) -> Iterator[Said]:
        if not isinstance(event, dict):
            return
        index = event.get("index")
        lane, standing = f"{index}", self._standing
        match event.get("type"):
            case "message_start":
                usage = _inner(_inner(event, "message"), "usage").get("output_tokens")
                self._standing = _Standing(tokens=usage if isinstance(usage, int) else 0)
            case "content_block_start" if isinstance(index, int):
                block = _inner(event, "content_block")
                kind = str(block.get("type", ""))
                calling = standing.calling or kind.endswith(_TOOL)
                self._standing = _Standing(index, kind, index + 1, calling, standing.tokens)
                text = block.get("text")
                if kind == "text" and isinstance(text, str):
                    yield Said(lane, Kind.TEXT, text)
                else:
                    # What a tool of the provider's gave back comes whole.
                    yield from leaves(block, lane)
            case "content_block_delta":
                delta = _inner(event, "delta")
                field, spoken = _DELTAS.get(str(delta.get("type")), ("", Kind.TEXT))
                words = delta.get(field)
                if isinstance(words, str):
                    yield Said(f"{lane} {field}" if field != "text" else lane, spoken, words)
                else:
                    yield from leaves(delta, lane)
            case "content_block_stop":
                self._standing = msgspec.structs.replace(standing, block=None, kind="")
                for ending in (lane, f"{lane} partial_json", f"{lane} thinking", f"{lane} content"):
                    yield Said(ending, Kind.TEXT, "", ends=True)


def _inner(value: dict[str, object], name: str) -> dict[str, object]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}
