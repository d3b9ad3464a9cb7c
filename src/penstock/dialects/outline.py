"""One level of a JSON text with its places: all members of an object, all elements of a list.

A decoder tells what the values are, and as it tells them as they are written, their lengths tell where they stand.
Where a name stands twice, both values are told. Knows no dialect; NotReadableError is all it raises.
"""

import re
from collections.abc import Callable, Sized
from typing import TypeVar

import msgspec

from penstock.core.legible import NotReadableError
from penstock.core.tree import string, tree
from penstock.dialects.spans import Span

T = TypeVar("T", bound=Sized)
_TOO_MANY = "the request body holds too many values"

_SPACES = re.compile(rb"[ \t\r\n]*+")
_MEMBER = re.compile(rb'[ \t\r\n,]*+("[^"\\]*+(?:\\.[^"\\]*+)*+")[ \t\r\n]*+:[ \t\r\n]*+', re.DOTALL)
_BEHIND = re.compile(rb"[ \t\r\n]*+[,}]")

MOST = 100_000
"""As many messages as Anthropic takes in a request. What holds more of anything on one level is refused."""
_LARGE = 2_000_000
"""A shorter text can't hold more values than a decoder makes in a moment."""
_MOST_TOKENS = 1_000_000
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[{,]', re.DOTALL)

_table = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_name = msgspec.json.Decoder(str).decode


def after_spaces(text: bytes, place: int) -> int:
    """The first byte from here on that is no white space."""
    found = _SPACES.match(text, place)
    return place if found is None else found.end()


def outermost(text: bytes) -> Span:
    """The object that the text is."""
    start = after_spaces(text, 0)
    if not text.startswith(b"{", start):
        raise NotReadableError("the request body must be a JSON object")
    return start, len(text)


def members(text: bytes, span: Span) -> list[tuple[str, Span, Span]]:
    """The members of the object that stands here, in order: what the name says, where it stands, and the value."""
    start, end = span
    told = _told(_table, text, span)
    found: list[tuple[str, Span, Span]] = []
    place = start + 1
    while (named := _MEMBER.match(text, place, end)) is not None:
        name, first = _name(named[1]), named.end()
        value = told.get(name)
        place = first if value is None else first + memoryview(value).nbytes
        if value is None or not text.startswith(bytes(value), first) or _BEHIND.match(text, place) is None:
            # Another value of the same name stands here.
            return _planted(text, span)
        found.append((name, named.span(1), (first, place)))
    return found


def elements(text: bytes, span: Span) -> list[Span]:
    """The elements of the list that stands here; what is no list stands for its only one."""
    start, _ = span
    if not text.startswith(b"[", start):
        return [span]
    found: list[Span] = []
    place = start + 1
    for value in _told(_list, text, span):
        first = after_spaces(text, place)
        place = first + memoryview(value).nbytes
        found.append((first, place))
        # What follows is a comma, or the list's end.
        place = after_spaces(text, place) + 1
    return found


def _planted(text: bytes, span: Span) -> list[tuple[str, Span, Span]]:
    start, end = span
    piece = text[start:end]
    node = tree(piece)
    return [
        (string(piece, name), (start + name.start, start + name.end), (start + value.start, start + value.end))
        for name, value in zip(node.names, node.items, strict=True)
    ]


def _told(decode: Callable[[memoryview], T], text: bytes, span: Span) -> T:
    start, end = span
    if end - start > _LARGE and _rich(text, span):
        _count(text, span)
    try:
        told = decode(memoryview(text)[start:end])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise NotReadableError("the request body is not valid JSON") from None
    except RecursionError:
        raise NotReadableError("the request body is nested too deeply") from None
    if len(told) > MOST:
        raise NotReadableError(_TOO_MANY)
    return told


def _rich(text: bytes, span: Span) -> bool:
    """It has enough commas for too many values; nearly all commas of an honest text are those of its sentences. Looked
    for one by one: where there are few, as in a picture, that is many times as fast as counting."""
    place, end = span
    for _ in range(MOST):
        place = text.find(b",", place, end) + 1
        if not place:
            return False
    return True


def _count(text: bytes, span: Span) -> None:
    """Refuse what a decoder would fill the memory with."""
    for count, _ in enumerate(_TOKEN.finditer(text, *span)):
        if count == _MOST_TOKENS:
            raise NotReadableError(_TOO_MANY)
