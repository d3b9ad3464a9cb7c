"""The gateway as a process: clients and providers that leave, what stays behind, and how it stops."""

import http.client
import json
import os
import signal
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.path.wire.certificates import Authority
from tests.path.wire.house import House
from tests.path.wire.raw import (
    STREAM_HEAD,
    RawClient,
    Script,
    Visit,
    answering,
    at_least_once_within,
    chunk,
    sized,
)
from tests.path.wire.streams import ANTHROPIC, CHAT, GEMINI, STREAMS, Stream, unchunked
from tests.support.waiting import until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house")) as running:
        yield running
        assert running.trouble == []


def begun(*pieces: bytes) -> Script:
    """Answers this much, and then waits for the gateway to leave."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(*pieces)
        await visit.left()

    return script


# --- leaving ------------------------------------------------------------------------------------------------------

STATES = [
    ("no answer yet", (), b""),
    ("a head", (STREAM_HEAD,), b"\r\n\r\n"),
    ("a stream", (STREAM_HEAD, chunk(ANTHROPIC.frames[0])), b"message_start"),
    ("half a unary answer", (sized(b"{" + b" " * 100 + b"}")[:-50],), b"{"),
]


@pytest.mark.parametrize(("pieces", "seen"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
@pytest.mark.parametrize("manner", ["close", "reset"])
def test_a_client_that_leaves_takes_the_call_along(
    house: House, pieces: tuple[bytes, ...], seen: bytes, manner: str
) -> None:
    """Within a tenth of a second the provider sees the connection close, wherever its answer stood."""
    house.provider.play(begun(*pieces))

    def leave() -> float:
        house.provider.visits.clear()
        with house.client() as client:
            client.send(ANTHROPIC.request())
            until(lambda: bool(house.provider.requests))
            while seen not in client.heard:
                client.more()
            time.sleep(0.02)
            left_at = time.perf_counter()
            client.reset() if manner == "reset" else client.socket.close()
        until(lambda: house.provider.visits[0].left_at is not None)
        return (house.provider.visits[0].left_at or 0) - left_at

    at_least_once_within(0.1, leave)


@pytest.mark.parametrize("manner", ["close", "reset"])
def test_a_provider_that_leaves_ends_the_answer_at_once(house: House, manner: str) -> None:
    """Within a tenth of a second the client has its error, and the connection serves the next request."""
    left: list[float] = []

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(STREAM_HEAD, chunk(ANTHROPIC.frames[0]), pause=0.05)
        left.append(time.perf_counter())
        getattr(visit, manner)()

    house.provider.play(script)
    with house.client() as client:

        def ask() -> float:
            client.send(ANTHROPIC.request())
            assert b"event: error" in client.answer().body
            return time.perf_counter() - left[-1]

        at_least_once_within(0.1, ask)
        assert ask() < 20


def test_nothing_is_left_of_a_thousand_clients_that_dropped(house: House) -> None:
    """Descriptors and memory are back where they were, whatever the drops interrupted."""
    house.provider.play(begun(STREAM_HEAD, chunk(ANTHROPIC.frames[0])))
    for _ in range(50):
        _drop(house)
    until(lambda: all(visit.left_at is not None for visit in house.provider.visits))
    files, memory = house.open_files, house.memory
    for number in range(1000):
        _drop(house, after=0.0 if number % 2 else 0.002, reset=number % 3 == 0)
    until(lambda: house.open_files <= files + 2)
    assert house.memory - memory < 6_000_000


def _drop(house: House, *, after: float = 0.0, reset: bool = False) -> None:
    with house.client() as client:
        client.send(ANTHROPIC.request())
        time.sleep(after)
        if reset:
            client.reset()


def test_a_hundred_slow_streams_at_once_are_each_their_own(house: House) -> None:
    """Frames never land on another client's connection."""

    async def script(visit: Visit) -> None:
        asked = await visit.request()
        assert asked is not None
        name = asked.header("x-name") or b""
        await visit.send(STREAM_HEAD, *[chunk(b"data: %b %d\n\n" % (name, number)) for number in range(10)], pause=0.01)
        await visit.send(b"0\r\n\r\n")

    house.provider.play(script)
    clients = [house.client() for _ in range(100)]
    for number, client in enumerate(clients):
        client.send(CHAT.request(f"X-Name: client{number}"))
    for number, client in enumerate(clients):
        with client:
            expected = b"".join(b"data: client%d %d\n\n" % (number, frame) for frame in range(10))
            assert client.answer().body == expected


# --- stopping -----------------------------------------------------------------------------------------------------


def stopped(house: House) -> int:
    return house.gateway._process.wait(30)


def test_a_graceful_stop(tmp_path: Path) -> None:
    """SIGTERM: the running stream ends as it would have, idle connections close, no new one is taken, exit code 0."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(STREAM_HEAD, *map(chunk, ANTHROPIC.frames), pause=0.1)
        await visit.send(b"0\r\n\r\n")
        await visit.left()

    with House(tmp_path) as house:
        house.provider.play(script)
        with house.client() as streaming, house.client() as idle:
            streaming.send(ANTHROPIC.request())
            streaming.until(b"message_start")
            os.kill(house.gateway.pid, signal.SIGTERM)
            assert idle.ended()
            with pytest.raises(ConnectionRefusedError):
                house.client()
            assert b"message_stop" in streaming.rest()
        assert stopped(house) == 0


def test_the_deadline_of_a_stop_ends_streams_in_their_own_words(tmp_path: Path) -> None:
    """Streams that go on get the error of their dialect, a unary wait a 503, an upload too; then the process ends."""
    with House(tmp_path, limits={"drain_seconds": 0.5}) as house:
        house.provider.play(_first_frame)
        clients = {stream.name: house.client() for stream in STREAMS}
        waiting = house.client()
        for stream in STREAMS:
            clients[stream.name].send(stream.request())
        waiting.send(ANTHROPIC.request("X-Wait: 1"))
        until(lambda: len(house.provider.requests) == len(STREAMS) + 1)
        time.sleep(0.1)
        began = time.perf_counter()
        os.kill(house.gateway.pid, signal.SIGTERM)
        for stream in STREAMS:
            body, whole = unchunked(clients[stream.name].rest())
            assert whole
            assert body.startswith(stream.frames[0])
            assert b"shutting down" in body[len(stream.frames[0]) :]
            assert stream.judge(body) == []
        assert waiting.answer().status == 503
        for client in (*clients.values(), waiting):
            client.socket.close()
        assert stopped(house) == 0
        assert 0.4 < time.perf_counter() - began < 20


async def _first_frame(visit: Visit) -> None:
    asked = await visit.request()
    assert asked is not None
    if asked.header("x-wait") is None:
        stream = stream_of(asked.start)
        await visit.send(stream.answer_head(), chunk(stream.frames[0]))
    await visit.left()


def stream_of(start: bytes) -> Stream:
    """Which stream was asked for."""
    path = start.split(b" ")[1]
    return next(one for one in STREAMS if one.target.removeprefix("/gemini").encode() == path)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """Whoever does not want to wait says so again."""
    with House(tmp_path) as house:
        house.provider.play(begun(STREAM_HEAD))
        with house.client() as client:
            client.send(ANTHROPIC.request())
            client.until(b"\r\n\r\n")
            os.kill(house.gateway.pid, signal.SIGTERM)
            time.sleep(0.3)
            os.kill(house.gateway.pid, signal.SIGTERM)
            assert house.gateway._process.wait(15) != 0


# --- TLS, and the other event loop --------------------------------------------------------------------------------


def test_https_on_both_sides(tmp_path: Path) -> None:
    """A certificate towards clients, and a provider whose authority stands in the row."""
    authority = Authority(tmp_path)
    tls = {"certificate": str(authority.certificate), "key": str(authority.key)}
    with House(tmp_path, tls=tls, provider_tls=authority.server(), row={"ca_file": str(authority.file)}) as house:
        house.provider.play(answering(sized(b'{"id":"msg_1"}')))
        connection = http.client.HTTPSConnection(
            "localhost", house.gateway.port, context=authority.client(), timeout=30
        )
        for _ in range(2):
            start, _, body = ANTHROPIC.request().partition(b"\r\n\r\n")
            headers = dict(line.decode().split(": ", 1) for line in start.split(b"\r\n")[2:])
            connection.request("POST", "/v1/messages", body, headers)
            assert json.loads(connection.getresponse().read()) == {"id": "msg_1"}
        connection.close()
        with RawClient(house.gateway.host, house.gateway.port) as plain:
            plain.send(ANTHROPIC.request())
            assert plain.ended()
        stranger = http.client.HTTPSConnection("localhost", house.gateway.port, timeout=30)
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/healthz")
        stranger.close()
        assert len(house.provider.visits) == 1


def test_without_uvloop_it_runs_on_asyncios_own_loop(tmp_path: Path) -> None:
    """Where there is no wheel of it, all works the same: unary, streams, cuts, clients that leave, the stop."""
    (tmp_path / "absent").mkdir()
    (tmp_path / "absent" / "uvloop.py").write_text("raise ImportError('there is no uvloop here')\n")
    with House(tmp_path, environment={"PYTHONPATH": str(tmp_path / "absent")}) as house:
        house.provider.play(answering(sized(b'{"id":"msg_1"}')))
        with house.client() as client:
            for _ in range(3):
                client.send(ANTHROPIC.request())
                assert client.answer().body == b'{"id":"msg_1"}'
            assert len(house.provider.visits) == 1
            house.provider.play(begun_then_cut)
            client.send(GEMINI.request())
            assert b'"error"' in client.answer().body
            house.provider.play(begun(STREAM_HEAD, chunk(ANTHROPIC.frames[0])))
            client.send(ANTHROPIC.request())
            client.until(b"message_start")
        until(lambda: house.provider.visits[0].left_at is not None)
        loaded = Path(f"/proc/{house.gateway.pid}/maps").read_text(encoding="ascii")
        assert "httptools" in loaded
        assert "/uvloop/" not in loaded
        os.kill(house.gateway.pid, signal.SIGTERM)
        assert stopped(house) == 0
        assert house.trouble == []


async def begun_then_cut(visit: Visit) -> None:
    await visit.request()
    await visit.send(STREAM_HEAD + chunk(GEMINI.frames[0]))
