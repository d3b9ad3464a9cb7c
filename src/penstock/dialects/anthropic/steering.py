"""Where words of the gateway's own stand in Messages requests, token counts and batches.

Never in a block of the client's (but in a system text that is a string), never with a cache mark: what a client had
cached before our words stays so. Pure; never raises.
"""

import msgspec

from penstock.core.route import Match
from penstock.core.terseness import Opening, Placement
from penstock.dialects import locating
from penstock.dialects.anthropic import marks, reading
from penstock.dialects.spans import member
from penstock.dialects.splicing import with_first, with_piece

_CHATS = frozenset({"messages.create", "messages.count_tokens"})

_encode = msgspec.json.encode


class Steering:
    """``core.terseness.Speaking`` for Anthropic."""

    def telling(self, match: Match, content_type: bytes | None) -> None:
        """Uploads are files for later, never requests."""
        del match, content_type

    def requests(
        self, match: Match, body: bytes, content_type: bytes | None = None
    ) -> tuple[tuple[int, int], ...] | None:
        """The whole body, or each ``params`` of a batch."""
        del content_type
        if match.route.operation in _CHATS:
            return ((0, len(body)),)
        return _batched(body) if match.route.operation == "batches.create" else None

    def opening(self, match: Match, body: bytes) -> Opening | None:
        """As ``reading`` says."""
        del match
        return reading.opening(body)

    def placed(self, match: Match, body: bytes) -> Placement:
        """Last behind Claude Code's attribution, and where anything is marked for the cache."""
        del match
        span = member(body, "system")
        system = b"" if span is None else body[slice(*span)]
        if _attributed(system) or marks.any_marked(system) or marks.marked(body):
            return Placement.LAST
        return Placement.FIRST

    def steered(self, match: Match, body: bytes, words: str, placement: Placement) -> bytes | None:
        """A system text that is a string or absent is one afterwards, with the words first; else they are a block."""
        if not words:
            return None
        if placement is Placement.AUTO:
            placement = self.placed(match, body)
        span = member(body, "system")
        if span is None:
            return with_first(body, b'"system":' + _encode(words))
        system = body[slice(*span)]
        edited = _with_words(system, words, placement)
        if edited is None:
            return None
        return body if edited is system else with_piece(body, span[0], edited, span[1])

    def lowered(self, match: Match, body: bytes) -> bytes | None:
        """The format has no measure of length: effort is one of thinking, too."""
        del match, body
        return None

    def said(self, content: bytes) -> tuple[str, ...]:
        """The texts of its text blocks."""
        return reading.texts(content)


def _with_words(system: bytes, words: str, placement: Placement) -> bytes | None:
    if system in {b"null", b'""'}:
        return _encode(words)
    block = b'{"type":"text","text":%b}' % _encode(words)
    if system.startswith(b'"'):
        return _beside_string(system, words, block, placement)
    spans = locating.elements(system)
    if spans is None:
        return None
    held = [system[start:end] for start, end in spans]
    if any(reading.text_of(one) == words for one in held):
        return system
    first = 1 if held and reading.attributed(held[0]) else 0
    return locating.with_inserted(system, spans, first if placement is Placement.FIRST else len(spans), block)


def _beside_string(system: bytes, words: str, block: bytes, placement: Placement) -> bytes:
    """First in the string; last a block of its own, whether or not anything is marked.

    Marks come and go between turns of a conversation, whose place is fixed at its beginning: the form must not hang on
    them. A string and its block are the same text to the model, and to the cache.
    """
    written = _encode(words)[:-1]
    if system == written + b'"' or system.startswith(written + rb"\n\n"):
        return system
    if placement is Placement.FIRST and not _attributed(system):
        return written + rb"\n\n" + system[1:]
    return b'[{"type":"text","text":%b},%b]' % (system, block)


def _attributed(system: bytes) -> bool:
    if reading.ATTRIBUTION.encode() not in system:
        return False
    return any(map(reading.attributed, (reading.blocks(system) or [])[:1]))


def _batched(body: bytes) -> tuple[tuple[int, int], ...]:
    span = member(body, "requests")
    if span is None:
        return ()
    offset, end = span
    found = []
    for start, stop in locating.elements(body[offset:end]) or ():
        params = member(body[offset + start : offset + stop], "params")
        if params is not None:
            found.append((offset + start + params[0], offset + start + params[1]))
    return tuple(found)
