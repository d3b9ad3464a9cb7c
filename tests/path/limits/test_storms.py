"""Limits of every kind under storms of requests, over counters that processes share: never passed, whatever dies."""

import contextlib
import os
import random
import signal
import time
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from penstock.core.counting import LEASE_SECONDS
from tests.path.books.scene import kill_all, workers
from tests.path.limits.storm import (
    Order,
    Place,
    Storm,
    Sums,
    Upstream,
    admitted,
    agree,
    configuration,
    dice,
    valkey,
)
from tests.support.gateway import Gateway
from tests.support.postgres import Server, running
from tests.support.provider import Provider
from tests.support.valkey import ValkeyServer
from tests.support.waiting import until

pytestmark = pytest.mark.slow

LANES = 12
MOST = 200
"""Output tokens that a request may use."""
DEAR = 1500
"""Where money is strict, so that it is used up by as many."""
DOLLARS_PER_MILLION = 15
"""Of output tokens."""
CALENDAR = {
    "requests": "25 requests per month, closed",
    "strict": "3000 output tokens per month, strict, closed",
    "learned": "3000 output tokens per month, closed",
    "dear": "$0.60 per month, strict, closed",
    "cheap": "$0.04 per month, closed",
}
RATES = {
    "fast": "120 requests per minute, burst 8, closed",
    "wordy": "6000 output tokens per minute, burst 800, strict, closed",
    "crowded": "3 requests at once, closed",
}
LATE_SECONDS = 5
SUFFIX = "_again"
QUOTAS = {who + suffix: quota for suffix in ("", SUFFIX) for who, quota in (CALENDAR | RATES).items()}
FIRST = [who for who in QUOTAS if not who.endswith(SUFFIX)]
SECOND = [who for who in QUOTAS if who.endswith(SUFFIX)]


@pytest.fixture(params=["valkey", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "valkey":
        with valkey(tmp_path) as (_, place):
            yield place
    else:
        url = request.getfixturevalue("database_url")
        yield Place(url, url, {"database": url})


def orders(count: int, names: Collection[str]) -> list[Order]:
    """So many for each key, of all sorts; where money is strict they are dearer, and use it up all the same."""
    thrown = dice("storm")
    return [thrown(who, DEAR if "dear" in who else MOST, 0.1) for who in names for _ in range(count)]


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=[pytest.mark.long, pytest.mark.timeout(300)])])
@pytest.mark.parametrize("processes", [1, 4])
def test_no_storm_passes_a_limit(tmp_path: Path, place: Place, processes: int, *, whole: bool) -> None:
    """Of any kind, with clients that leave and errors of the provider; and what was used is what the books have, also
    when a process is killed in the middle: the only one, which is started again, or one of four. ``whole``: until what
    it held for requests that had not reached their provider is free again, and used up."""
    upstream, storm = Upstream(), Storm(lanes=LANES)
    with Provider(upstream) as provider, contextlib.ExitStack() as undo:
        config = configuration(provider, QUOTAS, workers=processes, **place.config)
        gateway = undo.enter_context(Gateway(config, tmp_path))
        storm.turn_to(gateway)
        storm.run(orders(30, FIRST))
        agree(place.counters, place.books, QUOTAS)
        one_by_one(gateway, FIRST)
        used_up(agree(place.counters, place.books, QUOTAS), upstream, "")
        with storm.running(orders(24, SECOND)):
            until(lambda: upstream.under_way.total() > 2 * LANES, 60)
            if processes == 1:
                storm.turn_to(None)
                kill_all(gateway)
                gateway = undo.enter_context(Gateway(config, tmp_path))
                storm.turn_to(gateway)
            else:
                os.kill(random.choice(workers(gateway)), signal.SIGKILL)
        sums = agree(place.counters, place.books, QUOTAS, held=True)
        held(sums, upstream, SUFFIX)
        assert storm.broken
        if whole:
            agree(place.counters, place.books, QUOTAS, LEASE_SECONDS + 30)
            one_by_one(gateway, SECOND)
            used_up(agree(place.counters, place.books, QUOTAS), upstream, SUFFIX)
    print({who: dict(storm.statuses(who)) for who in QUOTAS}, dict(storm.broken), dict(upstream.most))


def one_by_one(gateway: Gateway, names: Collection[str]) -> None:
    """What failed or was broken has left room: these use it."""
    calm = Storm(lanes=1)
    calm.turn_to(gateway)
    calendar = [who for who in names if who.removesuffix(SUFFIX) in CALENDAR]
    calm.run([Order(who, *[DEAR if "dear" in who else MOST] * 2) for who in calendar for _ in range(30)])
    assert [who for who in calendar if not calm.statuses(who)[429]] == []


def used_up(sums: dict[str, Sums], upstream: Upstream, suffix: str) -> None:
    """Nothing is left where nothing had to be foreseen."""
    held(sums, upstream, suffix)
    assert upstream.most[f"crowded{suffix}"] > 0
    assert sums[f"dear{suffix}"].cost > 0
    assert sums[f"requests{suffix}"].requests == 25
    assert sums[f"strict{suffix}"].output > 3000 - MOST
    assert sums[f"learned{suffix}"].output >= 3000
    assert sums[f"cheap{suffix}"].cost >= 40_000


def held(sums: dict[str, Sums], upstream: Upstream, suffix: str) -> None:
    """No limit was passed, by the books' account and the provider's."""
    assert sums[f"requests{suffix}"].requests <= 25
    assert sums[f"strict{suffix}"].output <= 3000
    assert sums[f"dear{suffix}"].cost <= 600_000
    # Over by what requests then under way used beyond what was reserved, and by one reservation: each is MOST or less.
    assert sums[f"learned{suffix}"].output < 3000 + LANES * MOST
    assert sums[f"cheap{suffix}"].cost < 40_000 + LANES * MOST * DOLLARS_PER_MILLION
    # The provider has done with an answer a moment after the gateway has its last byte, and hears later still that a
    # process was killed.
    assert upstream.most[f"crowded{suffix}"] <= (6 if suffix else 4)
    # By the provider's clock, which sees requests after they were let through: on a busy machine seconds after.
    assert admitted([(at, 1) for at, _ in upstream.told[f"fast{suffix}"]], 2.0, 8) <= 2.0 * LATE_SECONDS
    assert admitted(upstream.told[f"wordy{suffix}"], 100.0, 800) <= 100.0 * LATE_SECONDS


AWAY = {
    "open": "100 requests per month, open",
    "closed": "4000 requests per month, closed",
    "local": "120 requests per month",
    "tokens": "2M output tokens per month",
    "money": "$30 per month, open",
}


@contextlib.contextmanager
def restarted(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[ValkeyServer | Server, Place]]:
    """What is stopped and started: a Valkey that keeps what it knew, one that does not, or a PostgreSQL."""
    if request.param == "postgresql":
        with running() as server:
            url = server.new()
            yield server, Place(url, url, {"database": url})
    else:
        with valkey(folder, persistent=request.param == "kept") as found:
            yield found


@pytest.fixture(params=["kept", "lost", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ValkeyServer | Server, Place]]:
    with restarted(request, tmp_path) as found:
        yield found


def test_a_store_is_restarted_in_the_middle(tmp_path: Path, server: tuple[ValkeyServer | Server, Place]) -> None:
    """While it is away each quota does what it says; afterwards all is counted there again with nobody's help, and the
    counters have what the books have, also where the store has lost everything."""
    store, place = server
    upstream, storm = Upstream(), Storm(lanes=3)
    with Provider(upstream) as provider:
        config = configuration(provider, AWAY, workers=2, **place.config)
        with Gateway(config, tmp_path) as gateway, storm.going(gateway, AWAY):
            until(lambda: all(storm.statuses(who)[200] > 15 for who in AWAY), 30)
            store.stop()
            time.sleep(0.5)
            gone = time.monotonic()
            time.sleep(3)
            until(lambda: storm.statuses("open")[200] > 105, 60)
            back = time.monotonic()
            store.start()
            until(lambda: storm.statuses("closed", back)[200] > 15, 30)
            until(lambda: storm.statuses("local", back)[429] > 5, 60)
            until(lambda: storm.statuses("open", back)[429] > 5, 60)
            storm.turn_to(None)
            sums = agree(place.counters, place.books, AWAY)
    while_gone = {who: set(storm.statuses(who, gone, back)) for who in AWAY}
    print({who: dict(storm.statuses(who, gone, back)) for who in AWAY}, sums)
    assert while_gone["open"] == while_gone["money"] == {200}
    assert while_gone["closed"] == {503}
    assert while_gone["local"] <= {200, 429}
    assert sums["open"].requests > 100
    assert not storm.broken
