"""Counters in a database: what happens while it is locked, and what is left in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from penstock.core.counting import BEGINNING, KEPT_SECONDS, TICKS, Ask, Standing, Way
from penstock.stores.counting.sqlite import SqliteCounters
from tests.laws.counting.houses import Clock
from tests.support.desks import AT, SPAN, closed, fails_fast, until_back
from tests.support.loop import awaited


@awaited
async def test_a_locked_file_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Asks fail at once after the first deadline; what is settled meanwhile is there when the lock is gone."""
    path = tmp_path / "counters.db"
    async with closed(SqliteCounters(path, deadline=0.2)) as counters:
        counters.renew(())
        await until_back(counters)
        await counters.take("before", (SPAN,))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            await fails_fast(counters)
            counters.settle("before", AT, {"span": 7})
            assert counters.health().waiting >= 1
            other.execute("ROLLBACK")
        await until_back(counters)
        assert await counters.standings((SPAN,)) == (Standing(7, 0, new=True),)


@awaited
async def test_what_waits_is_told_before_the_end(tmp_path: Path) -> None:
    """Closing gives all settlements a last try; the next one to open the file finds them."""
    path = tmp_path / "counters.db"
    async with closed(SqliteCounters(path, deadline=5)) as counters:
        for number in range(700):
            counters.settle(f"lease {number}", AT, {"span": 1}, (SPAN,))
    assert path.stat().st_mode & 0o777 == 0o600
    async with closed(SqliteCounters(path, deadline=5)) as counters:
        assert await counters.standings((SPAN,)) == (Standing(700, 0, new=True),)


@awaited
async def test_a_file_forgets_what_is_over(tmp_path: Path) -> None:
    """Full buckets, spans a day after their end with their hours, old notes."""
    clock = Clock(TICKS)
    path = tmp_path / "counters.db"
    over = Ask("over", Way.SPAN, 100, 1, ends=BEGINNING + 3600)
    rate = Ask("rate", Way.RATE, 10, 1, ticks=TICKS)
    async with closed(SqliteCounters(path, deadline=5, now=clock)) as counters:
        await counters.take("left", (SPAN, over, rate, Ask("seats", Way.SEATS, 2, 1)))
        counters.settle("told", AT, {"over": 3, "span": 3}, (SPAN, over))
        await counters.standings((SPAN,))
        clock.ticks += (3600 + KEPT_SECONDS) * TICKS
        await counters.standings((SPAN,))
        clock.ticks += 61 * TICKS + TICKS
        await counters.standings((SPAN,))
    with closing(sqlite3.connect(path)) as file:
        found = {name: file.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in
                 ("buckets", "spans", "hours", "leases")}  # fmt: skip
    assert found == {"buckets": 0, "spans": 1, "hours": 1, "leases": 0}
