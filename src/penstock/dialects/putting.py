"""Where tokens stand in the bytes of a JSON answer, and what comes in their place. Knows no dialect.

A token needs no escaping, so it stands in a string's bytes as it is, and all around it can stay as it was written.
"""

import re
from collections.abc import Iterator

from penstock.core.mask import ALPHABET, BODY, LABEL_LEAST, LABEL_MOST, LONGEST, Masks
from penstock.dialects.depth import Depth

_LETTERS = rf"[{ALPHABET}{ALPHABET.upper()}]".encode()
_LOOK = re.compile(rb"_%b{%d}" % (_LETTERS, BODY))
_BEHIND = re.compile(rb"_(?=%b{%d})" % (_LETTERS, BODY))
_LABEL = re.compile(rb"([A-Za-z]{%d,%d})(\\*)\Z" % (LABEL_LEAST, LABEL_MOST))
_DIGITS = re.compile(rb"[0-9]{6,}")
_RUN = re.compile(rb"[0-9]+")
_END = re.compile(rb"_[%b]{0,%d}\Z" % (ALPHABET.encode(), BODY - 1))
_HALF = re.compile(rb"(?<!\\)(?:\\\\)*\\u([0-9a-fA-F]{0,3})\Z")
_UPPER = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_FIGURES = frozenset(b"0123456789")

Put = tuple[int, int, bytes]
"""``text[start:end]`` gives way to these bytes."""


def stands_in(text: bytes, masks: Masks, start: int = 0, end: int | None = None) -> bool:
    """Whether a token may stand there: nearly always a look at the bytes says that none does."""
    stop = len(text) if end is None else end
    return _LOOK.search(text, start, stop) is not None or (
        masks.numbers and _DIGITS.search(text, start, stop) is not None
    )


def stirs(text: bytes, masks: Masks, start: int, end: int) -> bool:
    """Whether a token may stand there, or may begin at the end. Asked of every frame."""
    last = text[end - 1]
    if last in _UPPER or (masks.numbers and (last in _FIGURES or _DIGITS.search(text, start, end) is not None)):
        return True
    if text.find(b"_", start, end) < 0:
        return False
    return _LOOK.search(text, start, end) is not None or _END.search(text, max(start, end - BODY), end) is not None


def held_back(text: bytes, masks: Masks, *, digit: bool) -> int:
    """How many bytes at the end may begin a token. ``digit``: one came right before the text."""
    held = masks.held_back(text[-LONGEST - 1 :].decode("latin-1"))
    while held:
        start = len(text) - held
        begins = _begins(text, start)
        if digit and not text[:begins].strip(b"0123456789") and text[begins : begins + 1].isdigit():
            return 0
        if begins == start:
            break
        # What seemed to begin here is the end of an escape: ``\u00CE``.
        held = masks.held_back(text[begins:].decode("latin-1"))
    return held


def puts(text: bytes, end: int, depth: Depth, masks: Masks, *, tool: bool, digit: bool = False) -> list[Put]:
    """What comes in place of what in ``text[:end]``, in order; the depth has passed over all of it then."""
    found: list[Put] = []
    last = 0
    for start, stop, token in _candidates(text, end, masks, digit=digit):
        depth.pass_over(text[last:start])
        last = start
        put = masks.put_back(token, depth.escape, tool=tool)
        if put != token:
            found.append((start, stop, put.encode()))
    depth.pass_over(text[last:end])
    return found


def part(text: bytes, found: list[Put], start: int, end: int) -> bytes:
    """``text[start:end]`` with what was put; what was put for something that began before does not stand in it."""
    parts, place = [], start
    for first, last, put in found:
        if last <= start or first >= end:
            continue
        if first >= start:
            parts += [text[place:first], put]
        place = min(last, end)
    return b"".join((*parts, text[place:end]))


def _candidates(text: bytes, end: int, masks: Masks, *, digit: bool) -> Iterator[tuple[int, int, str]]:
    """Whatever has a token's form, in any spelling; then, if there are any, digits that may stand for a number."""
    if not masks.numbers:
        yield from _tokens(text, end)
        return
    last = 0
    for start, stop, spelling in sorted((*_tokens(text, end), *_numbers(text, end, digit=digit))):
        if start >= last:
            yield start, stop, spelling
            last = stop


def _tokens(text: bytes, end: int) -> Iterator[tuple[int, int, str]]:
    stop = 0
    for found in _BEHIND.finditer(text, 0, end):
        place = found.start()
        label = _LABEL.search(text, max(stop, place - LONGEST), place)
        if label is not None:
            stop = place + 1 + BODY
            spelling = label[1] + (b"\\" if label[2] else b"") + text[place:stop]
            yield label.start(), stop, spelling.decode()


def _numbers(text: bytes, end: int, *, digit: bool) -> Iterator[tuple[int, int, str]]:
    for found in _RUN.finditer(text, 0, end):
        start, stop = _begins(text, found.start()), found.end()
        if start < stop and not (digit and start == 0):
            yield start, stop, text[start:stop].decode()


def _begins(text: bytes, start: int) -> int:
    """Where a text begins that seems to begin at ``start``: behind an escape that is not over there."""
    half = _HALF.search(text, max(0, start - 64), start)
    return start if half is None else start + 4 - len(half[1])
