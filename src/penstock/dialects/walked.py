"""How a dialect says where words stand: shapes, small functions put together into a table of a format.

A shape is told a value and passes on what it finds there. Whatever a table does not know is walked all the same, leaf
by leaf: a feature of tomorrow is looked into, and never passes over. Knows no dialect; NotReadableError is all it
raises.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from penstock.core.finding import Matter
from penstock.core.legible import NotReadableError
from penstock.core.text import Attached, Reading, Sort, Text
from penstock.core.tree import JsonForm, Node, string, tree

LEAST_DIGITS = 6
"""A number of fewer digits is a line, a size, a year: it tells nobody apart. The shortest that do, such as dates of
birth and account numbers of small banks, have six. With a sign, an exponent or a fraction it is a measure; but some
languages write every number with a fraction of nothing."""


def names(spaced: str) -> frozenset[str]:
    """The words of a table's line."""
    return frozenset(spaced.split())


# Names that no format gives to words; looked at only where a table does not say what a value is.
_PLAIN = names(
    "type id role object status signature thoughtSignature thought_signature encrypted_content cache_control "
    "tool_use_id tool_call_id call_id file_id mime_type mimeType media_type model"
)
_BASE64_LEAST = 1024
"""Shorter strings of that alphabet are words, keys and ids: they are looked into."""
_BASE64 = re.compile(rb'"(?:data:[^",]{0,200},)?(?:[A-Za-z0-9+/_-]|\\/){%d,}+=*"' % _BASE64_LEAST)
_DATA = re.compile(rb'"data:([^",;]{0,100})((?:;[^",;]{0,100}){0,4}),', re.I)
_NUMBER = re.compile(rb"\d{%d,}(?:\.0+)?" % LEAST_DIGITS)
_SORTS = {"image": Sort.IMAGE, "audio": Sort.AUDIO}


class Walk:
    """What has been found in one JSON text so far."""

    __slots__ = ("_attached", "_texts", "_within", "piece", "sealed", "strange")

    def __init__(self, piece: bytes) -> None:
        self.piece = piece
        self.sealed = False
        self.strange: list[Node] = []
        """Values that no table knows and that hold something."""
        self._texts: list[Text] = []
        self._attached: list[Attached] = []
        self._within: Text | None = None

    @property
    def found(self) -> int:
        """How much."""
        return len(self._texts) + len(self._attached)

    def reading(self) -> Reading:
        """All of it."""
        return Reading(tuple(self._texts), tuple(self._attached), self.sealed)

    def say(self, node: Node, matter: Matter, label: str = "") -> None:
        """A string is words; an empty one is none."""
        value = string(self.piece, node)
        if value:
            self._texts.append(Text(node.start, node.end, value, matter, within=self._within, label=label))

    def count(self, node: Node, matter: Matter, label: str = "") -> None:
        """A number is words, where it may be somebody's."""
        if node.end - node.start >= LEAST_DIGITS and _NUMBER.fullmatch(self.piece, node.start, node.end):
            value = self.piece[node.start : node.end].decode()
            text = Text(node.start, node.end, value, matter, number=True, within=self._within, label=label)
            self._texts.append(text)

    def attach(self, sort: Sort, part: Node, data: Node | None = None) -> None:
        """Something that is no words stands in this part."""
        self._attached.append(Attached(sort, part.start, part.end, None if data is None else (data.start, data.end)))

    def name(self, node: Node) -> str:
        """The name of a member, or a short word such as a type."""
        token = self.piece[node.start + 1 : node.end - 1]
        return token.decode() if token.isascii() and b"\\" not in token else string(self.piece, node)

    def values(self, node: Node, name: str) -> list[Node]:
        """An object's members of this name: more than one where a client wrote it twice."""
        if node.form is not JsonForm.OBJECT:
            return []
        return [value for one, value in zip(node.names, node.items, strict=True) if self.name(one) == name]

    def word(self, node: Node, name: str) -> str:
        """What the member of this name says; empty without one string of that name alone."""
        found = self.values(node, name)
        return self.name(found[0]) if len(found) == 1 and found[0].form is JsonForm.STRING else ""

    def inside(self, node: Node, matter: Matter) -> None:
        """The leaves of the JSON text in a string; a string that holds no object or list is words itself."""
        value = string(self.piece, node)
        inner = value.encode()
        try:
            top = tree(inner)
        except NotReadableError:
            top = None
        if top is None or top.form not in {JsonForm.OBJECT, JsonForm.LIST}:
            self.say(node, matter)
            return
        before = self.piece, self._within
        self._within = Text(node.start, node.end, value, matter, within=self._within)
        self.piece = inner
        leaves(self, top, matter)
        self.piece, self._within = before


Shape = Callable[[Walk, Node, Matter], None]
"""What to do with a value, ``Matter`` being what words are where it stands."""


def nothing(walk: Walk, node: Node, matter: Matter) -> None:
    """No words of people's: ids, types, numbers, choices, what only the provider can read."""
    del walk, node, matter


def words(walk: Walk, node: Node, matter: Matter) -> None:
    """A string, or a number in its place; of any other form nothing is known."""
    if node.form is JsonForm.STRING:
        walk.say(node, matter)
    elif node.form is JsonForm.NUMBER:
        walk.count(node, matter)
    elif node.form in {JsonForm.OBJECT, JsonForm.LIST}:
        unknown(walk, node, matter)


def leaves(walk: Walk, node: Node, matter: Matter) -> None:
    """Every string below, every long number, and the names of members."""
    _below(walk, node, matter, "")


def _below(walk: Walk, node: Node, matter: Matter, label: str) -> None:
    if node.form is JsonForm.STRING:
        walk.say(node, matter, label)
    elif node.form is JsonForm.NUMBER:
        walk.count(node, matter, label)
    elif node.form is JsonForm.LIST:
        for one in node.items:
            _below(walk, one, matter, label)
    else:
        for name, one in zip(node.names, node.items, strict=True):
            walk.say(name, Matter.NAME)
            _below(walk, one, matter, walk.name(name))


def encoded(walk: Walk, node: Node, matter: Matter) -> None:
    """What a tool was given or gave back, as JSON in a string: its leaves. Also where it is no string."""
    if node.form is JsonForm.STRING:
        walk.inside(node, matter)
    else:
        leaves(walk, node, matter)


def unknown(walk: Walk, node: Node, matter: Matter) -> None:
    """Nobody said what this is: every leaf is words, and what looks like encoded bytes may be anything."""
    del matter
    before = walk.found
    _guessed(walk, node, node)
    if walk.found > before:
        walk.strange.append(node)


def _guessed(walk: Walk, node: Node, part: Node) -> None:
    if node.form is JsonForm.STRING:
        if node.end - node.start > _BASE64_LEAST and _BASE64.fullmatch(walk.piece, node.start, node.end):
            walk.attach(Sort.UNKNOWN, part, node)
        else:
            walk.say(node, Matter.OTHER)
    elif node.form is JsonForm.NUMBER:
        walk.count(node, Matter.OTHER)
    elif node.form is JsonForm.LIST:
        for one in node.items:
            _guessed(walk, one, one)
    elif node.form is JsonForm.OBJECT:
        for name, value in zip(node.names, node.items, strict=True):
            spelt = walk.name(name)
            if spelt in _PLAIN and value.form not in {JsonForm.OBJECT, JsonForm.LIST}:
                continue
            walk.say(name, Matter.NAME)
            _guessed(walk, value, node)


def under(matter: Matter, shape: Shape = words) -> Shape:
    """A shape where words are of this matter."""
    return lambda walk, node, _: shape(walk, node, matter)


def listed(shape: Shape) -> Shape:
    """Each element of a list; what is no list stands for its only one."""

    def walked(walk: Walk, node: Node, matter: Matter) -> None:
        if node.form is JsonForm.LIST:
            for one in node.items:
                shape(walk, one, matter)
        else:
            shape(walk, node, matter)

    return walked


def values(shape: Shape) -> Shape:
    """An object whose names are anybody's."""

    def walked(walk: Walk, node: Node, matter: Matter) -> None:
        if node.form is not JsonForm.OBJECT:
            words(walk, node, matter)
            return
        for name, value in zip(node.names, node.items, strict=True):
            walk.say(name, Matter.NAME)
            shape(walk, value, matter)

    return walked


def members(known: Mapping[str, Shape], plain: Iterable[str] = (), rest: "Shape | None" = None) -> Shape:
    """An object with these members; ``plain`` are names of those that hold no words. All others are the ``rest``, or
    unknown."""
    table: dict[str, Shape] = {**dict.fromkeys(plain, nothing), **known}

    def walked(walk: Walk, node: Node, matter: Matter) -> None:
        if node.form is not JsonForm.OBJECT:
            words(walk, node, matter)
            return
        for name, value in zip(node.names, node.items, strict=True):
            shape = table.get(walk.name(name))
            if shape is not None:
                if value.form is not JsonForm.WORD:
                    shape(walk, value, matter)
            elif rest is not None:
                walk.say(name, Matter.NAME)
                rest(walk, value, matter)
            else:
                _stranger(walk, name, value)

    return walked


def _stranger(walk: Walk, name: Node, value: Node) -> None:
    if walk.name(name) not in _PLAIN or value.form in {JsonForm.OBJECT, JsonForm.LIST}:
        walk.say(name, Matter.NAME)
        unknown(walk, value, Matter.OTHER)


def typed(kinds: Mapping[str, Shape], tag: str = "type", usual: str = "") -> Shape:
    """An object whose member ``tag`` says what it is; without one it is the ``usual``. A string is words, and of a
    kind that is not here nothing is known."""

    def walked(walk: Walk, node: Node, matter: Matter) -> None:
        if node.form is not JsonForm.OBJECT:
            words(walk, node, matter)
            return
        found = walk.values(node, tag)
        kind = walk.word(node, tag) if found else usual
        kinds.get(kind, unknown)(walk, node, matter)

    return walked


def part(sort: Sort) -> Shape:
    """It stands for something that is not here."""
    return lambda walk, node, _: walk.attach(sort, node)


def sort_of(mime: str) -> Sort:
    """What bytes of this media type are."""
    kind = mime.partition(";")[0].strip().lower()
    return Sort.PDF if kind == "application/pdf" else _SORTS.get(kind.partition("/")[0], Sort.FILE)


def address(walk: Walk, whole: Node, node: Node) -> None:
    """A string that is an address, in the part that is ``whole``: a data URL holds the bytes, as base64 or as plain
    words; any other names what lies elsewhere."""
    end = min(node.end, node.start + 1000)
    found = _DATA.match(walk.piece, node.start, end) if node.form is JsonForm.STRING else None
    if found is None:
        if node.form in {JsonForm.OBJECT, JsonForm.LIST}:
            unknown(walk, node, Matter.OTHER)
        else:
            walk.attach(Sort.ELSEWHERE, whole)
    elif b"base64" in found[2].lower():
        mime = found[1].decode("latin-1").replace("\\/", "/")
        walk.attach(sort_of(mime), whole, node)
    else:
        walk.say(node, Matter.DOCUMENT)
