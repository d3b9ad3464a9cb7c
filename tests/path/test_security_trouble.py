"""Mistake class: a guard that opens when something breaks: a record that is locked, deleted or damaged must never make
others' objects reachable, nor stop those who ask for none; and clients that leave must leave nothing behind.
"""

import contextlib
import os
import select
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.path.attacker import KEYED, attack
from tests.path.stored.scene import FORM, MAKING, A, B, serving
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Pause, Provider, Received, Scripted, json_answer, stream_answer

CHAT = ("POST", "/v1/chat/completions", {"model": "m", "messages": [{"role": "user", "content": "hi"}]})


def deleted(folder: Path) -> None:
    for path in folder.glob("penstock.db*"):
        path.unlink()


def damaged(folder: Path) -> None:
    for path in folder.glob("penstock.db*"):
        with path.open("r+b") as file:
            file.write(os.urandom(8192))


def emptied(folder: Path) -> None:
    # Not the -shm file: it is memory that SQLite shares, and to cut mapped memory off ends any process.
    for name in ("penstock.db", "penstock.db-wal"):
        os.truncate(folder / name, 0)


@pytest.mark.parametrize("trouble", [deleted, damaged, emptied])
def test_a_lost_record_opens_nothing(tmp_path: Path, trouble: object) -> None:
    """Without its record the gateway serves what needs none, and of stored objects nothing to B, whatever it does."""
    assert callable(trouble)
    with serving(tmp_path) as scene:
        name = scene.make_named(A, "file")
        trouble(tmp_path / "data")
        # Long enough that the keys have been looked for again.
        time.sleep(1.2)
        assert scene.ask(A, *CHAT).status == 200
        assert scene.ask("mt_live_unknown0000000000000000000000000000", *CHAT).status == 401
        for method, target in (("GET", f"/v1/files/{name}"), ("DELETE", f"/v1/files/{name}"), ("GET", "/v1/files")):
            got = scene.ask(B, method, target)
            assert got.status in {404, 503} or name.encode() not in got.body, got
        assert name in scene.keepers["openai"].objects
        made = scene.ask(A, "POST", *MAKING["file"])
        assert made.status in {200, 503}, made
        assert "Traceback" not in "".join(scene.gateway.output)


def test_a_locked_record_holds_up_nobody_else(tmp_path: Path) -> None:
    """While another process holds the record, messages pass at once; what would have to be written down is 503."""
    with serving(tmp_path) as scene:
        database = sqlite3.connect(tmp_path / "data" / "penstock.db", isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        with socket.create_connection((scene.gateway.host, scene.gateway.port), timeout=60) as waiting:
            lines = ["POST /v1/files HTTP/1.1", "Host: a", f"x-api-key: {A}", f"Content-Length: {len(FORM)}",
                     "Content-Type: multipart/form-data; boundary=x", "Connection: close", "", ""]  # fmt: skip
            waiting.sendall("\r\n".join(lines).encode() + FORM)
            for number in range(10):
                assert scene.ask(B, *CHAT).status == 200
                # The first of them were answered while it waited.
                assert number > 2 or select.select([waiting], [], [], 0)[0] == []
                time.sleep(0.1)
            assert waiting.recv(20).startswith(b"HTTP/1.1 503")
        database.execute("ROLLBACK")
        database.close()
        assert scene.make_named(A, "file")


def script(request: Received) -> Scripted:
    if request.header("x-slow"):
        begun = b'event: message_start\ndata: {"type":"message_start"}\n\n'
        return stream_answer(begun, Pause(20), b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    return json_answer(b'{"id":"x"}')


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(script) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    rows = {
        name: {"dialect": name, "base_url": provider.base_url, "api_key": OPERATOR_KEY}
        for name in ("anthropic", "openai")
    }
    with Gateway(settings(**rows), tmp_path_factory.mktemp("gateway")) as running:
        yield running


def descriptors(gateway: Gateway) -> int:
    return len(list(Path(f"/proc/{gateway.pid}/fd").iterdir()))


def at_rest(gateway: Gateway) -> int:
    """Its descriptors after a request whose entry has been stored: the store is opened when it is first needed."""
    assert attack(gateway, "/v1/messages", KEYED).status == 200
    entries = gateway.folder / "data" / "penstock.db"
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.closing(sqlite3.connect(f"file:{entries}?mode=ro", uri=True)) as store:
            if store.execute("SELECT count(*) FROM entries").fetchone()[0]:
                break
        time.sleep(0.05)
    time.sleep(0.1)
    return descriptors(gateway)


def head(target: str, length: int, *headers: str) -> bytes:
    lines = [f"POST {target} HTTP/1.1", "Host: a", f"x-api-key: {KEY}", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(lines).encode()


STREAM = b'{"model":"m","stream":true}'
MULTIPART = "Content-Type: multipart/form-data; boundary=x"
LEAVING = {
    "in the head": (head("/v1/messages", 1)[:-10], False),
    "in the body": (head("/v1/messages", len(STREAM)) + STREAM[:-3], False),
    "in an upload": (head("/v1/files", 9_000_000, MULTIPART) + b"x" * 200_000, False),
    "with requests waiting": ((head("/v1/messages", len(STREAM), "x-slow: 1") + STREAM) * 5, True),
}


def leave(gateway: Gateway, stage: str) -> int:
    """Lets twenty clients leave at this point, and tells how many descriptors are open when all is quiet again."""
    data, answered = LEAVING[stage]
    before = descriptors(gateway)
    for _ in range(20):
        with socket.create_connection((gateway.host, gateway.port), timeout=60) as client:
            client.sendall(data)
            if answered:
                assert client.recv(100)
            else:
                time.sleep(0.01)
    deadline = time.monotonic() + 30
    while (left := descriptors(gateway)) > before and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.mark.parametrize("stage", LEAVING)
def test_who_leaves_leaves_nothing(gateway: Gateway, provider: Provider, stage: str) -> None:
    """Twenty clients leave at this point: soon no descriptor is open that was not before, and others are served.

    A pool keeps a connection or two for the next who asks, to the provider as to the database: fewer than one for each
    who left, and after another twenty no more of them.
    """
    before = at_rest(gateway)
    left = leave(gateway, stage)
    assert left < before + 5
    assert left <= before or min(leave(gateway, stage) for _ in range(3)) <= left
    assert attack(gateway, "/v1/messages", KEYED).status == 200
    if LEAVING[stage][1]:
        deadline = time.monotonic() + 30
        while len(provider.closed_early) < 20 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert len(provider.closed_early) >= 20
    assert "Traceback" not in "".join(gateway.output)
