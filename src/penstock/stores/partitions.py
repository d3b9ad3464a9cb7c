"""The entries on PostgreSQL, a table for each day of them: old days go at once, and no index outgrows memory.

A day's table is made before its first entry comes, as a table of its own that is then attached: that waits for nobody
who reads. It is taken away in the same gentle way. SQLite has one table, and all this does nothing there.
"""

import datetime
from typing import NamedTuple

from sqlalchemy import text

DAY_MILLISECONDS = 86_400_000
AHEAD = 2
"""Days that are made before their time: whoever appends at midnight finds its table."""
_NAMES = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'entries'::regclass AND NOT i.inhdetachpending ORDER BY c.relname"
)
_HALF_GONE = text(
    "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'entries'::regclass AND i.inhdetachpending"
)
_LEFT_BEHIND = text(
    "SELECT c.relname FROM pg_class c LEFT JOIN pg_inherits i ON c.oid = i.inhrelid "
    "WHERE c.relkind = 'r' AND c.relnamespace = 'entries'::regclass::oid::regclass::oid AND i.inhrelid IS NULL"
)


class Day(NamedTuple):
    """One day's table."""

    number: int
    """Days since the epoch, UTC."""

    @property
    def name(self) -> str:
        """As ``entries_20261121``."""
        return f"entries_{datetime.date(1970, 1, 1) + datetime.timedelta(days=self.number):%Y%m%d}"

    @property
    def bounds(self) -> tuple[int, int]:
        """Milliseconds: from the first on, before the second."""
        return self.number * DAY_MILLISECONDS, (self.number + 1) * DAY_MILLISECONDS
