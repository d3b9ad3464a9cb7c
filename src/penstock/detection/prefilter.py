"""Which of many patterns a text meets, in one pass; and where one pattern meets it.

RE2 answers the first for all patterns at once (``re2.Set``), which costs nearly the same for ten as for two hundred;
only patterns that were met are then searched for by themselves. Texts are UTF-8 here, and places are bytes;
``Characters`` turns them into characters, in one walk over the text.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Any

MEMORY = 64 * 1024 * 1024
"""Bytes that the joint automaton may take at most, as it is built while texts are read. RE2's own default of eight is
too little for two hundred patterns: it would be thrown away and built anew in the middle of texts."""


class Prefilter:
    """Patterns, asked for all at once."""

    __slots__ = ("_set",)

    def __init__(self, patterns: Sequence[str]) -> None:
        import re2  # noqa: PLC0415 - five megabytes that only those who look for something need

        options = re2.Options()
        options.never_capture, options.log_errors, options.max_mem = True, False, MEMORY
        self._set: Any = None
        if patterns:
            joint: Any = re2.Set.SearchSet(options)
            for pattern in patterns:
                joint.Add(pattern)
            joint.Compile()
            self._set = joint

    def met(self, data: bytes) -> Sequence[int]:
        """The numbers of the patterns that the text meets, in order."""
        return sorted(self._set.Match(data) or ()) if self._set is not None else ()


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
