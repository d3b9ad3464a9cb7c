"""What was used stays used, whatever becomes of processes; and what they held comes back."""

import functools
import http.client
import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.path.limits.scene import Scene, answer, configuration, question, scene, sums
from tests.support.client import ask
from tests.support.gateway import KEY, Gateway
from tests.support.provider import Provider

pytestmark = pytest.mark.slow


def test_a_new_process_knows_what_was_used(tmp_path: Path) -> None:
    """Its counters begin with the books' sums, of every level; what a killed process had under way is counted too."""
    quotas = {"all": ["1M output tokens per month"], "each_key": ["3 requests per day", "$9 per week"]}
    with scene(tmp_path, quotas) as scened:
        assert [scened.ask().status for _ in range(2)] == [200, 200]
        hanging = threading.Thread(target=_broken, args=(scened, question(pause=30)))
        hanging.start()
        _until(lambda: len(scened.sent) == 3)
        os.kill(scened.gateway.pid, signal.SIGKILL)
        hanging.join()
        with Gateway(configuration(scened.provider, quotas), tmp_path) as again:
            scened.gateway = again
            refused = scened.ask()
            assert refused.status == 429
            assert b"3 requests per day" in refused.body
            assert _outcomes(tmp_path) == {"served": 2, "killed": 1, "refused": 1}


def test_sums_of_the_books_are_what_is_settled(tmp_path: Path) -> None:
    """To the token and the micro-dollar, after clients that left, errors of the provider, a kill and a start: one more
    token than is left is refused to a strict request, and exactly as many pass."""
    quotas = ["100000 output tokens per month, strict", "$50 per month", "10M tokens per day"]
    dice = random.Random(7)
    with Provider(answer) as provider:
        for run in range(2):
            with Gateway(configuration(provider, quotas), tmp_path) as gateway:
                scened = Scene(gateway, provider)
                with ThreadPoolExecutor(12) as pool:
                    list(pool.map(functools.partial(_broken, scened), [_some(dice) for _ in range(60)]))
                if run == 0:
                    os.kill(gateway.pid, signal.SIGKILL)
        with Gateway(configuration(provider, quotas), tmp_path) as gateway:
            scened = Scene(gateway, provider)
            left = 100_000 - _sum(tmp_path)
            assert 0 < left < 100_000
            over = scened.ask(question(given=left + 1, max_tokens=left + 1))
            assert over.status == 429
            assert f"has {left:,} left".encode() in over.body
            assert scened.ask(question(given=left, max_tokens=left)).status == 200
            assert scened.ask(question(given=1, max_tokens=1)).status == 429


def test_several_processes_hold_one_quota(tmp_path: Path) -> None:
    """Exactly as many pass as it has, whichever process is asked; one that is killed takes nothing with it."""
    with scene(tmp_path, ["30 requests per day, closed", "4 requests at once, closed"], workers=2) as scened:
        got: list[int] = []
        while got.count(200) < 15:
            got += [one.status for one in scened.together([question(pause=0.02)] * 3)]
        workers = _workers(scened.gateway.pid)
        assert len(workers) == 2
        os.kill(workers[0], signal.SIGKILL)
        time.sleep(1.5)
        for _ in range(12):
            got += [one.status for one in scened.together([question(pause=0.02)] * 3)]
        assert Counter(got)[200] == 30
        # A store that does not answer in time lets nothing pass here.
        assert set(got) <= {200, 429, 503}
    assert _sum(tmp_path) == 3000


def _workers(parent: int) -> list[int]:
    found = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(one) for one in found if b"worker" in Path(f"/proc/{one}/cmdline").read_bytes()] or [
        int(one) for one in found
    ]


def _some(dice: random.Random) -> dict[str, Any]:
    given = dice.randint(1, 300)
    extra: dict[str, Any] = dice.choice([{}, {"stream": True, "pause": 0.1}, {"status": 500}, {"leave": True}])
    return question(given=given, max_tokens=400, **extra)


def _broken(scened: Scene, body: dict[str, Any]) -> None:
    """Asks; a client that leaves, or whose gateway goes, hears nothing of it."""
    leaves = body.pop("leave", False)
    try:
        if leaves:
            body = question(given=50, max_tokens=400, stream=True, pause=1)
            _leave(scened.gateway, body)
        else:
            ask(scened.gateway, body=json.dumps(body))
    except (OSError, http.client.HTTPException):
        pass


def _leave(gateway: Gateway, body: dict[str, Any]) -> None:
    client = http.client.HTTPConnection(gateway.host, gateway.port, timeout=60)
    client.request("POST", "/v1/messages", json.dumps(body), {"x-api-key": KEY, "content-type": "application/json"})
    client.getresponse().read(300)
    client.close()


def _until(met: Any, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < until
        time.sleep(0.02)


def _outcomes(folder: Path) -> Counter[str]:
    sums(folder, 4)
    with closing(sqlite3.connect(folder / "data" / "penstock.db")) as database:
        return Counter(row[0] for row in database.execute("SELECT outcome FROM entries"))


def _sum(folder: Path) -> int:
    """Once nothing more comes."""
    last, seen = -1, 0
    while seen < 5:
        with closing(sqlite3.connect(folder / "data" / "penstock.db")) as database:
            now = database.execute("SELECT coalesce(sum(output + reasoning), 0) FROM entries").fetchone()[0]
        seen, last = (seen + 1, last) if now == last else (0, now)
        time.sleep(0.2)
    return int(last)
