"""Where a member of the outermost object stands in a JSON text that a decoder has read: exact places, or none.

A decoder says what the outermost level holds, but not where. A place counts only if what stands before the value, or
after it, is the rest of one object and no more: so what stands deeper down, is overridden by a later member of the
same name, or is part of a string is never taken for it. Knows no dialect; never raises.
"""

from collections.abc import Sequence
from itertools import islice

import msgspec

from penstock.dialects.counting import plainly
from penstock.dialects.splicing import TRIES, places

Span = tuple[int, int]
"""Where something begins and ends in a text."""

_SPACES = frozenset({b" ", b"\t", b"\r", b"\n"})

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def value_span(text: bytes, name: str, value: bytes) -> Span | None:
    """Where the member of this name stands, whose value a decoder told; None where that can't be found."""
    spans = ((place, place + len(value)) for place in places(text, name) if text.startswith(value, place))
    return next((span for span in islice(spans, TRIES) if _is_member(text, name, span)), None)


def element_spans(text: bytes, name: str, elements: Sequence[msgspec.Raw]) -> tuple[Span, ...] | None:
    """Where the elements stand of the list that is the member of this name; None where that can't be found."""
    lengths = [memoryview(element).nbytes for element in elements]
    walks = (walk for place in places(text, name) if (walk := _walk(text, place, lengths)) is not None)
    found = next((walk for walk in islice(walks, TRIES) if _is_member(text, name, walk[0])), None)
    return None if found is None else found[1:]


def _walk(text: bytes, place: int, lengths: Sequence[int]) -> tuple[Span, ...] | None:
    """The list's span and those of its elements, if it begins here and they are as long as this.

    Their bytes are not compared: half a megabyte of them would cost a third of what reading them does, and a list of
    the same name elsewhere is told by where it stands.
    """
    spans = []
    end, before = place, b"["
    for length in lengths:
        if not text.startswith(before, end):
            return None
        start = _after_space(text, end + 1)
        spans.append((start, start + length))
        end, before = _after_space(text, start + length), b","
    return ((place, end + 1), *spans) if spans and text.startswith(b"]", end) else None


def _after_space(text: bytes, place: int) -> int:
    while text[place : place + 1] in _SPACES:
        place += 1
    return place


def _is_member(text: bytes, name: str, span: Span) -> bool:
    """Asked of the shorter side. A later member of the same name and value that is written with escapes is not seen."""
    start, end = span
    if start < len(text) - end and text.find(b'"%b"' % name.encode(), end) < 0:
        return plainly(_members, text[:start] + b"null}") is not None
    after = plainly(_members, b'{"":null' + text[end:])
    return after is not None and name not in after
