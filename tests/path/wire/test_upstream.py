"""Calls to a provider that answers well, badly, late, in pieces or not at all. On both event loops."""

import gc
import os
import socket
import time
from collections.abc import Iterator

import pytest

from penstock.core.target import Timeouts
from penstock.wire.relay import Relay
from penstock.wire.upstream import UpstreamConnection
from tests.path.wire.calling import Caller
from tests.path.wire.raw import (
    LAST_CHUNK,
    STREAM_HEAD,
    RawProvider,
    Script,
    Visit,
    answering,
    at_least_once_within,
    chunk,
    head,
    sized,
    split,
)
from tests.path.wire.serving import LOOPS
from tests.support.waiting import until

GOOD = sized(b'{"id": 1}')
UNSENT, SENT = True, False
"""Whether a client may repeat a request: not once it has been sent whole, because it may have been paid for."""


@pytest.fixture(scope="module", params=LOOPS)
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    with Caller(request.param) as running:
        yield running
        assert running.trouble == []


@pytest.fixture
def provider() -> Iterator[RawProvider]:
    with RawProvider(answering(GOOD)) as running:
        yield running


def counts(provider: RawProvider) -> list[int]:
    """How many whole requests came on each connection."""
    return [len(visit.requests) for visit in provider.visits]


# --- connections that are used again ------------------------------------------------------------------------------


def test_a_connection_is_used_again(caller: Caller, provider: RawProvider) -> None:
    """After a sized answer, after a chunked one, and after a status that has no body."""
    chunked = head("HTTP/1.1 200 OK", "transfer-encoding: chunked") + chunk(b"[1]") + LAST_CHUNK
    for answer in (GOOD, chunked, head("HTTP/1.1 204 No Content"), GOOD):
        provider.script = answering(answer)
        for visit in provider.visits:
            assert visit.left_at is None
        assert caller.fetch(provider).answer is not None
    assert len(provider.visits) == 1


NOT_REUSED = [
    ("the provider closes", sized(b"{}", "connection: close")),
    ("HTTP/1.0", GOOD.replace(b"HTTP/1.1", b"HTTP/1.0")),
    ("a second answer", GOOD + sized(b'{"id": 2}')),
    ("a second answer's beginning", GOOD + b"HTTP/1.1 200"),
    ("junk behind the answer", GOOD + b"junk"),
    (
        "junk behind chunks",
        head("HTTP/1.1 200 OK", "transfer-encoding: chunked") + chunk(b'{"id": 1}') + LAST_CHUNK + b"x",
    ),
]


@pytest.mark.parametrize("answer", [row[1] for row in NOT_REUSED], ids=[row[0] for row in NOT_REUSED])
def test_a_connection_that_can_not_be_trusted_is_not_used_again(
    caller: Caller, provider: RawProvider, answer: bytes
) -> None:
    """The answer counts, what follows it does not: it must never become the answer to the next request."""
    provider.script = answering(answer)
    first = caller.fetch(provider)
    assert first.body in {b'{"id": 1}', b"{}"}
    provider.script = answering(GOOD)
    assert caller.fetch(provider).body == b'{"id": 1}'
    assert counts(provider) == [1, 1]
    until(lambda: provider.visits[0].left_at is not None)


def test_bytes_on_an_idle_connection_end_it(caller: Caller, provider: RawProvider) -> None:
    """Nobody asked for them, so they answer nothing."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(GOOD)
        if visit.number == 0:
            await visit.send(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n", pause=0.05)
        await visit.left()

    provider.script = script
    assert caller.fetch(provider).body == b'{"id": 1}'
    until(lambda: provider.visits[0].left_at is not None)
    assert caller.fetch(provider).body == b'{"id": 1}'
    assert counts(provider) == [1, 1]


# --- the keepalive race -------------------------------------------------------------------------------------------


def closing(*answers: bytes, manner: str = "close", then: Script | None = None) -> Script:
    """The first connection serves one request, and meets the second with these bytes and its end."""

    async def script(visit: Visit) -> None:
        if visit.number == 0:
            await visit.request()
            await visit.send(GOOD)
            await visit.request()
            await visit.send(*answers)
            getattr(visit, manner)()
        else:
            await (then or answering(GOOD))(visit)

    return script


@pytest.mark.parametrize("manner", ["close", "reset"])
def test_a_request_that_met_a_closing_connection_is_sent_once_more(
    caller: Caller, provider: RawProvider, manner: str
) -> None:
    """On a fresh connection, and the caller notices nothing."""
    provider.script = closing(manner=manner)
    assert caller.fetch(provider).body == b'{"id": 1}'
    assert caller.fetch(provider).body == b'{"id": 1}'
    assert counts(provider) == [2, 1]


def test_it_is_sent_no_third_time(caller: Caller, provider: RawProvider) -> None:
    """A fresh connection that closes is a provider that fails."""

    async def refusing(visit: Visit) -> None:
        await visit.request()

    provider.script = closing(then=refusing)
    assert caller.fetch(provider).body == b'{"id": 1}'
    assert caller.fetch(provider).told == ("unreachable", 502, SENT)
    assert counts(provider) == [2, 1]


@pytest.mark.parametrize(
    "begun", [b"H", head("HTTP/1.1 100 Continue"), GOOD[:-1]], ids=["a byte", "100", "all but one"]
)
def test_it_is_not_sent_again_once_an_answer_began(caller: Caller, provider: RawProvider, begun: bytes) -> None:
    """Then the provider had it, and may have been paid for it."""
    provider.script = closing(begun)
    assert caller.fetch(provider).body == b'{"id": 1}'
    assert caller.fetch(provider).told == ("unreachable", 502, SENT)
    assert counts(provider) == [2]


# --- answers ------------------------------------------------------------------------------------------------------

CHUNKED_ANSWER = STREAM_HEAD + chunk(b"data: 1") + chunk(b"\n\n") + LAST_CHUNK
ANSWERS = [
    ("sized", GOOD, b'{"id": 1}'),
    ("chunked", CHUNKED_ANSWER, b"data: 1\n\n"),
    ("trailers", CHUNKED_ANSWER[:-2] + b"x-late: 1\r\n\r\n", b"data: 1\n\n"),
    (
        "after 100 and 103",
        head("HTTP/1.1 100 Continue") + head("HTTP/1.1 103 Early Hints", "link: </x>") + GOOD,
        b'{"id": 1}',
    ),
    ("no reason phrase", GOOD.replace(b" OK", b""), b'{"id": 1}'),
    ("an offer to upgrade", sized(b"{}", "connection: upgrade", "upgrade: h2c"), b"{}"),
    ("empty", sized(b""), b""),
    ("large", sized(b"x" * 300_000), b"x" * 300_000),
]


@pytest.mark.parametrize("step", [1, 7, 1 << 20])
@pytest.mark.parametrize(("answer", "body"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_an_answer_is_the_same_however_it_is_cut(
    caller: Caller, provider: RawProvider, answer: bytes, body: bytes, step: int
) -> None:
    """Byte by byte or at once, whatever its framing."""
    step = step if len(answer) < 1000 else step * 5000
    provider.script = answering(*split(answer, range(0, len(answer), step)))
    assert caller.fetch(provider).body == body


@pytest.mark.parametrize("manner", ["close", "reset"])
def test_without_a_length_the_end_of_the_connection_is_the_end(
    caller: Caller, provider: RawProvider, manner: str
) -> None:
    """If it ends in order; a connection that breaks leaves an answer that is broken."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(head("HTTP/1.1 200 OK", "content-type: text/plain"), b"all of it", pause=0.02)
        getattr(visit, manner)()

    provider.script = script
    called = caller.fetch(provider)
    if manner == "close":
        assert called.body == b"all of it"
    else:
        assert called.told == ("unreachable", 502, SENT)


BROKEN = [
    ("not HTTP", b"hello\r\n\r\n"),
    ("HTTP/2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
    ("a bare LF", GOOD.replace(b"\r\n", b"\n")),
    ("a folded header", sized(b"{}", "a: b\r\n c")),
    ("NUL in a header", sized(b"{}", "a: b\x00")),
    ("CR in a header", sized(b"{}", "a: b\rc")),
    ("a space before the colon", sized(b"{}", "content-length : 2")),
    ("two lengths", sized(b"{}", "content-length: 2")),
    ("a length and chunks", sized(b"{}", "transfer-encoding: chunked")),
    ("a length that is none", head("HTTP/1.1 200 OK", "content-length: two") + b"{}"),
    (
        "a coding that is not ours",
        head("HTTP/1.1 200 OK", "transfer-encoding: gzip, chunked") + chunk(b"{}") + LAST_CHUNK,
    ),
    ("an interim answer with a body", head("HTTP/1.1 100 Continue", "transfer-encoding: chunked") + LAST_CHUNK + GOOD),
    ("a status that is none", GOOD.replace(b"200", b"000")),
    ("chunks told of twice", STREAM_HEAD[:-2] + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(b"{}") + LAST_CHUNK),
    (
        "a coding told of behind chunks",
        STREAM_HEAD[:-2] + b"Transfer-Encoding: gzip\r\n\r\n" + chunk(b"{}") + LAST_CHUNK,
    ),
    ("a coding without chunks", head("HTTP/1.1 200 OK", "transfer-encoding: gzip") + b"{}"),
    ("a chunk without a size", STREAM_HEAD + b"x\r\n"),
    ("a chunk longer than it said", STREAM_HEAD + b"1\r\nab\r\n"),
    ("switching protocols", head("HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: x")),
    ("a head without end", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 60_000),
    ("a header without end", b"HTTP/1.1 200 OK\r\na: " + b"b" * 400_000),
    ("interim answers without end", head("HTTP/1.1 100 Continue") * 20_000),
    ("trailers without end", STREAM_HEAD + b"0\r\n" + b"a: b\r\n" * 60_000),
    ("a chunk extension without end", STREAM_HEAD + b"1;" + b"e" * 400_000),
]


@pytest.mark.parametrize("answer", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_is_no_answer_is_a_502(caller: Caller, provider: RawProvider, answer: bytes) -> None:
    """Told apart from a provider that can't be reached, and not to be repeated; the connection is given up."""
    provider.script = answering(answer)
    assert caller.fetch(provider).told == ("broken_answer", 502, SENT)
    until(lambda: provider.visits[0].left_at is not None)


@pytest.mark.parametrize("cut", [1, 20, len(STREAM_HEAD), len(STREAM_HEAD) + 5, len(CHUNKED_ANSWER) - 1])
def test_a_cut_anywhere_is_a_fault(caller: Caller, provider: RawProvider, cut: int) -> None:
    """In the head, between chunks, or one byte before the end: never a short answer."""

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHUNKED_ANSWER[:cut])

    provider.script = script
    assert caller.fetch(provider).told == ("unreachable", 502, SENT)


def test_an_answer_over_the_limit_is_given_up(caller: Caller, provider: RawProvider) -> None:
    """What the gateway fetches for itself is never held beyond its bound."""
    provider.script = answering(sized(b"x" * 2000))
    assert caller.fetch(provider, limit=2000).body == b"x" * 2000
    assert caller.fetch(provider, limit=1999).told == ("broken_answer", 502, False)


# --- deadlines ----------------------------------------------------------------------------------------------------


def told_after(caller: Caller, provider: RawProvider, timeouts: Timeouts) -> tuple[tuple[str, int, bool], float]:
    began = time.perf_counter()
    told = caller.fetch(provider, timeouts).told
    return told, time.perf_counter() - began


def talking(*pieces: bytes, pause: float) -> Script:
    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(*pieces, pause=pause)
        await visit.left()

    return script


TIMED_OUT = ("timed_out", 504, SENT)
DEADLINES = [
    ("no first byte", talking(pause=0), Timeouts(first_byte=0.2)),
    ("a head that trickles", talking(*split(GOOD, range(40)), pause=0.03), Timeouts(first_byte=0.2)),
    ("interim answers", talking(*[head("HTTP/1.1 102 Processing")] * 40, pause=0.03), Timeouts(first_byte=0.2)),
    ("silence within an answer", talking(GOOD[:-1], pause=0), Timeouts(first_byte=30, idle=0.2)),
    ("an answer that goes on", talking(STREAM_HEAD, *[chunk(b"x")] * 40, pause=0.03), Timeouts(idle=0.1, total=0.2)),
]  # fmt: skip


@pytest.mark.parametrize(("script", "timeouts"), [row[1:] for row in DEADLINES], ids=[row[0] for row in DEADLINES])
def test_a_provider_that_takes_too_long_is_a_504(
    caller: Caller, provider: RawProvider, script: Script, timeouts: Timeouts
) -> None:
    """After the deadline that was missed and not before; it is not to be repeated, and the provider is left at once."""
    provider.script = script
    told, took = told_after(caller, provider, timeouts)
    assert told == TIMED_OUT
    assert 0.15 < took < 20
    until(lambda: provider.visits[0].left_at is not None)


def test_an_answer_that_keeps_moving_has_no_deadline(caller: Caller, provider: RawProvider) -> None:
    """Each byte starts the clock anew."""
    provider.script = answering(*split(GOOD, range(0, len(GOOD), 8)), pause=0.06)
    assert caller.fetch(provider, Timeouts(first_byte=5, idle=0.15)).body == b'{"id": 1}'


# --- callers that go away -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("pieces", [(), (STREAM_HEAD,), (STREAM_HEAD, chunk(b"data: 1\n\n"))], ids=["0", "1", "2"])
def test_a_call_that_is_given_up_leaves_the_provider_at_once(
    caller: Caller, provider: RawProvider, pieces: tuple[bytes, ...]
) -> None:
    """Before the answer, after its head, and in the middle."""
    provider.script = talking(*pieces, pause=0)

    def give_up() -> float:
        provider.visits.clear()
        began = time.perf_counter()
        assert caller.fetch(provider, patience=0.1).given_up
        until(lambda: provider.visits[0].left_at is not None)
        return (provider.visits[0].left_at or 0) - began - 0.1

    at_least_once_within(0.1, give_up)


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_nothing_is_left_of_calls_that_ended_badly(caller: Caller, provider: RawProvider) -> None:
    """Neither descriptors nor connections in memory, whatever ended them."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nowhere = silent.getsockname()[1]
    provider.script = talking(STREAM_HEAD, pause=0)
    caller.fetch(provider, Timeouts(idle=0.05))
    before = open_files()
    gc.collect()
    gc.disable()
    try:
        for _ in range(30):
            assert caller.fetch(provider, patience=0.01).given_up
            assert caller.fetch(provider, Timeouts(idle=0.03)).told == TIMED_OUT
            missing = RawProvider(answering(GOOD))
            missing.port = nowhere
            assert caller.fetch(missing).told == ("unreachable", 502, UNSENT)
        until(lambda: open_files() <= before + 4)
        # Nothing has been collected: what is gone went by itself.
        until(lambda: sum(isinstance(one, UpstreamConnection | Relay) for one in gc.get_objects()) <= 4)
    finally:
        gc.enable()
