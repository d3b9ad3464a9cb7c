"""What can be asked of the books, by the names that the ledger's readers know them by, and who answers.

The values stand in ``core``, so that the store that answers need not know this room.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from penstock.core.books import (
    EVERYTHING,
    BooksError,
    By,
    Filter,
    Lines,
    LogLine,
    Report,
    UnpricedModel,
    UsageRow,
    total,
)
from penstock.core.entry import Entry

__all__ = [
    "EVERYTHING",
    "BooksError",
    "By",
    "Filter",
    "Lines",
    "LogLine",
    "Report",
    "Reports",
    "UnpricedModel",
    "UsageRow",
    "total",
]


class Reports(Protocol):
    """Answers from the database; each raises BooksError when it cannot."""

    def usage(self, by: Sequence[By], which: Filter = EVERYTHING) -> Sequence[UsageRow]:
        """Sums per group, ordered by the groups' values; one row without any group when nothing is grouped by."""

    def report(self, by: Sequence[By], which: Filter = EVERYTHING) -> Report:
        """The same, and about which span it is: of what was pruned only whole hours are known."""

    def newest(self, which: Filter = EVERYTHING, *, most: int) -> Lines:
        """The latest exchanges, newest first."""

    def after(self, cursor: int, which: Filter = EVERYTHING, *, most: int) -> Lines:
        """What has come into the books since, in the order in which it came: nothing is left out or told twice."""

    def entry(self, name: str) -> Entry | None:
        """Everything of one exchange."""

    def last_used(self, keys: Sequence[str]) -> Mapping[str, float]:
        """When each of these keys was used last, by its identity; never used ones are left out."""

    def unpriced(self, which: Filter = EVERYTHING) -> Sequence[UnpricedModel]:
        """The models that were used without a price, the most used first."""
