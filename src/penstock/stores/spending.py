"""What was spent hour by hour, from the sums of the books: what counters of quotas are held against.

Whole hours only, and what an exchange spends as ``core.spending`` says it: to the token and the micro-dollar. Reads
only, from any thread.
"""

from collections.abc import Iterator

import msgspec
from sqlalchemy import Engine, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.books import BooksError, Filter
from penstock.core.usage import COUNTERS
from penstock.stores.ledger import words
from penstock.stores.rollups import Kind
from penstock.stores.schema import rollup_subjects, rollups
from penstock.stores.summing import about, about_keys

_HOUR_SECONDS = 3600
_INPUT = tuple(name for name in COUNTERS if name.startswith(("input", "cache")))
_OUTPUT = tuple(name for name in COUNTERS if name not in _INPUT)


class Spent(msgspec.Struct, frozen=True, gc=False):
    """Of one hour, by operation and model asked for."""

    hour: int
    """Since the epoch, UTC."""
    dialect: str
    operation: str
    model: str
    """As clients asked."""
    exchanges: int
    sent: int
    """Of these, whose provider was called."""
    answered: int
    """Of these, with a good answer or with tokens."""
    input: int
    """Tokens, cached or not."""
    output: int
    """Tokens, seen or not."""
    cost: int
    """Micro-dollars; what is unpriced is not in it."""
    unpriced: int
    """Exchanges."""


class Spending:
    """Of one database. Raises BooksError when it can't be read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hours(self, which: Filter) -> Iterator[Spent]:
        """From the hour in which ``since`` lies up to that of ``until``, which is left out; in the order of time. Of a
        key, a team, a user or everyone, as the filter says."""
        row, subject = rollups.c, rollup_subjects.c
        kind = Kind.HOUR_OF_KEY if about_keys(which) else Kind.HOUR_OF_ALL
        chosen = [row.kind == int(kind), *about(which, rollup_subjects)]
        if about_keys(which):
            numbers = select(subject.number).where(*about(which, rollup_subjects))
            chosen.append(row.subject.in_(numbers))
        chosen += [] if which.since is None else [row.start >= int(which.since // _HOUR_SECONDS)]
        chosen += [] if which.until is None else [row.start < int(which.until // _HOUR_SECONDS)]
        groups = row.start, subject.dialect, subject.operation, subject.model
        sums = (
            row.exchanges,
            case((subject.provider != "", row.exchanges), else_=0),
            row.answered,
            sum((row[name] for name in _INPUT[1:]), row[_INPUT[0]]),
            sum((row[name] for name in _OUTPUT[1:]), row[_OUTPUT[0]]),
            row.cost,
            case((subject.priced == 0, row.exchanges), else_=0),
        )
        query = select(*groups, *map(func.sum, sums)).join(rollup_subjects, subject.number == row.subject)
        try:
            with self._engine.connect() as connection:
                for found in connection.execute(query.where(*chosen).group_by(*groups).order_by(*groups)):
                    yield Spent(*found[:4], *map(int, found[4:]))
        except SQLAlchemyError as error:
            raise BooksError(words(error)) from None
