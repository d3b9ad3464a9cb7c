"""Holds the sums by hour and day against the entries that they were made of."""

from collections import Counter

import msgspec
from sqlalchemy import Connection, Engine, case, func, literal, select

from penstock.core.usage import COUNTERS
from penstock.stores.rollups import HOURS_IN_DAY, SUMMED, TEXTS, WHOSE, Length, SumKind, month_of
from penstock.stores.schema import entries, rollup_subjects, rollup_tools, rollup_whose, rollups

_HOUR = 3_600_000
_SAID = (*TEXTS, "status")


def agree(engine: Engine) -> int:
    """Every sum is that of its entries, and no entry is in none: how many sums there are."""
    with engine.connect() as connection:
        priced = case((entries.c.cost.is_(None), 0), else_=1)
        told = [entries.c[name] for name in _SAID]
        sums = [func.sum(func.coalesce(entries.c[name], 0)) for name in SUMMED]
        hour = entries.c.at // _HOUR
        query = select(hour, *told, priced, func.count(), *sums, func.max(entries.c.at)).group_by(hour, *told, priced)
        expected: dict[tuple[object, ...], list[int]] = {}
        for start, *rest in connection.execute(query):
            said, values = tuple(rest[: len(told) + 1]), [int(value) for value in rest[len(told) + 1 :]]
            for place in _places(start, said):
                found = expected.setdefault(place, [0] * len(values))
                expected[place] = [
                    *(a + b for a, b in zip(found[:-1], values[:-1], strict=True)),
                    max(found[-1], values[-1]),
                ]
        named = [rollup_subjects.c[name] for name in (*_SAID, "priced")]
        kept = [rollups.c[name] for name in ("exchanges", *SUMMED, "last")]
        joined = select(rollups.c.kind, rollups.c.start, *named, *kept).join(
            rollup_subjects, rollup_subjects.c.number == rollups.c.subject
        )
        width = 2 + len(named)
        there = {tuple(row[:width]): list(row[width:]) for row in connection.execute(joined)}
        assert there == expected
        tools = select(hour, *told, priced, entries.c.tools).where(entries.c.tools.is_not(None))
        calls: Counter[tuple[object, ...]] = Counter()
        for start, *rest in connection.execute(tools):
            for name, count in msgspec.json.decode(rest[-1]):
                calls.update({(*place, name): count for place in _places(start, tuple(rest[:-1]))})
        called = select(rollup_tools.c.kind, rollup_tools.c.start, *named, rollup_tools.c.tool, rollup_tools.c.calls)
        called = called.join(rollup_subjects, rollup_subjects.c.number == rollup_tools.c.subject)
        assert {tuple(row[:-1]): row[-1] for row in connection.execute(called)} == calls
        _agree_whose(connection)
    return len(there)


def _agree_whose(connection: Connection) -> None:
    """What says no more than whose it was."""
    named = [entries.c[name] for name in WHOSE]
    tokens = sum((entries.c[name] for name in COUNTERS), literal(0))
    cost = func.coalesce(entries.c.cost, 0)
    estimated = entries.c.source == "estimated"
    sums = [
        func.count(),
        func.sum(case((entries.c.outcome != "served", 1), else_=0)),
        *(func.sum(entries.c[name]) for name in COUNTERS),
        func.sum(cost),
        func.sum(case((entries.c.cost.is_(None), 1), else_=0)),
        *(func.sum(case((estimated, value), else_=0)) for value in (literal(1), tokens, cost)),
    ]
    day = entries.c.at // (_HOUR * HOURS_IN_DAY)
    expected: dict[tuple[object, ...], list[int]] = {}
    for start, *row in connection.execute(select(day, *named, *sums).group_by(day, *named)):
        whose, values = tuple(row[: len(named)]), [int(value) for value in row[len(named) :]]
        for place in ((Length.DAY, start, *whose), (Length.MONTH, month_of(start), *whose)):
            found = expected.setdefault(place, [0] * len(values))
            expected[place] = [one + other for one, other in zip(found, values, strict=True)]
    told = [column for column in rollup_whose.c if column.name not in {"kind", "start", "subject"}]
    subject = [rollup_subjects.c[name] for name in WHOSE]
    kept = select(rollup_whose.c.kind, rollup_whose.c.start, *subject, *told).join(
        rollup_subjects, rollup_subjects.c.number == rollup_whose.c.subject
    )
    width = 2 + len(WHOSE)
    assert {tuple(row[:width]): list(row[width:]) for row in connection.execute(kept)} == expected


def _places(hour: int, said: tuple[object, ...]) -> list[tuple[object, ...]]:
    everyone = ("",) * len(WHOSE) + said[len(WHOSE) :]
    day = hour // HOURS_IN_DAY
    return [
        (SumKind.HOUR_OF_ALL, hour, *everyone),
        (SumKind.HOUR_OF_KEY, hour, *said),
        (SumKind.DAY_OF_ALL, day, *everyone),
        (SumKind.DAY_OF_KEY, day, *said),
    ]
