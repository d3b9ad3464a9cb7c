"""The places of a request where words stand, and how one of them is changed: every other byte stays.

A dialect says where they are (``Walking``), for each operation; policies read the words and note edits, and know of the
wire format nothing but offsets. A request comes apart into blocks, the pieces that a client sends again as they are.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import accumulate
from typing import Protocol

import msgspec

from penstock.core.finding import Matter
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.tree import escaped, offsets


class Line(Enum):
    """What a block stands in line with: what is learnt in a block counts for the blocks after it in its line.

    A client may append to its tools and to its turns from request to request. So what tools say counts for later tools
    alone, or an appended tool would change turns that were sent before; what the system text says counts everywhere.
    """

    HEAD = "head"
    """The system text: fixed for a conversation."""
    TOOLS = "tools"
    TURNS = "turns"
    """Messages, items of a conversation's input."""
    APART = "apart"
    """Anything else: it learns of the head, and teaches nobody."""


class Block(msgspec.Struct, frozen=True, gc=False):
    """A piece of a body that stays as it is from request to request: ``body[start:end]``, a JSON value, or in an upload
    a text or a file."""

    start: int
    end: int
    line: Line
    kind: str
    """What the dialect calls it, for ``texts``."""
    group: int = 0
    """Of a batch: which of its requests it belongs to. Each is a conversation of its own, with lines of its own."""


class Text(msgspec.Struct, frozen=True, gc=False):
    """One place where words stand: a string or a number of a block, or one inside a JSON text in a string."""

    start: int
    end: int
    """Bytes of the block, quotes included; inside a string, of what that says, as UTF-8."""
    value: str
    """What it says; a number as it is written."""
    matter: Matter
    number: bool = False
    within: "Text | None" = None
    """The string that holds this as JSON, such as a function's arguments."""
    label: str = ""
    """The name of the member that it stands under, where that may say what it is: ``password``, ``phone``."""
    bare: bool = False
    """It stands there as it is, in UTF-8, with neither quotes nor escapes: a form's field, a file of text."""
    fixed: bool = False
    """It was read out of something, a PDF, in which no word can be changed."""


class Sort(Enum):
    """What is sent along and is not words."""

    IMAGE = "image"
    AUDIO = "audio"
    PDF = "pdf"
    """With its bytes at hand."""
    FILE = "file"
    """Any other kind, with its bytes at hand."""
    ELSEWHERE = "elsewhere"
    """Named by an address or an id: the bytes are not here."""
    STATE = "state"
    """What the provider holds: earlier turns, a thread, a cache."""
    UNKNOWN = "unknown"
    """Of a form that is not known: it may hold anything."""


class Attached(msgspec.Struct, frozen=True, gc=False):
    """Something that can't be read as words."""

    sort: Sort
    start: int
    end: int
    """Where the part that carries it stands, in bytes of the block."""
    data: tuple[int, int] | None = None
    """Where its bytes stand as a base64 string, quotes included; a data URL's head stands before them."""
    bare: bool = False
    """Its bytes are the part itself, as in an upload."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """What a block holds."""

    texts: tuple[Text, ...] = ()
    attached: tuple[Attached, ...] = ()
    sealed: bool = False
    """A turn of the model's that holds signed thinking: what is not known from before stays as it is."""


class Walking(Protocol):
    """Where words stand in a dialect's requests. Pure. What it can't read it says, and never passes over."""

    def carries(self, operation: str) -> bool:
        """Whether requests of this operation hold words at all; KeyError for an operation without a row."""

    def blocks(self, match: Match, body: bytes) -> Sequence[Block]:
        """The blocks of a JSON body, in the order in which a model reads them; NotReadableError for what it can't walk.

        Everything of the body is in one of them, or is known to hold no words of people's.
        """

    def texts(self, match: Match, block: Block, piece: bytes) -> Reading:
        """What a block holds, ``piece`` being its bytes; NotReadableError for what can't be walked."""

    def reads(self, match: Match, head: RequestHead) -> bool:
        """Whether a body that is no JSON can be walked, if it is what its head says: a form, as a rule."""

    def uploaded(self, match: Match, head: RequestHead, body: bytes) -> Sequence[Block]:
        """The blocks of such a body, as ``blocks`` has those of JSON; NotReadableError for what it can't walk."""


class Edit(msgspec.Struct, frozen=True, gc=False):
    """``text.value[start:end]``, in characters, gives way to other words. A number gives way whole, to digits."""

    text: Text
    start: int
    end: int
    put: str


Splice = tuple[int, int, bytes]
"""Bytes of a block, from here to there, and what comes in their place."""


def placed(piece: bytes, edits: Iterable[Edit]) -> tuple[Splice, ...]:
    """Edits as splices of the block, in order. They may come in any order, and must not overlap."""
    places = _Places(piece)
    return tuple(sorted((*places.of(edit.text, edit.start, edit.end), _put(edit)) for edit in edits))


def spliced(piece: bytes, splices: Iterable[Splice]) -> bytes:
    """The bytes with these splices, which are in order."""
    parts, last = [], 0
    for start, end, put in splices:
        parts += [piece[last:start], put]
        last = end
    return b"".join((*parts, piece[last:]))


class _Places:
    """Where characters of a block's texts stand. Of one text many are asked for, in order."""

    def __init__(self, piece: bytes) -> None:
        self._piece = piece
        self._text: Text | None = None
        self._offsets: Sequence[int] | None = None
        self._passed = (0, 0)
        self._insides: dict[int, _Inside] = {}

    def of(self, text: Text, start: int, end: int) -> tuple[int, int]:
        """Bytes of the block where these characters of a text stand."""
        if text.bare:
            return text.start + self._passing(text, start), text.start + self._passing(text, end)
        if text.within is None and not text.number:
            if text is not self._text:
                self._text, self._offsets = text, offsets(self._piece[text.start : text.end])
            return _within(text, self._offsets, start, end)
        if text.within is None:
            return text.start, text.end
        inside = self._insides.get(id(text.within))
        if inside is None:
            inside = self._insides[id(text.within)] = _Inside(text.within)
        return self.of(text.within, *inside.of(text, start, end))

    def _passing(self, text: Text, place: int) -> int:
        """The byte of a bare text where a character stands, counted from the last that was asked for."""
        if text is not self._text or place < self._passed[0]:
            self._text, self._passed = text, (0, 0)
        last, at = self._passed
        self._passed = place, at + len(text.value[last:place].encode())
        return self._passed[1]


def _within(text: Text, places: Sequence[int] | None, start: int, end: int) -> tuple[int, int]:
    if places is None:
        return text.start + start + 1, text.start + end + 1
    return text.start + places[start], text.start + places[end]


class _Inside:
    """A string that holds JSON: where the characters of the texts in it stand, in its own characters."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self._said = text.value.encode()
        self._starts = None if text.value.isascii() else [*accumulate(map(_width, text.value), initial=0)]
        self._latest: tuple[Text, Sequence[int] | None] | None = None

    def of(self, text: Text, start: int, end: int) -> tuple[int, int]:
        if text.number:
            return self._character(text.start), self._character(text.end)
        if self._latest is None or self._latest[0] is not text:
            self._latest = text, offsets(self._said[text.start : text.end])
        first, last = _within(text, self._latest[1], start, end)
        return self._character(first), self._character(last)

    def _character(self, byte: int) -> int:
        return byte if self._starts is None else bisect_left(self._starts, byte)


def _width(letter: str) -> int:
    """Its bytes in UTF-8."""
    code = ord(letter)
    return 1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4


def _put(edit: Edit) -> bytes:
    """What comes in their place: escaped once for each string that it stands in."""
    put = edit.put if edit.text.number or edit.text.bare else escaped(edit.put)
    within = edit.text.within
    while within is not None:
        put, within = escaped(put), within.within
    return put.encode()
