"""How answers travel: pace, cuts, silences, and a client that reads slowly or leaves."""

import asyncio
import socket
import time
from typing import Any, cast

import pytest

from penstock.simulator.playback import Playback
from penstock.simulator.steering import Steering
from penstock.wire.incoming import Flow, Incoming
from tests.path.wire.raw import at_least_once_within
from tests.unit.simulator.line import Line, events

pytestmark = pytest.mark.slow

PATH = "/v1/messages"


def body(**more: object) -> dict[str, Any]:
    return {
        "model": "m",
        "max_tokens": 50_000,
        "stream": True,
        "messages": [{"role": "user", "content": "Bees?"}],
        **more,
    }


def read_all(connection: socket.socket) -> tuple[bytes, bool]:
    """Everything until the connection ends or falls silent for a moment, and whether it ended."""
    connection.settimeout(0.4)
    got = b""
    while True:
        try:
            piece = connection.recv(65536)
        except TimeoutError:
            return got, False
        except ConnectionResetError:
            return got, True
        if not piece:
            return got, True
        got += piece


def frames(raw: bytes) -> int:
    """How many events arrived."""
    return raw.count(b"event: ")


def timed(line: Line, header: str, **more: object) -> tuple[float, int]:
    """Seconds for a whole answer, and its status."""
    begun = time.monotonic()
    status = line.ask(PATH, body(**more), {"x-simulate": header}).status
    return time.monotonic() - begun, status


def test_a_stream_keeps_its_pace(line: Line) -> None:
    """One frame after the other, so long apart; without a pace it takes no time."""
    # message_start, the block's start, a ping, ten tokens, the block's stop, message_delta, message_stop.
    paced, _ = timed(line, "tokens=10; pace=20ms")
    assert 14 * 0.020 <= paced < 15 * 0.020 + 10
    at_least_once_within(0.25, lambda: timed(line, "tokens=10")[0])


def test_frames_of_a_paced_stream_arrive_one_by_one(line: Line) -> None:
    """What is said first is there long before what is said last."""

    def first_frame() -> float:
        with line.raw(PATH, body(), "tokens=1; pace=300ms") as connection:
            begun = time.monotonic()
            assert frames(connection.recv(65536)) >= 1
            return time.monotonic() - begun

    at_least_once_within(0.29, first_frame)


def test_the_first_byte_can_be_late(line: Line) -> None:
    """The head too, in a stream, in a whole answer and in a failure."""
    for header, status in (("first=150ms", 200), ("first=150ms; fail=500", 500)):
        for stream in (True, False):
            took, got = timed(line, header, stream=stream)
            assert (took >= 0.15, got) == (True, status)


def test_a_cut_breaks_the_connection(line: Line) -> None:
    """After so many frames, without an end of the body."""
    with line.raw(PATH, body(), "cut=3") as connection:
        got, ended = read_all(connection)
    assert (frames(got), ended, got.endswith(b"0\r\n\r\n")) == (3, True, False)


def test_a_cut_before_the_first_frame_leaves_a_head(line: Line) -> None:
    """The status was sent, and nothing else."""
    with line.raw(PATH, body(), "cut=0") as connection:
        got, ended = read_all(connection)
    assert (got.startswith(b"HTTP/1.1 200"), frames(got), ended) == (True, 0, True)


def test_a_truncated_stream_ends_cleanly_but_too_soon(line: Line) -> None:
    """HTTP says that this was all."""
    heard = line.ask(PATH, body(), {"x-simulate": "truncate=4"})
    assert [event["type"] for event in events(heard.body)] == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
    ]


def test_a_stalled_stream_stays_open(line: Line) -> None:
    """After so many frames nothing comes, and nothing ends."""
    with line.raw(PATH, body(), "stall=2") as connection:
        got, ended = read_all(connection)
    assert (frames(got), ended) == (2, False)


def test_a_silence_is_followed_by_the_rest(line: Line) -> None:
    """The stream is whole, only later."""
    with line.raw(PATH, body(), "tokens=3; silence=250ms; at=2") as connection:
        begun = time.monotonic()
        first = connection.recv(65536)
        rest, _ = read_all(connection)
    assert (frames(first), frames(first + rest)) == (2, 9)
    assert time.monotonic() - begun >= 0.25


def test_an_error_takes_the_place_of_the_rest(line: Line) -> None:
    """In the dialect's own way, and then the stream ends."""
    heard = line.ask(PATH, body(), {"x-simulate": "error=5"})
    assert [event["type"] for event in events(heard.body)][-2:] == ["content_block_delta", "error"]


@pytest.mark.parametrize("header", ["cut=9", "stall=9", "silence=200ms", "truncate=9"])
def test_a_whole_answer_is_interrupted_in_its_middle(line: Line, header: str) -> None:
    """Half of it arrives before whatever was asked for happens."""
    with line.raw(PATH, body(stream=False), header) as connection:
        connection.settimeout(5)
        head, _, first = connection.recv(65536).partition(b"\r\n\r\n")
        rest, ended = read_all(connection)
    announced = next((line for line in head.split(b"\r\n") if line.startswith(b"content-length")), b"content-length: 0")
    size = int(announced.split(b": ")[1])
    whole = {"cut=9": False, "stall=9": False, "silence=200ms": True, "truncate=9": False}[header]
    assert (b'"stop_reason"' in first + rest) is whole
    assert (len(first + rest) == size) is whole
    assert ended is (header == "cut=9")


@pytest.mark.parametrize("kind", ["html", "text", "empty", "broken"])
def test_a_body_that_is_no_answer(line: Line, kind: str) -> None:
    """A 200 that no client can read."""
    for stream in (True, False):
        heard = line.ask(PATH, body(stream=stream), {"x-simulate": f"body={kind}"})
        assert heard.status == 200
        with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
            _ = heard.json


def test_shreds_add_up(line: Line) -> None:
    """However the bytes are split, they are the same bytes."""
    whole = line.ask(PATH, body(), {"x-simulate": "tokens=20"})
    seen = line.ask(PATH, body(), {"x-simulate": "tokens=20; shred=7"})
    assert [event["type"] for event in events(seen.body)] == [event["type"] for event in events(whole.body)]


def test_a_slow_reader_gets_everything_and_holds_nobody_up(line: Line) -> None:
    """The simulator waits for it, and answers others meanwhile."""
    with line.raw(PATH, body(), "tokens=40000") as connection:
        time.sleep(0.2)
        assert timed(line, "tokens=3")[0] < 20
        got = b""
        while not got.endswith(b"0\r\n\r\n"):
            got += connection.recv(1 << 20)
    assert got.count(b"text_delta") == 40_000


class Reader:
    """A request whose client takes ``room`` writes before it has to be waited for."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.got: list[bytes] = []
        self.done = self.gone = False
        self.source: Flow | None = None

    @property
    def writable(self) -> bool:
        return self.room > 0

    def write(self, data: bytes) -> None:
        self.got.append(data)
        self.room -= 1
        if not self.room and self.source is not None:
            self.source.pause()

    def end(self, data: bytes = b"") -> None:
        self.got.append(data)
        self.done = True

    def read(self, room: int) -> None:
        """Takes so many more."""
        self.room = room
        if self.source is not None:
            self.source.resume()


@pytest.mark.parametrize("pace", [0.0, 0.001])
def test_no_more_is_written_than_is_read(pace: float) -> None:
    """While the client can take nothing, nothing is sent; then all of it is, in order."""
    frames = [b"%d" % number * 70_000 for number in range(9)]

    async def run() -> list[int]:
        reader = Reader(2)
        task = asyncio.ensure_future(Playback(cast(Incoming, reader), frames, Steering(pace=pace)).run())
        sizes = []
        for room in (3, 9):
            await asyncio.sleep(0.05)
            sizes.append(len(reader.got))
            reader.read(room)
        await task
        assert reader.got == frames
        return sizes

    assert asyncio.run(run()) == [2, 5]


def test_a_client_that_leaves_frees_its_stream(line: Line) -> None:
    """The simulator goes on serving; a stalled stream without a client is no stream."""
    for _ in range(5):
        with line.raw(PATH, body(), "stall=1") as connection:
            connection.recv(65536)
    assert timed(line, "tokens=3")[1] == 200


def test_a_head_request_gets_a_head(line: Line) -> None:
    """Claude Code warms its connection up with one."""
    heard = line.ask("/api/hello", method="HEAD")
    assert (heard.status, heard.body) == (404, b"")
