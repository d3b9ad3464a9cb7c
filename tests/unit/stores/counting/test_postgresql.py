"""Counters in PostgreSQL: what happens while the server is away or mute."""

import os
import signal

import psycopg
import pytest

from penstock.stores.counting.postgresql import PostgresqlCounters
from tests.support.desks import AT, SPAN, closed, fails_fast, until_back
from tests.support.loop import awaited
from tests.support.postgres import running

pytestmark = pytest.mark.slow


@awaited
async def test_a_server_that_goes_and_comes_back() -> None:
    """Gone, then mute: asks fail at once, and what was settled meanwhile counts once."""
    with running() as server:
        url = server.new()
        connect = lambda: psycopg.connect(url)  # noqa: E731
        async with closed(PostgresqlCounters(connect, deadline=0.3)) as counters:
            counters.renew(())
            await until_back(counters)
            await counters.take("one", (SPAN,))
            await counters.take("two", (SPAN,))
            server.stop()
            await fails_fast(counters)
            assert "hunter2" not in counters.health().words
            counters.settle("one", AT, {"span": 7})
            server.start()
            await until_back(counters)
            assert (await counters.standings((SPAN,)))[0].settled == 7
            held = server.sql(f"SELECT pid FROM pg_stat_activity WHERE datname = '{url.rpartition('/')[2]}'")
            for (pid,) in held:
                os.kill(int(str(pid)), signal.SIGSTOP)
            await fails_fast(counters)
            counters.settle("two", AT, {"span": 5})
            for (pid,) in held:
                os.kill(int(str(pid)), signal.SIGCONT)
            await until_back(counters)
            assert (await counters.standings((SPAN,)))[0].settled == 12
