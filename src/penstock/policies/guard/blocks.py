"""The verdict on one block of a request: what was met in it, what is attached, how it reads when masked.

A pure function of the block's bytes and of the policies in force, so it is remembered: a turn costs what is new in it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from penstock.core.ruling import Action
from penstock.core.text import Attached, Edit, Reading, Sort, Splice, Text, placed
from penstock.policies.guard.checks import WordCheck
from penstock.policies.guard.terms import joined

MOST_REMEMBERED = 8192
"""Blocks of each generation. One whose verdict is empty takes some 200 bytes."""


class Met(msgspec.Struct, frozen=True, gc=False):
    """A check that was met: its place among those in force, how often, and where first."""

    check: int
    count: int
    place: str


class BlockVerdict(msgspec.Struct, frozen=True, gc=False):
    """On one block."""

    met: tuple[Met, ...] = ()
    attached: tuple[tuple[Sort, int], ...] = ()
    """What is sent along, and how many bytes each takes."""
    splices: tuple[Splice, ...] = ()
    """The masks that are put into the block."""


CLEAN = BlockVerdict()


def verdict(reading: Reading, piece: bytes, checks: Sequence[WordCheck], masking: Sequence[bool]) -> BlockVerdict:
    """What the checks say of a block; ``masking``: which of them may change it."""
    met: dict[int, tuple[int, str]] = {}
    edits: list[Edit] = []
    for text in reading.texts:
        spans: list[tuple[int, int, str]] = []
        for number, check in enumerate(checks):
            if text.matter not in check.where or not (found := check.find(text.value)):
                continue
            count, place = met.get(number, (0, text.matter.value))
            met[number] = count + len(found), place
            # A turn with signed thinking stays as the model made it, or its provider refuses the whole request.
            if masking[number] and not reading.sealed:
                spans += [(start, end, check.put) for start, end in found]
        edits += _edits(text, spans)
    if not met and not reading.attached:
        return CLEAN
    return BlockVerdict(
        tuple(Met(number, count, place) for number, (count, place) in met.items()),
        tuple((one.sort, _size(one)) for one in reading.attached if one.sort is not Sort.STATE),
        placed(piece, edits),
    )


def _edits(text: Text, spans: Sequence[tuple[int, int, str]]) -> Iterable[Edit]:
    if not spans:
        return ()
    if text.number:
        return (Edit(text, 0, len(text.value), "0"),)
    puts = {start: put for start, _, put in sorted(spans, reverse=True)}
    return [Edit(text, start, end, puts[start]) for start, end in joined([(start, end) for start, end, _ in spans])]


def _size(attached: Attached) -> int:
    """Decoded, of base64; 0 where the bytes are elsewhere."""
    if attached.bare:
        return attached.end - attached.start
    return 0 if attached.data is None else max(0, attached.data[1] - attached.data[0] - 2) * 3 // 4


def strictest(actions: Iterable[Action]) -> Action:
    """The one that decides."""
    order = list(Action)
    return max(actions, key=order.index, default=Action.ALLOW)


def counted(verdicts: Iterable[BlockVerdict]) -> tuple[dict[int, tuple[int, str]], Counter[Sort], dict[Sort, int]]:
    """All of a request together: what was met, how often and where first; how many of each sort are attached, and the
    largest of each."""
    met: dict[int, tuple[int, str]] = {}
    sorts: Counter[Sort] = Counter()
    largest: dict[Sort, int] = {}
    for one in verdicts:
        for found in one.met:
            count, place = met.get(found.check, (0, found.place))
            met[found.check] = count + found.count, place
        for sort, size in one.attached:
            sorts[sort] += 1
            largest[sort] = max(size, largest.get(sort, 0))
    return met, sorts, largest
