"""What a store of counters is asked, and what it answers: take before the call, settle after it.

A request takes from all of its quotas at once or from none. What it took is a lease under the exchange's id: it is
settled with the true numbers when the exchange is over, once, however often that is said; and when a process dies, its
leases end by themselves. Stores differ in where they keep this, not in what they answer: ``tests/laws`` holds all of
them to one suite.
"""

from collections.abc import Awaitable, Collection, Mapping, Sequence
from enum import Enum
from typing import Protocol

import msgspec

from penstock.core.quota import Unreachable

TICKS = 10_000_000
"""Time in counters is whole ticks of 100 ns since ``BEGINNING``: small enough for rates of a million a minute, and for
numbers that are kept as doubles (Lua's)."""
BEGINNING = 1_767_225_600
"""2026-01-01, in seconds since the epoch."""
LEASE_SECONDS = 60
"""How long a lease holds unless it is renewed."""
AMOUNT_MOST = 2**52
"""Spent at a time, at most, as far as stores take it: only a provider that counts nonsense gets there."""
KEPT_SECONDS = 86_400
"""How long a span that is over, and the note of a lease that was not settled, are kept for late settlements."""


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
    unreachable: Unreachable = Unreachable.LOCAL
    """What happens while the store does not answer."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a counter stands after an ask."""

    settled: int
    """SPAN: what is over and done. RATE: what is missing in the bucket. SEATS: 0."""
    reserved: int
    """By leases that are not settled, this one among them where it was granted. RATE: the bucket has it all, but for
    what was lent of it to processes before."""
    wait: float = 0.0
    """RATE: seconds until the amount fits; 0: it does; infinite: it is more than the bucket holds."""
    new: bool = False
    """SPAN: the ledger's sums have never been put here (``adjust``): it may know of more."""


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """The answer to all asks of a request."""

    standings: tuple[Standing, ...]
    """In the order of the asks."""
    refused: int = -1
    """The first ask that was refused; -1: granted. A refusal has taken nothing."""
    alone: bool = False
    """The store did not answer: this process has decided by itself, as each ask's ``unreachable`` says."""


class Health(msgspec.Struct, frozen=True):
    """How a store is, for metrics and the one who examines."""

    store: str
    """Its kind and place, without credentials."""
    answers: bool = True
    since: float = 0.0
    """Seconds since the epoch: since when it answers or does not."""
    waiting: int = 0
    """Settlements that it has not taken yet."""
    dropped: int = 0
    """Settlements that were given up because too many waited; the ledger's sums bring them back."""
    processes: int = 1
    """That share it, as far as it knows."""
    words: str = ""
    """Why it does not answer."""
    alone: int = 0
    """Requests that were decided without it, since this process started."""


class Unanswered(Exception):  # noqa: N818 - a state of the store, and no error of anybody's
    """The store did not answer in time."""


class Counters(Protocol):
    """A store. What is asked is answered at once or awaited, as the store is near or far. Where it does not answer in
    time, Unanswered is raised; the store that the path sees stands before the far one and never raises it."""

    def take(self, lease: str, asks: Sequence[Ask]) -> Verdict | Awaitable[Verdict]:
        """All of them or none, each counter at most once. Under a lease that holds already: nothing more."""

    def extend(self, lease: str, asks: Sequence[Ask]) -> Verdict | Awaitable[Verdict]:
        """Reserves more under a lease, all or nothing; one that is not known (any more) is taken anew."""

    def settle(self, lease: str, at: float, spent: Mapping[str, int], asks: Sequence[Ask] = ()) -> None:
        """What was truly used, by counter; at once or soon after, again and again until the store has it. Counters of
        the lease that are not named have used nothing. ``at``: seconds since the epoch, as the ledger has it.

        A lease that is over is settled all the same, once. One that is not known changes nothing, unless its take was
        not answered: then ``asks`` tells what it would have been, and what was spent counts, once."""

    def renew(self, leases: Collection[str]) -> None:
        """These hold for another ``LEASE_SECONDS``; those that were over meanwhile hold again. To be called every few
        seconds, from the start and without leases too: it also reaches out to the store, and tells it that this process
        is there."""

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int], *, least: bool = False) -> None:
        """The ledger's own sums of a span, by the hour (``at // 3600``): what was settled in these hours is this and
        nothing else; ``least``: this or more, for hours in which others still settle."""

    def standings(self, asks: Sequence[Ask]) -> tuple[Standing, ...] | Awaitable[tuple[Standing, ...]]:
        """How these counters stand; takes nothing."""

    def health(self) -> Health:
        """How the store is, as last known; asks nobody."""

    def close(self) -> Awaitable[None] | None:
        """Nothing is asked any more; what is to be settled gets a last try."""
