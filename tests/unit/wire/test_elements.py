"""A JSON array that is streamed element by element: whole elements only, and an error as its last one after a cut."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.elements import Elements
from tests.path.wire.raw import split

pytestmark = pytest.mark.slow

TRICKY = st.text(alphabet='ab"\\[]{},é\n', max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TRICKY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TRICKY, inner, max_size=3),
    max_leaves=8,
)
ARRAYS = st.lists(st.dictionaries(TRICKY, VALUES, max_size=3), max_size=5)
CUTS = st.lists(st.integers(0, 400), max_size=20)
ERROR = b'{"error": {"code": 502}}'


def written(elements: list[Any], *, ascii_only: bool) -> bytes:
    """As Google writes it."""
    return (
        "[" + "\n,\r\n".join(json.dumps(one, ensure_ascii=ascii_only, indent=2) for one in elements) + "\n]\n"
    ).encode()


@given(ARRAYS, st.booleans(), CUTS)
def test_a_whole_array_passes_whole(elements: list[Any], ascii_only: bool, cuts: list[int]) -> None:
    """However it is cut, all bytes go out, and at the end nothing is held."""
    stream = written(elements, ascii_only=ascii_only)
    held = Elements(1 << 20)
    assert b"".join(held.feed(piece) for piece in split(stream, cuts)) == stream
    assert held.closed
    assert held.rest() == b""
    assert held.ended_by(ERROR) == b""


@given(ARRAYS, st.booleans(), CUTS, st.integers(0, 400), st.sampled_from([5, 40, 1 << 20]))
def test_after_a_cut_anywhere_the_error_is_the_last_element(
    elements: list[Any], ascii_only: bool, cuts: list[int], cut: int, cap: int
) -> None:
    """What went out, and the ending, are one JSON array: the elements that were whole, then the error."""
    stream = written(elements, ascii_only=ascii_only)[:cut]
    held, out = Elements(cap), b""
    for piece in split(stream, cuts):
        out += held.feed(piece)
        assert stream.startswith(out)
        ending = held.ended_by(ERROR)
        if ending:
            *before, last = json.loads(out + ending)
            assert last == json.loads(ERROR)
            assert before == elements[: len(before)]
    if cap > 400:
        assert held.ended_by(ERROR) is not None


@given(
    st.lists(st.sampled_from([b"[", b"{", b"}", b"]", b'"', b"\\", b" ", b"1"]), max_size=20).map(b"".join)
    | st.binary(max_size=40),
    CUTS,
    st.integers(0, 20),
)
def test_nothing_is_lost_of_what_is_no_array(stream: bytes, cuts: list[int], cap: int) -> None:
    """Whatever the provider sends, its bytes come out in their order and no others."""
    held = Elements(cap)
    assert b"".join(held.feed(piece) for piece in split(stream, cuts)) + held.rest() == stream


@pytest.mark.parametrize("stream", [b'{"error": 1', b"null", b"<html>", b'"['], ids=repr)
def test_what_is_no_array_passes_as_it_comes(stream: bytes) -> None:
    """Only an array is held back; anything else is not ours to end."""
    held = Elements(1 << 20)
    assert held.feed(b" \n") + held.feed(stream) == b" \n" + stream
    assert held.ended_by(ERROR) is None


def test_small_pieces_of_a_huge_element_cost_linear_time() -> None:
    """Eight times the pieces take about eight times as long."""

    def measure(pieces: int) -> float:
        held = Elements(1 << 30)
        began = time.process_time()
        held.feed(b'[{"a": "')
        for _ in range(pieces):
            held.feed(b'\\"x')
        return time.process_time() - began

    small = min(measure(4_000) for _ in range(3))
    assert measure(32_000) < small * 8 * 3
