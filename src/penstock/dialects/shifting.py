"""Where a place in a text has gone when values stand in it instead of tokens: citations name places by number.

Knows no dialect: one counts characters, another bytes. What it is told is a string's inside, escapes and all.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from penstock.core.tree import JsonForm, Node
from penstock.dialects.counting import plainly
from penstock.dialects.putting import Put

Measure = Callable[[bytes], int]
_string = msgspec.json.Decoder(str).decode


class Link(msgspec.Struct, frozen=True, gc=False):
    """A number that names a place of a text."""

    text: Node
    number: Node
    end: bool
    """Something ends there; else it begins."""


def characters(raw: bytes) -> int:
    """How many characters a string's inside says."""
    if raw.isascii() and b"\\" not in raw:
        return len(raw)
    text = plainly(_string, b'"%b"' % raw)
    return len(raw) if text is None else len(text)


def octets(raw: bytes) -> int:
    """How many bytes they take as UTF-8."""
    if b"\\" not in raw:
        return len(raw)
    text = plainly(_string, b'"%b"' % raw)
    return len(raw) if text is None else len(text.encode())


class Shifts:
    """Of one text, as far as it has come."""

    __slots__ = ("_length", "_measure", "_moves")

    def __init__(self, measure: Measure) -> None:
        self._measure = measure
        self._length = 0
        self._moves: list[tuple[int, int, int]] = []

    def pass_over(self, raw: bytes, found: Sequence[Put] = ()) -> None:
        """This comes next, and what is put into it."""
        last = 0
        for start, end, put in found:
            begun = self._length + self._measure(raw[last:start])
            self._length = begun + self._measure(raw[start:end])
            self._moves.append((begun, self._length, self._measure(put)))
            last = end
        self._length += self._measure(raw[last:])

    def moved(self, place: int, *, end: bool) -> int:
        """Where this place is now; one within a token is at the value's end or beginning."""
        by = 0
        for start, stop, size in self._moves:
            if stop > place:
                return start + by + size * end if start < place else place + by
            by += size - (stop - start)
        return place + by


def shifted(text: bytes, number: Node, shifts: Shifts, *, end: bool) -> Put | None:
    """What comes in place of a number, if anything does."""
    told = text[number.start : number.end]
    if number.form is not JsonForm.NUMBER or not told.isdigit() or len(told) > 15:
        return None
    moved = b"%d" % shifts.moved(int(told), end=end)
    return None if moved == told else (number.start, number.end, moved)


def linked(text: bytes, links: Iterable[Link], found: Sequence[Put], measure: Measure) -> list[Put]:
    """What comes in place of numbers that name places of texts in which values were put."""
    met: list[Put] = []
    known: dict[int, Shifts] = {}
    for link in links:
        start, stop = link.text.start + 1, link.text.end - 1
        shifts = known.get(start)
        if shifts is None:
            shifts = known[start] = Shifts(measure)
            inner = [(first - start, last - start, put) for first, last, put in found if start <= first < stop]
            shifts.pass_over(text[start:stop], inner)
        put = shifted(text, link.number, shifts, end=link.end)
        met += [] if put is None else [put]
    return met
