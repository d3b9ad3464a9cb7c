"""Which of many rules a text may meet, in one pass or two; and where one pattern meets it.

Two things tell: the signs that rules give, which RE2 looks for at once (``re2.Set``), and letters that a match must
hold, which RE2 works out of patterns (``re2.Filter``). Each costs nearly the same for ten rules as for three hundred.
Patterns that may be met are then searched for by themselves. Texts are UTF-8 here, and places are bytes;
``Characters`` turns them into characters, in one walk over the text.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from penstock.detection.rule import Rule

MEMORY = 64 * 1024 * 1024
"""Bytes that the automaton of all signs may take at most, as it is built while texts are read. RE2's own default of
eight is too little for a hundred: it would be thrown away and built anew in the middle of texts."""


class Prefilter:
    """Rules, asked for all at once."""

    __slots__ = ("_signed", "_signs", "_unsigned", "_words")

    def __init__(self, rules: Sequence[Rule]) -> None:
        import re2  # noqa: PLC0415 - five megabytes that only those who look for something need

        options = re2.Options()
        options.never_capture, options.log_errors, options.max_mem = True, False, MEMORY
        self._signed = [number for number, rule in enumerate(rules) if rule.sign]
        self._unsigned = [number for number, rule in enumerate(rules) if not rule.sign]
        self._signs: Any = re2.Set.SearchSet(options)
        self._words: Any = re2.Filter()
        for number in self._signed:
            self._signs.Add(rules[number].sign)
        for number in self._unsigned:
            self._words.Add(rules[number].pattern, options)
        self._signs.Compile()
        self._words.Compile()

    def met(self, data: bytes) -> list[int]:
        """The numbers of the rules that the text may meet, in order."""
        met: list[int] = []
        if self._signed:
            met += [self._signed[place] for place in self._signs.Match(data) or ()]
        if self._unsigned:
            met += [self._unsigned[place] for place in self._words.Match(data, potential=True) or ()]
        return sorted(met)


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - as above

    options = re2.Options()
    options.log_errors, options.max_mem = False, MEMORY
    return re2.compile(pattern.encode(), options)


def spans(pattern: str, group: int, data: bytes) -> Iterator[tuple[int, int]]:
    """Where a group of a pattern stands, in bytes. Whoever writes the pattern sees to it that none of its alternatives
    reads on without end after a match: that would be read again for the next one."""
    for match in _compiled(pattern).finditer(data):
        start, end = match.span(group)
        if start < end:
            yield start, end


class Characters:
    """Turns places in bytes into places in characters; they must be asked for in order."""

    __slots__ = ("_byte", "_character", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._byte = self._character = 0

    def at(self, byte: int) -> int:
        """The character that begins at this byte."""
        self._character += len(self._data[self._byte : byte].decode("utf-8", "replace"))
        self._byte = byte
        return self._character
