"""Clients that come and go while their provider fails: at the end all accounts agree, and nothing of it is left."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock.core.counting import LEASE_SECONDS
from tests.faults.leaking import Leaking
from tests.faults.matrix import ROWS
from tests.faults.probe import Probe
from tests.faults.scene import WORKING, Scene
from tests.path.books.scene import journals, reconcile
from tests.path.limits.storm import agree, valkey
from tests.soak.crowd import FATES, GOOD, KEYS, Account, Crowd, keys
from tests.support.lasting import SHARE
from tests.support.waiting import until

pytestmark = pytest.mark.slow

PRICES = {"*": {"input": 3, "output": 15}}
USUAL = [(name, form) for name in FATES if name != GOOD and not ROWS[name].patient for form in ROWS[name].forms[:2]]


@dataclass(frozen=True)
class Coming:
    """So many clients, for so long; each is away for so long between two visits, on average."""

    clients: int
    seconds: float
    away: float
    growth: float
    """Bytes that memory may grow by, once all are there."""


IN_FULL = [pytest.mark.long, pytest.mark.timeout(1800)]


@pytest.mark.parametrize(
    "coming",
    [
        pytest.param(Coming(100, 200 * SHARE, 1.0, 40e6), id="in short"),
        pytest.param(Coming(1000, 600.0, 6.0, 10e6), id="in full", marks=IN_FULL),
    ],
)
def test_after_a_crowd_the_books_are_exact(tmp_path: Path, coming: Coming) -> None:
    """One entry for each exchange, with the outcome that client and provider saw and the tokens that the provider gave;
    the counters have what the books have; nothing is under way, nothing is open, and memory has not grown."""
    account, probe = Account(), Probe(tmp_path)
    with valkey(tmp_path) as (_, place), Crowd(coming.clients, account=account, away=coming.away) as crowd:
        # Nobody plays slow here: with the short deadlines of the table a busy machine would.
        more = {**WORKING, **place.config, "keys": keys(), "prices": PRICES, "limits": {}}
        scene = Scene(tmp_path, working=True, environment=probe.environment, double=account.double, more=more)
        with Leaking(scene, probe) as running:
            besides = running.warm(USUAL)
            held = _visited(crowd, running, coming.seconds)
            scene.expected.update(crowd.seen())
            assert crowd.unreached == []
            assert crowd.complaints() == []
            assert scene.misbooked() == []
            until(lambda: crowd.sent - scene.books().keys() <= crowd.left - account.counted.keys())
            outcomes = Counter((one.outcome, one.fault) for one in scene.books().values())
            reconcile(tmp_path, crowd, account, besides | crowd.played())
            sums = agree(place.counters, tmp_path, defaultdict(str, KEYS), 2 * LEASE_SECONDS)
            assert running.left() == ""
            assert scene.trouble() == []
            assert scene.gateway.stop() == 0
    assert journals(tmp_path) == []
    print(f"{len(crowd.sent)} exchanges, {dict(outcomes)}; {[f'{size >> 20} MB' for size in held]}; {sums}")
    assert {"served", "refused", "failed"} <= {outcome for outcome, _ in outcomes}
    assert held[-1] - held[0] < coming.growth


def _visited(crowd: Crowd, running: Leaking, seconds: float) -> list[int]:
    """The gateway's memory meanwhile, from the second fifth on."""
    crowd.turn_to(running.scene.gateway)
    held: list[int] = []
    for _ in range(5):
        time.sleep(seconds / 5)
        held.append(running.memory)
    crowd.turn_to(None)
    time.sleep(0.1)
    until(crowd.quiet, 60)
    return held
