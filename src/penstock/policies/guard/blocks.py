"""The verdict on one block of a request: what was met in it, what is attached, how it reads when masked.

A pure function of the block's bytes and of the policies in force, so it is remembered: a turn costs what is new in it.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import msgspec

from penstock.core.ruling import Action
from penstock.core.text import Attached, Block, Edit, Reading, Sort, Text, placed, spliced
from penstock.policies.guard.checks import WordCheck
from penstock.policies.guard.terms import joined

MOST_REMEMBERED = 16_384
"""Blocks. One whose verdict is empty takes some 200 bytes."""
MOST_BYTES = 16 * 1024 * 1024
"""Of masked blocks that are kept."""


class Met(msgspec.Struct, frozen=True, gc=False):
    """A check that was met: its place among those in force, how often, and where first."""

    check: int
    count: int
    place: str


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """On one block."""

    met: tuple[Met, ...] = ()
    attached: tuple[tuple[Sort, int], ...] = ()
    """What is sent along, and how many bytes each takes."""
    masked: bytes | None = None
    """The block with its masks, where there are any."""


CLEAN = Verdict()


def verdict(reading: Reading, piece: bytes, checks: Sequence[WordCheck], masking: Sequence[bool]) -> Verdict:
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
    return Verdict(
        tuple(Met(number, count, place) for number, (count, place) in met.items()),
        tuple((one.sort, _size(one)) for one in reading.attached if one.sort is not Sort.STATE),
        spliced(piece, placed(piece, edits)) if edits else None,
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


class Memory:
    """The verdicts of blocks seen lately. Bounded; what falls out is worked out again."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, Verdict] = OrderedDict()
        self._bytes = 0
        self.worked_out = 0
        """Verdicts that were not known."""

    @staticmethod
    def mark(version: bytes, dialect: str, block: Block, piece: bytes) -> bytes:
        """What a verdict is remembered by: everything that decides it."""
        about = f"{dialect} {block.kind} {block.line.value} ".encode()
        return blake2b(about + piece, key=version, digest_size=20).digest()

    def recall(self, mark: bytes) -> Verdict | None:
        """The verdict on a block that was seen before."""
        found = self._known.get(mark)
        if found is not None:
            self._known.move_to_end(mark)
        return found

    def keep(self, mark: bytes, found: Verdict) -> None:
        """For the next time."""
        self.worked_out += 1
        self._known[mark] = found
        self._bytes += len(found.masked or b"")
        while len(self._known) > MOST_REMEMBERED or self._bytes > MOST_BYTES:
            _, gone = self._known.popitem(last=False)
            self._bytes -= len(gone.masked or b"")


def strictest(actions: Iterable[Action]) -> Action:
    """The one that decides."""
    order = list(Action)
    return max(actions, key=order.index, default=Action.ALLOW)


def counted(verdicts: Iterable[Verdict]) -> tuple[dict[int, tuple[int, str]], Counter[Sort], dict[Sort, int]]:
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
