"""Counters in a database: what is asked of them, as jobs of the desk.

To take, to extend and to look must be answered. Settlements, sums and renewals wait while the database is away, and
what is given up of them the ledger's sums bring back.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.core.counting import AMOUNT_MOST, Ask, Standing, Verdict, Way
from penstock.stores.counting.buckets import HELD
from penstock.stores.counting.desk import Desk, Job
from penstock.stores.counting.memory import Memory


@dataclass(slots=True)
class CounterJob(Job):
    """What is done with counters, and what must be loaded for it."""

    run: Callable[[Memory], object]
    leases: Collection[str] = ()
    counters: Collection[str] = ()
    hours: tuple[str, Collection[int]] | None = None
    """Of one counter: these hours' sums are looked at."""


class DatabaseCounters(Desk[CounterJob]):
    """The same for every database: each carries out what is asked in its own way."""

    def take(self, lease: str, asks: Sequence[Ask]) -> "asyncio.Future[Verdict]":
        """All of them or none."""
        return self._ask(lambda memory: memory.take(lease, asks), (lease,), asks)

    def extend(self, lease: str, asks: Sequence[Ask]) -> "asyncio.Future[Verdict]":
        """Reserves more under a lease, all or nothing."""
        return self._ask(lambda memory: memory.extend(lease, asks), (lease,), asks)

    def standings(self, asks: Sequence[Ask]) -> "asyncio.Future[tuple[Standing, ...]]":
        """How these counters stand; takes nothing."""
        return self._ask(lambda memory: memory.standings(asks), (), asks)

    def settle(self, lease: str, at: float, spent: Mapping[str, int], asks: Sequence[Ask] = ()) -> None:
        """What was truly used, once."""
        counters = [ask.counter for ask in asks]
        sane = {counter: min(amount, AMOUNT_MOST) for counter, amount in spent.items()}
        self.told(CounterJob(lambda memory: memory.settle(lease, at, sane, asks), (lease,), counters))

    def renew(self, leases: Collection[str]) -> None:
        """These hold for another while; those that were over hold again."""
        held = tuple(leases)
        self.told(CounterJob(lambda memory: memory.renew(held), held))

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int], *, least: bool = False) -> None:
        """What was settled in these hours is this and nothing else, or this at least."""

        def run(memory: Memory) -> None:
            memory.adjust(counter, ends, hours, least=least)

        self.told(CounterJob(run, (), (counter,), (counter, tuple(hours))))

    def _ask(
        self, run: Callable[[Memory], object], leases: Collection[str], asks: Sequence[Ask]
    ) -> "asyncio.Future[Any]":
        counters = [ask.counter for ask in asks]
        counters += [ask.counter + HELD for ask in asks if ask.way is Way.RATE]
        return self.asked(CounterJob(run, leases, counters))
