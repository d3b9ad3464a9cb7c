"""Edits of a JSON text at one place, every other byte kept. Knows no dialect: all that write into requests share it.

A decoder says what the outermost level holds, but not where. A name is looked for in the text, and the same name may
stand deeper down or inside a string: an edit counts only if the outermost level then says what it should. Nothing here
raises, whatever the bytes are.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

TRIES = 8
"""So many places are tried: each costs a look at the whole text."""

_FIRST_MEMBER = re.compile(rb"\s*\{\s*(\}?)")
_EMPTY = re.compile(rb"\[\s*\]")
_VALUE = re.compile(rb"\s*:\s*")


def first_good(good: Callable[[bytes], bool], tried: Iterable[bytes]) -> bytes | None:
    """The first of the edits that is good; None where none of the first few is."""
    return next((one for one in islice(tried, TRIES) if good(one)), None)


def places(text: bytes, name: str) -> Iterator[int]:
    """Where a value begins that may be the member ``name`` of the outermost object, in order."""
    named, value = b'"%b"' % name.encode(), _VALUE
    found = text.find(named)
    while found >= 0:
        # An unescaped quote before a name begins a string: inside the text of another string these are never met.
        if text[found - 1 : found] != b"\\" and (begun := value.match(text, found + len(named))):
            yield begun.end()
        found = text.find(named, found + 1)


def with_first(text: bytes, member: bytes) -> bytes | None:
    """An object with one more ``"name":value`` before its others; None for what is no object."""
    found = _FIRST_MEMBER.match(text)
    if found is None:
        return None
    return with_piece(text, text.index(b"{") + 1, member + (b"" if found[1] else b","))


def with_element(text: bytes, place: int, element: bytes) -> bytes | None:
    """A list that begins at ``place``, with one more element before its others; None where no list begins there."""
    if text[place : place + 1] != b"[":
        return None
    empty = _EMPTY.match(text, place) is not None
    return text[: place + 1] + element + (b"" if empty else b",") + text[place + 1 :]


def with_piece(text: bytes, start: int, piece: bytes, end: int | None = None) -> bytes:
    """The text with a piece at this place, or instead of what stands from there up to ``end``.

    By views: of a large body each slice would be a copy of its own, which costs more than reading it.
    """
    view = memoryview(text)
    return b"".join((view[:start], piece, view[start if end is None else end :]))
