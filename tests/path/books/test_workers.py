"""Four workers on one address: all of them serve, they are changed and replaced under load, and the books are exact."""

import os
import signal
from pathlib import Path

import msgspec
import pytest

from penstock.observe.sharing import SharedFile
from tests.path.books.scene import (
    Clients,
    Upstream,
    configuration,
    journals,
    reconcile,
    said,
    served,
    workers,
)
from tests.path.reloading import rewritten
from tests.support.gateway import Gateway
from tests.support.provider import Provider
from tests.support.waiting import until


def counted(folder: Path) -> dict[int, float]:
    """How many exchanges each worker has counted, from what they tell each other for the metrics."""
    found = {}
    for path in (folder / "data" / "run").glob("metrics-[0-9]*.json"):
        kept = msgspec.json.decode(path.read_bytes(), type=SharedFile)
        found[kept.pids[0]] = sum(row[0] for _, row in kept.snapshot.requests)
    return found


def test_all_workers_serve_and_write_one_book(tmp_path: Path) -> None:
    """Each has a fair share of what 200 connections ask for; together they wrote down every exchange, each once."""
    upstream = Upstream()
    with Provider(upstream) as provider, Clients(200) as clients:
        with Gateway(configuration(provider, workers=4), tmp_path) as gateway:
            clients.turn_to(gateway)
            until(lambda: served(clients) > 1_000, 30)
            clients.turn_to(None)
            until(clients.quiet)
            pids = set(workers(gateway))
            until(lambda: sum(counted(tmp_path).values()) >= len(clients.sent))
            shares = counted(tmp_path)
            assert gateway.stop() == 0
        found = reconcile(tmp_path, clients, upstream)
    assert shares.keys() == pids
    assert sum(shares.values()) == sum(found.values()) == len(clients.sent)
    assert min(shares.values()) > sum(shares.values()) / 4 / 2.5
    assert clients.broken == set()
    assert journals(tmp_path) == []
    print(f"shares: {sorted(shares.values())}; {dict(found)}")


@pytest.mark.parametrize("count", [1, 4])
def test_changes_under_load_lose_no_entry(tmp_path: Path, count: int) -> None:
    """Reloads, and with several workers two replacements of all of them: nobody is cut off, the books are exact."""
    upstream = Upstream()
    with Provider(upstream) as provider, Clients(40, pause=0.01) as clients:
        config = configuration(provider, workers=count)
        with Gateway(config, tmp_path) as gateway:
            clients.turn_to(gateway)
            until(lambda: served(clients) > 50)
            for number in range(1, 7):
                row = {**config["providers"]["anthropic"], "timeouts": {"idle": 100 + number}}
                rewritten(gateway, {**config, "providers": {"anthropic": row}})
                until(lambda number=number: said(gateway, "changed: providers") >= number)
                if count > 1 and number % 3 == 0:
                    os.kill(gateway.pid, signal.SIGUSR2)
                    times = number // 3
                    until(lambda times=times: said(gateway, "all workers have been replaced") == times, 30)
                    # The new ones read the file when they start: another process tells of the next change.
                    seen = served(clients)
                    until(lambda seen=seen: served(clients) > seen + 50)
            clients.turn_to(None)
            until(clients.quiet)
            assert gateway.stop() == 0
        found = reconcile(tmp_path, clients, upstream)
    assert clients.broken == set()
    assert set(clients.ended.values()) == {200, 401}
    assert set(found) == {"served", "refused", "abandoned"}
    assert sum(found.values()) == len(clients.sent)
    assert journals(tmp_path) == []
