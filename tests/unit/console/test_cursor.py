"""Cursors: a place in a list that nobody but the gateway can make up."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.console.cursor import BadCursorError, Place, opened, sealed

SECRET = b"s" * 32
places = st.lists(st.text() | st.integers(-(2**63), 2**63 - 1), max_size=4).map(tuple)


@given(places, st.text())
def test_what_was_sealed_is_opened(place: Place, question: str) -> None:
    """Any place comes back for the question that it belongs to."""
    assert opened(SECRET, question, sealed(SECRET, question, place)) == place


@given(places, st.text(), st.text(), st.integers(0, 10_000), st.integers(1, 255))
def test_nothing_else_is(place: Place, question: str, other: str, at: int, flip: int) -> None:
    """Not with another question, not under another secret, not with any byte changed, added or cut off."""
    cursor = sealed(SECRET, question, place)
    raw = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    raw[at % len(raw)] ^= flip
    changed = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    refused = [(SECRET, question, changed), (b"t" * 32, question, cursor), (SECRET, question, cursor[:-4])]
    if other != question:
        refused.append((SECRET, other, cursor))
    for secret, asked, given_ in refused:
        with pytest.raises(BadCursorError):
            opened(secret, asked, given_)


@pytest.mark.parametrize("cursor", ["", "x", "!!", "ä", "A" * 10_000, "null", "W10"])
def test_garbage_is_refused(cursor: str) -> None:
    """Nothing that a client may send there gets through, or breaks anything."""
    with pytest.raises(BadCursorError):
        opened(SECRET, "list", cursor)
