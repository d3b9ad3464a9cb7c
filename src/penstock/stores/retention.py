"""Takes old exchanges out of the books, because somebody asked for it: nothing else ever does.

A gateway goes on writing meanwhile: each transaction is short, and between two of them it has its turn. What was
counted of a provider's batch stays, so that results that are fetched again are not counted again; sums by hour and day
stay. Entries go by whole hours: what sums by hour can't tell of a part of one, no report is asked for in vain.
"""

import time
from collections.abc import Iterator

import msgspec
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.books import BooksError
from penstock.stores.ledger import words
from penstock.stores.rollups import HOUR_MILLISECONDS
from penstock.stores.schema import entries

AT_ONCE = 500
"""Rows in one transaction: some milliseconds."""
_LEAST_PAUSE_SECONDS = 0.002


class Removable(msgspec.Struct, frozen=True):
    """What stands in the books from before a moment."""

    exchanges: int = 0
    first: float | None = None
    """When the first of them began, in seconds since the epoch; None without any."""
    last: float | None = None
    cost: int = 0
    """Micro-dollars; what is unpriced is not in it."""


class Retention:
    """The books of one database, as far as they are old."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)

    def removable(self, before: float) -> Removable:
        """What began before this moment's hour, in seconds since the epoch."""
        times = entries.c.at
        sums = select(func.count(), func.min(times), func.max(times), func.coalesce(func.sum(entries.c.cost), 0))
        try:
            with self._engine.connect() as connection:
                count, first, last, cost = connection.execute(sums.where(times < _milliseconds(before))).one()
        except SQLAlchemyError as error:
            raise BooksError(words(error)) from None
        return Removable(count, first / 1e3, last / 1e3, int(cost)) if count else Removable()

    def remove(self, before: float) -> Iterator[int]:
        """Take it out, the oldest first: how many exchanges went with each step. What has gone has gone, wherever one
        stops."""
        old = select(entries.c.number).where(entries.c.at < _milliseconds(before))
        some = delete(entries).where(entries.c.number.in_(old.order_by(entries.c.at).limit(AT_ONCE)))
        while True:
            started = time.monotonic()
            try:
                with self._writing.begin() as connection:
                    count = connection.execute(some).rowcount
            except SQLAlchemyError as error:
                raise BooksError(words(error)) from None
            if count:
                yield count
            if count < AT_ONCE:
                return
            # SQLite has no queue: who waits for the lock looks for it now and then, and must find it free.
            time.sleep(max(_LEAST_PAUSE_SECONDS, time.monotonic() - started))


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1e3) // HOUR_MILLISECONDS * HOUR_MILLISECONDS
