"""Request bodies that come compressed: undone exactly, or refused in the words that Anthropic's SDKs know."""

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.fault import FaultError, FaultKind
from penstock.wire.encoding import MEMBERS, decode

LIMIT = 1 << 20


def raw_deflate(data: bytes) -> bytes:
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return machine.compress(data) + machine.flush()


CODECS: list[tuple[str, str, Callable[[bytes], bytes]]] = [
    ("gzip", "gzip", gzip.compress),
    ("x-gzip", "x-gzip", gzip.compress),
    ("upper case", " GZIP ", gzip.compress),
    ("deflate", "deflate", zlib.compress),
    ("deflate without its header", "deflate", raw_deflate),
    ("br", "br", brotli.compress),
    ("zstd", "zstd", zstandard.compress),
    ("zstd with a checksum", "zstd", lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data)),
    ("identity", "identity", bytes),
    ("nothing", "", bytes),
    ("twice", "gzip, zstd", lambda data: zstandard.compress(gzip.compress(data))),
]
codecs = pytest.mark.parametrize(("names", "compress"), [row[1:] for row in CODECS], ids=[row[0] for row in CODECS])
real_codecs = pytest.mark.parametrize(
    ("names", "compress"), [row[1:] for row in CODECS[:8]], ids=[row[0] for row in CODECS[:8]]
)


def refused(raw: bytes, names: str, limit: int = LIMIT) -> FaultKind:
    with pytest.raises(FaultError) as caught:
        decode(raw, names, limit)
    return caught.value.fault.kind


@codecs
@given(data=st.binary(max_size=300) | st.builds(bytes.__mul__, st.binary(max_size=20), st.integers(1, 12_000)))
def test_what_was_compressed_comes_back(names: str, compress: Callable[[bytes], bytes], data: bytes) -> None:
    """Each encoding, and two in a row, give the very bytes."""
    # Compared first: in an assertion Hypothesis would print all of a large body.
    same = decode(compress(data), names, LIMIT) == data
    assert same


@real_codecs
def test_what_does_not_fit_is_invalid(names: str, compress: Callable[[bytes], bytes]) -> None:
    """A body cut anywhere, followed by something, or not compressed at all is a 400 with its code."""
    whole = compress(b"some words, " * 40)
    for cut in range(1, len(whole)):
        assert refused(whole[:cut], names) is FaultKind.ENCODING_INVALID, cut
    assert refused(whole + b"\x00more", names) is FaultKind.ENCODING_INVALID
    assert refused(b'{"model": "m"}', names) is FaultKind.ENCODING_INVALID


@pytest.mark.parametrize("names", ["compress", "gzip, rot13", "aws-chunked", "gzip;q=1", "gzip,gzip,gzip"])
def test_an_unknown_encoding_is_unsupported(names: str) -> None:
    """Neither guessed nor ignored: the gateway would read something else than the provider."""
    assert refused(gzip.compress(b"{}"), names) is FaultKind.ENCODING_UNSUPPORTED


@pytest.mark.parametrize("member", [gzip.compress, zstandard.compress])
def test_several_members_are_one_body_up_to_a_bound(member: Callable[[bytes], bytes]) -> None:
    """Streams one after the other are joined, as their formats say; a hundred thousand empty ones are refused."""
    names = "gzip" if member is gzip.compress else "zstd"
    assert decode(member(b"one, ") + member(b"two"), names, LIMIT) == b"one, two"
    began = time.process_time()
    assert refused(member(b"") * 100_000, names) is FaultKind.ENCODING_INVALID
    assert time.process_time() - began < 1
    assert decode(member(b"a") * MEMBERS, names, LIMIT) == b"a" * MEMBERS


@real_codecs
def test_a_body_of_just_the_limit_passes_and_one_more_byte_does_not(
    names: str, compress: Callable[[bytes], bytes]
) -> None:
    """The limit is on what comes out."""
    assert len(decode(compress(b"x" * 1000), names, 1000)) == 1000
    assert refused(compress(b"x" * 1001), names, 1000) is FaultKind.TOO_LARGE_DECODED


@pytest.mark.slow
@real_codecs
def test_a_bomb_is_refused_for_what_its_limit_costs(names: str, compress: Callable[[bytes], bytes]) -> None:
    """What is 48 times the limit takes neither its memory nor its time."""
    bomb = compress(bytes(48 << 20))
    assert len(bomb) < 300_000
    tracemalloc.start()
    try:
        assert refused(bomb, names) is FaultKind.TOO_LARGE_DECODED
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 << 20


@pytest.mark.slow
def test_a_bomb_in_a_bomb_is_refused() -> None:
    """The limit holds after each step."""
    assert refused(gzip.compress(gzip.compress(bytes(100 << 20))), "gzip, gzip") is FaultKind.TOO_LARGE_DECODED


def test_a_window_too_large_is_refused() -> None:
    """A frame that asks the decoder for half a gigabyte does not get it."""
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    machine = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    raw = b"".join(machine.compress(b"x" * 65536) for _ in range(40)) + machine.flush()
    assert refused(raw, "zstd", 64 << 20) is FaultKind.ENCODING_INVALID


def test_words_show_nothing_of_the_body() -> None:
    """What a caller reads names the encoding, never what was sent."""
    with pytest.raises(FaultError) as caught:
        decode(b"my secret", "gzip", LIMIT)
    assert caught.value.fault.words == (
        "The request body is not valid gzip. Correct the body, or its Content-Encoding header."
    )
