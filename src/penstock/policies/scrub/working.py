"""One request on its way through scrubbing: block after block, each after what was learnt in those before it.

It may stop anywhere and go on in another thread. It waits for nothing, and knows of the wire format places alone.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import msgspec

from penstock.core.cut import Cut
from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.generations import Generations
from penstock.core.legible import NotReadableError
from penstock.core.mask import Masks
from penstock.core.route import Match
from penstock.core.scrubbed import Count
from penstock.core.text import Block, Line, Reading, Sort, Walking
from penstock.policies.scrub.known import Known, Value
from penstock.policies.scrub.masking import looked_through, too_much
from penstock.policies.scrub.memory import Seen
from penstock.policies.scrub.minting import Mint
from penstock.policies.scrub.papers import Papers
from penstock.policies.scrub.rules import Back, KindRule, Rules, Treatment
from penstock.policies.scrub.services import Beside, Services

LARGE = 1024 * 1024
"""Bytes that come apart, and together again, while others are served."""


Late = Callable[[], bool]
"""Whether it has taken too long."""


def never() -> bool:
    """Nobody waits."""
    return False


def unreadable(why: str) -> FaultError:
    """The refusal of a request that can't be walked."""
    words = f"The request can't be looked through for private values: {why}. Correct it and send it again."
    return refuse(FaultKind.MALFORMED, words)


class Holder(msgspec.Struct, frozen=True):
    """What holds for a key."""

    tenant: str
    rules: Rules
    mint: Mint


class Remembered(msgspec.Struct, frozen=True):
    """What is known from earlier requests: a memory alone."""

    blocks: Generations[Seen]
    papers: Papers


class _WaitedForError(Exception):
    """Somebody else's turn: the block is looked through anew, elsewhere."""


class Bounds(msgspec.Struct):
    """How far one request is looked through."""

    late: Late
    """It has taken too long."""
    passes: bool = False
    """What can't be read goes out as it is."""


class Work:
    """One request on its way through: block after block, each after what was learnt in those before it."""

    def __init__(
        self,
        walking: Walking,
        match: Match,
        cut: Cut,
        holder: Holder,
        remembered: Remembered,
        bounds: Bounds,
    ) -> None:
        self._walking = walking
        self._match = match
        self._cut = cut
        self._holder = holder
        self._memory = remembered.blocks
        self._papers = remembered.papers if holder.rules.attached.get(Sort.PDF) is Treatment.SCAN else None
        self._bounds = bounds
        self._known: dict[tuple[int, Line], Known] = {}
        self._seen: list[Seen] = []
        self._beside: dict[bytes, Beside | None] = {}
        self._salt = f"{holder.rules.version}\0{holder.tenant}\0{match.route.dialect}".encode()

    def go_on(self, most: int | None, waiting: Late = never) -> bool:
        """Look through the blocks that follow, as long as no more bytes of them are new, and nobody is ``waiting``;
        whether that was all. It stops (UnopenedError) at a PDF that is to be read first, and goes on there."""
        try:
            return self._go_on(most, waiting)
        except _WaitedForError:
            return False

    def _go_on(self, most: int | None, waiting: Late) -> bool:
        cut, passed = self._cut, len(self._seen)
        if most is not None and len(cut.body) > LARGE:
            return False
        for block, name in zip(cut.blocks[passed:], cut.names[passed:], strict=True):
            known = self._line(block)
            mark = self._salt + known.digest + name
            seen = self._memory.get(mark)
            if seen is None:
                if most is not None:
                    most -= block.end - block.start
                    if most < 0:
                        return False
                beside = self._told(name)
                seen = self._look(block, known, beside or (), waiting)
                if beside is not None:
                    self._memory.keep(mark, seen)
            for value in seen.learnt:
                known.learn(value)
            self._seen.append(seen)
        return True

    async def ask(self, services: Services) -> None:
        """Have services look at what they have not seen yet; FaultError where they have to and can't."""
        for block, name in zip(self._cut.blocks, self._cut.names, strict=True):
            mark = self._salt + name
            found = services.recall(mark)
            if found is None:
                reading = self._read(block, self._cut.piece(block))
                found = await services.about(self._holder.rules.services, mark, reading)
            self._beside[name] = found

    def begin_again(self, late: Late) -> None:
        """The time that it may take begins anew: that of PDFs is another's."""
        self._bounds.late = late

    def _told(self, name: bytes) -> Beside | None:
        return self._beside.get(name) if self._beside else ()

    def _line(self, block: Block) -> Known:
        """What is known when a block is reached: of its line, and of the system text that stands before all lines."""
        name = block.group, block.line
        known = self._known.get(name)
        if known is None:
            known = Known(self._known.get((block.group, Line.HEAD)))
            if block.line is not Line.APART:
                self._known[name] = known
        return known

    def _look(self, block: Block, known: Known, beside: Beside, waiting: Late) -> Seen:
        def pause() -> None:
            if self._bounds.late():
                raise too_much()
            if waiting():
                raise _WaitedForError

        pause()
        piece = self._cut.piece(block)
        reading = self._read(block, piece)
        return looked_through(piece, reading, known, self._holder.rules, self._holder.mint, beside, pause)

    def _read(self, block: Block, piece: bytes) -> Reading:
        try:
            reading = self._walking.texts(self._match, block, piece)
        except NotReadableError as error:
            if not self._bounds.passes:
                raise unreadable(str(error)) from None
            return Reading()
        return reading if self._papers is None else self._papers.opened(reading, piece)

    @property
    def edited(self) -> bool:
        """Something of the body is to be masked."""
        return any(seen.splices for seen in self._seen)

    def masked(self, body: bytes) -> bytes:
        """The body with what stands in place of what was found; also one whose values stand at the same places."""
        return self._cut.masked(body, {place: seen.splices for place, seen in enumerate(self._seen) if seen.splices})

    def counts(self) -> tuple[Count, ...]:
        """What was found."""
        numbers: Counter[tuple[str, str, str]] = Counter()
        for seen in self._seen:
            for count in seen.counts:
                numbers[count.kind, count.place, count.action] += count.number
        return tuple(Count(*what, number) for what, number in sorted(numbers.items()))

    def values(self) -> Sequence[Value]:
        """What its tokens stand for."""
        return [value for seen in self._seen for value in seen.values]

    def remember(self, values: Iterable[Value]) -> None:
        """Known from before all of it, because the provider holds them: they are masked wherever they stand."""
        known = Known()
        for value in values:
            known.learn(value)
        self._known[0, Line.HEAD] = known


def masks(values: Iterable[Value], rules: Rules) -> Masks:
    """What may come back, under these rules."""
    anywhere: dict[str, str] = {}
    tools: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for value in values:
        kind = rules.kinds.get(value.kind)
        if kind is None or not returns(kind):
            continue
        back = anywhere if kind.back is Back.ALWAYS else tools
        (numbers if value.number else back)[value.token] = value.value
    return Masks(anywhere, tools=tools, numbers=numbers)


def returns(kind: KindRule) -> bool:
    """Whether its values ever come back."""
    return kind.action is not Treatment.REDACT and kind.back is not Back.NEVER
