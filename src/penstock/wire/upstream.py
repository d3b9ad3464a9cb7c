"""Stop 5: one HTTP/1.1 connection to a provider.

Sends a request, parses the answer (llhttp, strict) and hands it to a Receiver from the parser's own callbacks, one call
per read: nothing awaits per frame. It knows deadlines and framing, and nothing of dialects, policies or clients.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

from penstock.core.fault import Fault, FaultKind
from penstock.core.head import Header, ResponseHead
from penstock.core.target import FIRST_BYTE_SECONDS, Origin, Timeouts
from penstock.wire.receiver import NoStatusError, Receiver, StaleConnectionFault, UnknownCodingError
from penstock.wire.sweep import Sweep

# Providers send long rate-limit and tracing headers; what exceeds this is no answer of theirs.
HEAD_BYTES = 256 * 1024
# What chunks may cost beside their bytes. The smallest one takes six bytes for one; more is padding without end.
CHUNK_OVERHEAD = 16


class UpstreamConnection(asyncio.Protocol):
    """A connection to one origin; serves one call at a time."""

    def __init__(self, origin: Origin, sweep: Sweep, released: Callable[["UpstreamConnection"], None]) -> None:
        self.origin = origin
        self.expires: float | None = None
        self.served = 0
        self.heard_at = 0.0
        """When it last said something of its answer's body, in the loop's seconds."""
        self.loop = asyncio.get_running_loop()
        self._sweep = sweep
        self._released = released
        self._transport: asyncio.Transport | None = None
        self._closed = False
        self._receiver: Receiver | None = None
        self._timeouts = Timeouts()
        self._total: float | None = None
        self.bodiless = False
        self._upload: Callable[[bool], None] | None = None
        self._pieces: list[bytes] = []
        self.on_body = self._pieces.append
        """What the parser calls with each piece of a body: one frame in Python less than a method."""
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._begin()

    def _begin(self) -> None:
        self._headers: list[Header] = []
        self._pieces.clear()
        self._own = 0
        """How many of the pieces are this answer's, once it is complete."""
        self._padding = 0
        """What came beside the body, in bytes, less what its chunks may cost."""
        self._head_done = False
        self._complete = False
        self._surplus = False
        self._sent = False
        self._unsent = 0
        self._paused = False
        self._delimited = False
        self._interim = False
        self._keep_alive = False

    # --- one call ---------------------------------------------------------------------------------------------

    def call(self, receiver: Receiver, timeouts: Timeouts, *, bodiless: bool) -> None:
        """Begin a call. ``bodiless``: the answer to a HEAD request has no body, whatever its headers say."""
        self._begin()
        self._receiver = receiver
        self._timeouts = timeouts
        self.bodiless = bodiless
        self._total = None if timeouts.total is None else self.loop.time() + timeouts.total
        self._sweep.add(self)

    def send(self, data: bytes) -> None:
        """Request bytes. While more are to come, the provider's deadline is for taking them."""
        if self._transport is not None and self._receiver is not None:
            self._transport.write(data)
            self._unsent = self._transport.get_write_buffer_size()
            self._expect(self._timeouts.idle)

    def send_body(self, head: bytes, body: bytes) -> None:
        """A whole request: small ones in one write, large bodies without being copied."""
        if self._transport is not None:
            if len(body) <= 32 * 1024:
                self._transport.write(head + body)
            else:
                self._transport.write(head)
                self._transport.write(body)
        self.sent()

    def sent(self) -> None:
        """The request has been handed over completely; from here on it may have been paid for."""
        if self._receiver is not None:
            self._sent = True
            self._expect(self._timeouts.idle if self._head_done else self._timeouts.first_byte or FIRST_BYTE_SECONDS)

    def watch_upload(self, flow: Callable[[bool], None]) -> None:
        """Call ``flow(False)`` while the provider reads slowly, ``flow(True)`` when it reads again."""
        self._upload = flow

    def pause(self) -> None:
        """Stop reading the answer while the client is slow. A paused call has no idle deadline of its own."""
        if self._transport is not None and not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()
            self.expires = self._total

    def resume(self) -> None:
        """Read the answer again."""
        if self._transport is not None and self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
            self._expect(self._timeouts.idle)

    @property
    def usable(self) -> bool:
        """May serve another call."""
        return not self._closed and self._receiver is None and self._transport is not None

    def abort(self) -> None:
        """Give the call up and close at once."""
        self._receiver = None
        self._closed = True
        if self._transport is not None:
            self._transport.abort()

    def _expect(self, seconds: float) -> None:
        self._expect_from(self.loop.time(), seconds)

    def _expect_from(self, began: float, seconds: float) -> None:
        moment = began + seconds
        self.expires = moment if self._total is None else min(moment, self._total)

    # --- the transport ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes; they do what asyncio.Transport does.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        receiver, parser = self._receiver, self._parser
        if receiver is None or parser is None:
            # Bytes that nobody asked for: whatever they are, they must not become the answer to the next call.
            self.abort()
            return
        padding = self._padding + len(data)
        broken: str | None = None
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # What follows a whole answer spoils the connection, not the answer; what came before counts, however it
            # was cut into reads.
            self._surplus = True
            broken = None if self._complete else str(error.__context__ or error)
        if self._head_done:
            # A moment is noted and no deadline set: that is left to the sweep, which seldom has to.
            self.heard_at = self.loop.time()
            pieces = self._pieces
            if self._complete:
                del pieces[self._own :]
            if pieces:
                piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
                pieces.clear()
                padding -= CHUNK_OVERHEAD * len(piece)
                receiver.data(piece)
        self._padding = padding
        if self._complete:
            self._finish(reusable=self._keep_alive and self._sent and not self._surplus and not self.bodiless)
        elif broken is not None:
            self._fail(FaultKind.BROKEN_ANSWER, "The provider's answer is not valid HTTP/1.1.", broken)
        elif padding > HEAD_BYTES:
            self._fail(FaultKind.BROKEN_ANSWER, "The provider's answer has headers or padding without end.")

    def eof_received(self) -> bool | None:
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._parser = None  # it holds this connection, and would keep both until the collector comes
        self._closed = True
        if self._receiver is None:
            self._sweep.discard(self)
            self._released(self)
        elif self._head_done and not self._delimited and exc is None:
            # Neither length nor chunks: the end of the connection is the end of the body (RFC 9112 6.3). Over TLS the
            # loop does not tell an end from a cut.
            self._finish(reusable=False)
        elif not self._head_done and not self._padding and self.served:
            stale = StaleConnectionFault(kind=FaultKind.UNREACHABLE, words=_CLOSED, retryable=not self._sent)
            self._hand_over(stale)
        else:
            self._fail(FaultKind.UNREACHABLE, _CUT if self._head_done else _CLOSED, str(exc or "closed"))

    def pause_writing(self) -> None:
        if self._upload is not None:
            self._upload(False)  # noqa: FBT003 - see watch_upload

    def resume_writing(self) -> None:
        if self._upload is not None:
            self._upload(True)  # noqa: FBT003 - see watch_upload

    # --- the parser -------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        # A second answer in the same read belongs to no call.
        self._surplus = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_done:
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        assert self._parser is not None  # noqa: S101 - its own callback
        status = self._parser.get_status_code()
        self._interim = 100 <= status < 200
        if self._interim or self._complete:
            if any(name == b"transfer-encoding" for name, _ in self._headers):
                # No interim answer has a body (RFC 9112 6.1): whoever says so counts bytes in another way.
                raise UnknownCodingError("an interim answer")
            self._headers = []
            return
        if status < 100:
            raise NoStatusError(str(status))
        self._head_done = True
        self._expect(self._timeouts.idle)
        head = ResponseHead(status, tuple(self._headers))
        coding = head.get(b"transfer-encoding")
        if coding is not None and not head.distinct:
            # Several lines are one list (RFC 9110 5.3): chunks within chunks, or a coding behind them.
            coding = b",".join(value for name, value in head.headers if name == b"transfer-encoding")
        if coding is not None and coding.strip().lower() != b"chunked":
            # Passed on, the client would take the coded bytes for the body: this hop's codings end here.
            raise UnknownCodingError(coding.decode("latin-1"))
        self._delimited = coding is not None or head.get(b"content-length") is not None or status in {204, 304}
        if self.bodiless:
            self._complete = True
        if self._receiver is not None:
            self._receiver.head(head)

    def on_message_complete(self) -> None:
        if not self._interim and not self._complete and self._parser is not None:
            self._complete = True
            self._own = len(self._pieces)
            # The parser forgets once it looks for the next message.
            self._keep_alive = self._parser.should_keep_alive()

    # --- the end of a call ------------------------------------------------------------------------------------

    def _finish(self, *, reusable: bool) -> None:
        receiver, self._receiver = self._receiver, None
        self._sweep.discard(self)
        self.served += 1
        self._upload = None
        self.resume()
        self.expires = None
        if not reusable:
            self.abort()
        self._released(self)
        if receiver is not None:
            receiver.end()

    def _fail(self, kind: FaultKind, words: str, detail: str = "") -> None:
        # Once the request is out, it may have been paid for: then a client must not send it again by itself.
        self._hand_over(Fault(kind=kind, words=words, detail=detail, retryable=not self._sent))

    def _hand_over(self, fault: Fault) -> None:
        receiver = self._receiver
        self._upload = None
        self._sweep.discard(self)
        self.abort()
        self._released(self)
        if receiver is not None:
            receiver.failed(fault)

    def break_off(self, fault: Fault) -> None:
        """End the call with a fault that is not the provider's."""
        if self._receiver is not None:
            self._hand_over(fault)

    def expired(self, now: float) -> None:
        """A deadline passed."""
        if self._receiver is None:
            self.abort()
        elif self._total is not None and now >= self._total:
            self._fail(FaultKind.TIMED_OUT, "The provider's answer took longer than this gateway waits for one.")
        elif self._head_done:
            if now < self.heard_at + self._timeouts.idle:
                self._expect_from(self.heard_at, self._timeouts.idle)
            else:
                self._fail(FaultKind.TIMED_OUT, "The provider stopped answering in the middle of its answer.")
        elif self._sent:
            self._fail(FaultKind.TIMED_OUT, "The provider did not begin to answer in time.")
        elif not self._reads_on():
            self._fail(FaultKind.TIMED_OUT, "The provider stopped reading in the middle of the request.")

    def _reads_on(self) -> bool:
        """It has taken something since it was last looked at, however little."""
        before, self._unsent = self._unsent, self._transport.get_write_buffer_size() if self._transport else 0
        self._expect(self._timeouts.idle)
        return self._unsent < before


_CUT = "The provider closed the connection in the middle of its answer."
_CLOSED = "The provider closed the connection before it answered."
