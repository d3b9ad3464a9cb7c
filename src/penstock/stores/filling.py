"""Makes the sums by day and month that say no more than whose it was (``rollup_whose``), where they are missing.

They are missing for what came in before there were any, and for what a release wrote that knew of none. How many
exchanges they tell of is held against the other sums, so nothing has to be noted: whoever is interrupted goes on where
something still differs. Each day is made of the other sums of its keys, in one short transaction in turn with the
writers of entries.
"""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, Engine, Integer, cast, delete, func, insert, literal, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.books import BooksError
from penstock.stores import whose
from penstock.stores.refused import as_books_error, words
from penstock.stores.rollups import (
    ABOUT_WHOSE,
    ESTIMATED,
    WHOSE,
    Length,
    Numbers,
    SumKind,
    first_day,
    month_of,
    narrowed,
)
from penstock.stores.schema import rollup_whose, rollups
from penstock.stores.turns import reading, writing

_SUMMED = (*ABOUT_WHOSE, *ESTIMATED)
_AT_ONCE = 2_000


class Filling:
    """The sums of one database, as far as some are missing. What reads or makes them raises BooksError."""

    def __init__(self, engine: Engine) -> None:
        self._reading = reading(engine)
        # In turn with whoever appends entries: no sum grows while it is made.
        self._writing = writing(engine, "entries")
        self._numbers = Numbers(engine)

    def missing(self) -> Sequence[int]:
        """Months since the epoch of which some sum is missing, the latest first."""
        with as_books_error(), self._reading.connect() as connection:
            there = _exchanges(connection, Length.MONTH, None)
            expected: dict[int, int] = {}
            for day, count in _expected(connection, None).items():
                expected[month_of(day)] = expected.get(month_of(day), 0) + count
        return sorted((month for month, count in expected.items() if there.get(month) != count), reverse=True)

    def fill(self, month: int) -> Iterator[int]:
        """Make what is missing of it: a day with each step, the latest first, and the month itself at last."""
        span = first_day(month), first_day(month + 1)
        try:
            with self._reading.connect() as connection:
                expected, there = _expected(connection, span), _exchanges(connection, Length.DAY, span)
            for day in sorted((day for day, count in expected.items() if there.get(day) != count), reverse=True):
                self._fill_day(day)
                yield day
            with self._writing.begin() as connection:
                _fill_month(connection, month, span)
        except SQLAlchemyError as error:
            # It was taken back, and what has a number in it may have none.
            self._numbers.forget()
            raise BooksError(words(error)) from None

    def _fill_day(self, day: int) -> None:
        with self._writing.begin() as connection:
            connection.execute(delete(rollup_whose).where(*_of(Length.DAY, day)))
            found = connection.execute(whose.wide(day))
            while rows := found.fetchmany(_AT_ONCE):
                subjects = [narrowed(tuple(row[: len(WHOSE)])) for row in rows]
                number = self._numbers.known(connection, set(subjects))
                columns = ("kind", "start", "subject", *_SUMMED)
                made = (
                    (int(Length.DAY), day, number[one], *map(int, row[len(WHOSE) :]))
                    for one, row in zip(subjects, rows, strict=True)
                )
                connection.execute(insert(rollup_whose), [dict(zip(columns, row, strict=True)) for row in made])


def _of(length: Length, start: int) -> tuple[ColumnElement[bool], ...]:
    return rollup_whose.c.kind == int(length), rollup_whose.c.start == start


def _fill_month(connection: Connection, month: int, span: tuple[int, int]) -> None:
    sums = [cast(func.sum(rollup_whose.c[name]), rollup_whose.c[name].type) for name in _SUMMED]
    days = rollup_whose.c.kind == int(Length.DAY), rollup_whose.c.start >= span[0], rollup_whose.c.start < span[1]
    of_month = (cast(literal(int(Length.MONTH)), Integer), cast(literal(month), Integer))
    summed = select(*of_month, rollup_whose.c.subject, *sums).where(*days).group_by(rollup_whose.c.subject)
    connection.execute(delete(rollup_whose).where(*_of(Length.MONTH, month)))
    connection.execute(insert(rollup_whose).from_select(["kind", "start", "subject", *_SUMMED], summed))


def _expected(connection: Connection, span: tuple[int, int] | None) -> Mapping[int, int]:
    """Exchanges of days, from the sums of all keys together: they are few."""
    chosen = [rollups.c.kind == int(SumKind.DAY_OF_ALL)]
    chosen += [] if span is None else [rollups.c.start >= span[0], rollups.c.start < span[1]]
    query = select(rollups.c.start, func.sum(rollups.c.exchanges)).where(*chosen).group_by(rollups.c.start)
    return {start: int(count) for start, count in connection.execute(query)}


def _exchanges(connection: Connection, length: Length, span: tuple[int, int] | None) -> Mapping[int, int]:
    row = rollup_whose.c
    chosen = [row.kind == int(length)]
    chosen += [] if span is None else [row.start >= span[0], row.start < span[1]]
    query = select(row.start, func.sum(row.exchanges)).where(*chosen).group_by(row.start)
    return {start: int(count) for start, count in connection.execute(query)}
