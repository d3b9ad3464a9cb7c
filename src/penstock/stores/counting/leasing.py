"""Stands before a far store and serves most requests without asking it: from loans, chunks of the counters that are
busy in this process.

A request that all its counters' loans have room for is answered at once. Every other one asks the store, as if there
were no loans: where a counter is rarely asked for, small, new, or within a tenth of its limit, and while the store is
away. What was used of loans is told to the store every half second, in the background, as loans are renewed; a loan
that nobody asks for is given back. To the store a loan is a lease like a request's, so one that is killed with its
process comes free by itself.
"""

import asyncio
import functools
import os
import time
from asyncio import Future
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec

from penstock.core.counting import Ask, Counters, Health, Standing, Unanswered, Verdict
from penstock.stores.counting.fallback import Fallback
from penstock.stores.counting.loans import CLOSED, Till, ceiling, chunk

LOOK_SECONDS = 0.5
"""Between two looks at what is lent; so long, what was used is untold at most."""
BUSY = 4
"""Requests between two looks that make a counter worth a loan."""
QUIET = 2
"""Looks without a request after which a loan is given back."""
VAIN, RESTS = 4, 20
"""So many looks a loan is kept of which nothing is served, because the request's other counters are not lent; and it is
not borrowed again for so many."""
SERVED_SECONDS = 20.0
"""So long a loan is served from: well within a lease, and renewed before."""
_STALLED_SECONDS = 5.0
"""Where there was no look for so long, nobody knows how old loans are."""


class Local:
    """What a request holds of loans."""

    __slots__ = ("asks", "beyond", "far", "moment", "tills")

    def __init__(self, asks: Sequence[Ask], tills: list[Till], moment: int) -> None:
        self.asks = asks
        self.tills = tills
        self.moment = moment
        self.far = False
        """The store was asked for more under its lease."""
        self.beyond: tuple[str, ...] = ()
        """Of these it was given some."""

    def extend(self, asks: Sequence[Ask], tills: Sequence[Till]) -> None:
        """It holds more."""
        held = {ask.counter: ask for ask in self.asks}
        for ask, till in zip(asks, tills, strict=True):
            before = held.get(ask.counter)
            if before is None:
                self.tills.append(till)
                held[ask.counter] = ask
            else:
                held[ask.counter] = msgspec.structs.replace(ask, amount=before.amount + ask.amount)
        self.asks = tuple(held.values())


class Leasing:
    """A store that mostly answers at once."""

    def __init__(
        self,
        far: Counters,
        exact: Fallback,
        *,
        clock: Callable[[], float] = time.monotonic,
        name: str = "",
        ticking: bool = True,
    ) -> None:
        """``exact`` stands before ``far`` and decides while that is away. ``name``: this process's, among all that ever
        share the counters. ``ticking``: looks by itself; else ``look`` is called."""
        self._far = far
        self._exact = exact
        self._clock = clock
        self._name = name or os.urandom(8).hex()
        self._ticking = ticking
        self._timer: asyncio.TimerHandle | None = None
        self._tills: dict[str, Till] = {}
        self._local: dict[str, Local] = {}
        self._processes = 1
        self._serves = 0.0
        """Until when loans are served from."""
        self._asked: set[Future[Verdict]] = set()
        self._number = 0
        self._swaps = 0

    # What is asked.

    def take(self, lease: str, asks: Sequence[Ask]) -> Verdict | Awaitable[Verdict]:
        """All of them or none."""
        tills, all_tills = [], self._tills
        for ask in asks:
            till = all_tills.get(ask.counter)
            if till is None or till.free < ask.amount or till.ask.most != ask.most:
                return self._ask(lease, asks)
            tills.append(till)
        if lease in self._local:
            return Verdict(tuple([till.told() for till in tills]))
        if not tills or self._clock() > self._serves:
            return self._ask(lease, asks)
        self._local[lease] = Local(asks, tills, self._swaps)
        return self._served(asks, tills)

    def _served(self, asks: Sequence[Ask], tills: Sequence[Till]) -> Verdict:
        standings = []
        for ask, till in zip(asks, tills, strict=True):
            standings.append(till.use(ask.amount))
            if till.free < till.low and not till.pending:
                # Before the next look: demand has grown.
                till.demand = max(till.demand * 2, float(till.amount))
                self._renew_loan(till)
        return Verdict(tuple(standings))

    async def _ask(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        if lease in self._local:
            return Verdict(self._known(asks))
        verdict = await self._exact.take(lease, asks)
        for _ in asks:
            if verdict.refused < 0 or verdict.alone or not self._given_back(asks[verdict.refused]):
                break
            # What stood in its way was lent to this very process.
            verdict = await self._exact.take(lease, asks)
        if not verdict.alone:
            self._met(asks, verdict)
        return verdict

    def _met(self, asks: Sequence[Ask], verdict: Verdict) -> None:
        tills, processes = [], self._processes
        lendable = verdict.refused < 0
        for ask, standing in zip(asks, verdict.standings, strict=True):
            till = self._tills.get(ask.counter)
            if till is None or till.ask.most != ask.most:
                if till is not None and till.name:
                    # Its limit was changed.
                    self._retire(till)
                    return
                till = self._tills[ask.counter] = Till(ask)
            till.ask = ask
            if not till.pending:
                till.learn(standing)
            tills.append(till)
            lendable = lendable and till.lendable(processes)
        if lendable:
            # Where one of them is not lent, to lend the others is no use.
            for ask, till in zip(asks, tills, strict=True):
                till.asked += 1
                till.amount += ask.amount
        self._wake()

    def extend(self, lease: str, asks: Sequence[Ask]) -> Verdict | Awaitable[Verdict]:
        """Reserves more under a lease, all or nothing."""
        local = self._local.get(lease)
        if local is None:
            return self._exact.extend(lease, asks)
        tills = []
        for ask in asks:
            till = self._tills.get(ask.counter)
            if till is None or till.free < ask.amount or till.ask.most != ask.most or self._clock() > self._serves:
                return self._extended(lease, local, asks)
            tills.append(till)
        local.extend(asks, tills)
        return self._served(asks, tills)

    async def _extended(self, lease: str, local: Local, asks: Sequence[Ask]) -> Verdict:
        local.far = True
        verdict = await self._exact.extend(lease, asks)
        if verdict.refused < 0:
            local.beyond = (*local.beyond, *[ask.counter for ask in asks])
        return verdict

    async def standings(self, asks: Sequence[Ask]) -> tuple[Standing, ...]:
        """How these counters stand: what is lent here and not used is not reserved."""
        standings = await self._exact.standings(asks)
        tills = [self._tills.get(ask.counter) for ask in asks]
        return tuple([one if till is None else till.corrected(one) for one, till in zip(standings, tills, strict=True)])

    def _known(self, asks: Sequence[Ask]) -> tuple[Standing, ...]:
        tills = [self._tills.get(ask.counter) for ask in asks]
        return tuple([Standing(0, 0) if till is None else till.told() for till in tills])

    # What is told.

    def settle(self, lease: str, at: float, spent: Mapping[str, int], asks: Sequence[Ask] = ()) -> None:
        """What was truly used, once."""
        local = self._local.pop(lease, None)
        if local is None:
            self._exact.settle(lease, at, spent, asks)
            return
        hour = int(at) // 3600
        for ask, till in zip(local.asks, local.tills, strict=True):
            used = spent.get(ask.counter, 0)
            if used > ask.amount and ask.counter in local.beyond:
                used = ask.amount
            till.settle(hour, ask.amount, used, told=till.swapped > local.moment)
        if local.far:
            held = {ask.counter: ask.amount for ask in local.asks}
            rest = {name: max(0, spent.get(name, 0) - held.get(name, 0)) for name in local.beyond}
            self._exact.settle(lease, at, rest, asks)

    def renew(self, leases: Collection[str]) -> None:
        """These hold for another while, and so do loans."""
        local = self._local
        names = [lease for lease in leases if lease not in local or local[lease].far]
        names += [till.name for till in self._tills.values() if till.name]
        self._exact.renew(names)

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int], *, least: bool = False) -> None:
        """The ledger's own sums of a span, by the hour."""
        self._exact.adjust(counter, ends, hours, least=least)

    def health(self) -> Health:
        """The store's."""
        return self._exact.health()

    async def close(self) -> None:
        """Every request is over: what was used of loans is told, and the rest given back."""
        if self._timer is not None:
            self._timer.cancel()
        if self._asked:
            await asyncio.wait(self._asked)
        for till in self._tills.values():
            self._tell(till)
        self._tills.clear()
        await self._exact.close()

    # Loans.

    def look(self) -> None:
        """Borrows, renews, tells and gives back, as was asked since the last time."""
        now, health = self._clock(), self._exact.health()
        self._processes = health.processes
        self._serves = now + _STALLED_SECONDS if health.answers else 0.0
        for counter, till in list(self._tills.items()):
            asked, served = till.look(lent=bool(till.name))
            if till.pending or not health.answers:
                continue
            if not till.name:
                if asked >= BUSY and not till.rest and till.lendable(self._processes):
                    self._renew_loan(till)
                elif till.quiet >= QUIET:
                    del self._tills[counter]
            elif till.quiet >= QUIET or till.vain >= VAIN or not till.lendable(self._processes):
                till.rest = RESTS if till.vain >= VAIN else till.rest
                self._retire(till)
            elif till.leaving and asked < BUSY:
                self._retire(till)
            elif till.leaving or served or till.spent or now >= till.until:
                till.leaving = False
                self._renew_loan(till)

    def _renew_loan(self, till: Till) -> None:
        wanted = till.wanted(self._processes)
        if wanted:
            self._borrow(till, wanted, ceiling(till.ask))
        elif till.name:
            self._retire(till)

    def _retire(self, till: Till) -> None:
        """Nothing more is served from it; what requests under way hold of it stays."""
        till.leaving, till.free = True, CLOSED
        if till.pending:
            return
        if not till.under_way:
            self._tell(till)
            till.drop()
        elif till.spent or till.size > till.under_way:
            self._borrow(till, 0, till.ask.most)

    def _given_back(self, ask: Ask) -> bool:
        """Whether the store has more now."""
        till = self._tills.get(ask.counter)
        if till is None or not till.name:
            return False
        self._retire(till)
        return not till.name

    def _borrow(self, till: Till, more: int, most: int) -> None:
        """The next loan, with what requests under way hold of this one."""
        size = till.under_way + more
        self._number += 1
        name = f"loan {self._name} {self._number}"
        till.pending = True
        # So what they hold when it is granted is no more than it is.
        till.free = min(till.free, more)
        granted = functools.partial(self._lent, till, name, size, self._clock() + SERVED_SECONDS)
        try:
            found = self._far.take(name, chunk(till.ask, size, most))
        except Unanswered:
            self._not_lent(till, name)
            return
        if isinstance(found, Verdict):
            granted(found)
        else:
            answer = asyncio.ensure_future(found)
            self._asked.add(answer)
            answer.add_done_callback(functools.partial(self._answered, till, name, granted))

    def _answered(self, till: Till, name: str, granted: Callable[[Verdict], None], found: Future[Verdict]) -> None:
        self._asked.discard(found)
        if found.cancelled() or isinstance(found.exception(), Unanswered):
            self._not_lent(till, name)
        else:
            granted(found.result())

    def _not_lent(self, till: Till, name: str) -> None:
        """The store is silent; it may have been granted after all, too late for anybody to know."""
        till.pending = False
        self._serves = 0.0
        self._far.settle(name, 0.0, {})

    def _lent(self, till: Till, name: str, size: int, until: float, verdict: Verdict) -> None:
        if self._clock() > until:
            # This process stood still, and the loan may be over.
            self._not_lent(till, name)
            return
        till.pending = False
        if verdict.refused >= 0:
            # Too near the limit. What requests under way hold, and nothing gives room for, is tried for again.
            stays = till.leaving
            till.learn(verdict.standings[0])
            till.leaving, till.free = True, CLOSED
            if not till.name:
                till.leaving = False
            elif not stays or not till.under_way:
                self._retire(till)
            return
        self._tell(till)
        self._swaps += 1
        till.swap(name, size, until, self._swaps, verdict.standings)
        if not till.rate:
            self._exact.remember((till.ask,), (Standing(till.settled, till.elsewhere + size),))
        if till.leaving and not till.under_way:
            self._retire(till)

    def _tell(self, till: Till) -> None:
        """What was used of the loan, which is over with that."""
        if not till.name:
            return
        counter, late = till.ask.counter, sum(till.hours.values())
        self._far.settle(till.name, till.hour * 3600.0, {counter: till.spent - late})
        for hour, amount in till.hours.items():
            # A lease is settled in one hour.
            asks = (msgspec.structs.replace(till.ask, amount=0),)
            self._far.settle(f"{till.name} {hour}", hour * 3600.0, {counter: amount}, asks)

    def _wake(self) -> None:
        if self._ticking and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self.look()
        if self._tills:
            self._wake()
