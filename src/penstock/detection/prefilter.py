"""Which of many rules a text may meet, at little cost; and where one pattern meets it.

Three things tell: the signs that rules give, many of which RE2 looks for at once (``re2.Set``); letters that a match
must hold, which RE2 works out of patterns (``re2.Filter``); and, for rules whose letters every other text has, their
patterns, some at once. Each of these passes costs nearly the same for many rules as for one. Patterns that may be met
are then searched for by themselves. Texts are UTF-8 here, and places are bytes; ``Characters`` turns them into
characters, in one walk.
"""

import functools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from penstock.core.finding import Pause, paced, unhurried
from penstock.detection.rule import Rule

MEMORY = 64 * 1024 * 1024
"""Bytes that one automaton may take at most, as it is built while texts are read. RE2's own default of eight is too
little for a hundred signs: it would be thrown away and built anew in the middle of texts."""

SIGNS, TOGETHER = 56, 16
"""Signs and whole patterns in one automaton. What each remembers of a text multiplies what the others do: sixteen
patterns take two nanoseconds a byte, two hundred take six hundred."""

_ORDINARY = (
    b'The password is kept in the user\'s file; login: name, secret=token, key: value, <b>text</b> - see "api" at '
    b"https://host.name:80/path/to?id=1&x=2#part or mail me@host.net (0.5 %, $1,000) [a-z] {x} 'y' | basic header\n"
)
"""Words and signs that are nowhere remarkable."""

_COUNTED = re.compile(r"(\\(?:[pPx]\{[^}]*\}|.)|\[(?:\\.|\[:|[^\]\\])+\])|\{(\d+)(?:,\d*)?\}", re.DOTALL)


class Prefilter:
    """Rules, asked for all at once."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        signed = [number for number, rule in enumerate(rules) if rule.sign]
        lettered = [number for number, rule in enumerate(rules) if not rule.sign]
        weak = frozenset(_Lettered(rules, lettered).met(_ORDINARY))
        self._passes: list[_Joint | _Lettered] = []
        for some in _parted(signed, SIGNS):
            self._passes.append(_Joint([(number, rules[number].sign) for number in some]))
        if strong := [number for number in lettered if number not in weak]:
            self._passes.append(_Lettered(rules, strong))
        for some in _parted(sorted(weak), TOGETHER):
            self._passes.append(_Joint([(number, uncounted(rules[number].pattern)) for number in some]))

    def met(self, data: bytes, pause: Pause = unhurried) -> list[int]:
        """The numbers of the rules that the text may meet, in order."""
        met: list[int] = []
        for one in self._passes:
            pause()
            met += one.met(data)
        met.sort()
        return met


def _parted(numbers: Sequence[int], most: int) -> Iterator[Sequence[int]]:
    """In as few parts as there must be, of one size."""
    if numbers:
        size = math.ceil(len(numbers) / math.ceil(len(numbers) / most))
        yield from (numbers[begun : begun + size] for begun in range(0, len(numbers), size))


class _Joint:
    """Patterns that are looked for at once."""

    def __init__(self, patterns: Sequence[tuple[int, str]]) -> None:
        import re2  # noqa: PLC0415 - five megabytes that only those who look for something need

        self._numbers = [number for number, _ in patterns]
        self._set: Any = re2.Set.SearchSet(_options())
        for _, pattern in patterns:
            self._set.Add(pattern)
        self._set.Compile()

    def met(self, data: bytes) -> Sequence[int]:
        """The numbers of those that the text meets."""
        met = self._set.Match(data)
        return [self._numbers[place] for place in met] if met else ()


class _Lettered:
    """Rules by the letters that a match must hold."""

    def __init__(self, rules: Sequence[Rule], numbers: Sequence[int]) -> None:
        import re2  # noqa: PLC0415 - as above

        self._numbers = numbers
        self._filter: Any = re2.Filter()
        for number in numbers:
            self._filter.Add(rules[number].pattern, _options())
        self._filter.Compile()

    def met(self, data: bytes) -> Sequence[int]:
        """The numbers of those whose letters the text has."""
        met = self._filter.Match(data, potential=True) if self._numbers else None
        return [self._numbers[place] for place in met] if met else ()


def _options() -> Any:
    import re2  # noqa: PLC0415 - as above

    options = re2.Options()
    options.never_capture, options.log_errors, options.max_mem = True, False, MEMORY
    return options


def uncounted(pattern: str) -> str:
    """A pattern that is met wherever this one is, with nothing to count in it: counts are most of what an automaton
    has to remember."""

    def spared(part: re.Match[str]) -> str:
        return part[1] or ("*" if part[2] == "0" else "+")

    return _COUNTED.sub(spared, pattern)


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> Any:
    import re2  # noqa: PLC0415 - as above

    options = re2.Options()
    options.log_errors, options.max_mem = False, MEMORY
    return re2.compile(pattern.encode(), options)


def spans(pattern: str, group: int, data: bytes, pause: Pause = unhurried) -> Iterator[tuple[int, int]]:
    """Where a group of a pattern stands, in bytes. Whoever writes the pattern sees to it that none of its alternatives
    reads on without end after a match: that would be read again for the next one."""
    for match in paced(_compiled(pattern).finditer(data), pause):
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
