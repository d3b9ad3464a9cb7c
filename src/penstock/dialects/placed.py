"""Where the blocks of a request stand: a row per operation, which says of each outermost member what it is.

A body is split by what a decoder tells of its outermost level, so that half a megabyte of history costs two looks at
it and no tree. Whatever no row knows is a block as well. Knows no dialect; NotReadableError is all it raises.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import Enum

import msgspec

from penstock.core.finding import Matter
from penstock.core.legible import NotReadableError, legible
from penstock.core.route import Match
from penstock.core.text import Block, Line, Reading
from penstock.core.tree import tree
from penstock.dialects.outline import elements, members, outermost
from penstock.dialects.spans import Span
from penstock.dialects.walked import Shape, Walk, under, unknown


class Split(Enum):
    """How many blocks a value is."""

    WHOLE = "whole"
    ELEMENTS = "elements"
    """One for each element of a list; what is no list stands for its only one."""
    STRINGS = "strings"
    """One for each element of a list of strings; any other list is whole."""


class Place(msgspec.Struct, frozen=True):
    """A member that holds words."""

    line: Line
    kind: str
    shape: Shape
    split: Split = Split.WHOLE
    leading: frozenset[str] = frozenset()
    """Roles of messages that are system text while nothing else stands before them."""


class Inner(msgspec.Struct, frozen=True):
    """A member that holds the members of another row, or a list of such."""

    row: "Row"
    grouped: bool = False
    """Each element of the list is a request of its own."""


class Row(msgspec.Struct, frozen=True):
    """The members of an operation's body. A member that does not stand here holds nobody knows what."""

    members: Mapping[str, Place | Inner]
    plain: frozenset[str] = frozenset()
    """Members that hold no words of people's: choices, numbers, ids, names of models and of tools."""


class Silent(msgspec.Struct, frozen=True):
    """An operation whose body holds no words of people's, and why."""

    why: str


class Streamed(msgspec.Struct, frozen=True):
    """An operation whose body is no JSON and may hold anything: a file's bytes."""

    why: str
    form: Row = Row({})
    """The fields of the form that it is, or the members of the JSON that announces the bytes."""
    measured: bool = False
    """How long it is was said before: nothing in it may change."""


class _Spoken(msgspec.Struct, gc=False):
    role: str | None = None
    type: str | None = None


STRANGE = Place(Line.APART, "unknown", unknown)
_NAMED = Place(Line.APART, "name-of-unknown", under(Matter.NAME))
_ORDER = {line: number for number, line in enumerate(Line)}

_spoken = msgspec.json.Decoder(_Spoken).decode


def apart(**shapes: Shape) -> dict[str, Place]:
    """Members that no model reads in line with others; each is a block that is called by its name."""
    return {name: Place(Line.APART, name, shape) for name, shape in shapes.items()}


class Tabled:
    """``core.text.Walking`` by the rows of a dialect."""

    def __init__(self, rows: Mapping[str, Row | Silent | Streamed], bodiless: frozenset[str]) -> None:
        """``bodiless`` are the operations without a body."""
        self.rows = rows
        self.bodiless = bodiless
        self.shapes = {place.kind: place.shape for place in (STRANGE, _NAMED)}
        """By the kinds of blocks."""
        for row in rows.values():
            for place in _places(_members(row)):
                if self.shapes.setdefault(place.kind, place.shape) is not place.shape:
                    raise ValueError(f"two kinds of blocks are called {place.kind}")

    def carries(self, operation: str) -> bool:
        """Whether its requests hold words at all."""
        return operation not in self.bodiless and not isinstance(self.rows[operation], Silent)

    def blocks(self, match: Match, body: bytes) -> Sequence[Block]:
        """The blocks, in the order in which a model reads them."""
        row = self.rows[match.route.operation]
        if isinstance(row, Silent):
            return ()
        if isinstance(row, Streamed):
            raise NotReadableError("the request body is no JSON")
        try:
            found = list(Splitter(body).blocks(row, outermost(body)))
        except NotReadableError:
            # Half characters give way to as many bytes: all places are those of the body. They are rare, and looking
            # for them would cost every body a third of what is done here.
            read = legible(body)
            if read is body:
                raise
            found = list(Splitter(read).blocks(row, outermost(read)))
        return in_order(found)

    def texts(self, match: Match, block: Block, piece: bytes) -> Reading:
        """What a block holds."""
        del match
        return self.walked(block, piece).reading()

    def walked(self, block: Block, piece: bytes) -> Walk:
        """The same, with what no table knew."""
        walk = Walk(piece)
        self.shapes[block.kind](walk, tree(piece), Matter.OTHER)
        return walk


def in_order(blocks: Iterable[Block]) -> list[Block]:
    """As a model reads them."""
    return sorted(blocks, key=lambda block: (block.group, _ORDER[block.line]))


class Splitter:
    """One body, coming apart."""

    def __init__(self, body: bytes, group: int = 0) -> None:
        self._body = body
        self._group = group

    def blocks(self, row: Row, span: Span) -> Iterator[Block]:
        """Of the object that stands here."""
        for name, named, value in members(self._body, span):
            where = row.members.get(name)
            if isinstance(where, Inner):
                yield from self._inner(where, value)
            elif where is not None:
                yield from self._placed(where, value)
            elif name not in row.plain:
                yield from self._placed(_NAMED, named)
                yield from self._placed(STRANGE, value)

    def _inner(self, where: Inner, span: Span) -> Iterator[Block]:
        for one in elements(self._body, span):
            if self._body.startswith(b"{", one[0]):
                yield from self.blocks(where.row, one)
                self._group += where.grouped
            else:
                yield from self._placed(STRANGE, one)

    def _placed(self, place: Place, span: Span) -> Iterator[Block]:
        body = self._body
        if body.startswith(b"null", span[0]):
            return
        spans = [span] if place.split is Split.WHOLE else elements(body, span)
        if place.split is Split.STRINGS and not all(body.startswith(b'"', start) for start, _ in spans):
            spans = [span]
        leading = bool(place.leading)
        for start, end in spans:
            leading = leading and _commands(memoryview(body)[start:end], place.leading)
            yield Block(start, end, Line.HEAD if leading else place.line, place.kind, self._group)


def _commands(message: memoryview, roles: frozenset[str]) -> bool:
    try:
        spoken = _spoken(message)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return spoken.role in roles and spoken.type in {None, "message"}


def _members(row: Row | Silent | Streamed) -> Row:
    return row if isinstance(row, Row) else row.form if isinstance(row, Streamed) else Row({})


def _places(row: Row) -> Iterator[Place]:
    for where in row.members.values():
        if isinstance(where, Place):
            yield where
        else:
            yield from _places(where.row)
