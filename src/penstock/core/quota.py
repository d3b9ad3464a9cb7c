"""Quotas: how much of what a subject may use in which time. Values, and how people write them.

One grammar for the configuration file, the command line and the admin API: ``60 requests per minute``, ``5M output
tokens per month``, ``$20 per day for claude-opus-*, strict``, ``8 requests at once``, ``5 MB per request``. Pure: what
has been used is counted by ``core.counting``'s stores, and what becomes of a request is the policy ``limit``'s matter.
"""

from enum import Enum

import msgspec


class Unit(Enum):
    """What is counted, as it is written."""

    REQUESTS = "requests"
    OUTPUT = "output tokens"
    INPUT = "input tokens"
    TOKENS = "tokens"
    """Both, cached or not, seen or not."""
    DOLLARS = "dollars"
    """At list prices, in micro-dollars, whoever pays: for the caller's own credential too."""
    AT_ONCE = "requests at once"
    BYTES = "bytes"
    """Of one request's body."""


class Period(Enum):
    """In which time. Minutes are smooth, a bucket that refills; days, weeks (from Monday) and months are the
    calendar's, UTC."""

    MINUTE = "minute"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    NONE = ""
    """For what is not counted over time: requests at once, and one request's bytes."""


class Level(Enum):
    """Whose quota it is, the widest first."""

    INSTALLATION = "installation"
    TEAM = "team"
    USER = "user"
    KEY = "key"


class Spent(Enum):
    """What becomes of a stream under way when its quota is used up."""

    FINISH = "finish"
    CUT = "cut"


class Unreachable(Enum):
    """What happens while the store that counts does not answer."""

    OPEN = "open"
    """Requests pass uncounted; they are counted when it is back."""
    CLOSED = "closed"
    LOCAL = "local"
    """Each process counts for itself, up to its share of what is left as it last knew it."""


class Quota(msgspec.Struct, frozen=True, gc=False):
    """One quota of one subject."""

    unit: Unit
    amount: int
    """In the unit: requests, tokens, micro-dollars, bytes."""
    period: Period = Period.NONE
    models: str = ""
    """A glob pattern of the models that it counts, all of them together; empty: every model."""
    burst: int | None = None
    """Of a quota per minute: how much may be used at once; None: ``bursting`` says."""
    strict: bool = False
    """Reserve the most that a request can use, and never go over; else what such requests have used before."""
    spent: Spent = Spent.FINISH
    unreachable: Unreachable = Unreachable.LOCAL
    unpriced: bool = False
    """Of dollars: let models without a price pass, at no cost; else they are refused."""
    level: Level = Level.KEY
    subject: str = ""
    """The team's or user's name or the key's identity; empty for the installation."""

    @property
    def bursting(self) -> int:
        """How much of a quota per minute may be used at once: ten seconds' worth unless it says so, and at least ten
        requests."""
        if self.burst is not None:
            return self.burst
        least = 10 if self.unit is Unit.REQUESTS else 1
        return max(-(-self.amount // 6), min(self.amount, least))

    @property
    def counter(self) -> str:
        """The name of what it counts in; quotas that differ only in how much share it. The period's beginning is put
        behind it by who counts."""
        return f"{self.level.value}:{self.subject}:{self.unit.name.lower()}:{self.period.value}:{self.models}"


def bound(quota: Quota, level: Level, subject: str) -> Quota:
    """The same quota, of this subject."""
    return msgspec.structs.replace(quota, level=level, subject=subject)


def metered(unit: Unit, taken: int, output: int, cost: int) -> int:
    """Of what went in, what came out and what both cost, that which a unit of tokens or money counts."""
    if unit is Unit.OUTPUT:
        return output
    if unit is Unit.INPUT:
        return taken
    return cost if unit is Unit.DOLLARS else taken + output
