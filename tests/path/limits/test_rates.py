"""Rates under twice the load that they allow: all of the rate is given, and no more of it in any window of time."""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.path.limits.storm import Order, Place, Storm, Upstream, admitted, configuration, ledger, valkey
from tests.support.gateway import Gateway
from tests.support.lasting import lasting
from tests.support.provider import Provider
from tests.support.waiting import until

pytestmark = pytest.mark.slow

A_SECOND = 10
BURST = 20
TOKENS = 100
"""That each request uses."""
QUOTAS = {
    "requests": f"{A_SECOND * 60} requests per minute, burst {BURST}, closed",
    "tokens": f"{A_SECOND * 60 * TOKENS} output tokens per minute, burst {BURST * TOKENS}, strict, closed",
}


@pytest.fixture(params=["memory", "valkey", pytest.param("postgresql", marks=pytest.mark.long)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with contextlib.ExitStack() as undo:
        if request.param == "memory":
            yield Place("", tmp_path, {"workers": 1})
        elif request.param == "valkey":
            found = undo.enter_context(valkey(tmp_path))[1]
            yield Place(found.counters, found.books, {**found.config, "workers": 4})
        else:
            url = request.getfixturevalue("database_url")
            yield Place(url, url, {"database": url, "workers": 4})


@pytest.mark.parametrize("seconds", lasting(300))
def test_twice_the_load_is_admitted_at_the_rate(tmp_path: Path, place: Place, seconds: float) -> None:
    """By one process and by four: in five minutes within one percent of what the rate allows, and in no window of time
    more than the burst and what flowed in meanwhile. The times are those of the books."""
    upstream, storm = Upstream(), Storm()
    with Provider(upstream) as provider, Gateway(configuration(provider, QUOTAS, **place.config), tmp_path) as gateway:
        storm.turn_to(gateway)
        lasted = asyncio.run(_offered(storm, seconds))
        until(lambda: sum(one.entries for one in ledger(place.books).values()) == len(storm.ended), 30)
    assert not storm.broken
    allowed = BURST + A_SECOND * lasted
    for who in QUOTAS:
        passed = _passed(place.books, who)
        over = admitted([(at, 1) for at in passed], A_SECOND, BURST)
        late = storm.statuses(who)[503]
        print(f"{who}: {len(passed)} of {allowed:.1f} in {lasted:.1f} s, {over:+.1f} beyond the burst, {late} too late")
        assert len(storm.statuses(who)) > 1
        assert len(passed) == len(upstream.told[who])
        # An exchange's time is that of its arrival, and what is busy takes from the bucket a moment later.
        assert over <= A_SECOND / 2
        assert len(passed) <= allowed + 1
        # In short one request is more than one percent, and what the store said too late it may have granted.
        assert len(passed) >= allowed * 0.99 if seconds > 100 else len(passed) + late >= allowed * 0.8


async def _offered(storm: Storm, seconds: float) -> float:
    """Twice the rate for each key, whatever becomes of it."""
    orders = [Order(who, TOKENS, TOKENS) for who in QUOTAS]
    began, asked = time.monotonic(), 0
    async with asyncio.TaskGroup() as group:
        while (lasted := time.monotonic() - began) < seconds:
            while asked < lasted * A_SECOND * 2:
                asked += 1
                for order in orders:
                    group.create_task(storm.visit(order))
            await asyncio.sleep(0.02)
    return time.monotonic() - began


def _passed(books: Path | str, who: str) -> list[float]:
    """When those began that were served."""
    question = f"SELECT at / 1000.0 FROM entries WHERE key_name = '{who}' AND status = 200 ORDER BY at"
    if isinstance(books, str):
        with psycopg.connect(books) as connection:
            return [float(row[0]) for row in connection.execute(question.encode()).fetchall()]
    with contextlib.closing(sqlite3.connect(books / "data" / "penstock.db")) as database:
        return [row[0] for row in database.execute(question)]
