"""Reads the sums by day and month that say no more than whose it was: a tenth of the rows that the others have.

For questions about all keys, teams or users at once. Who asks for a model, or for one team, is told by ``summing``.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, select

from penstock.core.books import By, Filter
from penstock.stores.rollups import ABOUT_WHOSE, ESTIMATED, WHOSE, Length, SumKind, first_day, month_of
from penstock.stores.schema import rollup_subjects, rollup_whose, rollups
from penstock.stores.summing import SUMMED, WholeSpan, groups_of, summed


class SummedSpan(NamedTuple):
    """Days or months, from the first on and before the end."""

    length: Length
    first: int
    end: int
    sign: int = 1
    """-1: to be taken off."""


_SUBJECT = rollup_subjects.c
_GROUPS = frozenset((By.DAY, By.KEY, By.TEAM, By.USER))


def answers(by: Sequence[By], which: Filter) -> bool:
    """Whether these sums can tell it: of all keys, and no more than whose it was. What is grouped by days alone, or
    not at all, fewer rows tell."""
    anybody = Filter(since=which.since, until=which.until) == which
    return anybody and set(by) <= _GROUPS and not set(by) <= {By.DAY}


def taken_apart(by: Sequence[By], days: WholeSpan, known: tuple[int, int]) -> Sequence[SummedSpan]:
    """Whole days as months, and days that are added or taken off again, whichever are fewer. ``known``: the first day
    of which there is anything, and the one after the last."""
    first = known[0] if days.first is None else max(days.first, known[0])
    end = known[1] if days.end is None else min(days.end, known[1])
    if first >= end or By.DAY in by:
        return [SummedSpan(Length.DAY, first, end)]
    found: list[SummedSpan] = []
    for month in range(month_of(first), month_of(end - 1) + 1):
        there = max(first_day(month), known[0]), min(first_day(month + 1), known[1])
        wanted = max(first, there[0]), min(end, there[1])
        for part in _of_month(month, wanted, there):
            before = found[-1] if found else None
            if before is not None and before == part._replace(first=before.first, end=part.first):
                found[-1] = part._replace(first=before.first)
            else:
                found.append(part)
    return found


def _of_month(month: int, wanted: tuple[int, int], there: tuple[int, int]) -> Iterator[SummedSpan]:
    if 2 * (wanted[1] - wanted[0]) < there[1] - there[0]:
        yield SummedSpan(Length.DAY, *wanted)
        return
    yield SummedSpan(Length.MONTH, month, month + 1)
    if there[0] < wanted[0]:
        yield SummedSpan(Length.DAY, there[0], wanted[0], -1)
    if wanted[1] < there[1]:
        yield SummedSpan(Length.DAY, wanted[1], there[1], -1)


def sums(by: Sequence[By], part: SummedSpan) -> Select[Any]:
    """The same columns as ``summing.sums``. Where keys are asked for, a key whose team or name has changed is told of
    in several rows: to sort all rows by their texts would take twice as long as the rest."""
    row = rollup_whose.c
    chosen = row.kind == int(part.length), row.start >= part.first, row.start < part.end
    if By.KEY not in by:
        groups = groups_of(by, row.start)
        named: ColumnElement[Any] = func.max(_SUBJECT.key_name)
        columns = [func.sum(row.exchanges), named, *(func.sum(row[name]) for name in SUMMED)]
        joined = rollup_whose.join(rollup_subjects, _SUBJECT.number == row.subject)
        return select(*groups, *columns).select_from(joined).where(*chosen).group_by(*groups)
    each = select(row.start, row.subject, row.exchanges, *(row[name] for name in SUMMED)).where(*chosen)
    if By.DAY not in by and part.end > part.first + 1:
        summed = (func.sum(row[name]).label(name) for name in ("exchanges", *SUMMED))
        each = select(func.min(row.start).label("start"), row.subject, *summed).where(*chosen).group_by(row.subject)
    found = each.subquery()
    joined = found.join(rollup_subjects, _SUBJECT.number == found.c.subject)
    groups = groups_of(by, found.c.start)
    columns = [found.c.exchanges, _SUBJECT.key_name, *(found.c[name] for name in SUMMED)]
    return select(*groups, *columns).select_from(joined)


def known(connection: Connection) -> tuple[int, int]:
    """The first day of which there is anything, and the one after the last."""
    of_day = rollup_whose.c.kind == int(Length.DAY)
    # Two short looks into an index; together in one query they would be a walk over all of it.
    first = connection.execute(select(func.min(rollup_whose.c.start)).where(of_day)).scalar()
    last = connection.execute(select(func.max(rollup_whose.c.start)).where(of_day)).scalar()
    return (0, 0) if first is None or last is None else (first, last + 1)


def expected(days: WholeSpan) -> Select[Any]:
    """How many exchanges must be told of these days: else sums are missing."""
    chosen = [rollups.c.kind == int(SumKind.DAY_OF_ALL)]
    chosen += [] if days.first is None else [rollups.c.start >= days.first]
    chosen += [] if days.end is None else [rollups.c.start < days.end]
    return select(func.coalesce(func.sum(rollups.c.exchanges), 0)).where(*chosen)


def wide(day: int) -> Select[Any]:
    """Of the sums that say more: whose it was, and what these sums tell of it, on one day."""
    told = {"exchanges": rollups.c.exchanges, **summed()}
    names = [_SUBJECT[name] for name in WHOSE]
    columns = [*names, *(func.sum(told[name]) for name in (*ABOUT_WHOSE, *ESTIMATED))]
    joined = rollups.join(rollup_subjects, _SUBJECT.number == rollups.c.subject)
    mine = rollups.c.kind == int(SumKind.DAY_OF_KEY), rollups.c.start == day
    return select(*columns).select_from(joined).where(*mine).group_by(*names)
