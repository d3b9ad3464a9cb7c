"""What a store of counters is asked, and what it answers: take before the call, settle after it.

A request takes from all of its quotas at once or from none. What it took is a lease under the exchange's id: it is
settled with the true numbers when the exchange is over, once, however often that is said; and when a process dies, its
leases end by themselves. Stores differ in where they keep this, not in what they answer: ``tests/laws`` holds all of
them to one suite.
"""

from collections.abc import Awaitable, Mapping, Sequence
from enum import Enum
from typing import Protocol

import msgspec

TICKS = 10_000_000
"""Time in counters is whole ticks of 100 ns since ``BEGINNING``: small enough for rates of a million a minute, and for
numbers that are kept as doubles (Lua's)."""
BEGINNING = 1_767_225_600
"""2026-01-01, in seconds since the epoch."""


class Way(Enum):
    """How a counter counts."""

    RATE = "rate"
    """A bucket that refills (GCRA): ``most`` at once, ``most`` again after ``ticks``."""
    SPAN = "span"
    """Settled and reserved, until the span is over."""
    SEATS = "seats"
    """As many as hold a lease."""


class Ask(msgspec.Struct, frozen=True, gc=False):
    """What one request wants of one counter."""

    counter: str
    """With the beginning of its span, where it has one."""
    way: Way
    most: int
    """RATE: what the bucket holds. SPAN: the quota. SEATS: the seats."""
    amount: int
    """To be reserved."""
    strict: bool = True
    """Refused where the amount does not fit; else only where nothing at all is left (SPAN and RATE)."""
    ticks: int = 0
    """RATE: how long an empty bucket takes to be full."""
    ends: int = 0
    """SPAN: seconds since the epoch when it is over; a store may forget the counter a day later."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a counter stands after an ask."""

    settled: int
    """SPAN: what is over and done. RATE: what is missing in the bucket. SEATS: 0."""
    reserved: int
    """By leases that are not settled, this one among them where it was granted."""
    wait: float = 0.0
    """Of the one that refused, RATE: seconds until the amount fits."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The answer to all asks of a request."""

    standings: tuple[Standing, ...]
    """In the order of the asks."""
    refused: int = -1
    """The first ask that was refused; -1: granted. A refusal has taken nothing."""


class Unanswered(Exception):  # noqa: N818 - a state of the store, and no error of anybody's
    """The store did not answer in time."""


class Counters(Protocol):
    """A store. ``take`` and ``extend`` answer at once or are awaited, as the store is near or far; Unanswered."""

    def take(self, lease: str, asks: Sequence[Ask]) -> Verdict | Awaitable[Verdict]:
        """All of them or none."""

    def extend(self, lease: str, asks: Sequence[Ask]) -> Verdict | Awaitable[Verdict]:
        """Reserves more under a lease that was granted, all or nothing."""

    def settle(self, lease: str, at: float, spent: Mapping[str, int]) -> None:
        """What was truly used, by counter; at once or soon after, again and again until the store has it. Counters of
        the lease that are not named have used nothing; a lease that is not known (any more) changes nothing. ``at``:
        seconds since the epoch, as the ledger has it."""

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int]) -> None:
        """The ledger's own sums of a span, by the hour (``at // 3600``): what was settled in these hours is this and
        nothing else."""

    def close(self) -> None:
        """Nothing is asked any more; what is to be settled gets a last try."""
