"""Patterns that an operator writes, on RE2: one search takes time linear in the text, whatever pattern and text are.

The one place that compiles them: the configuration is checked by it, and policies search with what comes of it. The
engine is loaded with the first pattern, so that nobody else pays for it. Python's own ``re`` has no place here: with
``(a+)+$`` a text of forty letters holds the process for hours.
"""

import functools
from collections.abc import Iterator
from typing import Any

MEMORY = 1024 * 1024
"""Bytes that one pattern may take, RE2's table of states among them. With less, ordinary ones would be searched without
it; eight times as much, RE2's own default, makes the worst ones no faster."""

INSTRUCTIONS = 2500
"""Of a compiled pattern; ``\\pL`` has 1,200. At worst a letter costs time for each of them: 2,801 letters have taken
forty milliseconds, with counted repetitions like ``[a-z]{1,990}Q`` and texts made for them. As a rule it is five
microseconds."""

WINDOW = 1024
"""Bytes of a match that can be counted on where it is asked for places. RE2 may read to the end of what it is given
before it settles on a short match, and would do so again for the next."""

_NOT_SUPPORTED = ("invalid perl operator: (?", "invalid escape sequence: \\", "bad repetition operator: ")
_LARGE = "pattern too large"
_ADVICE = {
    "no argument for repetition operator": "write .* for any text",
    "invalid repetition size": "repeat at most 1000 times",
    _LARGE: "repeat less, or make several rules of it",
}


class PatternError(Exception):
    """A text that is no pattern: what is wrong, in RE2's words where it is RE2 that says it, and what to do."""

    def __init__(self, words: str, advice: str) -> None:
        super().__init__(words)
        self.words = words
        self.advice = advice


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_capturing", "_compiled")

    def __init__(self, compiled: Any, capturing: Any) -> None:
        self._compiled, self._capturing = compiled, capturing

    def search(self, text: str, /) -> object | None:
        """Something where the pattern stands in the text, None where it does not. Half of a surrogate pair, which JSON
        may hold and UTF-8 may not, is met as a question mark."""
        found: object | None = self._compiled.search(text.encode("utf-8", "replace"))
        return found

    def spans(self, data: bytes, /) -> Iterator[tuple[int, int]]:
        """Where the pattern stands in a text in UTF-8, in bytes: in order, none overlapping another, none empty. Of a
        pattern with a group, the first group is told where it is met.

        A match that is complete only after more than ``WINDOW`` is missed. Where the pattern is met more often than
        every sixteenth byte of a long text, all that is left of the text is told as one: time stays linear, and nothing
        is missed."""
        place, most = 0, 1000 + len(data) // 16
        while place < len(data):
            limit = min(place + 2 * WINDOW, len(data))
            found = self._capturing.search(data, place, limit)
            if found is None or (found.start() - place >= WINDOW and limit < len(data)):
                # Begins in the second half, or not at all: looked at again with all of a window before it.
                if limit == len(data):
                    return
                place = _letter(data, place + WINDOW)
                continue
            start, end = found.span()
            while end == limit < len(data):
                limit = min(start + 2 * (limit - start), len(data))
                found = self._capturing.search(data, start, limit) or found
                end = max(end, found.end())
            place = end if end > start else _letter(data, end + 1)
            if end > start:
                most -= 1
                if not most:
                    yield start, len(data)
                    return
                yield _told(found, start, end)


def _told(found: Any, start: int, end: int) -> tuple[int, int]:
    """The first group's place, the whole match's where there is none or it is not met."""
    if found.re.groups:
        first, last = found.span(1)
        if 0 <= first < last:
            return first, last
    return start, end


def _letter(data: bytes, place: int) -> int:
    """Where the next letter begins."""
    while place < len(data) and data[place] & 0xC0 == 0x80:
        place += 1
    return place


@functools.lru_cache(maxsize=256)
def compiled(text: str) -> Pattern:
    """The pattern that a text says; PatternError for what is none, or too large a one."""
    try:
        import re2  # noqa: PLC0415 - five megabytes that only those with patterns need
    except ImportError:
        raise PatternError("the package google-re2 is not installed", "install it, or remove the pattern") from None
    options = re2.Options()
    # What is wrong is told once, by us; where it is only asked whether, and not what, groups are left out.
    options.log_errors, options.max_mem = False, MEMORY
    try:
        capturing = re2.compile(text.encode(), options)
        options.never_capture = True
        found = re2.compile(text.encode(), options)
    except UnicodeEncodeError:
        raise PatternError("holds half of a surrogate pair", "write the whole letter") from None
    except re2.error as error:
        words = error.args[0].decode("utf-8", "replace")
        raise PatternError(f"RE2 says {words}", _advice(words)) from None
    if found.programsize > INSTRUCTIONS:
        words = f"it compiles to {found.programsize} instructions, more than {INSTRUCTIONS}"
        raise PatternError(words, _ADVICE[_LARGE])
    return Pattern(found, capturing if capturing.groups else found)


def _advice(words: str) -> str:
    if words.startswith(_NOT_SUPPORTED):
        return "lookaround, backreferences and possessive or atomic parts are not supported; write it without"
    known = (advice for start, advice in _ADVICE.items() if words.startswith(start))
    return next(known, "the syntax is RE2's: https://github.com/google/re2/wiki/Syntax")
