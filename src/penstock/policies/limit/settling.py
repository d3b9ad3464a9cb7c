"""Gives back what an exchange took and did not use, by its closed entry in the books, and learns from it.

Whatever ended it: the entry is the one thing that every exchange has. What tells the usage of a batch waits until the
books have counted it, once. Also sees when a calendar's quota passes one of the shares that somebody wants to know of.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.counting import LEASE_SECONDS, Ask, Counters, Standing
from penstock.core.entry import Entry, Opened
from penstock.core.usage import Source
from penstock.policies.limit.learned import Sizes
from penstock.policies.limit.taking import Slot, Taking, settling, slots
from penstock.policies.limit.terms import OperationKind

MOST_WAITING = 10_000
"""Exchanges that wait for the books; then the one that waits longest is settled by what it told itself."""


class Taken(msgspec.Struct):
    """What an exchange under way has taken."""

    taking: Taking
    asks: tuple[Ask, ...]
    size: int = 0
    """Bytes of the body that it was worked out from."""
    standings: Sequence[Standing] = ()


class Settled(msgspec.Struct, frozen=True, gc=False):
    """What an exchange used of one counter."""

    exchange: str
    hour: int
    """``at // 3600``."""
    amount: int


class Fresh(msgspec.Struct):
    """A counter that is new."""

    slot: Slot
    settled: list[Settled]
    """Since then, in this process."""


Crossed = Callable[[Slot, int, int], None]
"""A calendar's quota, the percentage that is reached, and how much of it is settled at least."""


class Settling:
    """Of one process."""

    def __init__(
        self,
        counters: Counters,
        sizes: Sizes,
        shares: Sequence[int],
        crossed: Crossed,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.under_way: dict[str, Taken] = {}
        """By exchange."""
        self.shares = shares
        """Percentages that are told of, rising."""
        self._counters = counters
        self._sizes = sizes
        self._crossed = crossed
        self._clock = clock
        self.fresh: dict[str, Fresh] = {}
        """By counter: those in which nothing had been counted when they were first met."""
        self._reckoned: dict[str, float] = {}
        """Counters that were set right, and until when nobody is believed that they are new."""
        self._waiting: dict[str, tuple[Taken, Entry]] = {}

    def leases(self) -> Collection[str]:
        """Those that are to hold."""
        return [*self.under_way, *self._waiting]

    def closed(self, entry: Entry) -> None:
        """An exchange of this process is over."""
        taken = self.under_way.pop(entry.opened.id, None)
        if taken is None:
            return
        if not entry.batch:
            self._settle(taken, entry)
            return
        self._waiting[entry.opened.id] = taken, entry
        if len(self._waiting) > MOST_WAITING:
            self._settle(*self._waiting.pop(next(iter(self._waiting))))

    def counted(self, entry: Entry) -> bool:
        """The books have an exchange that tells of a batch, with what had not been counted of it before. False: it is
        none of this process's."""
        waiting = self._waiting.pop(entry.opened.id, None)
        if waiting is not None:
            self._settle(waiting[0], entry)
        return waiting is not None

    def found(self, entry: Entry, key: KeyProfile, kind: OperationKind) -> None:
        """An exchange of a process that is gone: its lease, if it is still known, is settled by its key's quotas."""
        opened = entry.opened
        taken = settling(slots(key.quotas, opened.model, kind, opened.at), known=True)
        self._counters.settle(opened.id, opened.at, {name: spends(entry) for name, spends in taken})

    def _settle(self, taken: Taken, entry: Entry) -> None:
        taking, opened = taken.taking, entry.opened
        used = {name: spends(entry) for name, spends in taking.settles}
        self._counters.settle(opened.id, opened.at, used)
        if taking.estimated and entry.consumption.source is not Source.NONE:
            size = self._sizes.of(taking.key.id, taking.model)
            if size is not None:
                size.learn(entry)
        if taken.standings and taking.calendar:
            self._look(taken, opened, used)

    def _look(self, taken: Taken, opened: Opened, used: Mapping[str, int]) -> None:
        """How calendars' quotas stand now, and whether any of their counters is new."""
        shares = self.shares
        for place, slot in taken.taking.calendar:
            standing, amount = taken.standings[place], used.get(slot.ask.counter, 0)
            if standing.new or self.fresh:
                self._meet(slot, Settled(opened.id, int(opened.at) // 3600, amount), new=standing.new)
            settled = standing.settled + amount
            if shares and settled * 100 >= slot.quota.amount * shares[0]:
                self._crossed(
                    slot, max(share for share in shares if settled * 100 >= slot.quota.amount * share), settled
                )

    def _meet(self, slot: Slot, settled: Settled, *, new: bool) -> None:
        name = slot.ask.counter
        fresh = self.fresh.get(name)
        if fresh is None and new and self._clock() >= self._reckoned.get(name, 0.0):
            fresh = self.fresh[name] = Fresh(slot, [])
        if fresh is not None and len(fresh.settled) < MOST_WAITING:
            fresh.settled.append(settled)

    def reckoned(self, counter: str) -> Sequence[Settled]:
        """The counter is set right in this moment; what this process has settled of it since it was new."""
        if len(self._reckoned) > MOST_WAITING:
            self._reckoned.clear()
        # What was taken before still tells that it is new.
        self._reckoned[counter] = self._clock() + LEASE_SECONDS
        fresh = self.fresh.pop(counter, None)
        return () if fresh is None else fresh.settled
