"""The entries on PostgreSQL: a table for each day, so that old days go at once and no index outgrows memory.

A day's table is made before its first entry comes, on its own, and attached then; it is detached before it goes. Both
wait for nobody who reads, and keep nobody waiting. SQLite has one table for all days.

An entry's time is told by its id's exchange alone and never changes, so a journal that is read twice brings the same
day twice: that ids are unique within a day is that they are unique.
"""

import datetime
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, Engine, text

DAY_MILLISECONDS = 86_400_000
AHEAD = 2
"""Days that are made before their time, so that midnight is like any other moment."""
_PREFIX = "entries_"
_ATTACHED = text(
    "SELECT c.relname, i.inhdetachpending FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
    "WHERE i.inhparent = 'entries'::regclass ORDER BY c.relname"
)
_APART = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND NOT relispartition AND relname ~ '^entries_[0-9]{8}$' "
    "AND relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'entries'::regclass) ORDER BY relname"
)


class Days:
    """Which days have their table, as far as one writer knows. For one thread."""

    def __init__(self) -> None:
        self._known: set[int] = set()

    def forget(self) -> None:
        """A transaction was taken back, or a day has gone: ask again."""
        self._known.clear()

    def be_there(self, connection: Connection, times: Iterable[int]) -> None:
        """Before entries of these times, in milliseconds, come: a table for each of their days and for the next."""
        wanted = {at // DAY_MILLISECONDS for at in times}
        if wanted <= self._known:
            return
        latest = max(wanted)
        if not self._known:
            self._known.update(days(connection))
        for day in sorted((wanted | set(range(latest, latest + AHEAD + 1))) - self._known):
            _make(connection, day)
            self._known.add(day)


def days(connection: Connection) -> Iterator[int]:
    """Those that have a table, since the epoch."""
    for name, going in connection.execute(_ATTACHED):
        if not going:
            yield _day(name)


def drop(engine: Engine, before: int) -> Iterator[int]:
    """Days that lie wholly before this time, in milliseconds: how many entries went with each."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for name, going in connection.execute(_ATTACHED).all():
            if (_day(name) + 1) * DAY_MILLISECONDS > before:
                continue
            # Somebody was stopped between the two steps of a detachment: nothing else may be done with the table.
            connection.exec_driver_sql(
                f"ALTER TABLE entries DETACH PARTITION {name} {'FINALIZE' if going else 'CONCURRENTLY'}"
            )
        for (name,) in connection.execute(_APART).all():
            if (_day(name) + 1) * DAY_MILLISECONDS <= before:
                count = connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()  # noqa: S608 - ours
                connection.exec_driver_sql(f"DROP TABLE {name}")
                yield int(count)


def _make(connection: Connection, day: int) -> None:
    name, first, end = _name(day), day * DAY_MILLISECONDS, (day + 1) * DAY_MILLISECONDS
    # With the same constraint the attachment need not look at any row.
    connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS {name} "
        f"(LIKE entries INCLUDING ALL, CONSTRAINT {name}_at CHECK (at >= {first} AND at < {end}))"
    )
    connection.exec_driver_sql(f"ALTER TABLE entries ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})")
    connection.exec_driver_sql(f"ALTER TABLE {name} DROP CONSTRAINT {name}_at")


def _name(day: int) -> str:
    return f"{_PREFIX}{datetime.date(1970, 1, 1) + datetime.timedelta(days=day):%Y%m%d}"


def _day(name: str) -> int:
    found = datetime.datetime.strptime(name.removeprefix(_PREFIX), "%Y%m%d").date()  # noqa: DTZ007 - a day in UTC
    return (found - datetime.date(1970, 1, 1)).days


def is_day(name: str) -> bool:
    """Whether a table is a day's."""
    return name.startswith(_PREFIX) and len(name) == len(_PREFIX) + 8 and name[-8:].isdigit()
