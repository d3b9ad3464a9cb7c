"""Several gateways that count in one Valkey: a quota holds for all of them together, and while that is away too."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.path.limits.scene import Scene, configuration, scene
from tests.support.gateway import Gateway
from tests.support.valkey import ValkeyServer

UNIFIED = "anthropic-ratelimit-unified-"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path / "valkey", persistent=True)
    server.start()
    yield server
    server.stop()


def _gateways(undo: ExitStack, folder: Path, server: ValkeyServer, quota: str) -> tuple[Scene, Scene]:
    first = undo.enter_context(scene(folder / "one", [quota], shared=server.url))
    config = configuration(first.provider, [quota], shared=server.url, data_dir=str(folder / "one" / "data"))
    (folder / "two").mkdir()
    second = undo.enter_context(Gateway(config, folder / "two"))
    return first, Scene(second, first.provider)


def test_two_gateways_serve_as_many_as_one_quota_has(tmp_path: Path, server: ValkeyServer) -> None:
    """40 requests come to two gateways at once; 11 pass."""
    (tmp_path / "one").mkdir()
    with ExitStack() as undo:
        both = _gateways(undo, tmp_path, server, "11 requests per day, closed")
        with ThreadPoolExecutor(40) as pool:
            got = list(pool.map(_answered, both * 20))
        assert Counter(got) == {200: 11, 429: 29}
        assert len(both[0].sent) == 11


def _answered(scened: Scene) -> int:
    """The status, once the store was asked: on a machine under load it may be late now and then."""
    while (status := scened.ask().status) == 503:
        time.sleep(0.05)
    return status


@pytest.mark.parametrize(
    ("quota", "status", "unified"),
    [
        ("5 requests per day, open", 200, {}),
        ("$5 per day, closed", 503, {f"{UNIFIED}overage-disabled-reason": "fetch_error"}),
    ],
)
def test_a_quota_says_what_happens_while_it_cant_be_counted(
    tmp_path: Path, server: ValkeyServer, quota: str, status: int, unified: dict[str, str]
) -> None:
    """Of a budget in money Claude Code is told that it can't be looked up. The log says once that it can't be, and once
    that it can be again."""
    with scene(tmp_path, [quota], shared=server.url) as scened:
        assert _answered(scened) == 200
        server.kill()
        for got in [scened.ask() for _ in range(8)]:
            assert got.status == status
            assert {name: value for name, value in got.headers.items() if name.startswith(UNIFIED)} == unified
            assert "x-should-retry" not in got.headers
            assert ("retry-after" in got.headers) == (status == 503)
        _until_said(scened, "does not answer")
        server.start()
        _until_said(scened, "answers again")
        assert sum("does not answer" in line for line in scened.gateway.output) == 1
        # Open: those that passed uncounted count now, and the quota is used up.
        assert _answered(scened) == (429 if status == 200 else 200)


def _until_said(scened: Scene, words: str) -> None:
    until = time.monotonic() + 30
    while not any(words in line for line in scened.gateway.output):
        assert time.monotonic() < until, scened.gateway.output
        time.sleep(0.05)
