"""Stop 1 and stop 7: one client's connection, where requests take turns.

Requests that arrive pipelined are answered in order; each deadline is that of whoever's turn it is. It knows neither a
route, a dialect nor a body's meaning. A client that shuts its sending side is taken to have left: nothing else would
tell a gateway in time.
"""

import asyncio
import contextlib
from collections import deque
from typing import Protocol, cast

from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.head import Header, RequestHead
from penstock.wire.incoming import Handler, Incoming
from penstock.wire.limits import Limits
from penstock.wire.reading import RequestReader
from penstock.wire.reset import reset

# Requests that wait their turn: from here on nothing more is read, and beyond that (one read may hold many) refused.
WAITING, WAITING_MOST = 8, 100
# How many silences long a client may go on sending what nobody wants.
LINGERING = 10


class Refusal(Protocol):
    """Speaks a fault that happened before a handler could: status, headers and body for the client."""

    def __call__(self, fault: Fault, head: RequestHead | None) -> tuple[int, list[Header], bytes]:
        """``head`` is None when the request line never became readable."""


class Acceptor(Protocol):
    """Who accepted a connection, as far as it is any of the connection's business."""

    handler: Handler
    refusal: Refusal
    limits: Limits
    loop: asyncio.AbstractEventLoop
    secure: bool
    draining: bool
    """No request is served any more."""
    leaving: bool
    """Each answer from now on is the last of its connection."""

    def opened(self, connection: "Connection") -> bool:
        """A client connected; whether there is room for it."""

    def closed(self, connection: "Connection") -> None:
        """A client's connection is over."""

    def overload(self) -> Fault:
        """The fault that a request meets when there is no room for it, or no time."""


class Connection(asyncio.Protocol):
    """One client connection."""

    def __init__(self, acceptor: Acceptor) -> None:
        self._acceptor = acceptor
        self._limits = limits = acceptor.limits
        self._loop = acceptor.loop
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader(
            self, head_bytes=limits.head_bytes, header_count=limits.header_count, secure=acceptor.secure
        )
        self.expires: float | None = None
        self.writable = True
        self._current: Incoming | None = None
        self._waiting: deque[Incoming] = deque()
        self._task: asyncio.Task[None] | None = None
        # Nothing that arrives counts any more; nothing more will be answered either.
        self._deaf = False
        self._closing = False
        # There is no room for this client.
        self._surplus = False
        # A body's receiver is slow; the transport has stopped reading.
        self._held = False
        self._paused = False
        # While the connection ends: not beyond this moment, and as long as the client takes what is unsent.
        self._last_moment = 0.0
        self._unsent = 0

    # --- the transport ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes; they do what asyncio.Transport does.
        self._transport = cast(asyncio.Transport, transport)
        self._surplus = not self._acceptor.opened(self)
        self._expect(self._limits.linger_seconds if self._surplus else self._limits.head_seconds)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._acceptor.closed(self)
        self._transport = None
        self._deaf = self._closing = True
        self._reader.close()
        current, self._current = self._current, None
        for incoming in (current, *self._waiting):
            if incoming is not None:
                incoming.gone = True
        self._waiting.clear()
        task, self._task = self._task, None
        if task is not None and current is not None and not current.done:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            if self._closing and not self._unsent:
                self.expires = min(self._loop.time() + self._limits.linger_seconds, self._last_moment)
            return
        try:
            self._reader.feed(data)
        except FaultError as error:
            if not self._closing:
                self._refuse(error.fault)
            return
        if self._reader.arriving is not None and self.writable:
            self._expect(self._limits.body_stall_seconds)

    def eof_received(self) -> bool | None:
        return None

    def pause_writing(self) -> None:
        self.writable = False
        self._await_reader()
        if self._current is not None and self._current.source is not None:
            self._current.source.pause()

    def resume_writing(self) -> None:
        self.writable = True
        self._set_deadline()
        if self._current is not None and self._current.source is not None:
            self._current.source.resume()

    # --- requests, as they are read ---------------------------------------------------------------------------

    def head_began(self) -> None:
        """The first byte of a request."""
        if self._current is None:
            self._expect(self._limits.head_seconds)

    def arrived(self, head: RequestHead, *, keep_alive: bool, chunkable: bool) -> Incoming:
        """A whole head: served now, or when its turn comes."""
        if self._closing or len(self._waiting) >= WAITING_MOST:
            raise refuse(FaultKind.OVERLOADED, "This connection has had its last turn, or too many wait for theirs.")
        keep_alive = keep_alive and not self._acceptor.leaving
        incoming = Incoming(head, self, started=self._reader.began, keep_alive=keep_alive, chunkable=chunkable)
        if self._current is None:
            self._serve(incoming)
        else:
            self._waiting.append(incoming)
            self._regulate()
        return incoming

    def completed(self, incoming: Incoming) -> None:
        """The body is complete; where nobody wanted it, the next request's turn has come."""
        if incoming.done and not self._deaf:
            self._next()
        else:
            self._set_deadline()

    # --- one request after another ----------------------------------------------------------------------------

    def _serve(self, incoming: Incoming) -> None:
        self._current = incoming
        fault = incoming.fault
        if fault is None and (self._surplus or self._acceptor.draining):
            fault = self._acceptor.overload()
        if fault is None:
            self._task = self._loop.create_task(self._handle(incoming))
            return
        status, headers, body = self._acceptor.refusal(fault, incoming.head if incoming.head.target else None)
        incoming.close_after = True
        incoming.answer(status, headers, length=len(body))
        incoming.end(body)

    async def _handle(self, incoming: Incoming) -> None:
        try:
            await self._acceptor.handler(incoming)
        finally:
            if self._current is incoming or self._current is None:
                self._task = None  # else it is the next request's already
            if not incoming.done and not incoming.gone and not incoming.promised:
                self.abort()

    def finished(self, incoming: Incoming) -> None:
        """The answer to ``incoming`` is complete: close, or go on with the next request."""
        if incoming.close_after or self._acceptor.draining:
            self._finish(whole=incoming.ended)
        elif incoming.ended:
            self._next()
        else:
            self.release_body()
            self._set_deadline()

    def _next(self) -> None:
        self._current = None
        self._held = False
        if self._waiting:
            self._serve(self._waiting.popleft())
        self._regulate()
        if not self._closing:
            self._set_deadline()

    def _finish(self, *, whole: bool) -> None:
        """Nothing more will be answered: close once the client has had a chance to read the answer."""
        self._deaf = self._closing = True
        self._current = None
        transport = self._transport
        if transport is None:
            return
        whole = whole and not self._paused and not self._waiting and not self._reader.reading_head
        self._waiting.clear()
        self._last_moment = self._loop.time() + self._limits.linger_seconds * LINGERING
        self._await_reader()
        if whole:
            transport.close()
            return
        # Closing while the client still sends would reset the connection and could take the answer with it, so what
        # comes is read and thrown away for a while (RFC 9112 9.6).
        self._regulate()
        if transport.can_write_eof():
            with contextlib.suppress(OSError):  # the client has gone already
                transport.write_eof()

    # --- what a request needs of its connection ---------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Bytes to the client."""
        if self._transport is not None:
            self._transport.write(data)

    @property
    def peer(self) -> str:
        """The client's address, or that of the proxy before the gateway; empty once it is gone."""
        name = None if self._transport is None else self._transport.get_extra_info("peername")
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def under_way(self) -> bool:
        """A request is being served."""
        return self._current is not None

    @property
    def answering(self) -> bool:
        """Its answer has begun and not ended."""
        return self._current is not None and self._current.answered and not self._current.done

    def hold_body(self) -> None:
        """Stop reading from the client for now."""
        self._held = True
        self._regulate()
        self._set_deadline()

    def release_body(self) -> None:
        """Read from the client again."""
        if self._held:
            self._held = False
            self._regulate()
            self._set_deadline()

    def _regulate(self) -> None:
        stop = not self._closing and (self._held or len(self._waiting) >= WAITING)
        if stop is self._paused or self._transport is None or self._transport.is_closing():
            return
        self._paused = stop
        if stop:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is None:
            return
        if self._current is not None and self._current.unbounded:
            # An orderly end would be the end of the answer.
            reset(self._transport)
        else:
            self._transport.abort()

    # --- deadlines --------------------------------------------------------------------------------------------

    def _expect(self, seconds: float) -> None:
        self.expires = self._loop.time() + seconds

    def _set_deadline(self) -> None:
        limits, reader = self._limits, self._reader
        if self._closing or not self.writable:
            self._await_reader()
        elif reader.arriving is not None:
            self.expires = None
            if not self._paused:
                self._expect(limits.body_stall_seconds)
        elif self._current is None:
            self._expect(limits.head_seconds if reader.reading_head else limits.keepalive_seconds)
        else:
            self.expires = None

    def _await_reader(self) -> None:
        if self._transport is not None:
            self._unsent = self._transport.get_write_buffer_size()
            self._expect(self._limits.write_stall_seconds if self._unsent else self._limits.linger_seconds)

    def expired(self, _now: float) -> None:
        """A deadline passed: whose depends on what the connection was doing."""
        self.expires = None
        if self._closing or not self.writable:
            unsent = self._unsent
            self._await_reader()
            if self._unsent >= unsent:
                self.abort()
        elif self._reader.arriving is not None or (self._reader.reading_head and self._current is None):
            if not self._paused:
                self._refuse(
                    Fault(kind=FaultKind.REQUEST_TIMEOUT, words="The request did not arrive in time; send it again.")
                )
        elif self._current is None:
            self._finish(whole=True)

    # --- what ends badly --------------------------------------------------------------------------------------

    def _refuse(self, fault: Fault) -> None:
        """Nothing more can be read. What came whole is answered in its turn, then the fault is told."""
        self._deaf = True
        broken, self._reader.arriving = self._reader.arriving, None
        if broken is None:
            head = self._reader.unread if self._reader.reading_head else None
            broken = Incoming(
                head or RequestHead("POST", b"", ()), self, started=self._reader.began, keep_alive=False, chunkable=True
            )
            self._waiting.append(broken)
        self._reader.reading_head = False
        broken.close_after = True
        broken.body_failed(fault)
        if self._current is None:
            self._next()
        elif broken is self._current and broken.done:
            self._finish(whole=False)
        else:
            # The handler is in the middle of it and answers in its own words, or an earlier request comes first.
            self.expires = None

    # --- the listener stops -----------------------------------------------------------------------------------

    def leave(self, limits: Limits) -> None:
        """The answer under way is the last if it can still say so, or else the next, if it comes within ``limits``."""
        self._limits = limits
        if self._current is None:
            self._set_deadline()
        elif not self._current.answered:
            self._current.close_after = True

    def drain(self) -> None:
        """Close now if no request is under way; else after its answer."""
        if self._current is not None:
            self._current.close_after = True
        elif not self._closing:
            self._finish(whole=True)

    def interrupt(self, fault: Fault) -> None:
        """End the running answer with a fault that its client understands, or break it off; not one that is whole."""
        current = self._current
        if current is not None and current.interrupt is not None:
            current.interrupt(fault)
        elif current is None or current.done or not current.promised:
            self.abort()
