"""One request as it arrives, and the way to answer it: stops 1 and 7 of the path, for a single exchange.

A handler reads the head, asks for the body (whole, or piece by piece), and answers with a head, pieces and an end.
It must not know about other requests on the connection: order, keepalive and time limits are the connection's.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from time import perf_counter
from typing import Protocol

from penstock.core.exchange import Answer
from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.head import Header, RequestHead
from penstock.wire.gathered import Gathered
from penstock.wire.statuses import status_line

# What may lie in memory before a handler has said what it wants to do with the body.
UNWANTED_BODY = 64 * 1024


class Sink(Protocol):
    """Takes a request body piece by piece."""

    def write(self, data: bytes) -> None:
        """One piece."""

    def end(self) -> None:
        """The body is complete."""

    def fail(self, error: FaultError) -> None:
        """The body will never be complete."""


class Flow(Protocol):
    """Something whose flow stops while the client is slow."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read again."""


class Connection(Protocol):
    """What a request needs of the connection that it came on."""

    writable: bool

    @property
    def peer(self) -> str:
        """The address at the other end."""

    def send(self, data: bytes) -> None:
        """Bytes to the client."""

    def hold_body(self) -> None:
        """Stop reading from the client for now."""

    def release_body(self) -> None:
        """Read from the client again."""

    def finished(self, incoming: "Incoming") -> None:
        """The answer is complete."""

    def abort(self) -> None:
        """Close at once, so that the client sees a broken answer rather than a whole one."""


class Incoming:
    """A request: ``head`` at once, its body as it arrives, and its answer."""

    __slots__ = (
        "_bodiless", "_chunkable", "_chunked", "_connection", "_discard", "_expects", "_gathered", "_head",
        "_limit", "_own", "_sink", "_taken", "_waiter", "answered", "close_after", "done", "ended", "fault",
        "gone", "head", "interrupt", "length", "promised", "received", "source", "started", "unbounded",
    )  # fmt: skip

    def __init__(
        self, head: RequestHead, connection: Connection, *, started: float, keep_alive: bool, chunkable: bool
    ) -> None:
        self.head = head
        self.started = started
        """When the request's first byte arrived, by the performance counter: uvloop's clock has whole milliseconds."""
        self.length = _content_length(head)
        """The announced body length in bytes; None for a chunked body."""
        self.close_after = not keep_alive
        self.answered = False
        """The answer's head has been given."""
        self.promised = False
        """A whole answer is ready and goes out soon, whether or not the handler is still there."""
        self.done = False
        """The answer is complete."""
        self.ended = False
        """The request's body is complete."""
        self.fault: Fault | None = None
        """Why the request's body will never be complete."""
        self.received = 0
        """How many bytes of the body have arrived."""
        self.gone = False
        """The client has left."""
        self.unbounded = False
        """Only the end of the connection says where the answer ends."""
        self.source: Flow | None = None
        """What to pause while the client reads slowly."""
        self.interrupt: Callable[[Fault], None] | None = None
        """Ends the answer with a fault in the client's own terms, where that can still be done."""
        self._connection = connection
        self._chunkable = chunkable
        # A client of HTTP/1.0 may not be sent an interim answer, whatever it says (RFC 9110 10.1.1).
        self._expects = chunkable and (head.get(b"expect") or b"").strip().lower() == b"100-continue"
        self._gathered = Gathered()
        self._limit: int | None = None
        self._own: tuple[int, Fault] | None = None
        self._sink: Sink | None = None
        self._taken = False
        self._discard = False
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""
        self._bodiless = head.method == "HEAD"
        self._chunked = False

    # --- the body, asked for by the handler -------------------------------------------------------------------

    def hold_to(self, limit: int, fault: Fault) -> None:
        """A limit of the caller's own, whoever takes the body, and what is said of a longer one; before any of it is
        asked for. FaultError for one that is known to be longer."""
        self._own = limit, fault
        self.require(limit)

    async def body(self, limit: int) -> bytes:
        """The whole body, once; a FaultError when it is longer than ``limit`` bytes, or will never be complete."""
        self._want(limit)
        if not self.ended:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
            if self.fault is not None:
                raise FaultError(self.fault)
        return self._gathered.take()

    def stream_body(self, sink: Sink, limit: int) -> None:
        """Hand the body to ``sink`` as it arrives, never held whole; a body over ``limit`` bytes fails the sink."""
        self._want(limit)
        self._sink = sink
        begun = self._gathered.take()
        if begun:
            sink.write(begun)
        if self.ended:
            sink.end()

    def give_back(self, data: bytes) -> None:
        """A sink has seen enough: what it was handed, and what is still to come, can be taken anew."""
        self._sink, self._limit, self._taken = None, None, False
        self._gathered.add(data)
        if not self.ended:
            self._connection.hold_body()

    def require(self, limit: int) -> None:
        """FaultError for a body that is known to be longer than ``limit`` bytes, or never to be complete."""
        if self.fault is not None:
            raise FaultError(self.fault)
        most = self._tightest(limit)
        if self.received > most or (self.length is not None and self.length > most):
            raise FaultError(self._too_large(most))

    def pause(self) -> None:
        """Stop reading the body while its receiver is slow."""
        self._connection.hold_body()

    def resume(self) -> None:
        """Read the body again."""
        self._connection.release_body()

    def _want(self, limit: int) -> None:
        if self._taken:
            raise RuntimeError("a request's body can be taken once")
        self.require(limit)
        self._taken = True
        self._limit = self._tightest(limit)
        if self._expects and not self.ended and not self.received and not self.answered:
            self._connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._expects = False
        self._connection.release_body()

    def _tightest(self, limit: int) -> int:
        return limit if self._own is None else min(limit, self._own[0])

    def _too_large(self, limit: int) -> Fault:
        if self._own is not None and limit == self._own[0]:
            return self._own[1]
        words = (
            f"The request body is larger than this gateway accepts ({limit} bytes). Send less, or ask your gateway's "
            "operator to raise the limit."
        )
        return Fault(kind=FaultKind.TOO_LARGE, words=words)

    # --- the body, as the connection's parser finds it --------------------------------------------------------

    def body_received(self, data: bytes) -> None:
        """One piece of the body."""
        self.received += len(data)
        if self._discard:
            return
        limit = self._limit
        if limit is None:
            self._gathered.add(data)
            if self.received > UNWANTED_BODY:
                self._connection.hold_body()
        elif self.received > limit:
            self.body_failed(self._too_large(limit))
        elif self._sink is not None:
            self._sink.write(data)
        else:
            self._gathered.add(data)

    def body_ended(self) -> None:
        """The body is complete."""
        self.ended = True
        if self._discard:
            return
        if self._sink is not None:
            self._sink.end()
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def body_failed(self, fault: Fault) -> None:
        """The body will never be complete: too long, too slow, or its framing is broken."""
        self.fault = fault
        self._discard = True
        self._gathered = Gathered()
        if self._sink is not None:
            self._sink.fail(FaultError(fault))
        elif self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- the answer -------------------------------------------------------------------------------------------

    def answer(self, status: int, headers: Iterable[Header], *, lines: bytes = b"", length: int | None = None) -> None:
        """Begin the answer. Without a ``length`` the body is chunked. The head goes out with the first bytes.

        ``lines`` are further headers, ready for the wire, with line ends between them and none at the end.
        """
        self.answered = True
        parts = [status_line(status), *map(b": ".join, headers)]
        if lines:
            parts.append(lines)
        if length is not None:
            if status != 304 and status >= 200 and status != 204:
                parts.append(b"content-length: %d" % length)
        elif status not in {204, 304}:
            # HTTP/1.0 knows no chunks: there the end of the connection is the end of the body (RFC 9112 6.3).
            self._chunked = self._chunkable and not self._bodiless
            self.unbounded = not self._chunkable
            self.close_after = self.close_after or not self._chunkable
            if self._chunkable:
                parts.append(b"transfer-encoding: chunked")
        if not self.ended and (self.length is None or self.length > 1024 * 1024 or self._expects):
            # Reading the rest of a long body that nobody wants costs more than a new connection.
            self.close_after = True
        if self.close_after:
            parts.append(b"connection: close")
        parts.append(b"\r\n")
        self._head = b"\r\n".join(parts)

    def write(self, data: bytes) -> None:
        """Some bytes of the answer's body."""
        if self.gone or self.done or not data:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        elif self._bodiless:
            data = b""
        if self._head:
            data, self._head = self._head + data, b""
        self._connection.send(data)

    def flush(self) -> None:
        """Send the head now, though no body byte is there yet."""
        if self._head and not self.gone:
            head, self._head = self._head, b""
            self._connection.send(head)

    def end(self, data: bytes = b"") -> None:
        """The last bytes of the answer's body, and its end, in one write."""
        if self.gone or self.done:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        elif self._bodiless:
            data = b""
        if self._head:
            data, self._head = self._head + data, b""
        self.done = True
        self._discard = True
        if data:
            self._connection.send(data)
        self._connection.finished(self)

    def reply(self, answer: Answer, lines: bytes = b"") -> None:
        """A whole answer at once; ``lines`` as in ``answer``."""
        self.answer(answer.status, answer.headers, lines=lines, length=len(answer.body))
        self.end(answer.body)

    @property
    def elapsed(self) -> float:
        """Seconds since the request's first byte."""
        return perf_counter() - self.started

    def abort(self) -> None:
        """Break the answer off, visibly: the client must not take what it has for the whole."""
        if not self.done and not self.gone:
            self.done = True
            self._connection.abort()

    @property
    def peer(self) -> str:
        """The address that the request came from: the client's, or a proxy's; empty once it is gone."""
        return self._connection.peer

    @property
    def writable(self) -> bool:
        """False while the client reads more slowly than it is written to."""
        return self._connection.writable


def _content_length(head: RequestHead) -> int | None:
    if head.get(b"transfer-encoding") is not None:
        return None
    return int(head.get(b"content-length") or 0)


Handler = Callable[[Incoming], Coroutine[None, None, None]]
