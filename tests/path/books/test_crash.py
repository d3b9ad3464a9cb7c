"""The gateway is killed in the middle of everything: the books say what clients saw and what the provider counted."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.path.books.scene import (
    Clients,
    Upstream,
    all_told,
    configuration,
    journals,
    kill_all,
    reconcile,
    workers,
)
from tests.support.command import piped
from tests.support.gateway import Gateway
from tests.support.provider import Provider
from tests.support.waiting import until

CONCURRENT = 200


def rounds_of_kills(folder: Path, count: int, rounds: int) -> dict[str, int]:
    """So many rounds: under load the whole gateway is killed, or every other time one of several workers."""
    upstream, chance = Upstream(), random.Random(f"{count} {rounds}")
    with Provider(upstream) as provider, Clients(CONCURRENT) as clients:
        for number in range(rounds):
            with Gateway(configuration(provider, workers=count), folder) as gateway:
                clients.turn_to(gateway)
                seen = len(clients.ended)
                until(lambda seen=seen: len(clients.ended) > seen + CONCURRENT / 2)
                time.sleep(chance.uniform(0, 0.5))
                pids = workers(gateway)
                assert len(clients.under_way) > CONCURRENT / 2
                if pids and number % 2:
                    os.kill(chance.choice(pids), signal.SIGKILL)
                    time.sleep(0.3)
                    clients.turn_to(None)
                    until(lambda: clients.quiet() and all_told(folder, upstream), 20, "the others take it over")
                    assert gateway.stop() == 0
                else:
                    kill_all(gateway)
                    clients.turn_to(None)
                    until(clients.quiet)
        with Gateway(configuration(provider, workers=count), folder):
            until(lambda: all_told(folder, upstream), what="the next start takes it over")
    found = reconcile(folder, clients, upstream)
    assert journals(folder) == []
    assert found["killed"] > CONCURRENT / 8 * rounds
    assert found["served"] > CONCURRENT / 2 * rounds
    print(f"{count} workers, {rounds} rounds: {dict(found)}; ends that clients saw: {len(clients.ended)}")
    return dict(found)


@pytest.mark.parametrize("count", [1, 4])
def test_the_books_are_whole_after_a_kill(tmp_path: Path, count: int) -> None:
    """Under 200 concurrent requests: one entry for each exchange, closed where a client saw its end, sums exact."""
    rounds_of_kills(tmp_path, count, 2)


def test_a_report_takes_over_what_no_gateway_does(tmp_path: Path) -> None:
    """Nothing runs any more: who asks for the books brings them to their end first, as a gateway would have."""
    upstream = Upstream()
    with Provider(upstream) as provider, Clients(20) as clients:
        with Gateway(configuration(provider), tmp_path) as gateway:
            clients.turn_to(gateway)
            until(lambda: len(clients.ended) > 20)
            kill_all(gateway)
            clients.turn_to(None)
            until(clients.quiet)
        assert piped("usage", "--config", "penstock.yaml", folder=tmp_path).returncode == 0
        found = reconcile(tmp_path, clients, upstream)
    assert found["killed"] > 0
    assert journals(tmp_path) == []


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("count", [1, 4])
def test_the_books_are_whole_after_twenty_kills(tmp_path: Path, count: int) -> None:
    """The same, twenty times over one data folder."""
    rounds_of_kills(tmp_path, count, 20)
