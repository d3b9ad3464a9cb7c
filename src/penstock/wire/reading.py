"""From one client's bytes to its requests: the reading half of a connection.

Parses (llhttp, strict), caps what a head and a body's framing may cost, and hands each request over as an Incoming
when its head is whole; the body follows into it. It neither answers nor waits: turns and times are the connection's.
"""

import logging
from time import perf_counter
from typing import Protocol

import httptools

from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.head import Header, RequestHead
from penstock.wire.incoming import Incoming
from penstock.wire.strict import admit

log = logging.getLogger(__name__)

# What chunks may cost beside their bytes. The smallest one takes six bytes for one; more is padding without end.
CHUNK_OVERHEAD = 16


class Taker(Protocol):
    """Takes requests as they arrive."""

    def head_began(self) -> None:
        """The first byte of a request."""

    def arrived(self, head: RequestHead, *, keep_alive: bool, chunkable: bool) -> Incoming:
        """A whole head, in exchange for what takes the body."""

    def completed(self, incoming: Incoming) -> None:
        """The body is complete."""


class RequestReader:
    """Reads requests from bytes, however they were cut. After a FaultError it reads nothing more."""

    __slots__ = (
        "_framing", "_head_bytes", "_head_size", "_header_count", "_headers", "_parser", "_secure", "_taker", "_target",
        "_wire_size", "arriving", "began", "reading_head",
    )  # fmt: skip

    def __init__(self, taker: Taker, *, head_bytes: int, header_count: int, secure: bool) -> None:
        self.began = perf_counter()
        """When the first byte of the latest request arrived."""
        self.reading_head = False
        """A head has begun and is not whole."""
        self.arriving: Incoming | None = None
        """The request whose body is being read."""
        self._taker = taker
        self._head_bytes = head_bytes
        self._header_count = header_count
        self._secure = secure
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[Header] = []
        self._head_size = 0
        self._wire_size = 0
        self._framing = False

    def close(self) -> None:
        """Nothing more will come. The parser holds its reader: left alone, both would wait for the collector."""
        self._parser = None
        self.arriving = None
        del self._taker

    def feed(self, data: bytes) -> None:
        """More bytes; FaultError where they are no request that can be served."""
        if not self.reading_head:
            self.began = perf_counter()
        arriving = self.arriving
        # No head that ends in this piece is larger than this; few need a closer look.
        self._head_size += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserError as error:
            raise _fault_of(error) from None
        if self.reading_head:
            # The piece that a head began in may hold the end of another request: it is not counted.
            if self._head_size > self._head_bytes + len(data):
                raise too_large()
        elif self.arriving is not None and self.arriving is arriving:
            self._wire_size += len(data)
            bound = self._head_bytes + arriving.received * CHUNK_OVERHEAD
            if arriving.length is None and self._wire_size > bound:
                # Chunk extensions and trailers are thrown away; without a bound they could go on for ever.
                raise refuse(
                    FaultKind.MALFORMED, "The request's chunks are mostly padding; send fewer and larger ones."
                )

    @property
    def unread(self) -> RequestHead | None:
        """What is known of a request whose head never became whole: enough to speak to its client."""
        if not self._target or self._parser is None:
            return None
        return RequestHead(self._parser.get_method().decode("latin-1"), self._target, tuple(self._headers))

    def _parse(self, data: bytes) -> None:
        while self._parser is not None:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # Nothing here upgrades, and a request that asks for it is an ordinary one (RFC 9110 7.8), body and
                # all: Java's client offers h2c with its first request. This parser would read no body, so a new one
                # goes on where it stopped, told only where the body ends.
                data = data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
                length = None if self.arriving is None else self.arriving.length
                framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
                self._parser.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)
            else:
                return

    # --- the parser's callbacks -------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if not self._framing:
            self._target = b""
            self._headers = []
            self.reading_head = True
            self._taker.head_began()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.reading_head:  # else a trailer: nothing that we serve has a use for one
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        if self._framing or parser is None:
            self._framing = False
            return
        headers, target = tuple(self._headers), self._target
        if len(headers) > self._header_count:
            raise too_large()
        if self._head_size > self._head_bytes:
            size = len(target) + sum(len(name) + len(value) for name, value in headers)
            if size > self._head_bytes:
                raise too_large()
        version = parser.get_http_version()
        head = admit(parser.get_method().decode("latin-1"), target, headers, version, secure=self._secure)
        self.reading_head = False
        self._head_size = self._wire_size = 0
        self._framing = parser.should_upgrade()
        self.arriving = self._taker.arrived(head, keep_alive=parser.should_keep_alive(), chunkable=version != "1.0")

    def on_body(self, data: bytes) -> None:
        if self.arriving is not None:
            self.arriving.body_received(data)

    def on_message_complete(self) -> None:
        incoming = self.arriving
        if incoming is not None and not self._framing:
            self.arriving = None
            self._head_size = 0
            incoming.body_ended()
            self._taker.completed(incoming)


def too_large() -> FaultError:
    """431: more than a head may hold."""
    words = "The request's line and headers are too many, or too large. Send fewer, or ask your gateway's operator."
    return refuse(FaultKind.HEAD_TOO_LARGE, words)


def _fault_of(error: httptools.HttpParserError) -> FaultError:
    cause = error.__context__
    if isinstance(cause, FaultError):
        return cause
    if cause is not None:
        log.error("a bug while a request was read", exc_info=cause)
        words = "The gateway failed to read the request; its operator finds the cause in the log."
        return FaultError(Fault(kind=FaultKind.INTERNAL, words=words))
    words = "The request is not valid HTTP/1.1. Look at the client, and at what stands between it and this gateway."
    return refuse(FaultKind.MALFORMED, words, detail=str(error))
