"""The places of a request where words stand, and how one of them is changed: every other byte stays.

A dialect says where they are (``Walking``), for each operation; policies read the words and note edits, and know of the
wire format nothing but offsets. A request comes apart into blocks, the pieces that a client sends again as they are.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Protocol

import msgspec

from penstock.core.finding import Matter
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
    """A piece of a body that stays as it is from request to request: ``body[start:end]``, a JSON value."""

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
    return tuple(sorted((*_place(piece, edit.text, edit.start, edit.end), _put(edit)) for edit in edits))


def spliced(piece: bytes, splices: Iterable[Splice]) -> bytes:
    """The bytes with these splices, which are in order."""
    parts, last = [], 0
    for start, end, put in splices:
        parts += [piece[last:start], put]
        last = end
    return b"".join((*parts, piece[last:]))


def _place(piece: bytes, text: Text, start: int, end: int) -> tuple[int, int]:
    """Bytes of the block where these characters of a text stand."""
    within = text.within
    around = piece if within is None else within.value.encode()
    if text.number:
        first, last = text.start, text.end
    else:
        places = offsets(around[text.start : text.end])
        first = text.start + (start + 1 if places is None else places[start])
        last = text.start + (end + 1 if places is None else places[end])
    if within is None:
        return first, last
    before = len(around[:first].decode())
    return _place(piece, within, before, before + len(around[first:last].decode()))


def _put(edit: Edit) -> bytes:
    """What comes in their place: escaped once for each string that it stands in."""
    put = edit.put if edit.text.number else escaped(edit.put)
    within = edit.text.within
    while within is not None:
        put, within = escaped(put), within.within
    return put.encode()
