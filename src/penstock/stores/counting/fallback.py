"""Stands before a far store and decides by itself while that does not answer, as each ask says: pass uncounted, refuse,
or count within this process's share.

The share of a span is what was left when the store last told, divided by the processes that it knew of; of a rate or of
seats it is the whole divided. What is granted alone is told to the store when it is settled, so the sums are right
again once it is back. Until then the installation may go over by what was under way elsewhere, and by no more than the
shares add up to.
"""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from penstock.core.counting import Ask, Counters, Health, Standing, Unanswered, Verdict, Way
from penstock.core.quota import Unreachable
from penstock.stores.counting.memory import Memory

KNOWN = 50_000
"""Spans whose last standing is remembered, at least the most recent ones; twice as many at most."""
UNKNOWN_SHARE = 10
"""Of a span that the store has never told of, one part in this many is given."""


class Fallback:
    """A store that always answers."""

    def __init__(self, far: Counters, *, processes: int = 1) -> None:
        """``processes``: how many share it at least; the store may know of more."""
        self._far = far
        self._processes = processes
        self._known: dict[str, int] = {}
        self._older: dict[str, int] = {}
        self._local: Memory | None = None
        self._shares: dict[str, int] = {}
        self._unsure: dict[str, tuple[tuple[Ask, ...], Memory]] = {}
        self._alone = 0

    async def take(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        """All of them or none."""
        try:
            verdict = self._far.take(lease, asks)
            if not isinstance(verdict, Verdict):
                verdict = await verdict
        except Unanswered:
            verdict = self._decided(lease, asks)
            if verdict.refused >= 0:
                # It may have been taken after all, too late for anybody to know.
                self._far.settle(lease, 0.0, {})
            return verdict
        self.remember(asks, verdict.standings)
        return verdict

    async def extend(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        """Reserves more under a lease; one that was granted alone goes on alone."""
        if lease in self._unsure:
            return self._decided(lease, asks)
        try:
            verdict = self._far.extend(lease, asks)
            if not isinstance(verdict, Verdict):
                verdict = await verdict
        except Unanswered:
            return self._decided(lease, asks)
        self.remember(asks, verdict.standings)
        return verdict

    async def standings(self, asks: Sequence[Ask]) -> tuple[Standing, ...]:
        """How these counters stand, or stood when last told."""
        try:
            found = self._far.standings(asks)
            return found if isinstance(found, tuple) else await found
        except Unanswered:
            return self._last(asks)

    def settle(self, lease: str, at: float, spent: Mapping[str, int], asks: Sequence[Ask] = ()) -> None:
        """What was truly used, once."""
        unsure = self._unsure.pop(lease, None)
        if unsure is not None:
            asks, local = unsure
            local.settle(lease, at, spent)
        self._far.settle(lease, at, spent, asks)

    def renew(self, leases: Collection[str]) -> None:
        """These hold for another while."""
        self._far.renew(leases)
        if self._unsure:
            for lease in leases:
                if lease in self._unsure:
                    self._unsure[lease][1].renew((lease,))

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int], *, least: bool = False) -> None:
        """The ledger's own sums of a span, by the hour."""
        self._far.adjust(counter, ends, hours, least=least)

    def health(self) -> Health:
        """The store's, and how often this process decided without it."""
        known = self._far.health()
        return msgspec.structs.replace(known, alone=self._alone, processes=max(known.processes, self._processes))

    async def close(self) -> None:
        """One last try for what waits."""
        closing = self._far.close()
        if closing is not None:
            await closing

    def remember(self, asks: Sequence[Ask], standings: Sequence[Standing]) -> None:
        """How counters stand, from the store."""
        self._local = None
        for ask, standing in zip(asks, standings, strict=True):
            if ask.way is Way.SPAN:
                self._known[ask.counter] = standing.settled + standing.reserved
        if len(self._known) > KNOWN:
            self._older, self._known = self._known, {}

    def _decided(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        self._alone += 1
        for index, ask in enumerate(asks):
            if ask.unreachable is Unreachable.CLOSED:
                return Verdict(self._last(asks), index, alone=True)
        held = self._unsure.get(lease)
        if held is not None:
            local = held[1]
        elif self._local is None:
            local = self._local = Memory()
            self._shares = {}
        else:
            local = self._local
        counted = [index for index, ask in enumerate(asks) if ask.unreachable is Unreachable.LOCAL]
        mine = [self._share(asks[index]) for index in counted]
        verdict = local.extend(lease, mine)
        if verdict.refused >= 0:
            return Verdict(self._last(asks), counted[verdict.refused], alone=True)
        self._unsure[lease] = (_joined(held[0], asks) if held else tuple(asks), local)
        return Verdict(self._last(asks), alone=True)

    def _share(self, ask: Ask) -> Ask:
        """The ask of what is this process's alone, as it was when the store fell silent."""
        share = self._shares.get(ask.counter)
        if share is None:
            processes = max(self._processes, self._far.health().processes)
            if ask.way is Way.SPAN:
                used = self._used(ask.counter)
                left = ask.most // UNKNOWN_SHARE if used is None else max(0, ask.most - used)
                share = left // processes
            else:
                share = max(1, ask.most // processes) if ask.most > 0 else 0
            self._shares[ask.counter] = share
        return msgspec.structs.replace(ask, most=share)

    def _used(self, counter: str) -> int | None:
        used = self._known.get(counter)
        return self._older.get(counter) if used is None else used

    def _last(self, asks: Sequence[Ask]) -> tuple[Standing, ...]:
        return tuple([Standing(self._used(ask.counter) or 0 if ask.way is Way.SPAN else 0, 0) for ask in asks])


def _joined(before: Sequence[Ask], more: Sequence[Ask]) -> tuple[Ask, ...]:
    held = {ask.counter: ask for ask in before}
    held.update({ask.counter: ask for ask in more if ask.counter not in held})
    return tuple(held.values())
