"""Requests that two readers could split in two ways.

Each holds bytes that are a request to one who ends its body early, and a part of the body to one who does not:
combinations of framing headers, of how they are written, of chunk sizes, line ends, targets and versions.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from tests.support.gateway import KEY

BODY = b'{"model":"m","max_tokens":9,"messages":[]}'
CHUNKED = "Transfer-Encoding: chunked"


@dataclass(frozen=True)
class Shape:
    """``start`` and ``lines`` make its head; FIRST stands for this request's own number, NEXT for a second one's."""

    name: str
    lines: tuple[str, ...]
    body: bytes
    start: str = "POST /v1/messages HTTP/1.1"
    host: tuple[str, ...] = ("Host: gateway",)
    before: bytes = b""
    end: str = "\r\n"

    def sent(self, number: str) -> bytes:
        """On the wire: the shape, and a good request behind it that ends the connection."""
        told = (f"X-Number: {number}.first", f"X-Api-Key: {KEY}", "Content-Type: application/json", "X-Before: it")
        head = self.end.join((self.start, *self.host, *told, *self.lines, "", "")).encode("latin-1")
        return self.before + head + self.body.replace(b"NUMBER", number.encode()) + request(f"{number}.last", "close")


def request(number: str, connection: str = "keep-alive") -> bytes:
    """A good request."""
    lines = (
        "POST /v1/messages HTTP/1.1", "Host: gateway", f"X-Api-Key: {KEY}", "Content-Type: application/json",
        f"X-Number: {number}", f"Connection: {connection}", f"Content-Length: {len(BODY)}", "", "",
    )  # fmt: skip
    return "\r\n".join(lines).encode() + BODY


HIDDEN = request("NUMBER.hidden")
"""What must be a request for all, or for none."""


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST = b"0\r\n\r\n"


def _length(body: bytes) -> str:
    # What is sent has numbers of the same width in place of NUMBER.
    return f"Content-Length: {len(body)}"


_CODINGS = (
    "Transfer-Encoding: chunked", "Transfer-Encoding:chunked", "Transfer-Encoding: Chunked",
    "transfer-encoding: CHUNKED",
    "Transfer-Encoding:  chunked ", "Transfer-Encoding:\tchunked", "Transfer-Encoding: \x0bchunked",
    "Transfer-Encoding: chunked\x00", "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked", "Transfer_Encoding: chunked", "Transfer-Encoding: xchunked",
    "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked", "Transfer-Encoding: identity",
    "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: chunked;q=1",
    'Transfer-Encoding: "chunked"', "Transfer-Encoding: ,chunked", "Transfer-Encoding: chunked,",
    "Transfer-Encoding:", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding:\r\n chunked",
    "X-A: b\r\n Transfer-Encoding: chunked", "X-A: b\nTransfer-Encoding: chunked",
    "X-A: b\rTransfer-Encoding: chunked", "X-A: b\x00\r\nTransfer-Encoding: chunked", "Transfer-Encoding: cow",
)  # fmt: skip


def _codings() -> Iterator[Shape]:
    """How chunks are told of, alone and beside a length that sees one body where chunks see two requests."""
    for coding in _CODINGS:
        both = LAST + HIDDEN
        yield Shape(f"{coding!r}, and a length", (coding, _length(both)), both)
        yield Shape(f"a length, and {coding!r}", (_length(both), coding), both)
        yield Shape(f"{coding!r} alone", (coding,), chunk(BODY) + LAST)
        yield Shape(f"{coding!r} alone, hiding", (coding,), chunk(HIDDEN) + LAST)


_LENGTHS = (
    "+{}", "-{}", " {}", "{} ", "\t{}", "0{}", "{}\t", "{},{}", "{}, {}", "{},0", "0,{}", "{};", "{}.0",
    "{}e0", "0x{:x}",
    "{}_0", "\x0b{}", "\"{}\"", "{} 0", "", "18446744073709551616", "4294967296", "1844674407370955165{}",
    "\xb2", "0b1",
)  # fmt: skip


def _lengths() -> Iterator[Shape]:
    """A length in other notations, alone and beside another."""
    whole = BODY + b" " * 100
    for notation in _LENGTHS:
        told = (
            f"Content-Length: {notation.format(len(BODY), len(BODY))}"
            if "x}" not in notation
            else "Content-Length: 0x2a"
        )
        yield Shape(f"{told!r}", (told,), BODY)
        yield Shape(f"{told!r} before 0", (told, "Content-Length: 0"), HIDDEN)
        yield Shape(f"0 before {told!r}", ("Content-Length: 0", told), HIDDEN)
    for name in (
        "Content-Length ",
        "Content-Length\t",
        " Content-Length",
        "Content_Length",
        "Content-Length\x00",
        "X:\r\n Content-Length",
    ):
        yield Shape(f"0 beside {name!r}", ("Content-Length: 0", f"{name}: {len(HIDDEN)}"), HIDDEN)
        yield Shape(f"{name!r} alone", (f"{name}: {len(whole)}",), whole)
    yield Shape("no length, and a body", (), HIDDEN)
    yield Shape("two equal lengths", (_length(BODY), _length(BODY)), BODY)


_SIZES = (
    "{:x}", "{:X}", "0{:x}", "00000000000000{:x}", "0x{:x}", "+{:x}", "-{:x}", " {:x}", "{:x} ", "{:x}\t",
    "{:x};a=b", "{:x} ;a=b",
    "{:x}; a", "{:x};a=\"b", "{:x};a=\"\\\r\n", "{:x};\x00", "{:x};a\n", "{:x}_0", "1000000000000000{:x}",
    "{:x}h", "{:x},", "", "\r\n{:x}",
)  # fmt: skip


def _chunks() -> Iterator[Shape]:
    """Chunk sizes in other notations; ends of chunks and of the last one; trailers."""
    for notation in _SIZES:
        size = notation.format(len(BODY)).encode("latin-1")
        yield Shape(f"a chunk of {size!r}", (CHUNKED,), size + b"\r\n" + BODY + b"\r\n" + LAST)
    ends = (b"\n", b"\r", b"\r\r\n", b"\n\r", b"")
    for end in ends:
        size = b"%x" % len(BODY)
        yield Shape(f"a size that ends with {end!r}", (CHUNKED,), size + end + BODY + b"\r\n" + LAST)
        yield Shape(f"a chunk that ends with {end!r}", (CHUNKED,), size + b"\r\n" + BODY + end + LAST)
        yield Shape(f"a last chunk that ends with {end!r}", (CHUNKED,), chunk(BODY) + b"0" + end + HIDDEN)
        yield Shape(f"chunks that end with {end!r}", (CHUNKED,), chunk(BODY) + b"0\r\n" + end + HIDDEN)
    for zero in (b"00", b"0000000000000000000", b"0;a", b"0 ", b"-0", b"0x0", b""):
        yield Shape(f"a last chunk of {zero!r}", (CHUNKED,), chunk(BODY) + zero + b"\r\n\r\n")
    for trailer in (
        b"X: y",
        b"Content-Length: 90",
        b"Transfer-Encoding: chunked",
        b"Host: evil",
        b" X: y",
        b"X : y",
        b"X",
        b": y",
    ):
        yield Shape(f"a trailer {trailer!r}", (CHUNKED,), chunk(BODY) + b"0\r\n" + trailer + b"\r\n\r\n")
    yield Shape("a chunk longer than it says", (CHUNKED,), b"2\r\n" + BODY + b"\r\n" + LAST + HIDDEN)
    yield Shape("a chunk shorter than it says", (CHUNKED,), b"ff\r\n" + BODY + b"\r\n" + LAST + HIDDEN)
    hidden = b"%x;\n" % (len(BODY))
    yield Shape("an extension that ends with LF", (CHUNKED,), hidden + b"xx\r\n" + BODY + b"\r\n" + LAST + HIDDEN)


_LINES = (
    ("Connection: Content-Length",), ("Connection: Transfer-Encoding",), ("Connection: close, Content-Length",),
    ("Connection: Host",), ("Expect: 100-continue",), ("Expect: 100-continue", "Expect: 100-continue"), ("Expect: x",),
    ("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"),
    ("Upgrade: websocket", "Connection: Upgrade"), ("Host: evil",), ("Host : evil",), (" Host: evil",), ("X-A",),
    ("X A: b",), (": b",), ("X-A: b\x00",), ("X-A: \x7f",), ("X-\xe4: b",), ("X-HTTP-Method-Override: GET",),
    ("TE: trailers",),
    ("Trailer: Content-Length",), ("Keep-Alive: timeout=0",), ("Proxy-Connection: close",), ("X-A: b\r",),
    ("X-A: b\n",),
)  # fmt: skip


def _others() -> Iterator[Shape]:
    """Other headers, targets, versions, methods, line ends."""
    for lines in _LINES:
        yield Shape(f"{' and '.join(lines)!r}", (*lines, _length(BODY)), BODY)
        yield Shape(f"{' and '.join(lines)!r} with chunks", (*lines, CHUNKED), chunk(BODY) + LAST)
        yield Shape(f"{' and '.join(lines)!r}, hiding", (*lines, _length(HIDDEN)), HIDDEN)
        yield Shape(f"{' and '.join(lines)!r} with chunks, hiding", (*lines, CHUNKED), chunk(HIDDEN) + LAST)
    for version in (
        "HTTP/1.0",
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/2.0",
        "http/1.1",
        "HTTP/1.1 ",
        "HTTP/01.1",
        "RTSP/1.1",
        "",
    ):
        start = f"POST /v1/messages {version}".rstrip(" ") if not version else f"POST /v1/messages {version}"
        yield Shape(f"version {version!r}", (_length(BODY), "Connection: keep-alive"), BODY, start=start)
        yield Shape(
            f"version {version!r} with chunks", (CHUNKED, "Connection: keep-alive"), chunk(BODY) + LAST, start=start
        )
        both = LAST + HIDDEN
        hiding = (_length(HIDDEN), "Connection: keep-alive")
        yield Shape(f"version {version!r}, hiding", hiding, HIDDEN, start=start)
        yield Shape(f"version {version!r} with both", (CHUNKED, _length(both)), both, start=start)
    for method, target in itertools.product(
        ("GET", "DELETE", "OPTIONS", "TRACE", "CONNECT", "SMUGGLE"), ("/v1/messages",)
    ):
        yield Shape(f"{method} with a body", (_length(HIDDEN),), HIDDEN, start=f"{method} {target} HTTP/1.1")
        yield Shape(f"{method} with chunks", (CHUNKED,), chunk(HIDDEN) + LAST, start=f"{method} {target} HTTP/1.1")
    for target in (
        "http://gateway/v1/messages",
        "http://evil/v1/messages",
        "//gateway/v1/messages",
        "*",
        "gateway:80",
        "/v1/messages#a",
        "/v1/ messages",
    ):
        yield Shape(f"target {target!r}", (_length(BODY),), BODY, start=f"POST {target} HTTP/1.1")
    yield Shape("no Host", (_length(BODY),), BODY, host=())
    yield Shape("lines that end with LF", (_length(BODY),), BODY, end="\n")
    yield Shape("lines that end with CR", (_length(BODY),), BODY, end="\r")
    for before in (b"\r\n", b"\r\n\r\n", b"\n", b"\r", b" "):
        yield Shape(f"{before!r} in front", (_length(BODY),), BODY, before=before)
    yield Shape("three in one write", (_length(BODY),), BODY + HIDDEN)


SHAPES = [shape for make in (_codings, _lengths, _chunks, _others) for shape in make()]
