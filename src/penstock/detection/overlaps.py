"""One finding for each letter: what becomes of findings that overlap.

The stronger one stays whole; of the weaker one remains what the stronger does not cover, so that nothing private is let
out because something stronger was found inside it. Deterministic: the order of the findings that come in is of no
account.
"""

from collections.abc import Callable, Iterator, Sequence

from penstock.core.finding import Found, Pause, paced, unhurried


def resolved(
    text: str, found: Sequence[Found], rank: Callable[[Found], int], pause: Pause = unhurried
) -> Sequence[Found]:
    """The findings in order, none overlapping another: the lowest rank first, then the longest, then the first."""
    kept: list[Found] = []
    for group in _groups(sorted(found), pause):
        kept += group if len(group) == 1 else _parted(text, group, rank, pause)
    return kept


def _groups(ordered: Sequence[Found], pause: Pause) -> Iterator[Sequence[Found]]:
    """Those that overlap each other, or one between them, together: no group has to do with another."""
    begun = done = 0
    for number, one in enumerate(paced(ordered, pause)):
        if one.start >= done and number > begun:
            yield ordered[begun:number]
            begun = number
        done = max(done, one.end)
    if begun < len(ordered):
        yield ordered[begun:]


def _parted(text: str, group: Sequence[Found], rank: Callable[[Found], int], pause: Pause) -> Sequence[Found]:
    ordered = sorted(group, key=lambda one: (rank(one), one.start - one.end, one))
    ground = _Ground(ordered)
    kept: list[Found] = []
    for one in paced(ordered, pause):
        for begun, ended in ground.take(one.start, one.end):
            start, end = begun, ended
            if end - start < one.end - one.start:
                start, end = _trimmed(text, start, end)
            if start < end:
                kept.append(Found(start, end, one.kind, one.rule))
    kept.sort()
    return kept


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """What remains of a finding, without the commas, colons and brackets at its edges: they are nobody's."""
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return start, end


class _Ground:
    """What is taken of a text. Between two edges of findings all is taken or nothing; each stretch knows the next free
    one, so that ten thousand findings under a long one cost no more than ten thousand apart."""

    def __init__(self, found: Sequence[Found]) -> None:
        self._edges = sorted({one.start for one in found} | {one.end for one in found})
        self._number = {edge: number for number, edge in enumerate(self._edges)}
        self._next = list(range(len(self._edges) + 1))

    def take(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Takes what is free of a stretch, and tells it."""
        here, last = self._free(self._number[start]), self._number[end]
        while here < last:
            begun = here
            while here < last and self._next[here] == here:
                self._next[here] = here + 1
                here += 1
            yield self._edges[begun], self._edges[here]
            here = self._free(here)

    def _free(self, number: int) -> int:
        passed = []
        while self._next[number] != number:
            passed.append(number)
            number = self._next[number]
        for one in passed:
            self._next[one] = number
        return number
