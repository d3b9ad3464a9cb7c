"""What can be asked of the books, and what they answer. Values only; ``stores`` answers, the command line prints.

Money is in whole micro-dollars. What has no price is counted apart and never as 0, and how much rests on estimates is
always said beside a sum.
"""

from collections.abc import Iterable, Sequence
from enum import Enum

import msgspec

from penstock.core.usage import Usage


class BooksError(Exception):
    """The database cannot take or tell anything now. Its words are for the operator and hold no value of any row."""


class By(Enum):
    """What usage can be grouped by."""

    DAY = "day"
    """UTC, as ``2026-11-21``."""
    KEY = "key"
    TEAM = "team"
    USER = "user"
    """Whose key it was: its owner then."""
    MODEL = "model"
    """The one that answered; the one asked for where none did. A call that several served counts as the last one's."""
    PROVIDER = "provider"
    STATUS = "status"


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which exchanges; what is left out does not matter."""

    since: float | None = None
    """Seconds since the epoch; exchanges that began then or later."""
    until: float | None = None
    """Exchanges that began before."""
    tenant: str | None = None
    key: str | None = None
    """A key's identity or its name."""
    team: str | None = None
    owner: str | None = None
    """Of the key, at that time."""
    provider: str | None = None
    model: str | None = None
    """As asked, or as served."""
    status: tuple[int, int] | None = None
    """The least and the greatest: ``(429, 429)``, ``(500, 599)``."""
    outcome: str | None = None


EVERYTHING = Filter()


class UsageRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Sums over one group of exchanges."""

    group: tuple[str, ...] = ()
    """The group's values, in the order that was asked for; a key's is its identity."""
    key_name: str = ""
    """The key's latest name, where keys were asked for."""
    exchanges: int = 0
    not_served: int = 0
    """Of these, with another outcome than ``served``."""
    usage: Usage = Usage()
    cost: int = 0
    """Micro-dollars, of those that have a price."""
    unpriced: int = 0
    """Exchanges without a price: what they cost is not in ``cost``."""
    estimated: int = 0
    """Exchanges whose counters are estimates, at least in part."""
    estimated_tokens: int = 0
    """Their tokens, input and output."""
    estimated_cost: int = 0
    """Their part of ``cost``."""

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.usage.total_input + self.usage.total_output

    @property
    def estimated_share(self) -> float:
        """The part of the tokens that rests on estimates, 0 to 1."""
        return self.estimated_tokens / self.tokens if self.tokens else 0.0


_SUMMED = ("exchanges", "not_served", "cost", "unpriced", "estimated", "estimated_tokens", "estimated_cost")


def total(rows: Iterable[UsageRow]) -> UsageRow:
    """All rows together."""
    listed = list(rows)
    usage = sum((row.usage for row in listed), Usage())
    return UsageRow(usage=usage, **{name: sum(getattr(row, name) for row in listed) for name in _SUMMED})


class Report(msgspec.Struct, frozen=True):
    """Sums, and the span that they are about."""

    rows: Sequence[UsageRow]
    since: float | None = None
    """As wanted; earlier, at a full hour, where the exchanges of the first hour are not in the books any more, and only
    its sum is. Seconds since the epoch."""
    until: float | None = None
    """As wanted; later for the same reason."""


class LogLine(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange on one line."""

    id: str
    at: float
    key: str
    key_name: str
    team: str
    provider: str
    operation: str
    model: str
    served: str
    stream: bool
    status: int
    outcome: str
    fault: str
    total_input: int
    total_output: int
    source: str
    cost: int | None
    first_byte: float
    duration: float


class Lines(msgspec.Struct, frozen=True):
    """Some lines, and where to go on."""

    lines: tuple[LogLine, ...]
    cursor: int
    """For ``after``: what comes with it is what these lines left out, each once."""


class UnpricedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model that was used and has no price."""

    provider: str
    model: str
    exchanges: int
    tokens: int
    last: float
    """Seconds since the epoch of the latest exchange."""
