"""A table for each day on PostgreSQL: there before its first entry, gone at once, and in nobody's way."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from penstock.core.caller import Secret
from penstock.stores.ledger import Ledger
from penstock.stores.partitions import days
from penstock.stores.reports import Reports
from penstock.stores.retention import Retention
from penstock.stores.server import open_server
from tests.support.books import AT, entry
from tests.support.older import as_before
from tests.support.rollups import agree

pytestmark = pytest.mark.slow

DAY = 86_400
TODAY = int(AT // DAY)
MIDNIGHT = float(TODAY * DAY)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = open_server(Secret(database_url))
    yield made
    made.dispose()


def there(engine: Engine) -> list[int]:
    """Days with a table, counted from today."""
    with engine.connect() as connection:
        return [day - TODAY for day in days(connection)]


def test_the_next_days_are_there_before_they_begin(engine: Engine) -> None:
    """An entry of long ago gets its own, and none of the days between."""
    Ledger(engine).append([entry(1, at=AT)])
    assert there(engine) == [0, 1, 2]
    Ledger(engine).append([entry(2, at=AT - 400 * DAY), entry(3, at=AT + DAY)])
    assert there(engine) == [-400, 0, 1, 2, 3]
    assert [line.id for line in Reports(engine).newest(most=9).lines] == ["3", "1", "2"]


def test_nobody_who_reads_is_in_the_way(engine: Engine) -> None:
    """A report that takes long keeps no day from beginning; who would wait here would wait for ever."""
    ledger = Ledger(engine)
    ledger.append([entry(1, at=AT)])
    with engine.connect() as reading:
        assert reading.exec_driver_sql("SELECT count(*) FROM entries").scalar() == 1
        ledger.append([entry(2, at=AT + 30 * DAY)])
    assert 30 in there(engine)


def test_an_entry_is_there_once_whatever_its_day(engine: Engine) -> None:
    """An id at midnight, told again by another process after that: its time came with it, so its day is the same."""
    some = [entry(f"{round(at * 1e3):012x}{7:016x}", at=at) for at in (MIDNIGHT - 0.001, MIDNIGHT, MIDNIGHT + 0.001)]
    for ledger in (Ledger(engine), Ledger(engine)):
        ledger.append(some)
        ledger.append(some[:2])
    assert [line.id for line in Reports(engine).after(0, most=9).lines] == [one.opened.id for one in some]
    for one in some:
        assert Reports(engine).entry(one.opened.id) == one
    agree(engine)


def test_days_that_are_over_go_whole_and_may_come_again(engine: Engine) -> None:
    """Sums stay; an entry that comes late has its day made anew."""
    ledger, retention = Ledger(engine), Retention(engine)
    ledger.append([entry(f"{day} {one}", at=MIDNIGHT - day * DAY + one) for day in range(4) for one in range(50)])
    before = Reports(engine).usage([])
    assert retention.cheap(AT) == MIDNIGHT
    assert list(retention.remove(MIDNIGHT)) == [50, 50, 50]
    assert there(engine) == [0, 1, 2]
    assert Reports(engine).usage([]) == before
    Ledger(engine).append([entry("late", at=MIDNIGHT - 2 * DAY)])
    assert Reports(engine).entry("late") is not None


def test_what_somebody_left_half_done_is_done(engine: Engine) -> None:
    """Detached and not dropped: the day goes the next time, and is told of."""
    Ledger(engine).append([entry(1, at=MIDNIGHT - 3 * DAY), entry(2, at=MIDNIGHT)])
    name = "entries_20261118"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"ALTER TABLE entries DETACH PARTITION {name}")
    assert list(Retention(engine).remove(MIDNIGHT)) == [1]
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT to_regclass('{name}')").scalar() is None


def test_one_table_becomes_many_and_loses_nothing(engine: Engine, database_url: str) -> None:
    """The release before had one for all days; what comes now is counted on from there."""
    some = [entry(day, at=MIDNIGHT - day * DAY) for day in range(3)]
    Ledger(engine).append(some)
    as_before(engine, "0013")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT relkind FROM pg_class WHERE relname = 'entries'").scalar() == "r"
    engine.dispose()
    again = open_server(Secret(database_url))
    Ledger(again).append([*some, entry("new", at=MIDNIGHT)])
    assert [line.id for line in Reports(again).after(0, most=9).lines] == ["0", "1", "2", "new"]
    assert there(again) == [-2, -1, 0, 1, 2]
    again.dispose()
