"""Reads from the books what terser answers are measured by. Reads only, from any thread, beside writers at work."""

from collections.abc import Iterator, Set

import msgspec
from sqlalchemy import Engine, case, func, select

from penstock.core.books import EVERYTHING, Filter
from penstock.core.entry import Entry
from penstock.core.terseness import Arm
from penstock.core.usage import Source
from penstock.stores.ledger import entry_of
from penstock.stores.refused import as_books_error
from penstock.stores.reports import where
from penstock.stores.schema import entries
from penstock.stores.turns import reading

_AT_ONCE = 2_000
_COMPARED = entries.c.arm.in_([Arm.TREATED.value, Arm.CONTROL.value, Arm.FORCED.value])


class Rest(msgspec.Struct, frozen=True):
    """Chats that nobody compares."""

    requests: int
    output_tokens: int
    """Visible and reasoning, reported."""


class Measured:
    """Answers from one database. Each raises BooksError when it cannot."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reading(engine)

    def compared(self, operations: Set[str], which: Filter = EVERYTHING) -> Iterator[Entry]:
        """Exchanges of these operations in both arms, and those that somebody asked for by hand; in no order that
        matters."""
        found_in = entries.c.operation.in_(operations)
        query = select(entries).where(found_in, _COMPARED, entries.c.batch == "", *where(which))
        query = query.order_by(entries.c.number)
        with as_books_error(), self._engine.connect() as connection:
            found = connection.execution_options(yield_per=_AT_ONCE).execute(query)
            for row in found.mappings():
                yield entry_of(row)

    def rest(self, operations: Set[str], which: Filter = EVERYTHING) -> Rest:
        """The other exchanges of these operations."""
        told = case((entries.c.source == Source.REPORTED.value, entries.c.output + entries.c.reasoning), else_=0)
        query = select(func.count(), func.coalesce(func.sum(told), 0))
        query = query.where(entries.c.operation.in_(operations), entries.c.arm.is_(None) | ~_COMPARED, *where(which))
        with as_books_error(), self._engine.connect() as connection:
            requests, tokens = connection.execute(query).one()
            return Rest(int(requests), int(tokens))
