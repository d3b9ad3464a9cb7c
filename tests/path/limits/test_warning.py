"""The webhook of quotas: told in time, once, signed, and again until it has heard."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.path.limits.scene import Scene, configuration, question, scene
from tests.support.gateway import Gateway
from tests.support.provider import Provider, Received, Scripted, json_answer

SECRET = "a-secret-of-the-webhook-31415926"


class Receiver:
    """Keeps what it is told; may fail at first."""

    def __init__(self, failing: int = 0) -> None:
        self.failing = failing
        self.told: list[dict[str, Any]] = []
        self.lock = threading.Lock()

    def __call__(self, request: Received) -> Scripted:
        with self.lock:
            if self.failing:
                self.failing -= 1
                return json_answer(b"{}", 302, (("location", "/elsewhere"),))
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
        return [one["reached"] for one in self.told]


@contextmanager
def warned(folder: Path, receiver: Receiver, quotas: list[str]) -> Iterator[tuple[Scene, dict[str, Any]]]:
    with Provider(receiver) as hook:
        section = {"all": quotas, "webhook": {"url": f"{hook.base_url}/hooks/quotas", "secret": SECRET}}
        with scene(folder, section) as scened:
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
