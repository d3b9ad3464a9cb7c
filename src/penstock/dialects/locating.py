"""Where values stand in a JSON text: a member of the outermost object, the elements of a list. Knows no dialect.

A decoder says what a level holds, but not where. A place here is a proven one, so that it can be written to; finding
it must not cost a look at half a megabyte of history. Of a text that is no JSON nothing is claimed; nothing raises.
"""

import re
from collections.abc import Iterator

import msgspec

from penstock.dialects.counting import plainly
from penstock.dialects.splicing import TRIES, with_element, with_piece

Span = tuple[int, int]
"""Where a value begins and ends."""

_SHORT = 100_000
"""A decoder reads so many bytes sooner than ``_end`` finds the end of a value that is long itself."""

_COLON = re.compile(rb"\s*:\s*")
_COMMA = re.compile(rb"\s*[{\[,]?\s*")
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_SCALAR = re.compile(rb"[-0-9a-z][-+.0-9A-Za-z]*")
_KEY = re.compile(_STRING, re.DOTALL)
_TOKEN = re.compile(_STRING + rb"|[\[\]{}]", re.DOTALL)
_DEEPER = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_name = msgspec.json.Decoder(str).decode


def member(text: bytes, name: str) -> Span | None:
    """The value of the outermost object's member ``name``; None without it. Of two with one name the last counts, as
    for most decoders; a name that is written with escapes is not seen.

    To be proven, a place needs a look at one side of it: what stands before it must be the open beginning of an
    object, or what stands after it the end of one. The shorter side is read; where the name is met often and deeper
    down, the whole text.
    """
    for tried, (key, start) in enumerate(_named(text, name)):
        if tried == TRIES:
            return (members(text) or {}).get(name)
        found = _proven(text, key, start, name)
        if found is not None:
            return found
    return None


def _named(text: bytes, name: str) -> Iterator[Span]:
    """Where this name begins and its value, of members of any object; the last first."""
    token = b'"%b"' % name.encode()
    key = text.rfind(token)
    while key >= 0:
        # An unescaped quote begins a string, and with a colon behind it a name: no text can hold this.
        colon = _COLON.match(text, key + len(token)) if text[key - 1 : key] != b"\\" else None
        if colon is not None:
            yield key, colon.end()
        key = text.rfind(token, 0, key)


def _proven(text: bytes, key: int, start: int, name: str) -> Span | None:
    if len(text) - key < max(key, _SHORT):
        rest = plainly(_object, b"{" + text[key:])
        return None if rest is None else (start, start + _size(rest[name]))
    if plainly(_object, text[:key] + b'"":0}') is None:
        return None
    end = _end(text, start)
    return None if end is None else (start, end)


def _end(text: bytes, start: int) -> int | None:
    """Where the value ends that begins here; None for one that does not."""
    scalar = _SCALAR.match(text, start)
    if scalar is not None:
        return scalar.end()
    depth = 0
    for found in _TOKEN.finditer(text, start):
        depth += _DEEPER.get(found[0], 0)
        if depth == 0:
            return found.end()
    return None


def members(text: bytes) -> dict[str, Span] | None:
    """Where the values of an object's members stand; None for what is no object, or holds a name twice.

    Reads the whole text once. A decoder tells the members in order, with their sizes: each is met where the one
    before it ends.
    """
    told = plainly(_object, text)
    spans: dict[str, Span] = {}
    place = 0
    for name, value in (told or {}).items():
        key = _KEY.match(text, _after(_COMMA, text, place))
        if key is None or plainly(_name, key[0]) != name:
            return None
        start = _after(_COLON, text, key.end())
        place = start + _size(value)
        if not text.startswith(bytes(value), start):
            return None
        spans[name] = (start, place)
    ended = not spans or text[place:].strip() == b"}"
    return spans if told is not None and ended else None


def elements(text: bytes) -> tuple[Span, ...] | None:
    """Where the elements of a list stand; None for what is no list."""
    told = plainly(_list, text)
    if told is None:
        return None
    spans: list[Span] = []
    place = 0
    for value in told:
        start = _after(_COMMA, text, place)
        place = start + _size(value)
        spans.append((start, place))
    return tuple(spans)


def with_inserted(text: bytes, spans: tuple[Span, ...], index: int, element: bytes) -> bytes:
    """A list whose elements stand at ``spans``, with one more before that of this index; after all where none has."""
    if not spans:
        return with_element(text, 0, element) or text
    if index < len(spans):
        return with_piece(text, spans[index][0], element + b",")
    return with_piece(text, spans[-1][1], b"," + element)


def _after(pattern: re.Pattern[bytes], text: bytes, place: int) -> int:
    found = pattern.match(text, place)
    return place if found is None else found.end()


def _size(value: msgspec.Raw) -> int:
    return memoryview(value).nbytes
