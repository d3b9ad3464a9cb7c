"""What clients do wrong, or slowly, or not at all, and what providers and books see of it."""

import contextlib
import functools
import gzip
import socket
import time
import zlib
from collections.abc import Callable, Mapping

import brotli
import zstandard

from tests.faults.forms import STREAMED, UNARY, WORDS, Form
from tests.faults.providers import SERVED, flooding
from tests.faults.row import GONE, NOTHING, TOLD, Asking, Heard, Row, Seen, Talk, both
from tests.path.wire.raw import LAST_CHUNK, Visit, chunk, split

STALL = 1.5
"""How long a client may be silent within its request, and take nothing of its answer, in seconds."""
BODY = 32 * 1024 * 1024
"""The largest body that is held, as it is unless somebody sets it."""

UNREAD = Seen(400, TOLD, "malformed", False, "client")
MALFORMED = Seen(400, TOLD, "malformed", False, "client", "refused")
TOO_LARGE = Seen(413, TOLD, "too_large", False, "client", "refused")
HEAD_TOO_LARGE = Seen(431, TOLD, "head_too_large", False, "client")
LEFT = Seen(0, GONE, outcome="abandoned")


# --- clients that leave --------------------------------------------------------------------------------------------


async def _silent(visit: Visit, _form: Form) -> bool:
    await visit.request()
    await visit.left()
    return False


async def _begins(visit: Visit, form: Form) -> bool:
    await visit.request()
    await visit.send(*form.begun())
    await visit.left()
    return False


def _resets(after: Callable[[Talk], bytes], *, arrives: bool = True, hears: bool = False) -> Asking:
    """Sends this much, waits for what is to happen first, and resets."""

    def ask(talk: Talk) -> Heard:
        talk.client.send(after(talk))
        if arrives:
            talk.arrived()
        if hears:
            talk.client.until(b"\r\n\r\n")
        if not arrives:
            time.sleep(0.05)
        talk.client.reset()
        return Heard()

    return ask


def _half_closes(talk: Talk) -> Heard:
    talk.client.send(talk.ask())
    talk.arrived()
    talk.client.socket.shutdown(socket.SHUT_WR)
    return talk.hear()


def _reads_slowly(talk: Talk) -> Heard:
    talk.client.send(talk.ask())
    began = time.monotonic()
    while time.monotonic() - began < STALL * 1.4:
        talk.client.more()
        time.sleep(0.1)
    return talk.hear()


def _reads_nothing(talk: Talk) -> Heard:
    talk.client.send(talk.ask())
    talk.arrived()
    time.sleep(STALL * 2)
    talk.client.socket.close()
    return Heard()


async def _floods_without_end(visit: Visit, form: Form) -> bool:
    try:
        await flooding(1 << 30)(visit, form)
    finally:
        visit.leave()
    return False


def _leaves_an_upload(talk: Talk) -> Heard:
    talk.client.send(talk.ask(body=b"--x\r\nsome", framing="Content-Length: 9000"))
    if talk.held:
        time.sleep(0.3)
    else:
        talk.arrived()
    talk.client.reset()
    return Heard()


LEAVING = (
    Row("resets within its headers", both(Seen(0, GONE)), client=_resets(lambda talk: talk.ask()[:90], arrives=False),
        calls=0),
    Row("resets in mid-body", both(LEFT), calls=0,
        client=_resets(lambda talk: talk.ask(framing="Content-Length: 9000"), arrives=False)),
    Row("resets before its answer", both(LEFT), client=_resets(Talk.ask), provider=_silent),
    Row("half-closes before its answer", both(Seen(0, NOTHING, outcome="abandoned")), client=_half_closes,
        provider=_silent),
    Row("resets within its answer", both(LEFT), forms=STREAMED, provider=_begins,
        client=_resets(Talk.ask, hears=True)),
    Row("resets in the middle of an upload", both(LEFT), forms=("upload",), calls=None, held=True,
        client=_leaves_an_upload),
    Row("reads slowly", both(SERVED), forms=(UNARY[0], STREAMED[0]), client=_reads_slowly, provider=flooding(3_000_000),
        patient=True),
    Row("reads nothing", both(LEFT), forms=(STREAMED[0],), client=_reads_nothing, provider=_floods_without_end,
        patient=True, heavy=True),
)  # fmt: skip

# --- clients that are slow, or stop ---------------------------------------------------------------------------------


def _trickles(make: Callable[[Talk], bytes], *, pieces: int, pause: float) -> Asking:
    """In so many pieces, until it is answered."""

    def ask(talk: Talk) -> Heard:
        sent = make(talk)
        with contextlib.suppress(ConnectionError):
            talk.client.send(*split(sent, range(0, len(sent), max(1, len(sent) // pieces))), pause=pause)
        return talk.hear()

    return ask


def sends(make: Callable[[Talk], bytes]) -> Asking:
    """All at once."""

    def ask(talk: Talk) -> Heard:
        sent = make(talk)
        # It may be refused, and the connection closed, before all is out.
        with contextlib.suppress(ConnectionError):
            talk.client.send(sent)
        return talk.hear()

    return ask


_TIMEOUT = Seen(408, TOLD, "request_timeout", True, "client")
_STALLED = Seen(408, TOLD, "request_timeout", True, "client", "refused")


def _slow_body(talk: Talk) -> Heard:
    start, _, body = talk.ask().partition(b"\r\n\r\n")
    talk.client.send(start + b"\r\n\r\n", *split(body, range(0, len(body), len(body) // 12)), pause=STALL / 10)
    return talk.hear()


SLOW = (
    Row("trickles its headers", both(_TIMEOUT), calls=0, patient=True,
        client=_trickles(lambda talk: talk.ask("X-Long: " + "x" * 4000)[:4000], pieces=30, pause=STALL / 10)),
    Row("stops within its headers", both(_TIMEOUT), calls=0, patient=True, client=sends(lambda talk: talk.ask()[:150])),
    Row("stops in mid-body", both(_STALLED), calls=0, patient=True,
        client=sends(lambda talk: talk.ask(framing="Content-Length: 9000"))),
    Row("stops in the middle of an upload", both(_STALLED), forms=("upload",), calls=None, held=True, patient=True,
        client=sends(lambda talk: talk.ask(body=b"--x\r\nsome", framing="Content-Length: 9000"))),
    Row("sends a slow body, never too late", both(SERVED), patient=True,
        client=_slow_body),
)  # fmt: skip


# --- bodies --------------------------------------------------------------------------------------------------------

CODECS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda raw: gzip.compress(raw, 1),
    "deflate": lambda raw: zlib.compress(raw, 1),
    "br": lambda raw: brotli.compress(raw, quality=1),
    "zstd": zstandard.compress,
}


@functools.cache
def _bomb(name: str) -> bytes:
    return CODECS[name](b'{"model":"open","pad":"' + b" " * 40_000_000 + b'"}')


def _encoded(name: str, make: Callable[[Talk], bytes]) -> Asking:
    return sends(lambda talk: talk.ask(f"Content-Encoding: {name}", body=make(talk)))


def _body(name: str, make: Callable[[Talk], bytes], seen: Seen = MALFORMED, calls: int = 0) -> Row:
    return Row(name, both(seen), client=sends(lambda talk: talk.ask(body=make(talk))), calls=calls)


def _wrong_types(talk: Talk) -> bytes:
    return b'{"model":["%b"],"max_tokens":"many","stream":"yes","messages":7,"contents":7,"input":7}' % (
        talk.door.encode()
    )


def _changed(name: str, old: bytes, new: bytes, working: Mapping[str, Seen] | None = None, **more: bool) -> Row:
    """A good request with something else in one place, the last of its kind."""

    def ask(talk: Talk) -> bytes:
        head, _, body = talk.ask().partition(b"\r\n\r\n")
        if old in head:
            return head.replace(old, new) + b"\r\n\r\n" + body
        return talk.ask(body=new.join(body.rsplit(old, 1)))

    return Row(name, both(SERVED), working or {}, client=sends(ask), **more)  # type: ignore[arg-type]


def _forty_megabytes(talk: Talk) -> Heard:
    # As Python's own client does: all of it before it reads.
    with contextlib.suppress(ConnectionError):
        talk.client.send(talk.ask(body=b"", framing="Content-Length: 40000000"), *[bytes(1_000_000)] * 40)
    return talk.hear()


def _chunked_flood(talk: Talk) -> Heard:
    piece = chunk(bytes(1_000_000))
    with contextlib.suppress(ConnectionError):
        talk.client.send(talk.ask(body=b"", framing="Transfer-Encoding: chunked"), *[piece] * 40, LAST_CHUNK)
    return talk.hear()


BODIES = (
    _body("sends bad JSON", lambda talk: talk.form.said(talk.door)[:-3]),
    _body("sends JSON that is no object", lambda _: b"[1]"),
    _body("sends text that is no UTF-8", lambda _: b'{"model":"\xff"}'),
    _changed("sends words that are no UTF-8", b"Write", b"\xff", both(MALFORMED), held=True),
    _changed("sends words in seven hundred lists", b'"' + WORDS + b'"', b"[" * 700 + b'"a"' + b"]" * 700,
             both(MALFORMED), held=True),
    _changed("sends half a character", b"Write", b"\\ud83d"),
    _changed("sends numbers beyond all size", b"}", b',"max_tokens":1e999,"n":%b}' % (b"9" * 5000)),
    _changed("asks for other protocols", b": close", b": close, Upgrade\r\nUpgrade: h2c, websocket"),
    _body("sends a million brackets", lambda _: b'{"model":"open","a":' + b"[" * 1_000_000),
    _body("sends no body", lambda _: b""),
    Row("sends wrong types", both(SERVED), forms=UNARY,
        client=sends(lambda talk: talk.ask(body=_wrong_types(talk)))),
    Row("sends forty megabytes", both(TOO_LARGE), client=_forty_megabytes, calls=0, heavy=True, forms=UNARY),
    Row("sends forty megabytes in chunks", both(TOO_LARGE), calls=0, heavy=True, forms=UNARY,
        client=_chunked_flood),
    *(Row(f"sends a {name} bomb", both(Seen(413, TOLD, "too_large_decoded", False, "client", "refused")), calls=0,
          client=_encoded(name, lambda _, name=name: _bomb(name))) for name in CODECS),  # type: ignore[misc]
    *(Row(f"sends what is not {name} and says so", both(Seen(400, TOLD, "encoding_invalid", False, "client",
                                                             "refused")), calls=0,
          client=_encoded(name, lambda talk: b"\xff" + talk.form.said(talk.door))) for name in CODECS),
    Row("sends a gzip bomb in gzip", both(Seen(413, TOLD, "too_large_decoded", False, "client", "refused")), calls=0,
        client=_encoded("gzip, gzip", lambda _: gzip.compress(_bomb("gzip")))),
    Row("sends what is compressed three times", both(Seen(400, TOLD, "encoding_unsupported", False, "client",
                                                          "refused")), calls=0,
        client=_encoded("gzip, gzip, gzip", lambda talk: talk.form.said(talk.door))),
    Row("sends an encoding that nobody knows", both(Seen(400, TOLD, "encoding_unsupported", False, "client",
                                                         "refused")), calls=0,
        client=_encoded("rot13", lambda talk: talk.form.said(talk.door))),
)  # fmt: skip


# --- heads ---------------------------------------------------------------------------------------------------------


def _head(name: str, *lines: str) -> Row:
    return Row(name, both(HEAD_TOO_LARGE), client=sends(lambda talk: talk.ask(*lines)), calls=0)


def _target(talk: Talk) -> bytes:
    return talk.ask().replace(b" HTTP/1.1", b"?" + b"a" * 70_000 + b" HTTP/1.1", 1)


HEADS = (
    _head("sends 201 headers", *["X-A: b"] * 201),
    _head("sends a header of seventy kilobytes", "X-A: " + "b" * 70_000),
    _head("sends a megabyte of headers", *["X-A: " + "b" * 1000] * 1000),
    Row("sends a target of seventy kilobytes", both(HEAD_TOO_LARGE), client=sends(_target), calls=0),
)  # fmt: skip

CLIENTS = (*LEAVING, *SLOW, *BODIES, *HEADS)
