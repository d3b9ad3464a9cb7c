"""Request bodies that come compressed: decoded where the gateway must read them, never beyond a limit.

Decoding goes on only until the limit is passed, so a bomb costs what an honest body of that size costs.
"""

import contextlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import brotli
import msgspec
import zstandard

from penstock.core.exchange import Answer
from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.head import first

# How many streams one body may consist of: honest senders make one, and each costs a decoder of its own.
MEMBERS = 100

_BROKEN = (zlib.error, brotli.error, zstandard.ZstdError, EOFError)
SUPPORTED = ("gzip", "deflate", "br", "zstd")


def decode(raw: bytes, encodings: str, limit: int) -> bytes:
    """The body without its content encodings (a header value, applied in order, so undone from the last).

    FaultError 400 for an encoding that is unknown or does not fit the bytes, 413 when the result is over ``limit``.
    """
    names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
    if len(names) > 2:
        raise refuse(
            FaultKind.ENCODING_UNSUPPORTED,
            "The request body is encoded more than twice; send it as it is, or encoded once.",
        )
    for name in reversed(names):
        if name == "identity":
            continue
        undo = _DECODERS.get(name)
        if undo is None:
            words = f"The request body's Content-Encoding is not supported; use one of {', '.join(SUPPORTED)}."
            raise refuse(FaultKind.ENCODING_UNSUPPORTED, words)
        try:
            raw = _within(undo(raw), limit)
        except _BROKEN as error:
            words = f"The request body is not valid {name}. Correct the body, or its Content-Encoding header."
            raise refuse(FaultKind.ENCODING_INVALID, words, detail=str(error)) from None
    return raw


def beginning(raw: bytes, encodings: str, limit: int) -> bytes:
    """As much of a body that was cut short as can be made out, at most about ``limit`` bytes; nothing of an encoding
    that is unknown."""
    names = [name.strip().lower() for name in encodings.split(",") if name.strip()]
    undoing = [_DECODERS.get(name) for name in reversed(names) if name != "identity"]
    if len(names) > 2:
        return b""
    for undo in undoing:
        if undo is None:
            return b""
        plain = bytearray()
        with contextlib.suppress(*_BROKEN):
            for piece in undo(raw):
                plain += piece
                if len(plain) > limit:
                    break
        raw = bytes(plain)
    return raw


def undone(answer: Answer, limit: int) -> Answer:
    """An answer without its content encodings; FaultError 502 where they can't be undone within ``limit`` bytes."""
    encodings = first(answer.headers, b"content-encoding")
    if encodings is None:
        return answer
    try:
        plain = decode(answer.body, encodings.decode("latin-1"), limit)
    except FaultError as error:
        words = "The provider's answer is compressed in a way that this gateway cannot undo."
        raise refuse(FaultKind.BROKEN_ANSWER, words, detail=error.fault.words) from None
    headers = tuple(header for header in answer.headers if header[0] != b"content-encoding")
    return msgspec.structs.replace(answer, headers=headers, body=plain)


def _within(pieces: Iterable[bytes], limit: int) -> bytes:
    plain = bytearray()
    for piece in pieces:
        plain += piece
        if len(plain) > limit:
            raise _over(limit)
    return bytes(plain)


def _over(limit: int) -> FaultError:
    words = (
        f"The request body is larger than {limit} bytes once it is decoded. Send less, or ask your gateway's operator."
    )
    return refuse(FaultKind.TOO_LARGE_DECODED, words)


class _Machine(Protocol):
    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _streams(raw: bytes, make: Callable[[], _Machine], *, piece: int, most: int) -> Iterator[bytes]:
    """What one compressed stream holds, or several of them one after the other.

    Fed ``piece`` bytes at a time, so that what a bomb makes of them is all that goes beyond a limit.
    """
    at = 0
    for _ in range(most):
        stream = make()
        while not stream.eof:
            if at == len(raw):
                raise EOFError("truncated")
            fed = raw[at : at + piece]
            at += len(fed)
            yield stream.decompress(fed)
        at -= len(stream.unused_data)
        if at == len(raw):
            return
    raise EOFError("followed by something else")


def _gzip(raw: bytes) -> Iterator[bytes]:
    # A file may be several members, one after the other (RFC 1952, 2.2).
    return _streams(raw, lambda: zlib.decompressobj(16 + zlib.MAX_WBITS), piece=4096, most=MEMBERS)


def _deflate(raw: bytes) -> Iterator[bytes]:
    # RFC 9110 8.4.1.2 means zlib's format; some senders leave its two bytes of header out.
    wrapped = len(raw) >= 2 and raw[0] & 0x0F == 8 and (raw[0] * 256 + raw[1]) % 31 == 0
    window = zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS
    return _streams(raw, lambda: zlib.decompressobj(window), piece=4096, most=1)


def _brotli(raw: bytes) -> Iterator[bytes]:
    machine = brotli.Decompressor()
    # The decoder asks for more input while it still has output, so only a step without any tells that it is stuck.
    step = machine.process(raw, output_buffer_limit=64 * 1024)
    while step:
        yield step
        step = machine.process(b"", output_buffer_limit=64 * 1024)
    if not machine.is_finished():
        raise EOFError("truncated")


def _zstd(raw: bytes) -> Iterator[bytes]:
    # The window bounds the decoder's memory, whatever the frame's head asks for (RFC 8878 recommends 8 MB). A few bytes
    # can stand for a block of 128 kB each: 512 make 16 MB at most.
    machine = zstandard.ZstdDecompressor(max_window_size=8 * 1024 * 1024)
    make: Callable[[], _Machine] = machine.decompressobj
    return _streams(raw, make, piece=512, most=MEMBERS)


_DECODERS: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
