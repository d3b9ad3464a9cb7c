"""Where tokens are restored in Gemini's answers: in text, arguments of functions, code; never in thoughts.

A candidate's text goes on from chunk to chunk until it calls a function, or the stream ends: a ``finishReason`` need
not be the last. Chunks are events, or the elements of one JSON array: there they wait in their order.
"""

import re
from collections.abc import Iterator, Sequence

from penstock.core.mask import Masks
from penstock.core.restoring import Lanes
from penstock.core.route import Match
from penstock.core.tree import JsonForm, Node
from penstock.dialects.lanes import Citing, Key, Restored, Spot, Told, saying
from penstock.dialects.passing import Guessed
from penstock.dialects.putting import Put
from penstock.dialects.shifting import Link, linked, octets
from penstock.dialects.tables import Leaf, Table, items, members, places, restored

_WORDS, _SPOKEN, _VALUE = Leaf.WORDS, Leaf.SPOKEN, Leaf.VALUE

_PART: Table = {
    "text": _WORDS,
    "functionCall": {"args": _VALUE, "partialArgs": {"*": {"stringValue": _SPOKEN}}},
    "executableCode": {"code": _SPOKEN},
    "codeExecutionResult": {"output": _WORDS},
}
_CHUNK: Table = {"title": _WORDS, "text": _WORDS}
_GROUNDING: Table = {
    "groundingChunks": {"*": {"web": _CHUNK, "retrievedContext": _CHUNK, "maps": _CHUNK}},
    "groundingSupports": {"*": {"segment": {"text": _WORDS}}},
    "webSearchQueries": _VALUE,
}
_ANSWER: Table = {
    "candidates": {"*": {
        "content": {"parts": {"*": _PART}}, "finishMessage": _WORDS, "groundingMetadata": _GROUNDING,
    }},
    "error": {"message": _WORDS},
    "*": {"error": {"message": _WORDS}},
}  # fmt: skip
_BARE = {"content", "index"}
_LARGE = frozenset({JsonForm.LIST, JsonForm.OBJECT})
_OUTSIDE = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}]', re.DOTALL)


class Restoring:
    """Gemini's ``core.restoring.Restoring``."""

    def whole(self, match: Match, body: bytes, masks: Masks) -> bytes:
        """An answer or an error; a streamed array that is held whole too."""
        del match
        table = {"*": _ANSWER} if body.lstrip()[:1] == b"[" else _ANSWER
        return restored(body, table, masks, _thinks, _cited)

    def lanes(self, match: Match, masks: Masks) -> Lanes:
        """The first byte tells which of the two streams it is."""
        del match
        return _Either(masks)

    def passing(self, match: Match, masks: Masks) -> Lanes | None:
        """Files."""
        return Guessed(masks) if match.route.operation == "files.download" else None


class _Either:
    """A stream of events, or an array."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._lanes: Restored | None = None

    def frames(self, frames: bytes) -> bytes:
        if self._lanes is None:
            begun = frames.lstrip()
            if not begun:
                return frames
            self._lanes = (_Elements if begun[:1] in {b"[", b"{"} else _Chunks)(self._masks)
        return self._lanes.frames(frames)

    def rest(self) -> bytes:
        return b"" if self._lanes is None else self._lanes.rest()


class _Chunks(Restored):
    """Keys: the candidate, and where in a function's arguments; nowhere for text."""

    plain = re.compile(
        rb'data: ?\{"candidates": ?\[\{"content": ?\{"parts": ?\[\{"text": ?()()"([^"\\]*+(?:\\.[^"\\]*+)*+)"\}\]'
        rb'(?:, ?"role": ?"model")?\}(?:, ?"index": ?0)?\}\](?:[^"\\\r\n]|"[^"\\\r\n]*+")*+(?:\r?\n){2}'
    )
    said = saying("text", "stringValue")
    followed = re.compile(rb'"(?:groundingMetadata|citationMetadata)"')
    silent = re.compile(rb"(?!)")

    def __init__(self, masks: Masks) -> None:
        super().__init__(masks, octets)

    def leaf(self, key: Key) -> Leaf:
        """Text, or a string among a function's arguments."""
        return _SPOKEN if key[1] else _WORDS

    def told(self, data: bytes, root: Node) -> Told:
        """What the candidates of a chunk say, and which of them end."""
        event = members(data, root)
        if "error" in event:
            return Told(_whole(data, root), over=None)
        candidates = [members(data, one) for one in items(event.get("candidates"))]
        streams = {node.start: key for one in candidates for node, key in _streaming(data, one)}
        spots = tuple(Spot(spot.place, streams.get(spot.place[0].start)) for spot in _whole(data, root))
        parts = [part for one in candidates for part in _parts(data, one)]
        speaking = {_index(data, one) for one in candidates if _parts(data, one)}
        cites = [cite for one in candidates for cite in _cites(data, one)]
        alone = len(candidates) == len(parts) == len(spots) == len(streams) == 1 and not cites
        return Told(
            spots,
            over=[_index(data, one) for one in candidates if _acts(data, one)],
            alone=alone,
            once=any(len(part.items) > 1 for part in parts) or any(one.keys() - _BARE for one in candidates),
            last=any(map(_ended, candidates)),
            cites=cites,
            beside=[key for key in self.waiting if key[0] in speaking and key not in streams.values()],
        )

    def another(self, data: bytes, root: Node, key: Key) -> tuple[bytes, bytes]:
        """A chunk of one candidate with one part."""
        before, after = _part_of(key)
        rest = b"".join(
            b"," + data[name.start : value.end]
            for name, value in zip(root.names, root.items, strict=True)
            if value.form not in _LARGE
        )
        index = b',"index":%b' % key[0] if key[0] else b""
        return (
            b'data: {"candidates":[{"content":{"parts":[{%b"' % before,
            b'"%b}],"role":"model"}%b}]%b}\r\n\r\n' % (after, index, rest),
        )


class _Elements(_Chunks):
    """The elements of an array: none is added."""

    plain = re.compile(rb"(?!)()()()")
    ordered = True

    def end(self, frames: bytes, place: int) -> int:
        """Behind the object that begins here."""
        depth = 0
        for found in _OUTSIDE.finditer(frames, place):
            depth += (found[0] == b"{") - (found[0] == b"}")
            if depth == 0 and found[0] == b"}":
                return found.end()
        return len(frames)

    def data(self, frame: bytes) -> tuple[int, int]:
        """The object."""
        start = frame.find(b"{")
        return (0, 0) if start < 0 else (start, frame.rfind(b"}") + 1)


def _thinks(text: bytes, node: Node) -> bool:
    """A thought is never touched."""
    return any(
        text[name.start : name.end] == b'"thought"' and text[value.start : value.end] == b"true"
        for name, value in zip(node.names, node.items, strict=True)
    )


def _whole(data: bytes, root: Node) -> tuple[Spot, ...]:
    return tuple(Spot(place) for place in places(data, root, _ANSWER, _thinks))


def _parts(data: bytes, candidate: dict[str, Node]) -> list[Node]:
    return items(members(data, candidate.get("content")).get("parts"))


def _index(data: bytes, candidate: dict[str, Node]) -> bytes:
    """Of the first candidate it may be left out."""
    node = candidate.get("index")
    return b"" if node is None else data[node.start : node.end].removeprefix(b"0")


def _streaming(data: bytes, candidate: dict[str, Node]) -> Iterator[tuple[Node, Key]]:
    """The texts that go on in other chunks."""
    index = _index(data, candidate)
    for part in _parts(data, candidate):
        told = members(data, part)
        if "text" in told:
            yield told["text"], (index, b"")
        for one in items(members(data, told.get("functionCall")).get("partialArgs")):
            told = members(data, one)
            if "stringValue" in told and "jsonPath" in told:
                path = told["jsonPath"]
                yield told["stringValue"], (index, data[path.start : path.end])


def _ended(candidate: dict[str, Node]) -> bool:
    """It gives a reason for its end; older models do that in every chunk."""
    reason = candidate.get("finishReason")
    return reason is not None and reason.form is JsonForm.STRING


def _acts(data: bytes, candidate: dict[str, Node]) -> bool:
    """It does something that is no text: nobody does that in the midst of a token."""
    names = [{data[name.start : name.end] for name in part.names} for part in _parts(data, candidate)]
    return any(b'"thought"' in one or not one & {b'"text"', b'"functionCall"'} for one in names)


def _part_of(key: Key) -> tuple[bytes, bytes]:
    """What stands around a text in a part."""
    if not key[1]:
        return b'"text":', b""
    before = b'"functionCall":{"partialArgs":[{"jsonPath":%b,"stringValue":' % key[1]
    return before, b',"willContinue":true}],"willContinue":true}'


def _places(data: bytes, candidate: dict[str, Node]) -> Iterator[tuple[int, Node, bool]]:
    """The places of its text that a candidate names, in bytes: the part, the number, whether something ends there."""
    grounding = members(data, candidate.get("groundingMetadata"))
    supports = [members(data, one) for one in items(grounding.get("groundingSupports"))]
    segments = [members(data, one.get("segment")) for one in supports]
    citations = members(data, candidate.get("citationMetadata"))
    for name in ("citations", "citationSources"):
        segments += [members(data, one) for one in items(citations.get(name))]
    for segment in segments:
        part = segment.get("partIndex")
        number = b"0" if part is None else data[part.start : part.end]
        for name, end in (("startIndex", False), ("endIndex", True)):
            if name in segment and number.isdigit() and len(number) < 6:
                yield int(number), segment[name], end


def _cites(data: bytes, candidate: dict[str, Node]) -> Iterator[Citing]:
    """In a stream they name places of all the text so far."""
    key = (_index(data, candidate), b"")
    yield from (Citing(key, number, end) for _, number, end in _places(data, candidate))


def _cited(data: bytes, root: Node, found: Sequence[Put]) -> Sequence[Put]:
    """In a whole answer, of the part that they say."""
    return linked(data, _links(data, root), found, octets) if found else ()


def _links(data: bytes, root: Node) -> Iterator[Link]:
    for answer in root.items if root.form is JsonForm.LIST else [root]:
        for one in items(members(data, answer).get("candidates")):
            candidate = members(data, one)
            texts = [members(data, part).get("text") for part in _parts(data, candidate)]
            for part, number, end in _places(data, candidate):
                text = texts[part] if part < len(texts) else None
                if text is not None and text.form is JsonForm.STRING:
                    yield Link(text, number, end)
