"""The database of record and the store that counts are gone for a while, under load: nobody is kept waiting, nothing
is lost, and afterwards all accounts agree."""

import contextlib
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest

from tests.path.books.scene import workers
from tests.path.limits.storm import Place, Storm, Upstream, agree, configuration, valkey
from tests.support.gateway import Gateway
from tests.support.lasting import lasting
from tests.support.postgres import running
from tests.support.provider import Provider
from tests.support.waiting import until

pytestmark = pytest.mark.slow

GIVEN = 20
QUOTAS = {
    "open": "100k requests per month, open",
    "closed": "$500 per month, closed",
    "local": "50M output tokens per month",
    "rate": "1M output tokens per minute, open",
}


class Cost(NamedTuple):
    """What requests that were served cost in a time: seconds, and processor time of all processes for each request."""

    count: int
    median: float
    slow: float
    """Of a hundred the slowest but one."""
    cpu: float

    def __str__(self) -> str:
        times = f"p50 {self.median * 1000:.1f} ms, p99 {self.slow * 1000:.1f} ms"
        return f"{self.count} served, {times}, {self.cpu * 1000:.2f} ms of processor time each"


class Watch:
    """Tells what requests cost from one moment to the next."""

    def __init__(self, gateway: Gateway, storm: Storm) -> None:
        self._gateway = gateway
        self._storm = storm
        self.next()

    def next(self) -> Cost:
        """Since the last time."""
        now = time.monotonic(), _cpu([self._gateway.pid, *workers(self._gateway)]), len(self._storm.ended)
        since, self._since = getattr(self, "_since", now), now
        took = sorted(one[1] for one in self._storm.took if since[0] <= one[0] < now[0])
        if len(took) < 2:
            return Cost(0, 0.0, 0.0, 0.0)
        hundredths = statistics.quantiles(took, n=100)
        answers = now[2] - since[2]
        return Cost(len(took), statistics.median(took), hundredths[98], (now[1] - since[1]) / max(1, answers))


def _cpu(pids: Sequence[int]) -> float:
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("seconds", lasting(600))
def test_an_outage_loses_nothing_and_costs_nothing(tmp_path: Path, seconds: float) -> None:
    """The database is away all the time, and the Valkey in the last third of it. Each answer that a client read is in
    the books when they are back, each token that the provider gave is billed; while the database alone is away a
    request takes as long as before; while the Valkey is away each quota does what it says."""
    upstream, storm, costs = Upstream(), Storm(lanes=2), dict[str, Cost]()
    usual = max(3.0, seconds / 10)
    with running() as database, valkey(tmp_path) as (store, place), Provider(upstream) as provider:
        place = Place(place.counters, database.new(), {**place.config, "workers": 2})
        config = configuration(provider, QUOTAS, **place.config, database=place.books)
        with Gateway(config, tmp_path) as gateway, storm.going(gateway, QUOTAS, GIVEN, 0.08):
            until(lambda: all(storm.statuses(who)[200] > 10 for who in QUOTAS), 30)
            watch = Watch(gateway, storm)
            time.sleep(usual)
            costs["all is well"] = watch.next()
            with _away(database):
                time.sleep(seconds * 2 / 3)
                costs["no database"] = watch.next()
                between = storm.answers_by_key()
                with _away(store):
                    time.sleep(1)
                    gone = time.monotonic()
                    time.sleep(seconds / 3)
                    costs["neither"] = watch.next()
                    back = time.monotonic()
            until(lambda: storm.statuses("closed", back)[200] > 10, 30)
            watch.next()
            time.sleep(usual)
            costs["both are back"] = watch.next()
            storm.turn_to(None)
            until(lambda: not storm.asking, 30)
            until(lambda: _in_the_books(place.books) == storm.answers_by_key(), 60)
            sums = agree(place.counters, place.books, QUOTAS, 60)
    print("\n".join(f"{when}: {cost}" for when, cost in costs.items()))
    assert not storm.broken
    late = between.pop(("closed", 503), 0)
    assert late < between["closed", 200] / 10
    assert {status for _, status in between} == {200}
    while_gone = {who: set(storm.statuses(who, gone, back)) for who in QUOTAS}
    assert while_gone == {"open": {200}, "closed": {503}, "local": {200}, "rate": {200}}
    for who in QUOTAS:
        assert sums[who].output == sum(given for _, given in upstream.told[who]) == GIVEN * sums[who].requests
    before, during = costs["all is well"], costs["no database"]
    # A machine that others use too: what waits for a database waits for seconds.
    assert during.median < before.median * 2 + 0.05
    assert during.slow < before.slow * 2 + 0.5
    assert during.cpu < before.cpu * 1.5 + 0.002


@contextlib.contextmanager
def _away(server: object) -> Iterator[None]:
    server.stop()  # type: ignore[attr-defined]
    yield
    server.start()  # type: ignore[attr-defined]


def _in_the_books(url: str | Path) -> Counter[tuple[str, int]]:
    with psycopg.connect(str(url)) as connection:
        rows = connection.execute("SELECT key_name, status, count(*) FROM entries GROUP BY key_name, status").fetchall()
    return Counter({(who, status): count for who, status, count in rows})
