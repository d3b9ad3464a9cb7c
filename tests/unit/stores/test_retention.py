"""Old exchanges go when somebody asks, in small steps, and nothing else goes with them."""

import pytest
from sqlalchemy import Engine, func, select

from penstock.core.books import EVERYTHING, BooksError, By, Filter
from penstock.stores.ledger import Ledger
from penstock.stores.reports import Reports
from penstock.stores.retention import (
    FIRST_AT_ONCE,
    HELD_SECONDS,
    LEAST_AT_ONCE,
    MOST_AT_ONCE,
    Removable,
    Retention,
    fitting,
)
from penstock.stores.schema import batches
from penstock.stores.site import Site
from tests.support.books import AT, entry, used

pytestmark = pytest.mark.slow

DAY = 86_400
HOUR = AT - AT % 3600


def ids(engine: Engine) -> list[str]:
    return sorted(line.id for line in Reports(engine).newest(most=10_000).lines)


def test_what_began_before_goes_and_nothing_else(engine: Engine) -> None:
    """By whole hours; what is told of it beforehand is what goes."""
    Ledger(engine).append(
        [
            entry("oldest", at=HOUR - 2 * DAY, cost=7),
            entry("old", at=HOUR - 0.001, cost=None),
            entry("new", at=HOUR),
            entry("newest", at=HOUR + DAY),
        ]
    )
    retention = Retention(engine)
    assert retention.removable(AT) == Removable(2, HOUR - 2 * DAY, HOUR - 0.001, 7)
    assert ids(engine) == ["new", "newest", "old", "oldest"]
    assert sum(retention.remove(AT)) == 2
    assert ids(engine) == ["new", "newest"]
    assert (retention.removable(AT), list(retention.remove(AT))) == (Removable(), [])


def test_sums_stay_as_they_were(engine: Engine) -> None:
    """Reports tell of what has gone what they told before; of a part of an hour, the whole of it."""
    Ledger(engine).append([entry(number, at=HOUR - DAY + 60 * number, cost=number) for number in range(120)])
    reports = Reports(engine)
    questions = [([By.DAY, By.KEY], EVERYTHING), ([By.MODEL], Filter(since=HOUR - DAY, until=HOUR - DAY + 3600))]
    before = [reports.usage(*question) for question in questions]
    assert sum(Retention(engine).remove(AT)) == 120
    assert [reports.usage(*question) for question in questions] == before
    assert [row.exchanges for row in before[1]] == [60]
    part = reports.report([], Filter(since=HOUR - DAY + 600, until=HOUR - DAY + 1200))
    assert [row.exchanges for row in part.rows] == [60]
    assert (part.since, part.until) == (HOUR - DAY, HOUR - DAY + 3600)


def test_what_a_report_is_about_is_told(engine: Engine) -> None:
    """Each end is as wanted as long as its hour's exchanges are there, all of them, or there never were any."""
    then = HOUR - 10 * 3600
    Ledger(engine).append([entry(number, at=then + number / 1e3) for number in range(2 * FIRST_AT_ONCE)])
    Ledger(engine).append([entry(f"next {number}", at=then + 3600 + number) for number in range(7)])

    def about(since: float | None, until: float | None) -> tuple[float | None, float | None, int]:
        found = Reports(engine).report([], Filter(since=since, until=until))
        return found.since, found.until, sum(row.exchanges for row in found.rows)

    assert about(then + 0.05, then + 3603) == (then + 0.05, then + 3603, 2 * FIRST_AT_ONCE - 50 + 3)
    # Somebody is stopped in the midst of the first hour: what is left of it is not all of it.
    next(iter(Retention(engine).remove(AT)))
    assert about(then + 0.05, then + 3603) == (then, then + 3603, 2 * FIRST_AT_ONCE + 3)
    assert about(then + 3601, None) == (then + 3601, None, 6)
    list(Retention(engine).remove(AT))
    assert about(then + 0.05, then + 3603) == (then, then + 7200, 2 * FIRST_AT_ONCE + 7)
    assert about(then, then + 3600) == (then, then + 3600, 2 * FIRST_AT_ONCE)
    # An hour in which nothing ever was is told exactly.
    assert about(then - 1800, then + 3600) == (then - 1800, then + 3600, 2 * FIRST_AT_ONCE)


def test_others_write_between_two_steps(site: Site, engine: Engine) -> None:
    """No step holds the lock that the next one needs; the oldest go first."""
    Ledger(engine).append([entry(f"e{number:05}", at=HOUR - 10 * 3600 + number) for number in range(1003)])
    other = site.open()
    gone = []
    for count in Retention(engine).remove(AT):
        gone.append(count)
        Ledger(other).append([entry(f"new{len(gone)}", at=AT)])
        assert len(ids(other)) == 1003 - sum(gone) + len(gone)
        assert f"e{sum(gone) - 1:05}" not in ids(other)
    other.dispose()
    assert gone[0] == FIRST_AT_ONCE
    assert sum(gone) == 1003
    assert ids(engine) == sorted(f"new{number + 1}" for number in range(len(gone)))


def test_a_step_takes_as_many_as_others_can_wait_for() -> None:
    """More where the lock was held shortly, fewer where it was held long, and never many more or fewer at once."""
    assert fitting(100, HELD_SECONDS) == 100
    assert fitting(100, HELD_SECONDS / 1.5) == 150
    assert fitting(100, HELD_SECONDS / 50) == 200
    assert fitting(100, HELD_SECONDS * 1.5) == 67
    assert fitting(100, HELD_SECONDS * 50) == 50
    assert fitting(MOST_AT_ONCE, 0.0) == MOST_AT_ONCE
    assert fitting(LEAST_AT_ONCE, 5.0) == LEAST_AT_ONCE


def test_a_batch_does_not_count_again(engine: Engine) -> None:
    """Its results may be fetched once more when the exchange that counted them has gone."""
    ledger = Ledger(engine)
    ledger.append([entry("first", at=AT - DAY, batch="b1", consumption=used(input=100), cost=50)])
    assert list(Retention(engine).remove(AT)) == [1]
    ledger.append([entry("again", at=AT, batch="b1", consumption=used(input=100), cost=50)])
    assert [(line.total_input, line.cost) for line in Reports(engine).newest(most=9).lines] == [(0, 0)]
    (row,) = Reports(engine).usage([])
    assert (row.usage.input, row.cost) == (100, 50)
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(batches)).scalar() == 1


def test_a_size_is_kept_by_letting_the_oldest_go(engine: Engine) -> None:
    """As many as it takes, about, by whole hours; none where the database takes less."""
    ledger, retention = Ledger(engine), Retention(engine)
    for day in range(10):
        ledger.append([entry(f"{day} {one}", at=HOUR + day * DAY + one) for one in range(300)])
    whole = retention.taken()
    assert retention.too_old_for(whole) is None
    moment = retention.too_old_for(whole * 71 // 100)
    assert moment == HOUR + 2 * DAY + 3600
    assert sum(retention.remove(moment)) == 900
    assert retention.taken() < whole * 9 // 10


def test_what_is_told_of_a_broken_off_step_is_what_is_left(engine: Engine) -> None:
    """Somebody may have been stopped in the midst of an hour: its sums tell of more than is there."""
    then = HOUR - 10 * 3600
    Ledger(engine).append([entry(number, at=then + number / 1e3, cost=1) for number in range(FIRST_AT_ONCE + 100)])
    Ledger(engine).append([entry(f"next {number}", at=then + 3600 + number, cost=1) for number in range(7)])
    retention = Retention(engine)
    next(iter(retention.remove(AT)))
    assert retention.removable(AT) == Removable(107, then + FIRST_AT_ONCE / 1e3, then + 3606, 107)


def test_trouble_is_the_books_own_error(engine: Engine) -> None:
    """A database without the table says so in its own words."""
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE entries")
    retention = Retention(engine)
    with pytest.raises(BooksError, match=r"no such table|does not exist"):
        retention.removable(AT)
    with pytest.raises(BooksError, match=r"no such table|does not exist"):
        list(retention.remove(AT))
