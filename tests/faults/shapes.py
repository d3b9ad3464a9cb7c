"""Requests that two readers could take for different ones. None of them reaches a provider, nor what follows it."""

from collections.abc import Callable

from tests.faults.clients import UNREAD, sends
from tests.faults.row import TOLD, Row, Seen, Talk, both
from tests.path.wire.raw import LAST_CHUNK, chunk
from tests.support.gateway import KEY

SMUGGLED = f"POST /v1/messages HTTP/1.1\r\nHost: evil\r\nX-Api-Key: {KEY}\r\nContent-Length: 0\r\n\r\n".encode()
CHUNKED = "Transfer-Encoding: chunked"


def _shape(name: str, make: Callable[[Talk], bytes], seen: Seen = UNREAD) -> Row:
    return Row(name, both(seen), client=sends(lambda talk: make(talk) + SMUGGLED), calls=0)


def _lines(name: str, *lines: str, framing: str | None = None) -> Row:
    """Beside a length, or in its place."""
    return _shape(name, lambda talk: talk.ask(*lines, framing=framing))


def _unread(name: str, sent: bytes) -> Row:
    """Nothing tells what its dialect is: OpenAI's is spoken then."""
    return Row(name, both(UNREAD), client=sends(lambda _: sent + SMUGGLED), calls=0, forms=("chat",))


def _chunks(name: str, body: bytes, *lines: str) -> Row:
    """A chunked body that breaks in the middle: by then the request has been understood, and begun."""
    broken = Seen(400, TOLD, "malformed", False, "client", "refused")
    return _shape(name, lambda talk: talk.ask(*lines, body=body, framing=CHUNKED), broken)


SHAPES = (
    _shape("sends a length and chunks", lambda talk: talk.ask(CHUNKED, body=LAST_CHUNK)),
    _shape("sends chunks and a length", lambda talk: talk.ask("Content-Length: 5", body=LAST_CHUNK, framing=CHUNKED)),
    _shape("sends chunks twice", lambda talk: talk.ask(CHUNKED, body=LAST_CHUNK, framing=CHUNKED)),
    _lines("sends two lengths", "Content-Length: 0"),
    _lines("sends a length with a sign", framing="Content-Length: +9"),
    _lines("sends a length beyond 64 bits", framing="Content-Length: 18446744073709551617"),
    _lines("sends a list of lengths", framing="Content-Length: 0, 0"),
    _lines("sends an empty length", framing="Content-Length: "),
    _lines("sends a coding that is identity", framing="Transfer-Encoding: identity"),
    _lines("sends chunks coded twice", framing="Transfer-Encoding: chunked, chunked"),
    _lines("sends a coding before chunks", framing="Transfer-Encoding: gzip, chunked"),
    _lines("sends a coding in disguise", framing="Transfer-Encoding: xchunked"),
    _shape("sends lines that end with LF alone", lambda talk: talk.ask().replace(b"\r\n", b"\n")),
    _lines("sends one line that ends with LF alone", f"X-A: 1\n{CHUNKED}"),
    _lines("sends a folded header", f"X-A: 1\r\n {CHUNKED}"),
    _lines("sends a space before a colon", f"{CHUNKED} : x".replace(": chunked :", " : chunked;")),
    _lines("sends CR in a header", "X-A: 1\r2"),
    _lines("sends NUL in a header", "X-A: 1\x00"),
    _lines("sends a header without a name", ": 1"),
    _shape("sends no Host", lambda talk: talk.ask(host="X-Host: none")),
    _lines("sends two Hosts", "Host: evil"),
    _shape("sends HTTP/1.0 with chunks", lambda talk: talk.ask(
        body=chunk(talk.form.said(talk.door)) + LAST_CHUNK, framing=CHUNKED, version="HTTP/1.0")),
    _unread("speaks HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    _unread("speaks TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)),
    _chunks("sends a chunk longer than it says", b"3\r\nabcd\r\n" + LAST_CHUNK),
    _chunks("sends a chunk size in another notation", b"0x3\r\nabc\r\n" + LAST_CHUNK),
    _chunks("sends a chunk size below 0", b"-3\r\nabc\r\n" + LAST_CHUNK),
    _chunks("sends a chunk without a size", b"\r\nabc\r\n" + LAST_CHUNK),
    _chunks("sends a coding in a trailer", b"0\r\nTransfer-Encoding: chunked\r\n\r\n"),
    _chunks("sends a chunk size beyond 64 bits", b"10000000000000003\r\nabc\r\n" + LAST_CHUNK),
    _chunks("sends chunks that end with LF alone", b"3\nabc\n0\n\n"),
    _chunks("sends a length in a trailer", b"0\r\nContent-Length: 5\r\n\r\n"),
    _chunks("sends a chunk extension without end", b"1;" + b"e" * 400_000),
    _chunks("sends trailers without end", b"0\r\n" + b"a: b\r\n" * 60_000),
)  # fmt: skip
