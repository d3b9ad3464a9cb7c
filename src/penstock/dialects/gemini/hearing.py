"""What Gemini says: the parts of each candidate, whole or chunk by chunk, and how a stream of them is cut. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.fault import Fault, FaultKind
from penstock.core.hearing import Kind, Listening, Said
from penstock.core.route import Match
from penstock.dialects.collecting import event_data
from penstock.dialects.leaves import decoded, inner, leaves


class _Standing(msgspec.Struct, frozen=True):
    about: dict[str, object]
    """What each chunk repeats: the response's id, the model. Shared by all standings of a stream."""
    calling: bool = False


class Hearing:
    """Gemini's ``core.hearing.Hearing``."""

    def whole(self, match: Match, body: bytes) -> Sequence[Said] | None:
        """A response, or an array of chunks, whose words are one text."""
        del match
        value = decoded(body)
        if isinstance(value, list):
            chunks = _Chunks()
            said = [one for chunk in value for one in chunks.chunk(chunk)]
            return _joined(said)
        return None if value is None else list(leaves(value))

    def listening(self, match: Match) -> Listening:
        """Chunks of responses."""
        del match
        return _Chunks()

    def cut(self, match: Match, standing: object, fault: Fault, exchange_id: str) -> bytes:
        """A last chunk with the fault's words and the reason ``SAFETY``."""
        del match, exchange_id
        if fault.kind is not FaultKind.REFUSED:
            return b""
        if not isinstance(standing, _Standing) or standing.calling:
            return b""
        content = {"role": "model", "parts": [{"text": f"\n\n[{fault.words}]"}]}
        chunk = {"candidates": [{"content": content, "finishReason": "SAFETY", "index": 0}], **standing.about}
        return b"data: " + msgspec.json.encode(chunk) + b"\r\n\r\n"


def _joined(said: Sequence[Said]) -> list[Said]:
    lanes: dict[str, Said] = {}
    for one in said:
        # An end that is said of a lane does not say of which kind its words were.
        begun = lanes.get(one.lane, Said(one.lane, one.kind, ""))
        lanes[one.lane] = Said(one.lane, begun.kind, begun.words + one.words, ends=True)
    return list(lanes.values())


class _Chunks:
    """The chunks of one response."""

    def __init__(self) -> None:
        self._standing = _Standing({})

    def frames(self, frames: bytes) -> Sequence[Said]:
        """What they say, in order."""
        return [said for data in event_data(frames, b"") for said in self.chunk(decoded(data))]

    def standing(self) -> object:
        """Whether a function is being called."""
        return self._standing

    def chunk(self, chunk: object) -> Iterator[Said]:
        """What one chunk says."""
        candidates = chunk.get("candidates") if isinstance(chunk, dict) else None
        if not isinstance(chunk, dict) or not isinstance(candidates, list):
            return
        self._standing.about.update({name: chunk[name] for name in ("modelVersion", "responseId") if name in chunk})
        for place, candidate in enumerate(candidates):
            if isinstance(candidate, dict):
                yield from self._candidate(candidate, str(candidate.get("index", place)))

    def _candidate(self, candidate: dict[str, object], lane: str) -> Iterator[Said]:
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if not isinstance(part, dict):
                continue
            text = part.get("text")
            if isinstance(text, str):
                thought = part.get("thought") is True
                yield Said(f"{lane} {thought}", Kind.THINKING if thought else Kind.TEXT, text)
                continue
            if "functionCall" in part:
                self._standing = msgspec.structs.replace(self._standing, calling=True)
            for number, words in enumerate(inner(part, Kind.ARGUMENTS)):
                yield Said(f"{lane} part {number}", Kind.ARGUMENTS, words, ends=True)
        if candidate.get("finishReason"):
            yield from (Said(f"{lane} {thought}", Kind.TEXT, "", ends=True) for thought in (False, True))
