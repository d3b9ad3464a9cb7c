"""YAML text as a small tree of nodes that know where they were written.

Built from the parser's events, so nothing is ever constructed from a tag and depth, size and aliases are bounded
before they cost anything. It knows no setting: types and names are ``reading``'s.
"""

import re
from collections.abc import Iterator
from typing import NoReturn

import msgspec
import yaml

from penstock.config.mistakes import Mistakes, Path, Place, shown

MAX_DEPTH = 32
MAX_VALUES = 20_000
MAX_ALIASES = 100

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_PLAIN_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})


class Scalar(msgspec.Struct, frozen=True):
    """A single value as it was written; ``text`` is None for null.

    ``read_from`` names the environment variables that the text came from, ``unset`` those that were missing (then the
    value counts as not given).
    """

    text: str | None
    place: Place
    read_from: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    broken: bool = False
    """A mistake has been noted; the value is not to be looked at again."""


class Listing(msgspec.Struct, frozen=True):
    """A list of nodes."""

    items: tuple["Node", ...]
    place: Place


class Member(msgspec.Struct, frozen=True):
    """One ``key: value`` of a mapping; ``place`` is the key's."""

    key: str
    node: "Node"
    place: Place


class Table(msgspec.Struct, frozen=True):
    """A mapping. Its keys differ."""

    entries: tuple[Member, ...]
    place: Place

    def get(self, key: str) -> Member | None:
        """The entry with this key."""
        return next((entry for entry in self.entries if entry.key == key), None)

    def replaced(self, key: str, node: "Node") -> "Table":
        """The same mapping with another value for this key."""
        others = (entry for entry in self.entries if entry.key != key)
        return Table((*others, Member(key, node, node.place)), self.place)


Node = Scalar | Listing | Table


class _BrokenError(Exception):
    """The text can't be read any further; the mistake has been noted."""


def parse(text: str, file: str, mistakes: Mistakes) -> Table | None:
    """The configuration's outermost mapping; None when there is none to go on with."""
    builder = _Builder(text, file, mistakes)
    try:
        node = builder.document()
    except _BrokenError:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark is not None else Place(file)
        mistakes.add(place, (), *_words(error))
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        mistakes.add(Place(file, line), (), "holds a character that YAML does not allow", "save it as UTF-8 text")
        return None
    if isinstance(node, Scalar) and node.text is None:
        return Table((), node.place)
    if not isinstance(node, Table):
        mistakes.add(node.place, (), "is not a mapping of settings", "begin with a line like `listen: 127.0.0.1:8080`")
        return None
    return node


def _words(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = error.problem or "the text can't be read"
    if "'\\t'" in problem:
        return "is not valid YAML: a tab stands where only spaces may", "indent with spaces"
    if "mapping values are not allowed" in problem:
        return f"is not valid YAML: {problem}", "put quotes around a text that holds a colon and a space"
    if "expected ',' or" in problem or "'{'" in problem:
        return f"is not valid YAML: {problem}", 'close every bracket, and put quotes around "${NAME}" inside { }'
    # What the parser quotes may be a value, and a value may be a secret.
    harmless = re.sub(r"'([^']*)'", lambda quoted: quoted[0] if len(quoted[1]) <= 3 else "…", problem)
    return f"is not valid YAML: {harmless}", "check indentation, colons, quotes and brackets on this line and before it"


class _Builder:
    def __init__(self, text: str, file: str, mistakes: Mistakes) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._file = file
        self._mistakes = mistakes
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._values = 0
        self._aliases = 0

    def document(self) -> Node:
        event = self._next()
        while isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Scalar(None, Place(self._file, 1, 1))
        node = self._node(event, ())
        self._next()
        end = self._next()
        if not isinstance(end, yaml.StreamEndEvent):
            self._stop(end, (), "begins a second document", "keep one document: remove the `---` line")
        return node

    def _next(self) -> yaml.Event:
        return next(self._events)

    def _place(self, event: yaml.Event) -> Place:
        mark = event.start_mark
        return Place(self._file, mark.line + 1, mark.column + 1) if mark is not None else Place(self._file)

    def _stop(self, event: yaml.Event, path: Path, what: str, suggestion: str) -> NoReturn:
        self._mistakes.add(self._place(event), path, what, suggestion)
        raise _BrokenError

    def _count(self, event: yaml.Event, path: Path, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            self._stop(event, path, f"brings the file over {MAX_VALUES} values", "make the file smaller")

    def _node(self, event: yaml.Event, path: Path) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        before = self._values
        self._count(event, path, 1)
        if len(path) > MAX_DEPTH:
            self._stop(event, path[:3], f"is nested more than {MAX_DEPTH} levels deep", "close the brackets")
        tag = getattr(event, "tag", None)
        if tag not in _PLAIN_TAGS:
            what, suggestion = "has a YAML tag (`!…`)", "remove the tag, or put quotes around a text that begins with !"
            self._mistakes.add(self._place(event), path, what, suggestion)
        node = self._untagged(event, path)
        if tag not in _PLAIN_TAGS and isinstance(node, Scalar):
            node = Scalar(None, node.place, broken=True)
        anchor = getattr(event, "anchor", None)
        if anchor is not None:
            self._anchors[anchor] = (node, self._values - before)
        return node

    def _untagged(self, event: yaml.Event, path: Path) -> Node:
        if isinstance(event, yaml.MappingStartEvent):
            return self._table(event, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._listing(event, path)
        if not isinstance(event, yaml.ScalarEvent):
            raise TypeError(f"the parser sent {event!r} where a value begins")
        null = event.style is None and event.tag is None and event.value in _NULLS
        return Scalar(None if null else event.value, self._place(event))

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Node:
        self._aliases += 1
        if self._aliases > MAX_ALIASES:
            self._stop(event, path, f"is alias number {MAX_ALIASES + 1}", f"use at most {MAX_ALIASES} `*aliases`")
        found = self._anchors.get(event.anchor or "")
        if found is None:
            what = "refers to an anchor that is not defined before it"
            self._stop(event, path, what, "put quotes around a text that begins with *")
        self._count(event, path, found[1])
        return found[0]

    def _listing(self, start: yaml.SequenceStartEvent, path: Path) -> Listing:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return Listing(tuple(items), self._place(start))

    def _table(self, start: yaml.MappingStartEvent, path: Path) -> Table:
        entries: dict[str, Member] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._stop(event, path, "has a key that is not plain text", "write keys as single words")
            key, place = event.value, self._place(event)
            node = self._node(self._next(), (*path, key))
            if key in entries:
                first = entries[key].place.line
                what = f"is given twice (first on line {first})"
                self._mistakes.add(place, (*path, key), what, f"keep one `{shown(key)}`")
            else:
                entries[key] = Member(key, node, place)
        return Table(tuple(entries.values()), self._place(start))
