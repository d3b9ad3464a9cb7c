"""Whole answers that are ready in one turn of the event loop: all exchanges leave before any answer goes, each once."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from penstock.closing import Closing
from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import Fault, FaultKind
from penstock.core.route import Match
from penstock.core.target import Timeouts
from penstock.route_rows import ROWS
from penstock.wire.connection import Connection
from penstock.wire.incoming import Incoming
from penstock.wire.limits import Limits
from tests.path.wire.calling import Caller, origin_of
from tests.path.wire.raw import RawClient, RawProvider, answering, head, sized
from tests.path.wire.raw import Visit as Call
from tests.path.wire.serving import LOOPS, Served
from tests.support.waiting import until

loops = pytest.mark.parametrize("loop", LOOPS)


class Promising(Served):
    """``/promise/NAME`` waits at a gate; all whom it lets through at once go on in one turn."""

    async def _start(self) -> tuple[str, int]:
        self.gate = asyncio.Event()
        self.blocked, self.released = threading.Event(), threading.Event()
        self.waiting: set[str] = set()
        self.closing = Closing(self.waiting)
        self.began: list[tuple[str, int]] = []
        """Whose turn it is, and how many were answered by then."""
        self.notes: list[tuple[str, str, int]] = []
        """Who leaves, with which outcome, and how many were answered by then."""
        self.at_once: list[str] = []
        """Who was answered before its handler went on."""
        self.gone: list[str] = []
        """Whose client had left by the time that it left."""
        self.meanwhile: Callable[[Connection], None] = lambda _: None
        """Happens to every connection after a promise."""
        self._answered: list[Incoming] = []
        return await super()._start()

    @property
    def answers(self) -> int:
        return sum(incoming.done for incoming in self._answered)

    async def do_promise(self, incoming: Incoming, name: str) -> None:
        """Served, when the gate opens."""
        self.began.append((name, self.answers))
        self._answered.append(incoming)
        await self._pass(name)
        exchange = Exchange(name, incoming.head, Match(ROWS[0], (), "", ""), incoming.started)
        exchange.visits += [_Noting(self, incoming), *([_Raising()] if name == "raising" else [])]
        answer = Answer(200, ((b"x-name", name.encode()),), name.encode())
        if name == "unsendable":
            answer = Answer(200, ((b"x-name", None),), b"")  # type: ignore[arg-type]
        self.closing.promise(exchange, incoming, answer, b"x-own: " + name.encode())
        self.at_once += [name] if incoming.done else []
        for connection in list(self.listener._connections):
            self.meanwhile(connection)

    async def do_refused(self, incoming: Incoming, name: str) -> None:
        """Goes on in the same turn, and promises nothing."""
        await self._pass(name)
        incoming.reply(Answer(401, (), b"no"))

    async def do_open(self, incoming: Incoming, *_: str) -> None:
        """Opens the gate, and the loop stands still until it is released."""
        self.gate.set()
        self.blocked.set()
        self.released.wait(10)
        incoming.reply(Answer(200, (), b""))

    async def _pass(self, name: str) -> None:
        self.waiting.add(name)
        await self.gate.wait()
        self.waiting.discard(name)

    def open(self) -> None:
        """Let all who wait go on."""
        self.loop.call_soon_threadsafe(self.gate.set)


class _Noting(Visit):
    def __init__(self, served: Promising, incoming: Incoming) -> None:
        self._served, self._incoming = served, incoming

    def leave(self, exchange: Exchange) -> None:
        outcome = "none" if exchange.outcome is None else exchange.outcome.value
        self._served.notes.append((exchange.id, outcome, self._served.answers))
        self._served.gone += [exchange.id] if self._incoming.gone else []


class _Raising(Visit):
    def leave(self, exchange: Exchange) -> None:
        raise RuntimeError("a visit's bug")


def get(path: str, version: str = "HTTP/1.1") -> bytes:
    return head(f"GET {path} {version}", "Host: gateway")


def waiting(served: Promising, *paths: str) -> list[RawClient]:
    """A client for each, in this order, before the gate."""
    clients = []
    for number, path in enumerate(paths, 1):
        clients.append(RawClient(*served.address))
        clients[-1].send(get(path))
        until(lambda number=number: len(served.waiting) == number)  # type: ignore[misc]
    return clients


@loops
@pytest.mark.parametrize("last", ["/promise/c", "/refused/c"], ids=["the last is served", "the last is refused"])
def test_all_leave_before_any_is_answered(loop: str, last: str) -> None:
    """Nothing of an answer has gone when the last of its turn leaves, also where not all of them promise one."""
    with Promising(loop) as served:
        clients = waiting(served, "/promise/a", "/promise/b", last)
        served.open()
        answers = [client.answer() for client in clients]
        promised = [path[-1] for path in ("/promise/a", "/promise/b", last) if "promise" in path]
        assert served.notes == [(name, "served", 0) for name in promised]
        for name, answer in zip(promised, answers, strict=False):
            assert (answer.body, answer.header("x-name"), answer.header("x-own")) == (name.encode(),) * 3
        assert [answer.status for answer in answers] == [200, 200, 200 if "promise" in last else 401]
        assert (served.at_once, served.trouble) == ([], [])
        for client in clients:
            client.send(get("/again"))
            assert client.answer().body == b"GET /again "
            client.socket.close()


@loops
def test_who_is_alone_waits_for_nothing(loop: str) -> None:
    """Where nobody else goes on in its turn, an exchange leaves and is answered before its handler goes on."""
    with Promising(loop) as served:
        (client,) = waiting(served, "/promise/a")
        served.open()
        with client:
            assert client.answer().body == b"a"
        until(lambda: served.at_once == ["a"])
        assert served.notes == [("a", "served", 0)]


@loops
def test_one_exchange_bug_is_not_the_others(loop: str) -> None:
    """A visit that raises and an answer that can't be sent: the others leave and are answered, and the log tells."""
    with Promising(loop) as served:
        names = ["a", "raising", "unsendable", "d"]
        clients = waiting(served, *(f"/promise/{name}" for name in names))
        served.open()
        assert [client.answer().body for client in clients if client is not clients[2]] == [b"a", b"raising", b"d"]
        assert clients[2].ended()
        assert clients[2].heard == b""
        assert served.notes == [(name, "served", 0) for name in names]
        assert [line.splitlines()[0] for line in served.trouble] == [
            "a bug in leaving raising",
            "a bug in answering unsendable",
        ]
        for client in clients:
            client.socket.close()


@loops
def test_a_client_that_leaves_after_the_promise(loop: str) -> None:
    """Its exchange is served, as its answer was whole before; once; and the others notice nothing."""
    with Promising(loop) as served:
        leaving, staying = waiting(served, "/promise/a", "/promise/b")
        with RawClient(*served.address) as opener, staying:
            opener.send(get("/open"))
            assert served.blocked.wait(10)
            # The handlers are woken and have not gone on: they do before the loop tells them who has left.
            leaving.reset()
            served.released.set()
            assert staying.answer().body == b"b"
            assert opener.answer().status == 200
            until(lambda: len(served.listener._connections) == 2)
        assert served.notes == [("a", "served", 0), ("b", "served", 0)]
        assert served.gone == (["a"] if loop == "uvloop" else [])
        assert (served.left, served.trouble) == ([], [])


@loops
def test_pipelined_requests_take_turns_all_the_same(loop: str) -> None:
    """The next one is served when the answer that was promised before it has gone."""
    with Promising(loop) as served, RawClient(*served.address) as client:
        served.waiting.add("somebody else")
        served.open()
        client.send(get("/promise/a") + get("/promise/b") + get("/promise/c", "HTTP/1.0") + get("/promise/d"))
        assert [client.answer().body for _ in range(3)] == [b"a", b"b", b"c"]
        assert client.ended()
        assert served.began == [("a", 0), ("b", 1), ("c", 2)]
        assert served.notes == [("a", "served", 0), ("b", "served", 1), ("c", "served", 2)]
        assert (served.at_once, served.trouble) == ([], [])


STOPPING = Fault(kind=FaultKind.OVERLOADED, words="This gateway is shutting down.", retryable=False)
MEANWHILE: dict[str, tuple[Callable[[Connection], None], bool]] = {
    "nothing": (lambda _: None, False),
    "the time to end is over": (lambda connection: connection.interrupt(STOPPING), False),
    "the listener closes": (lambda connection: connection.drain(), True),
    "the listener hands over": (lambda connection: connection.leave(Limits()), True),
    "a deadline passes": (lambda connection: connection.expired(0), False),
}


@loops
@pytest.mark.parametrize(("meanwhile", "last"), MEANWHILE.values(), ids=MEANWHILE)
def test_what_happens_after_a_promise_does_not_break_it(
    loop: str, meanwhile: Callable[[Connection], None], last: bool
) -> None:
    """The answer goes whole, and says so where it is the connection's last."""
    with Promising(loop) as served, RawClient(*served.address) as client:
        served.waiting.add("somebody else")
        served.meanwhile = meanwhile
        served.open()
        client.send(get("/promise/a"))
        answer = client.answer()
        assert (answer.body, answer.header("connection")) == (b"a", b"close" if last else None)
        if last:
            assert client.ended()
        else:
            client.send(get("/again"))
            assert client.answer().body == b"GET /again "
        assert served.notes == [("a", "served", 0)]
        assert (served.at_once, served.trouble) == ([], [])


@loops
def test_a_body_that_stalls_after_a_promise(loop: str) -> None:
    """The answer that was promised goes, and only that one; the connection ends with it."""
    with Promising(loop, linger_seconds=0.2) as served, RawClient(*served.address) as client:
        served.waiting.add("somebody else")
        served.meanwhile = lambda connection: connection.expired(0)
        served.open()
        client.send(head("POST /promise/a HTTP/1.1", "Host: gateway", "Content-Length: 9") + b"abc")
        answer = client.answer()
        assert (answer.body, answer.header("connection")) == (b"a", b"close")
        assert client.ended()
        assert served.notes == [("a", "served", 0)]


async def _calls(caller: Caller, provider: RawProvider) -> list[int]:
    """Three calls; how many others were woken and still to come as each went on."""
    found: list[int] = []

    async def call() -> None:
        request = head("POST / HTTP/1.1", "host: x", "content-length: 0")
        relay = await caller.upstream.call(None, origin_of(provider), Timeouts(), request, b"")
        found.append(len(caller.upstream.woken))
        relay.close()

    await asyncio.gather(call(), call(), call())
    return found


@loops
def test_who_goes_on_knows_of_the_others(loop: str) -> None:
    """Callers whose answers were read in one turn go on one after the other, and each sees how many are to come."""
    standing, answers, sent = threading.Event(), threading.Event(), threading.Event()

    def stand_still() -> None:
        standing.set()
        sent.wait(10)

    async def script(visit: Call) -> None:
        await visit.request()
        await asyncio.to_thread(answers.wait, 10)
        await visit.send(sized(b"{}"))
        await visit.left()

    with RawProvider(script) as provider, Caller(loop) as caller:
        calls = asyncio.run_coroutine_threadsafe(_calls(caller, provider), caller.loop)
        until(lambda: len(provider.requests) == 3)
        caller.loop.call_soon_threadsafe(stand_still)
        assert standing.wait(10)
        answers.set()
        time.sleep(0.2)
        sent.set()
        assert calls.result(10) == [2, 1, 0]


async def _cut(visit: Call) -> None:
    await visit.request()
    await visit.send(sized(b"{}")[:-1])


async def _silent(visit: Call) -> None:
    await visit.request()
    await visit.left()


@loops
@pytest.mark.parametrize("script", [answering(sized(b"{}")), _cut, _silent], ids=["answered", "cut", "given up"])
def test_nobody_is_waited_for_who_has_gone_on(loop: str, script: Any) -> None:
    """However a call ends, nothing remains of it."""
    with RawProvider(script) as provider, Caller(loop) as caller:
        for _ in range(3):
            caller.fetch(provider, patience=0.1)
        assert caller.upstream.woken == set()
        assert caller.trouble == []
