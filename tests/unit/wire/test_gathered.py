"""Bytes that arrive in pieces: the same whole, at a cost that does not depend on who cut them."""

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.gathered import Gathered


@given(st.lists(st.lists(st.binary(max_size=4), max_size=200), max_size=3))
def test_what_was_added_is_taken_in_its_order(rounds: list[list[bytes]]) -> None:
    """However many pieces, and again after it was emptied."""
    gathered = Gathered()
    for pieces in rounds:
        for piece in pieces:
            gathered.add(piece)
        assert gathered.size == sum(map(len, pieces))
        assert gathered.take() == b"".join(pieces)
        assert (gathered.size, gathered.take()) == (0, b"")


def test_one_piece_is_not_copied() -> None:
    """The usual body, which came in one read, stays the object that it was."""
    gathered, piece = Gathered(), b"x" * 1000
    gathered.add(piece)
    assert gathered.take() is piece


@pytest.mark.slow
def test_tiny_pieces_cost_neither_their_square_nor_forty_times_their_bytes() -> None:
    """A sender of two-byte pieces takes the memory of its bytes, and the time of its pieces."""
    gathered = Gathered()
    tracemalloc.start()
    began = time.process_time()
    for number in range(200_000):
        gathered.add(b"%02d" % (number % 100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000
    assert time.process_time() - began < 5
    assert len(gathered.take()) == 400_000
