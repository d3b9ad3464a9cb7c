"""The webhook of quotas: told in time, once, signed, and again until it has heard."""

import base64
import hashlib
import hmac
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.path.limits.scene import Scene, configuration, question, scene
from tests.support.gateway import Gateway
from tests.support.provider import Pause, Provider, Received, Scripted, json_answer
from tests.support.waiting import until

SECRET = "a-secret-of-the-webhook-31415926"


class Receiver:
    """Keeps what it is told; may fail at first, and may then hang."""

    def __init__(self, failing: int = 0, *, hanging: bool = False) -> None:
        self.failing = failing
        self.hanging = hanging
        self.told: list[dict[str, Any]] = []
        self.missed: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def __call__(self, request: Received) -> Scripted:
        with self.lock:
            if self.failing or self.hanging:
                self.missed.append(json.loads(request.body))
            if self.failing:
                self.failing -= 1
                return json_answer(b"{}", 302, (("location", "/elsewhere"),))
            if self.hanging:
                return Scripted(pieces=(Pause(600), b"{}"))
            assert request.target == "/hooks/quotas"
            stamp, signature = (part[2:] for part in (request.header("x-penstock-signature") or "").split(","))
            signed = hmac.new(SECRET.encode(), f"{stamp}.".encode() + request.body, hashlib.sha256).hexdigest()
            assert signature.removeprefix("=") == signed
            self.told.append(json.loads(request.body))
            return json_answer(b"{}")

    def wait(self, count: int, seconds: float = 30) -> list[int]:
        until = time.monotonic() + seconds
        while len(self.told) < count and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)
        return self.shares

    @property
    def shares(self) -> list[int]:
        return [one["reached"] for one in self.told]


@contextmanager
def warned(folder: Path, receiver: Receiver, quotas: list[str], **more: Any) -> Iterator[tuple[Scene, dict[str, Any]]]:
    with Provider(receiver) as hook:
        section = {"all": quotas, "webhook": {"url": f"{hook.base_url}/hooks/quotas", "secret": SECRET}}
        with scene(folder, section, **more) as scened:
            yield scened, section


def test_each_share_is_told_once(tmp_path: Path) -> None:
    """At 80, 95 and 100 %, also by a process that was started since; with numbers and no content."""
    receiver = Receiver()
    with warned(tmp_path, receiver, ["1000 output tokens per month"]) as (scened, section):
        for given, told in ((700, []), (100, [80]), (50, [80]), (100, [80, 95]), (49, [80, 95])):
            assert scened.ask(question(given=given)).status == 200
            assert receiver.wait(len(told)) == told
        scened.gateway.stop()
        with Gateway(configuration(scened.provider, section), tmp_path) as again:
            scened.gateway = again
            assert scened.ask(question(given=40)).status == 200
            assert receiver.wait(3) == [80, 95, 100]
            assert scened.ask().status == 429
    first = receiver.told[0]
    assert first["quota"] == {
        "text": "1k output tokens per month", "unit": "output tokens", "amount": 1000, "period": "month",
        "models": "", "level": "installation", "subject": "",
    }  # fmt: skip
    assert (first["version"], first["event"], first["used"]) == (1, "quota.reached", 800)
    assert first["begins"].endswith("-01T00:00:00Z")
    assert "in=10" not in json.dumps(receiver.told)


def test_a_receiver_that_fails_is_told_again(tmp_path: Path) -> None:
    """A redirect is not followed: it is no good answer."""
    receiver = Receiver(failing=1)
    with warned(tmp_path, receiver, ["100 output tokens per day"]) as (scened, _):
        assert scened.ask(question(given=90)).status == 200
        assert receiver.wait(1) == [80]


@pytest.mark.slow
def test_a_killed_process_leaves_it_to_the_next_one(tmp_path: Path) -> None:
    """A receiver that fails and then hangs keeps no request waiting. What the process had to tell when it was killed is
    told by its next start: the same message."""
    receiver = Receiver(failing=1, hanging=True)
    with warned(tmp_path, receiver, ["1000 output tokens per month"]) as (scened, section):
        assert scened.ask(question(given=850)).status == 200
        until(lambda: len(receiver.missed) == 2)
        # What has been asked is not answered yet, and would be asked again after ten seconds.
        assert {scened.ask(question(given=1)).status for _ in range(20)} == {200}
        os.kill(scened.gateway.pid, signal.SIGKILL)
        receiver.hanging = False
        _a_minute_passes(tmp_path)
        with Gateway(configuration(scened.provider, section), tmp_path):
            assert receiver.wait(1) == [80]
    assert receiver.told[0] == receiver.missed[0]


def _a_minute_passes(folder: Path) -> None:
    """For who looks whether what somebody else has begun is left over."""
    with closing(sqlite3.connect(folder / "data" / "penstock.db")) as database, database:
        assert database.execute("UPDATE warnings SET due = due - 60 WHERE due IS NOT NULL").rowcount == 1


@pytest.mark.slow
@pytest.mark.parametrize("processes", ["four workers", "two gateways"])
def test_processes_that_count_together_tell_it_once(
    tmp_path: Path, processes: str, request: pytest.FixtureRequest
) -> None:
    """Each of them sees every share go by, and one of them tells of it."""
    receiver, quotas = Receiver(), ["100k output tokens per month"]
    more: dict[str, Any] = {"workers": 4}
    if processes == "two gateways":
        pepper = base64.b64encode(bytes(range(32))).decode()
        more = {"database": request.getfixturevalue("database_url"), "pepper": pepper}
    with warned(tmp_path, receiver, quotas, **more) as (scened, section), ExitStack() as undo:
        scenes = [scened]
        if processes == "two gateways":
            (tmp_path / "two").mkdir()
            config = configuration(scened.provider, section, **more)
            scenes.append(Scene(undo.enter_context(Gateway(config, tmp_path / "two")), scened.provider))
        for given, told in ((80_100, [80]), (15_000, [80, 95])):
            until(lambda given=given: scened.ask(question(given=given)).status == 200)  # type: ignore[misc]
            # New connections: whichever process has each. Until it is told, and then some more.
            until(lambda told=told: _asked(scenes) and receiver.shares == told)  # type: ignore[misc]
            _asked(scenes)
        assert receiver.wait(3, seconds=1) == [80, 95]


def _asked(scenes: list[Scene]) -> int:
    return sum(one.ask(question(given=1)).status == 200 for one in scenes * (12 // len(scenes)))
