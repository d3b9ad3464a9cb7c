"""What a compressed answer tells, whole or cut short anywhere: the same as if it had not been compressed."""

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from random import Random

import brotli
import pytest
import zstandard

from penstock.app import DIALECTS
from penstock.core.head import RequestHead, ResponseHead
from penstock.core.usage import Consumption, Source
from penstock.routes import match
from penstock.wire.tap import CODED_BYTES, Tap

Compress = Callable[[Sequence[bytes]], Iterator[bytes]]


def event(kind: str, **more: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind, **more}).encode())


MESSAGE = {"id": "msg_1", "model": "claude-sonnet-4-5", "usage": {"input_tokens": 1_234, "output_tokens": 1}}
STREAM = [
    event("message_start", message=MESSAGE),
    *(event("content_block_delta", index=0, delta={"type": "text_delta", "text": f"word {n} "}) for n in range(50)),
    event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 99}),
    event("message_stop"),
]


def deflating(wbits: int) -> Compress:
    def compress(frames: Sequence[bytes]) -> Iterator[bytes]:
        machine = zlib.compressobj(wbits=wbits)
        for frame in frames:
            yield machine.compress(frame) + machine.flush(zlib.Z_SYNC_FLUSH)
        yield machine.flush()

    return compress


def by_brotli(frames: Sequence[bytes]) -> Iterator[bytes]:
    machine = brotli.Compressor()
    for frame in frames:
        yield machine.process(frame) + machine.flush()
    yield machine.finish()


def by_zstd(frames: Sequence[bytes]) -> Iterator[bytes]:
    machine = zstandard.ZstdCompressor().compressobj()
    for frame in frames:
        yield machine.compress(frame) + machine.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)
    yield machine.flush()


def twice(frames: Sequence[bytes]) -> Iterator[bytes]:
    return by_brotli(list(deflating(16 + zlib.MAX_WBITS)(frames)))


CODINGS: dict[str, Compress] = {
    "gzip": deflating(16 + zlib.MAX_WBITS),
    "deflate": deflating(zlib.MAX_WBITS),
    "br": by_brotli,
    "zstd": by_zstd,
    "gzip, br": twice,
}


def told(encoding: str, pieces: Sequence[bytes]) -> Consumption:
    """What is known of an Anthropic stream that came in these pieces."""
    met = match(RequestHead("POST", b"/anthropic/v1/messages", ()))
    head = ResponseHead(200, ((b"content-type", b"text/event-stream"), (b"content-encoding", encoding.encode())))
    tap = Tap(DIALECTS["anthropic"].tally(met), head, stream=False, counts=True)
    for piece in pieces:
        tap.take(piece)
    return tap.consumed()


@pytest.mark.parametrize("encoding", CODINGS)
def test_a_whole_stream_tells_all(encoding: str) -> None:
    """To the last number."""
    found = told(encoding, list(CODINGS[encoding](STREAM)))
    assert (found.source, found.missing, found.model) == (Source.REPORTED, False, "claude-sonnet-4-5")
    assert (found.usage.input, found.usage.output) == (1_234, 99)


@pytest.mark.parametrize("encoding", [*CODINGS, "unheard-of"])
def test_what_is_plain_is_read_whatever_its_head_says(encoding: str) -> None:
    """A policy may have undone the encoding, and some servers name one that is not there."""
    found = told(encoding, STREAM)
    assert (found.usage.input, found.usage.output, found.missing) == (1_234, 99, False)


@pytest.mark.parametrize("encoding", CODINGS)
@pytest.mark.parametrize("frames", [1, 5, 40, 51, 52])
def test_a_stream_that_was_cut_tells_what_had_come(encoding: str, frames: int) -> None:
    """Frames that came whole are read, though the encoding never ended and the next frame came in part."""
    pieces = list(CODINGS[encoding](STREAM))
    found = told(encoding, [*pieces[:frames], pieces[frames][: len(pieces[frames]) // 2]])
    assert (found.model, found.usage.input, found.usage.total_output) == (
        ("claude-sonnet-4-5", 1_234, 99) if frames == 52 else ("claude-sonnet-4-5", 1_234, 1)
    )
    assert found.missing == (frames < 52)


def test_a_number_that_was_cut_is_not_read() -> None:
    """The last frame's count would be a tenth of itself."""
    plain = b"".join(STREAM[:-1])
    pieces = list(CODINGS["gzip"]([plain[: plain.index(b'"output_tokens": 99') + len(b'"output_tokens": 9')]]))
    found = told("gzip", pieces[:1])
    assert (found.usage.input, found.usage.total_output, found.missing) == (1_234, 1, True)


def test_of_a_long_stream_the_beginning_is_read() -> None:
    """What is kept of it is bounded, and tells what went in."""
    noise = Random("tap").randbytes(CODED_BYTES * 5 // 4).hex()
    delta = event("content_block_delta", index=0, delta={"type": "text_delta", "text": noise})
    pieces = list(CODINGS["gzip"]([STREAM[0], delta, *STREAM[1:]]))
    assert sum(map(len, pieces)) > CODED_BYTES
    found = told("gzip", pieces)
    assert (found.usage.input, found.missing) == (1_234, True)


@pytest.mark.parametrize("pieces", [[], [b"\x1f"], [b"no gzip at all"]])
def test_what_cannot_be_read_tells_nothing(pieces: list[bytes]) -> None:
    """And is no trouble."""
    assert told("gzip", pieces).shares == ()
    assert told("unheard-of", pieces).shares == ()
