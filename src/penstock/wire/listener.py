"""Stop 1 and stop 7: HTTP/1.1 towards clients.

A Connection parses what one client sends (llhttp, strict), caps sizes and times, and hands each request to the
handler as an Incoming; requests that arrive pipelined are answered in order. A Listener owns the sockets and stops
gracefully. Neither knows a route, a dialect or a body's meaning.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Protocol, cast

import httptools
import msgspec

from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.head import Header, RequestHead
from penstock.wire.incoming import Incoming
from penstock.wire.sweep import Sweep

Handler = Callable[[Incoming], Awaitable[None]]


class Refusal(Protocol):
    """Speaks a fault that happened before a handler could: status, headers and body for the client."""

    def __call__(self, fault: Fault, head: RequestHead | None) -> tuple[int, list[Header], bytes]:
        """``head`` is None when the request line never became readable."""


class Limits(msgspec.Struct, frozen=True):
    """What a client may cost before its request is understood. Sizes in bytes, times in seconds."""

    head_bytes: int = 64 * 1024
    header_count: int = 200
    head_seconds: float = 20.0
    body_stall_seconds: float = 60.0
    keepalive_seconds: float = 75.0
    write_stall_seconds: float = 300.0
    linger_seconds: float = 3.0
    connections: int = 20_000


class Connection(asyncio.Protocol):
    """One client connection."""

    def __init__(self, listener: "Listener") -> None:
        self._listener = listener
        self._limits = listener.limits
        self._loop = listener.loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._secure = listener.secure
        self.expires: float | None = None
        self.writable = True
        # The request whose head is being read.
        self._target = b""
        self._headers: list[Header] = []
        self._head_size = 0
        self._unparsed = 0
        self._reading_head = False
        self._began = 0.0
        # The request whose body is being read, the one being answered, and those that wait their turn.
        self._arriving: Incoming | None = None
        self._current: Incoming | None = None
        self._waiting: deque[Incoming] = deque()
        self._task: asyncio.Task[None] | None = None
        self._held = False
        self._closing = False

    # --- the transport ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes; they do what asyncio.Transport does.
        self._transport = cast(asyncio.Transport, transport)
        self._began = perf_counter()
        self.expires = self._loop.time() + self._limits.head_seconds
        self._listener.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._listener.closed(self)
        self._transport = None
        self._closing = True
        for incoming in (self._current, *self._waiting):
            if incoming is not None:
                incoming.gone = True
        self._waiting.clear()
        current = self._current
        if current is not None and not current.done:
            if current.on_gone is not None:
                current.on_gone()
            if self._task is not None:
                self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        # No head that ends in this piece can be larger than this; most need no closer look.
        self._unparsed = self._head_size + len(data)
        if self._current is None and not self._reading_head:
            self._began = perf_counter()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing here upgrades; the handler answers 426 and what follows is not ours to read.
            self._closing = self._current is None
            self._stop_reading()
            return
        except httptools.HttpParserError as error:
            self._malformed(error)
            return
        if self._reading_head:
            self._head_size += len(data)
            if self._head_size > self._limits.head_bytes:
                self._refuse(FaultKind.HEAD_TOO_LARGE, "The request's line and headers are too large.")
                return
        if self._arriving is not None:
            self.expires = self._loop.time() + self._limits.body_stall_seconds

    def eof_received(self) -> bool | None:
        return None

    def pause_writing(self) -> None:
        self.writable = False
        self.expires = self._loop.time() + self._limits.write_stall_seconds
        if self._current is not None and self._current.source is not None:
            self._current.source.pause()

    def resume_writing(self) -> None:
        self.writable = True
        self.expires = None
        if self._current is not None and self._current.source is not None:
            self._current.source.resume()

    # --- the parser -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._target = b""
        self._headers = []
        self._head_size = 0
        if not self._reading_head and self._current is None:
            self.expires = self._loop.time() + self._limits.head_seconds
        self._reading_head = True

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._reading_head:
            return  # a trailer: nothing that we serve has a use for one
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._reading_head = False
        head = RequestHead(
            self._parser.get_method().decode("latin-1"), self._target, tuple(self._headers), secure=self._secure
        )
        incoming = Incoming(
            head,
            self,
            started=self._began,
            keep_alive=self._parser.should_keep_alive(),
            chunkable=self._parser.get_http_version() != "1.0",
        )
        self._arriving = incoming
        self.expires = self._loop.time() + self._limits.body_stall_seconds
        if self._current is None:
            self._serve(incoming)
        else:
            self._waiting.append(incoming)
            self.hold_body()

    def on_body(self, data: bytes) -> None:
        if self._arriving is not None:
            self._arriving.body_received(data)

    def on_message_complete(self) -> None:
        incoming, self._arriving = self._arriving, None
        if incoming is None:
            return
        self.expires = None
        incoming.body_ended()
        if incoming.done:
            self._next()

    # --- one request after another ----------------------------------------------------------------------------

    def _serve(self, incoming: Incoming) -> None:
        self._current = incoming
        headers = incoming.head.headers
        if len(headers) > self._limits.header_count or (
            self._unparsed > self._limits.head_bytes and _size(incoming.head) > self._limits.head_bytes
        ):
            self._refuse(FaultKind.HEAD_TOO_LARGE, "The request has too many headers, or they are too large.")
            return
        fault = self._listener.overload()
        if fault is not None:
            self._answer_fault(fault, incoming)
            return
        self._task = self._loop.create_task(self._handle(incoming))

    async def _handle(self, incoming: Incoming) -> None:
        try:
            await self._listener.handler(incoming)
        finally:
            self._task = None
            if not incoming.done and not incoming.gone:
                self.abort()

    def finished(self, incoming: Incoming) -> None:
        """The answer to ``incoming`` is complete: close, or go on with the next request."""
        if incoming.close_after or self._listener.draining:
            self._linger(ended=incoming.ended)
        elif incoming.ended:
            self._next()
        else:
            self.release_body()

    def _next(self) -> None:
        self._current = None
        if self._waiting:
            self._serve(self._waiting.popleft())
        if self._current is None:
            self.expires = self._loop.time() + self._limits.keepalive_seconds
        if not self._waiting:
            self.release_body()

    def _linger(self, *, ended: bool) -> None:
        # Closing while the client still sends would reset the connection and could take the answer with it, so
        # what comes is read and thrown away for a moment (RFC 9112 9.6).
        self._current = None
        if self._transport is None:
            return
        if ended:
            self._closing = True
            self._transport.close()
            return
        self._closing = True
        self.release_body()
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self.expires = self._loop.time() + self._limits.linger_seconds

    # --- what a request needs of its connection ---------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Bytes to the client."""
        if self._transport is not None:
            self._transport.write(data)

    def hold_body(self) -> None:
        """Stop reading from the client for now."""
        if not self._held:
            self._held = True
            self._stop_reading()

    def release_body(self) -> None:
        """Read from the client again."""
        if self._held and not self._waiting:
            self._held = False
            if self._transport is not None and not self._transport.is_closing():
                self._transport.resume_reading()

    def _stop_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    # --- what ends badly --------------------------------------------------------------------------------------

    def expired(self, now: float) -> None:
        """A deadline passed: whose depends on what the connection was doing."""
        self.expires = None
        if self._closing or not self.writable:
            self.abort()
        elif self._reading_head or (self._arriving is not None and not self._arriving.ended):
            if self._held:
                self.expires = now + self._limits.body_stall_seconds
            else:
                self._refuse(FaultKind.REQUEST_TIMEOUT, "The request did not arrive in time.")
        elif self._current is None and self._transport is not None:
            self._transport.close()

    def _malformed(self, error: httptools.HttpParserError) -> None:
        cause = error.__context__
        words = "The request is not valid HTTP/1.1."
        if isinstance(cause, FaultError):
            words = cause.fault.words
        self._refuse(FaultKind.MALFORMED, words, detail=str(error))

    def _refuse(self, kind: FaultKind, words: str, *, detail: str = "") -> None:
        fault = Fault(kind=kind, words=words, detail=detail)
        broken, self._arriving = self._arriving, None
        self._reading_head = False
        self._stop_reading()
        if self._current is not None and broken is self._current:
            self._current.close_after = True
            if self._task is not None:
                # The handler is in the middle of it and answers in its own words.
                self._closing = True
                self._current.ended = True
                self._current.body_failed(fault)
                self.expires = self._loop.time() + self._limits.write_stall_seconds
                return
        if self._current is not None and self._current is not broken:
            # An earlier request is still being answered: it ends the connection, and nothing after it is served.
            self._waiting.clear()
            self._current.close_after = True
            return
        self._answer_fault(fault, broken)

    def _answer_fault(self, fault: Fault, incoming: Incoming | None) -> None:
        head = incoming.head if incoming is not None else None
        status, headers, body = self._listener.refusal(fault, head)
        if incoming is None:
            nothing = RequestHead("POST", b"", ())
            incoming = Incoming(nothing, self, started=self._began, keep_alive=False, chunkable=True)
        incoming.close_after = True
        self._current = incoming
        incoming.answer(status, headers, length=len(body))
        incoming.end(body)

    def close_when_idle(self) -> None:
        """Close now if no request is under way; else after its answer."""
        if self._current is None and self._transport is not None:
            self._transport.close()

    @property
    def busy(self) -> bool:
        """A request is under way."""
        return self._current is not None


def _size(head: RequestHead) -> int:
    return len(head.target) + sum(len(name) + len(value) for name, value in head.headers)


class Listener:
    """Accepts connections and serves their requests until it is closed."""

    def __init__(
        self,
        handler: Handler,
        refusal: Refusal,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.handler = handler
        self.refusal = refusal
        self.limits = limits or Limits()
        self.loop = asyncio.get_running_loop()
        self.secure = tls is not None
        self.draining = False
        self._tls = tls
        self._connections: set[Connection] = set()
        self._sweep = Sweep()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; returns the address in use (``port`` 0 takes a free one)."""
        self._server = await self.loop.create_server(
            lambda: Connection(self), host, port, ssl=self._tls, backlog=4096, reuse_address=True
        )
        address = self._server.sockets[0].getsockname()
        return address[0], address[1]

    def opened(self, connection: Connection) -> None:
        """A client connected."""
        self._connections.add(connection)
        self._sweep.add(connection)

    def closed(self, connection: Connection) -> None:
        """A client's connection is over."""
        self._connections.discard(connection)
        self._sweep.discard(connection)

    def overload(self) -> Fault | None:
        """The fault that a new request meets while there is no room for it."""
        if self.draining:
            words = "This gateway is shutting down; send the request again."
        elif len(self._connections) > self.limits.connections:
            words = "This gateway has more connections than it is set to hold; try again in a moment."
        else:
            return None
        return Fault(kind=FaultKind.OVERLOADED, words=words, retry_after=1)

    async def close(self, drain_seconds: float) -> None:
        """Accept nothing new, let running requests end for at most ``drain_seconds``, then break off the rest."""
        self.draining = True
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close_when_idle()
        deadline = self.loop.time() + drain_seconds
        while any(connection.busy for connection in self._connections) and self.loop.time() < deadline:
            await asyncio.sleep(0.05)
        for connection in list(self._connections):
            connection.abort()
        self._sweep.close()
        await asyncio.sleep(0)
