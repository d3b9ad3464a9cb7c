"""Reads entries out of the books from the oldest to the newest, however many there are, some thousands at a time.

Between two looks no transaction is open: a reader that stays for minutes would keep the write-ahead log from being
emptied, and PostgreSQL from tidying up.
"""

from collections.abc import Iterator

from sqlalchemy import Engine, RowMapping, func, select, tuple_

from penstock.core.books import EVERYTHING, Filter
from penstock.stores.refused import as_books_error
from penstock.stores.reports import where
from penstock.stores.schema import entries

AT_ONCE = 2_000
COLUMNS = tuple(column.name for column in entries.c)


class Exporting:
    """The entries of one database. What reads them raises BooksError."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pages(self, which: Filter = EVERYTHING) -> Iterator[list[RowMapping]]:
        """What was in the books when the first page was asked for, each once, by the times at which they began."""
        place = entries.c.at, entries.c.number
        query = select(entries).where(*where(which)).order_by(*place).limit(AT_ONCE)
        with as_books_error():
            with self._engine.connect() as connection:
                query = query.where(entries.c.number <= (connection.execute(_LATEST).scalar() or 0))
            after: tuple[int, int] | None = None
            while True:
                following = query if after is None else query.where(tuple_(*place) > after)
                with self._engine.connect() as connection:
                    page = list(connection.execute(following).mappings())
                if page:
                    yield page
                if len(page) < AT_ONCE:
                    return
                after = page[-1]["at"], page[-1]["number"]


_LATEST = select(func.max(entries.c.number))
