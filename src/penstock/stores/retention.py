"""Takes old exchanges out of the books, because somebody asked for it: nothing else ever does.

A gateway goes on writing meanwhile: each transaction is short, and between two of them it has its turn. What was
counted of a provider's batch stays, so that results that are fetched again are not counted again; sums by hour and day
stay. Entries go by whole hours: of a part of one the sums could not tell any more. PostgreSQL lets go of whole days at
once.
"""

import math
import time
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, Delete, Engine, bindparam, delete, func, select

from penstock.stores import partitions
from penstock.stores.refused import as_books_error
from penstock.stores.rollups import HOUR_MILLISECONDS, SumKind
from penstock.stores.schema import entries, rollups
from penstock.stores.turns import on_server, writing

FIRST_AT_ONCE, MOST_AT_ONCE, LEAST_AT_ONCE = 100, 1000, 25
"""Rows in one transaction: as many as take about as long as others may wait, on this disk and beside this load."""
HELD_SECONDS = 0.01
_LEAST_PAUSE_SECONDS = 0.002
_CHECKPOINT_PAGES = 500
"""Half as many as others wait for: so it is here, and not in a gateway, that SQLite's log is put into the file."""
_CACHE_KIB = 65_536
"""For SQLite's pages: rows that go one after the other stand in indexes side by side, a thousand rows apart."""


class Removable(msgspec.Struct, frozen=True):
    """What stands in the books from before a moment."""

    exchanges: int = 0
    first: float | None = None
    """When the first of them began, in seconds since the epoch; None without any."""
    last: float | None = None
    cost: int = 0
    """Micro-dollars; what is unpriced is not in it."""


class Retention:
    """The books of one database, as far as they are old. What reads or changes them raises BooksError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = writing(engine, "retention")

    def removable(self, before: float) -> Removable:
        """What began before this moment's hour, in seconds since the epoch."""
        end = _hour(before)
        with as_books_error(), self._engine.connect() as connection:
            first = connection.execute(select(func.min(entries.c.at))).scalar()
            if first is None or first >= end:
                return Removable()
            last = connection.execute(select(func.max(entries.c.at)).where(entries.c.at < end)).scalar_one()
            # The oldest hour is counted, for somebody may have been stopped in the midst of it; of the others the sums
            # are right, and a thousand times faster.
            following = (first // HOUR_MILLISECONDS + 1) * HOUR_MILLISECONDS
            counting = select(func.count(), func.coalesce(func.sum(entries.c.cost), 0))
            count, cost = connection.execute(counting.where(entries.c.at < following)).one()
            sums = select(func.coalesce(func.sum(rollups.c.exchanges), 0), func.coalesce(func.sum(rollups.c.cost), 0))
            span = rollups.c.start >= following // HOUR_MILLISECONDS, rollups.c.start < end // HOUR_MILLISECONDS
            more, more_cost = connection.execute(sums.where(rollups.c.kind == int(SumKind.HOUR_OF_ALL), *span)).one()
            return Removable(count + int(more), first / 1e3, last / 1e3, int(cost) + int(more_cost))

    def taken(self) -> int:
        """Bytes that the database takes; what it keeps free for rows to come is not in it."""
        with as_books_error(), self._engine.connect() as connection:
            return _taken(connection)

    def too_old_for(self, size: int) -> float | None:
        """Before when exchanges have to go for the database to take no more bytes than this, about; None: it does not.
        In seconds since the epoch."""
        with as_books_error(), self._engine.connect() as connection:
            taken = _taken(connection)
            first = connection.execute(select(func.min(entries.c.at))).scalar()
            if taken <= size or first is None:
                return None
            ours = rollups.c.kind == int(SumKind.HOUR_OF_ALL), rollups.c.start >= first // HOUR_MILLISECONDS
            hour = rollups.c.start
            query = select(hour, func.sum(rollups.c.exchanges)).where(*ours).group_by(hour).order_by(hour)
            hours = [(start, int(exchanges)) for start, exchanges in connection.execute(query)]
        # All that the database takes is put down to its exchanges, so this is rather too little than too much: what is
        # over then goes the next time.
        over = math.ceil(sum(exchanges for _, exchanges in hours) * (taken - size) / taken)
        for start, exchanges in hours:
            over -= exchanges
            if over <= 0:
                return float((start + 1) * HOUR_MILLISECONDS / 1e3)
        return None

    def cheap(self, before: float) -> float:
        """This moment or one before it: what began before that goes without any work for each row."""
        unit = partitions.DAY_MILLISECONDS / 1e3 if on_server(self._engine) else 1.0
        return before // unit * unit

    def remove(self, before: float) -> Iterator[int]:
        """Take it out, the oldest first: how many exchanges went with each step. What has gone has gone, wherever one
        stops."""
        end = _hour(before)
        old = select(entries.c.number).where(entries.c.at < end)
        some = delete(entries).where(entries.c.number.in_(old.order_by(entries.c.at).limit(bindparam("most"))))
        with as_books_error():
            if on_server(self._engine):
                yield from partitions.drop(self._engine, end)
                some = some.where(entries.c.at < end)
            with self._writing.connect() as connection:
                yield from _in_steps(connection, some)


def _in_steps(connection: Connection, some: Delete) -> Iterator[int]:
    if not on_server(connection.engine):
        with connection.begin():
            connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KIB}")
            connection.exec_driver_sql(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
    most = FIRST_AT_ONCE
    while True:
        began = time.monotonic()
        with connection.begin():
            locked = time.monotonic()
            count = connection.execute(some, {"most": most}).rowcount
            held = time.monotonic() - locked
        if count:
            yield count
        if count < most:
            return
        most = fitting(most, held)
        # SQLite has no queue: who waits for the lock looks for it now and then, and must find it free.
        time.sleep(max(_LEAST_PAUSE_SECONDS, time.monotonic() - began))


def fitting(rows: int, held: float) -> int:
    """How many rows the next transaction takes, where one with so many has held the lock for so many seconds."""
    wanted = round(rows * HELD_SECONDS / max(held, 1e-6))
    # One look at a busy machine must not decide for long.
    return max(LEAST_AT_ONCE, min(MOST_AT_ONCE, 2 * rows, max(wanted, rows // 2)))


def _taken(connection: Connection) -> int:
    if on_server(connection.engine):
        return _taken_on_server(connection)
    names = "page_count", "freelist_count", "page_size"
    pages, free, size = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names)
    return int((pages - free) * size)


def _taken_on_server(connection: Connection) -> int:
    """Of exchanges and their indexes: who shares the server with us is not counted."""
    sizes = "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'entries'::regclass"
    return int(connection.exec_driver_sql(sizes).scalar() or 0)


def _hour(seconds: float) -> int:
    return round(seconds * 1e3) // HOUR_MILLISECONDS * HOUR_MILLISECONDS
