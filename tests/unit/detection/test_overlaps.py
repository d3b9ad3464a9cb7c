"""Overlapping findings: who keeps the letters, and that the rest stays found."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from penstock.core.finding import Found
from penstock.detection.overlaps import resolved

TEXT = "abcdefghijklmnopqrst" * 5


def rank(one: Found) -> int:
    """Kinds are their own ranks here."""
    return int(one.kind)


FOUND = st.lists(
    st.tuples(st.integers(0, 80), st.integers(1, 19), st.sampled_from("012")).map(
        lambda row: Found(row[0], row[0] + row[1], row[2], "rule")
    ),
    max_size=20,
)


@given(FOUND, st.randoms())
def test_findings_are_apart_in_order_and_cover_what_was_found(found: list[Found], chance: random.Random) -> None:
    """In whatever order they come: each letter of theirs has one finding."""
    kept = resolved(TEXT, found, rank)
    chance.shuffle(found)
    assert list(resolved(TEXT, found, rank)) == list(kept)
    assert all(one.end <= other.start for one, other in pairwise(kept))
    covered = {place for one in kept for place in range(one.start, one.end)}
    wanted = {place for one in found for place in range(one.start, one.end)}
    assert covered == wanted


def test_the_lowest_rank_then_the_longest_keeps_its_letters() -> None:
    """Of the others remains what nobody has."""
    found = [Found(0, 10, "1", "a"), Found(3, 6, "0", "b"), Found(2, 9, "2", "c"), Found(8, 14, "1", "d")]
    assert list(resolved(TEXT, found, rank)) == [
        Found(0, 3, "1", "a"),
        Found(3, 6, "0", "b"),
        Found(6, 10, "1", "a"),
        Found(10, 14, "1", "d"),
    ]


def test_many_findings_under_a_long_one_cost_no_more_than_apart() -> None:
    """A hundred thousand of them."""
    many = [Found(place, place + 3, "1", "a") for place in range(0, 200_000, 2)]
    kept = resolved("x" * 200_010, [*many, Found(0, 200_005, "0", "b")], rank)
    assert list(kept) == [Found(0, 200_005, "0", "b")]
