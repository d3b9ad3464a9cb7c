"""What providers do wrong, and what clients and books see of it.

A provider that has the whole request may have been paid for it: from then on a client must not send it again by itself.
"""

import asyncio
import contextlib
import functools
import gzip
from collections.abc import Callable, Sequence

from tests.faults.forms import STREAMED, UNARY, Form
from tests.faults.row import BROKEN, ENDED, TOLD, WHOLE, Answering, Heard, Row, Seen, Talk, both
from tests.path.wire.raw import LAST_CHUNK, STREAM_HEAD, Visit, chunk, head, sized, split

IDLE = 1.5
"""How long the impatient door's provider may be silent, in seconds."""

SERVED = Seen(200, WHOLE, outcome="served")
UNREACHED = Seen(502, TOLD, "unreachable", True, "upstream", "failed")
LOST = Seen(502, TOLD, "unreachable", False, "upstream", "failed")
NONSENSE = Seen(502, TOLD, "broken_answer", False, "upstream", "failed")
LATE = Seen(504, TOLD, "timed_out", False, "upstream", "failed")


def begun(fault: str) -> dict[str, Seen]:
    """What has begun: a stream is ended in its own words; of anything else only a break tells that it is not whole.

    Responses are held until their id is known, so there the error can still be told.
    """
    status = 504 if fault == "timed_out" else 502
    return {
        "unary": Seen(200, BROKEN, fault, False, "upstream", "failed"),
        "responses": Seen(status, TOLD, fault, False, "upstream", "failed"),
        "stream": Seen(200, ENDED, fault, False, "upstream", "failed"),
    }


def ended(fault: str) -> dict[str, Seen]:
    """Only streams are asked."""
    return {"stream": Seen(200, ENDED, fault, False, "upstream", "failed")}


def held(seen: Seen) -> dict[str, Seen]:
    """A policy that wants to see the answer holds it: then the error can always be told."""
    return {"unary": seen}


EVENTS = tuple(name for name in STREAMED if "array" not in name)
"""Streams of events."""


# --- what the double does ------------------------------------------------------------------------------------------


def sends(make: Callable[[Form], Sequence[bytes]], *, then: str = "close", pause: float = 0.0) -> Answering:
    """These pieces; ``then`` it closes, resets, or waits until the gateway has left."""

    async def answer(visit: Visit, form: Form) -> bool:
        await visit.request()
        await visit.send(*make(form), pause=pause)
        if then == "wait":
            await visit.left()
        elif then != "keep":
            # What was sent is read before the end is noticed.
            await asyncio.sleep(0.1 if make(form) else 0)
            getattr(visit, then)()
        return then == "keep"

    return answer


def mislabelled(form: Form) -> list[bytes]:
    """A stream's good answer, called JSON."""
    begin, *rest = form.good()
    return [begin.replace(b"text/event-stream", b"application/json"), *rest]


def always(*pieces: bytes) -> Callable[[Form], Sequence[bytes]]:
    return lambda _: pieces


def _torn(form: Form) -> bytes:
    assert form.stream is not None
    return form.stream.frames[1][:20]


async def _met_a_closing_connection(visit: Visit, form: Form) -> bool:
    await visit.request()
    if len(visit.requests) == 1:
        await visit.send(*form.good())
        return True
    return False


async def _met_a_broken_connection(visit: Visit, form: Form) -> bool:
    going = await _met_a_closing_connection(visit, form)
    if not going:
        visit.reset()
    return going


async def _reads_nothing(visit: Visit, _form: Form) -> bool:
    visit._reader._transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(IDLE * 3)
    return False


def flooding(size: int) -> Answering:
    """A body of so many bytes, in one piece of JSON or in events, and then the connection closes."""

    size -= size % 65536

    async def answer(visit: Visit, form: Form) -> bool:
        await visit.request()
        piece = (b": " + b"x" * 65533 + b"\n") if form.stream else b" " * 65536
        if not form.stream:
            await visit.send(head("HTTP/1.1 200 OK", "content-type: application/json", f"content-length: {size + 2}"))
            await visit.send(b"{")
        else:
            await visit.send(STREAM_HEAD, *map(chunk, form.stream.frames[:-1]))
        for _ in range(size // 65536):
            await visit.send(chunk(piece) if form.stream else piece)
        if not form.stream:
            await visit.send(b"}")
        else:
            await visit.send(chunk(b"\n" + form.stream.frames[-1]), LAST_CHUNK)
        return True

    return answer


def _trickle(form: Form) -> list[bytes]:
    whole = b"".join(form.good())
    return split(whole, range(0, len(whole), len(whole) // 12))


def _adorned(form: Form) -> list[bytes]:
    kind = form.stream.kind if form.stream else "application/json"
    size = b"%x;a=b;c\r\n" % len(form.whole)
    return [_CHUNKED.replace(b"application/json", kind.encode()) + size + form.whole, b"\r\n0;d\r\nx-a: b\r\n\r\n"]


_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
_JSON = "content-type: application/json"
_CHUNKED = head("HTTP/1.1 200 OK", _JSON, "transfer-encoding: chunked")
_HTML = sized(b"<!doctype html><title>Sign in</title>", kind="text/html")


def _shape(name: str, *pieces: bytes) -> Row:
    """An answer that is none."""
    return Row(name, both(NONSENSE), provider=sends(always(*pieces), then="keep"))


# --- the rows ------------------------------------------------------------------------------------------------------


def _long_request(talk: Talk) -> Heard:
    sent = talk.ask(body=b" " * 16_000_000 + talk.form.said(talk.door))
    with contextlib.suppress(ConnectionError):
        talk.client.send(sent)
    return talk.hear()


UNANSWERED = (
    Row("refuses the connection", both(UNREACHED), door="refused", calls=0),
    Row("closes before it answers", both(LOST), provider=sends(always())),
    Row("resets before it answers", both(LOST), provider=sends(always(), then="reset")),
    Row("closes within its headers", both(LOST), provider=sends(always(_HEAD))),
    Row("resets within its headers", both(LOST), provider=sends(always(_HEAD), then="reset")),
    Row("says nothing for longer than the deadline", both(LATE), provider=sends(always(), then="wait"),
        door="impatient", patient=True),
    Row("trickles its headers", both(LATE), provider=sends(lambda form: split(_HEAD, range(50)), pause=0.2),
        door="impatient", patient=True),
    Row("sends blank lines and no answer", both(LATE), provider=sends(always(*[b"\r\n"] * 12), pause=0.2, then="wait"),
        door="impatient", patient=True),
    Row("sends interim answers and no answer", both(LATE), door="impatient", patient=True,
        provider=sends(always(*[head("HTTP/1.1 103 Early Hints")] * 12), pause=0.2, then="wait")),
    Row("reads nothing of a long request", both(LATE), provider=_reads_nothing, door="impatient", calls=None,
        forms=(UNARY[0], STREAMED[1]), client=_long_request, patient=True, heavy=True),
)  # fmt: skip


CUT = (
    Row("closes in mid-body", begun("unreachable"), held(LOST), provider=sends(Form.begun)),
    Row("resets in mid-body", begun("unreachable"), held(LOST), provider=sends(Form.begun, then="reset")),
    Row("falls silent in mid-body", begun("timed_out"), held(LATE), provider=sends(Form.begun, then="wait"),
        door="impatient", patient=True),
    Row("ends a chunked body early", begun("unreachable"), held(LOST), forms=UNARY,
        provider=sends(lambda form: [_CHUNKED, chunk(form.whole)])),
    Row("tells of a chunk beyond all that it sends", begun("unreachable"), held(LOST), forms=UNARY,
        provider=sends(lambda form: [_CHUNKED, b"7fffffffffffffff\r\n" + form.whole])),
    Row("sends less than the length it told", begun("unreachable"), held(LOST), forms=UNARY,
        provider=sends(lambda form: [sized(form.whole + b"    ")[:-4]])),
    Row("sends more than the length it told", both(SERVED), forms=UNARY,
        provider=sends(lambda form: [sized(form.whole) + _HTML], then="keep")),
    Row("ends a stream without its ending", ended("broken_answer"),
        forms=("messages, streamed", "responses, streamed"),
        provider=sends(lambda form: [*form.begun(), LAST_CHUNK], then="keep")),
    Row("ends a stream in the middle of an event", ended("broken_answer"),
        forms=("messages, streamed", "responses, streamed"),
        provider=sends(lambda form: [*form.begun(), chunk(_torn(form)), LAST_CHUNK], then="keep")),
    Row("sends a chunk that is none behind an event", ended("broken_answer"), forms=EVENTS,
        provider=sends(lambda form: [b"".join((*form.begun(), chunk(_torn(form)), b"none\r\n"))])),
    Row("calls a stream JSON", both(SERVED), forms=EVENTS, provider=sends(mislabelled, then="keep")),
    Row("calls a stream JSON, and cuts it", ended("unreachable"), forms=EVENTS,
        provider=sends(lambda form: mislabelled(form)[:2])),
    Row("begins a stream with 201, and cuts it", {"stream": Seen(201, ENDED, "unreachable", False, "upstream",
                                                                  "failed")}, forms=EVENTS,
        provider=sends(lambda form: [form.begun()[0].replace(b"200 OK", b"201 Created"), form.begun()[1]])),
    Row("sends hints before its answer", both(SERVED),
        provider=sends(lambda form: [head("HTTP/1.1 103 Early Hints", "link: a") * 3, *form.good()], then="keep")),
    Row("sends extensions and trailers with its chunks", both(SERVED), provider=sends(_adorned, then="keep")),
    Row("sends slow bytes, none too late", both(SERVED), provider=sends(_trickle, then="keep", pause=0.15),
        door="impatient", patient=True),
    Row("closes a connection that is used again", both(SERVED), calls=None, again=True,
        provider=_met_a_closing_connection),
    Row("resets a connection that is used again", both(SERVED), calls=None, again=True,
        provider=_met_a_broken_connection),
)  # fmt: skip

WRONG = (
    _shape("sends garbage", b"\x00\x01\x02 no HTTP\r\n\r\n"),
    _shape("speaks HTTP/2", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18)),
    _shape("sends HTML with 200", _HTML),
    _shape("sends nothing with 200", sized(b"")),
    _shape("sends nothing in chunks", _CHUNKED + LAST_CHUNK),
    _shape("sends 204, no content", head("HTTP/1.1 204 No Content")),
    Row("sends a stream of nothing", both(NONSENSE), forms=EVENTS,
        provider=sends(lambda form: [form.begun()[0] + LAST_CHUNK], then="keep")),
    _shape("sends a redirect", head("HTTP/1.1 302 Found", "location: http://elsewhere.test/", "content-length: 0")),
    _shape("switches protocols", head("HTTP/1.1 101 Switching Protocols", "connection: upgrade", "upgrade: x")),
    _shape("sends two lengths", sized(b"{}", "content-length: 2")),
    _shape("sends a list of lengths", sized(b"{}").replace(b"length: 2", b"length: 2, 2")),
    _shape("sends a length with a sign", sized(b"{}").replace(b"length: 2", b"length: +2")),
    _shape("sends a length and chunks", sized(b"{}", "transfer-encoding: chunked")),
    _shape("sends a folded header", sized(b"{}", "a: b\r\n c")),
    _shape("ends header lines with LF alone", sized(b"{}").replace(b"\r\n", b"\n")),
    _shape("sends a transfer coding that is not chunked",
           _CHUNKED.replace(b": chunked", b": gzip, chunked") + chunk(b"{}") + LAST_CHUNK),
    _shape("sends a chunk size below 0", _CHUNKED + b"-2\r\n{}\r\n" + LAST_CHUNK),
    _shape("sends a chunk size beyond 64 bits", _CHUNKED + b"10000000000000002\r\n{}\r\n" + LAST_CHUNK),
    _shape("sends chunks that end with LF alone", _CHUNKED + b"2\n{}\n0\n\n"),
    _shape("sends a status that is none", sized(b"{}", status="000 OK")),
    _shape("tells of chunks twice", STREAM_HEAD[:-2] + b"transfer-encoding: chunked\r\n\r\n" + LAST_CHUNK),
    _shape("sends headers without end", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 60_000),
    _shape("sends a header without end", b"HTTP/1.1 200 OK\r\na: " + b"b" * 400_000),
    _shape("sends interim answers without end", head("HTTP/1.1 100 Continue") * 20_000),
    Row("refuses the operator's credential", both(Seen(502, TOLD, "credential_refused", False, "gateway", "failed")),
        provider=sends(always(sized(b"{}", status="401 Unauthorized")), then="keep")),
    Row("answers with an error of its own", both(Seen(529, WHOLE, outcome="served")),
        provider=sends(always(sized(b'{"error":{"message":"busy"}}', status="529 Overloaded")), then="keep")),
)  # fmt: skip


@functools.cache
def _bomb() -> bytes:
    return sized(gzip.compress(b"{" + b" " * 100_000_000 + b"}", 1), "content-encoding: gzip")


LARGE = (
    Row("sends a compressed bomb", {"unary": SERVED, "responses": NONSENSE}, held(NONSENSE), forms=UNARY, heavy=True,
        provider=sends(lambda _: [_bomb()], then="keep")),
)  # fmt: skip

TLS = tuple(
    Row(name, both(UNREACHED), door=door, calls=0, patient=door == "mute")
    for name, door in {
        "shows an expired certificate": "expired",
        "shows a certificate for another name": "misnamed",
        "shows a certificate of an unknown authority": "unknown",
        "speaks plain text on a TLS port": "plaintext",
        "speaks TLS 1.1 at most": "old",
        "never ends the TLS handshake": "mute",
    }.items()
)


def _large(name: str, size: int, **more: bool) -> Row:
    """A body of so many bytes: it passes, unless somebody wants to see it whole."""
    return Row(name, both(SERVED), held(NONSENSE), forms=UNARY[:1], heavy=True, provider=flooding(size), **more)  # type: ignore[arg-type]


HUGE = (_large("sends eighty megabytes", 80_000_000), _large("sends a gigabyte", 1 << 30, long=True))

PROVIDERS = (*UNANSWERED, *CUT, *WRONG, *LARGE, *HUGE, *TLS)
