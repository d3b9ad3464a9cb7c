"""What the books say was used, by the hour: what counters are set right by.

Reads the sums that are kept beside the entries, also of entries that are gone; beside writers that are at work.
"""

from collections.abc import Callable, Collection, Sequence

import msgspec
from sqlalchemy import ColumnElement, Engine, and_, case, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.books import BooksError
from penstock.core.usage import COUNTERS
from penstock.stores.ledger import words
from penstock.stores.rollups import Kind
from penstock.stores.schema import entries, rollup_subjects, rollups

_AT_ONCE = 1_000


class Used(msgspec.Struct, frozen=True, gc=False):
    """What one key used of one model in one hour."""

    hour: int
    """``at // 3600``."""
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
    """That were answered, or used something, of operations that spend."""


def _sum(*beginnings: str) -> ColumnElement[int]:
    first, *others = (rollups.c[name] for name in COUNTERS if name.startswith(beginnings))
    total: ColumnElement[int] = first
    for column in others:
        total = total + column
    return func.sum(total)


_GROUPS = (rollups.c.start, *(rollup_subjects.c[name] for name in ("key", "team", "owner", "model")))


class Usages:
    """Answers from one database; BooksError when it cannot."""

    def __init__(self, engine: Engine, spending: Collection[str]) -> None:
        """``spending``: the operations whose requests count."""
        self._engine = engine
        answered = or_(rollup_subjects.c.status.between(200, 399), rollup_subjects.c.source != "none")
        counted = and_(answered, rollup_subjects.c.operation.in_(sorted(spending)))
        self._query = (
            select(
                *_GROUPS,
                _sum("input", "cache"),
                _sum("output", "reasoning"),
                func.sum(rollups.c.cost),
                func.sum(case((counted, rollups.c.exchanges), else_=0)),
            )
            .join_from(rollups, rollup_subjects, rollups.c.subject == rollup_subjects.c.number)
            .where(rollups.c.kind == Kind.HOUR_OF_KEY)
        )

    def read(
        self,
        span: tuple[int, int],
        told: Callable[[Used], None],
        *,
        keys: Sequence[str] | None = None,
        ids: Sequence[str] = (),
    ) -> Collection[str]:
        """Tell of all hours of a span, from one (``at // 3600``) to before another, of these keys or of all. Returns
        which of these exchanges are in what was told."""
        query = self._query.where(rollups.c.start >= span[0], rollups.c.start < span[1])
        if keys is not None:
            query = query.where(rollup_subjects.c.key.in_(keys))
        present: set[str] = set()
        try:
            # One transaction: all of it is from the same moment.
            with self._engine.connect() as connection:
                for place in range(0, len(ids), _AT_ONCE):
                    some = select(entries.c.id).where(entries.c.id.in_(ids[place : place + _AT_ONCE]))
                    present.update(connection.execute(some).scalars())
                found = connection.execution_options(yield_per=_AT_ONCE).execute(query.group_by(*_GROUPS))
                for hour, key, team, owner, model, *sums in found:
                    told(Used(hour, key, team, owner, model, *map(int, sums)))
        except SQLAlchemyError as error:
            raise BooksError(words(error)) from None
        return present
