"""Gives back what an exchange took and did not use, by its closed entry in the books, and learns from it.

Whatever ended it: the entry is the one thing that every exchange has. What tells the usage of a batch waits until the
books have counted it, once. Also sees when a calendar's quota passes one of the shares that somebody wants to know of.
"""

from collections.abc import Callable, Collection, Sequence

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.counting import Ask, Counters, Standing
from penstock.core.entry import Entry
from penstock.core.usage import Source
from penstock.policies.limit.learned import Sizes
from penstock.policies.limit.taking import Slot, Taking, settling, slots
from penstock.policies.limit.terms import Kind

MOST_WAITING = 10_000
"""Exchanges that wait for the books; then the one that waits longest is settled by what it told itself."""


class Taken(msgspec.Struct):
    """What an exchange under way has taken."""

    taking: Taking
    asks: tuple[Ask, ...]
    size: int = 0
    """Bytes of the body that it was worked out from."""
    standings: Sequence[Standing] = ()
    alone: bool = False
    """The store did not answer, and does not know of it."""


Crossed = Callable[[Slot, int, int], None]
"""A calendar's quota, the percentage that is reached, and how much of it is settled at least."""


class Settling:
    """Of one process."""

    def __init__(self, counters: Counters, sizes: Sizes, shares: Sequence[int], crossed: Crossed) -> None:
        self.under_way: dict[str, Taken] = {}
        """By exchange."""
        self.shares = shares
        """Percentages that are told of, rising."""
        self._counters = counters
        self._sizes = sizes
        self._crossed = crossed
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

    def found(self, entry: Entry, key: KeyProfile, kind: Kind) -> None:
        """An exchange of a process that is gone: its lease, if it is still known, is settled by its key's quotas."""
        opened = entry.opened
        taken = settling(slots(key.quotas, opened.model, kind, opened.at), known=True)
        self._counters.settle(opened.id, opened.at, {name: spends(entry) for name, spends in taken})

    def _settle(self, taken: Taken, entry: Entry) -> None:
        taking, opened = taken.taking, entry.opened
        used = {name: spends(entry) for name, spends in taking.settles}
        self._counters.settle(opened.id, opened.at, used, taken.asks if taken.alone else ())
        if taking.estimated and entry.consumption.source is not Source.NONE:
            size = self._sizes.of(taking.key.id, taking.model)
            if size is not None:
                size.learn(entry)
        if taken.standings and self.shares:
            for place, slot in taking.calendar:
                settled = taken.standings[place].settled + used.get(slot.ask.counter, 0)
                if settled * 100 >= slot.quota.amount * self.shares[0]:
                    share = max(share for share in self.shares if settled * 100 >= slot.quota.amount * share)
                    self._crossed(slot, share, settled)
