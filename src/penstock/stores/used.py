"""What the books say was used: what counters are set right by.

Summed up by the database as far as those who count can use it: of days that are long over all at once, and by no more
than they tell apart. Reads the sums that are kept beside the entries, also of entries that are gone; beside writers
that are at work.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, Select, and_, case, func, literal, or_, select

from penstock.core.usage import COUNTERS
from penstock.stores.refused import as_books_error
from penstock.stores.rollups import HOURS_IN_DAY, SumKind
from penstock.stores.schema import entries, rollup_subjects, rollups

_AT_ONCE = 1_000


class Used(msgspec.Struct, frozen=True, gc=False):
    """What one key used of one model in one hour, or in hours together; what is not told apart is empty."""

    hour: int
    """``at // 3600``; of hours together the first."""
    key: str
    team: str
    owner: str
    model: str
    """As it was asked for."""
    input: int
    output: int
    cost: int
    """Micro-dollars, of what has a price."""
    requests: int
    """That were answered, or used something, of operations that spend: as ``core.spending`` counts them."""


APART = ("key", "team", "owner", "model")


class Hours(msgspec.Struct, frozen=True):
    """``at // 3600``, from the first on and before the end."""

    first: int
    end: int
    together: bool = False
    """Whole days, told as if all of it had been in the first hour."""


def _sum(*beginnings: str) -> ColumnElement[int]:
    first, *others = (rollups.c[name] for name in COUNTERS if name.startswith(beginnings))
    total: ColumnElement[int] = first
    for column in others:
        total = total + column
    return func.sum(total)


class Usages:
    """Answers from one database; BooksError when it cannot."""

    def __init__(self, engine: Engine, spending: Collection[str]) -> None:
        """``spending``: the operations whose requests count."""
        self._engine = engine
        answered = or_(rollup_subjects.c.status.between(200, 399), rollup_subjects.c.source != "none")
        counted = and_(answered, rollup_subjects.c.operation.in_(sorted(spending)))
        self._sums = (
            _sum("input", "cache"),
            _sum("output", "reasoning"),
            func.sum(rollups.c.cost),
            func.sum(case((counted, rollups.c.exchanges), else_=0)),
        )

    def read(
        self,
        spans: Sequence[Hours],
        told: Callable[[Used], None],
        *,
        keys: Sequence[str] | None = None,
        ids: Sequence[str] = (),
        apart: Collection[str] = APART,
    ) -> Collection[str]:
        """Tell of all of these hours, of these keys or of all; ``apart``: which of ``APART`` matter. Returns which
        of these exchanges are in what was told."""
        present: set[str] = set()
        # One transaction: all of it is from the same moment.
        with as_books_error(), self._engine.connect() as connection:
            for place in range(0, len(ids), _AT_ONCE):
                some = select(entries.c.id).where(entries.c.id.in_(ids[place : place + _AT_ONCE]))
                present.update(connection.execute(some).scalars())
            for hours in spans:
                query = self._query(hours, keys, apart)
                found = connection.execution_options(yield_per=_AT_ONCE).execute(query)
                for hour, key, team, owner, model, *sums in found:
                    told(Used(hour, key, team, owner, model, *map(int, sums)))
        return present

    def _query(self, hours: Hours, keys: Sequence[str] | None, apart: Collection[str]) -> Select[Any]:
        row, subject = rollups.c, rollup_subjects.c
        groups = [subject[name] for name in APART if name in apart]
        told = [subject[name] if name in apart else literal("") for name in APART]
        if hours.together:
            days = hours.first // HOURS_IN_DAY, hours.end // HOURS_IN_DAY
            chosen = [row.kind == int(SumKind.DAY_OF_KEY), row.start >= days[0], row.start < days[1]]
            query = select(literal(hours.first), *told, *self._sums)
        else:
            chosen = [row.kind == int(SumKind.HOUR_OF_KEY), row.start >= hours.first, row.start < hours.end]
            query = select(row.start, *told, *self._sums)
            groups.append(row.start)
        query = query.join_from(rollups, rollup_subjects, row.subject == subject.number).where(*chosen)
        query = query if keys is None else query.where(subject.key.in_(keys))
        # Where nothing is told apart, one row of nothing would be told of what is empty.
        return query.group_by(*groups).having(func.count() > 0)
