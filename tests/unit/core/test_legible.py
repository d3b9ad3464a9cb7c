"""Half characters in a JSON text are read as something else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.legible import legible


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (rb'"plain"', rb'"plain"'),
        (rb'"\ud83d\ude00"', rb'"\ud83d\ude00"'),
        (rb'"\uD83D\uDE00 \ud83d"', rb'"\uD83D\uDE00 \ufffd"'),
        (rb'"\uD83D"', rb'"\ufffd"'),
        (rb'"\ude00\ud83d"', rb'"\ufffd\ufffd"'),
        (rb'"\\ud83d"', rb'"\\ud83d"'),
        (rb'"\\\ud83d"', rb'"\\\ufffd"'),
        (rb'"\ud83d\n"', rb'"\ufffd\n"'),
        (rb'"\ud83', rb'"\ud83'),
        (rb'"\ud7ff"', rb'"\ud7ff"'),
    ],
)
def test_half_characters_are_read_as_unknown_ones(text: bytes, read: bytes) -> None:
    """Pairs, escaped backslashes and all else stay."""
    assert legible(text) == read


@given(st.text(st.characters(codec=None)))
def test_any_text_that_json_can_spell_is_readable(text: str) -> None:
    """And says the same, but for its halves."""
    spelt = json.dumps(text).encode()
    whole = json.loads(spelt).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    assert json.loads(legible(spelt)) == whole


def test_nothing_is_made_anew_without_need() -> None:
    """Where there are no halves the text is the same object."""
    text = json.dumps({"a": "😀 \\ud83d"}).encode()
    assert legible(text) is text
