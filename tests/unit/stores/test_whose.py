"""Reports of all keys read sums that say no more than whose it was, and tell what the other sums tell."""

import random
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from sqlalchemy import Engine, text

from penstock.core.books import By, Filter, UsageRow
from penstock.stores.filling import Filling
from penstock.stores.ledger import Ledger
from penstock.stores.reports import Reports
from penstock.stores.rollups import Length, first_day, month_of
from penstock.stores.site import Site
from penstock.stores.summing import WholeSpan
from penstock.stores.whose import SummedSpan, taken_apart
from tests.support.books import entry, used
from tests.support.older import as_before
from tests.support.rollups import agree

pytestmark = pytest.mark.slow

DAY = 86_400
FIRST = first_day(680) * DAY
"""2026-09-01."""
DAYS = 70
GROUPS = ([By.KEY], [By.TEAM], [By.USER, By.TEAM], [By.KEY, By.DAY], [By.DAY, By.TEAM])
SPANS = [(0, 70), (0, 30), (0, 31), (3, 29), (10, 12), (10, 61), (29, 31), (27, 65), (30, 61)]


@pytest.fixture
def kept(engine: Engine) -> Engine:
    """Ten weeks of some keys, one of which changes its name and its team."""
    draw = random.Random(3)
    there = []
    for number in range(400):
        day, key = draw.randrange(DAYS), draw.randrange(5)
        there.append(
            entry(
                number,
                at=FIRST + day * DAY + draw.random() * DAY,
                key=f"key_{key}",
                key_name=f"laptop-{key}" if key or day < 40 else "desktop",
                team="red" if key % 2 or day < 33 else "blue",
                owner="" if key == 3 else f"user-{key % 2}",
                outcome=draw.choice(["served", "served", "failed"]),
                model=draw.choice(["a", "b"]),
                cost=draw.choice([None, 7, 100]),
                consumption=used(draw.choice(["a-1", "b-1"]), input=draw.randrange(99), output=draw.randrange(99)),
            )
        )
    Ledger(engine).append(there)
    return engine


def answers(engine: Engine) -> Sequence[Sequence[UsageRow]]:
    """To all questions, the names of keys left out: of one that was renamed any of its names is told."""
    spans: list[tuple[float | None, float | None]] = [(FIRST + first * DAY, FIRST + end * DAY) for first, end in SPANS]
    spans += [(None, None), (None, FIRST + 20 * DAY), (FIRST + 62 * DAY, None)]
    asked = [Filter(since=since, until=until) for since, until in spans]
    told = [Reports(engine).usage(by, which) for which in asked for by in GROUPS]
    return [[msgspec.structs.replace(row, key_name="") for row in rows] for rows in told]


def change(engine: Engine, statement: str) -> None:
    with engine.execution_options(writes=True).begin() as connection:
        connection.execute(text(statement))


def test_they_tell_what_the_others_tell(kept: Engine) -> None:
    """Of every span of days, within a month and across months, whatever it is grouped by."""
    found = answers(kept)
    assert sum(len(rows) for rows in found) > 1000
    change(kept, "DELETE FROM rollup_whose")
    assert answers(kept) == found


def test_they_are_what_is_read(kept: Engine) -> None:
    """Who asks for all keys reads these, and who asks for a model does not."""
    change(kept, "UPDATE rollup_whose SET input = 1000000")
    assert all(row.usage.input >= 10**6 for row in Reports(kept).usage([By.KEY]))
    assert all(row.usage.input < 10**5 for row in Reports(kept).usage([By.KEY, By.MODEL]))
    assert all(row.usage.input < 10**5 for row in Reports(kept).usage([By.TEAM], Filter(team="red")))


def test_what_lacks_an_exchange_is_not_believed(kept: Engine) -> None:
    """A release that knew nothing of these sums may have written beside this one."""
    found = answers(kept)
    change(kept, f"UPDATE rollup_whose SET exchanges = exchanges - 1, input = 0 WHERE start IN ({first_day(681)}, 681)")
    assert answers(kept) == found
    filling = Filling(kept)
    assert filling.missing() == [681]
    assert list(filling.fill(681)) == [first_day(681)]
    assert filling.missing() == []
    agree(kept)


def test_an_upgrade_makes_them_and_goes_on_where_it_was_stopped(site: Site, kept: Engine) -> None:
    """Beside a gateway that writes; reports are right before, meanwhile and afterwards."""
    found = answers(kept)
    as_before(kept, "0015")
    engine = site.open()
    assert answers(engine) == found
    filling = Filling(engine)
    assert filling.missing() == [682, 681, 680]
    days = filling.fill(681)
    stopped = [next(days), next(days)]
    days.close()
    assert answers(engine) == found
    again = Filling(engine)
    assert filling.missing() == [682, 681, 680]
    Ledger(engine).append([entry("late", at=FIRST + 35 * DAY)])
    for month in (681, 680, 682):
        made = list(again.fill(month))
        assert made == sorted(made, reverse=True)
        assert not set(made) & set(stopped)
    assert again.missing() == []
    agree(engine)
    engine.dispose()


def test_days_are_taken_apart_into_few_rows() -> None:
    """Whole months as such; of a part of one its days, or the month without the days that are not wanted."""
    october, november, december = first_day(681), first_day(682), first_day(683)
    known = october, december

    def parts(first: int | None, end: int | None) -> Sequence[SummedSpan]:
        return taken_apart([By.KEY], WholeSpan(first, end, days=True), known)

    assert parts(None, None) == [SummedSpan(Length.MONTH, 681, 683)]
    assert parts(october, november) == [SummedSpan(Length.MONTH, 681, 682)]
    assert parts(october + 1, october + 4) == [SummedSpan(Length.DAY, october + 1, october + 4)]
    assert parts(october + 2, november + 3) == [
        SummedSpan(Length.MONTH, 681, 682),
        SummedSpan(Length.DAY, october, october + 2, -1),
        SummedSpan(Length.DAY, november, november + 3),
    ]
    assert parts(november - 3, november + 3) == [SummedSpan(Length.DAY, november - 3, november + 3)]
    assert taken_apart([By.DAY, By.KEY], WholeSpan(None, None, days=True), known) == [
        SummedSpan(Length.DAY, october, december)
    ]


def test_months_and_days() -> None:
    """Of the calendar, since the epoch."""
    assert [month_of(day) for day in (0, 30, 31, 20_454, 20_453)] == [0, 0, 1, 672, 671]
    assert all(month_of(first_day(month)) == month == month_of(first_day(month + 1) - 1) for month in range(1200))
    assert {second - first for first, second in pairwise(map(first_day, range(600)))} == {28, 29, 30, 31}
