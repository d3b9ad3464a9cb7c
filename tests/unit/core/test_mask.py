"""Tokens that stand for private values."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.mask import ALPHABET, BODY, Masks, spelt, well_formed

LABELS = st.from_regex(r"[A-Z]{2,8}", fullmatch=True)
NUMBERS = st.integers(0, 28**9 - 1)
TOKENS = st.builds(spelt, LABELS, NUMBERS)


@pytest.mark.slow
@given(LABELS, NUMBERS, st.integers(0, BODY - 1), st.sampled_from(ALPHABET))
def test_no_single_miscopied_character_goes_unnoticed(label: str, number: int, place: int, letter: str) -> None:
    """A token is well formed, and with one other character in its body it is not."""
    token = spelt(label, number)
    assert well_formed(token)
    at = len(label) + 1 + place
    other = token[:at] + letter + token[at + 1 :]
    assert well_formed(other) is (other == token)


@given(st.dictionaries(TOKENS, st.text(max_size=12), min_size=1, max_size=4), st.text(max_size=10), st.data())
def test_values_come_back_however_a_text_is_cut(values: dict[str, str], around: str, data: st.DataObject) -> None:
    """Held back and put back piece by piece, a text is what it would be whole, and no more is held than a token less
    one character."""
    text = around.join(["", *values, *values, ""])
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    masks, told, held = Masks(values), "", ""
    for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True):
        piece = held + text[start:end]
        kept = masks.held_back(piece)
        assert kept < max(map(len, values))
        held = piece[len(piece) - kept :]
        told += masks.put_back(piece[: len(piece) - kept])
    told += masks.put_back(held)
    assert told == Masks(values).put_back(text)


EMAIL = spelt("EMAIL", 123456789)
MASKS = {EMAIL: 'a"b@c.de'}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (f"to {EMAIL}.", 'to a"b@c.de.'),
        (f"x{EMAIL}y", 'xa"b@c.dey'),
        (f"aVeryLongWord{EMAIL}", 'aVeryLongWorda"b@c.de'),
        (f"{EMAIL}{EMAIL}", 'a"b@c.dea"b@c.de'),
        (EMAIL.lower(), EMAIL.lower()),
        (EMAIL.replace("_", r"\_"), EMAIL.replace("_", r"\_")),
        ("snake_case_name", "snake_case_name"),
    ],
)
def test_only_the_exact_token_is_restored(text: str, whole: str) -> None:
    """Other spellings stay, whatever stands around the token."""
    assert Masks(MASKS).put_back(text) == whole


def test_what_became_of_tokens_is_counted() -> None:
    """Restored, spelt otherwise, not of this request, miscopied: each by itself."""
    masks = Masks(MASKS)
    other = spelt("EMAIL", 5)
    broken = EMAIL[:-1] + ("b" if EMAIL[-1] != "b" else "c")
    masks.put_back(f"{EMAIL} {EMAIL} {EMAIL.lower()} {other} {broken}")
    assert (masks.restored, masks.altered, masks.unresolved, masks.miscopied) == (2, 1, 1, 1)


def test_a_token_agrees_with_its_last_character() -> None:
    """Any other there, and it is none."""
    assert [letter for letter in ALPHABET if well_formed(EMAIL[:-1] + letter)] == [EMAIL[-1]]


def test_numbers_come_back_and_are_counted() -> None:
    """Digits that stand for a number, wherever they stand alone; whoever has neither tokens nor numbers says so."""
    masks = Masks({}, numbers={"4111111111111111": "4929123412341234"})
    assert masks.put_back("4111111111111111, 411, 4111111111111111") == "4929123412341234, 411, 4929123412341234"
    assert masks.restored == 2
    assert [bool(one) for one in (masks, Masks(MASKS), Masks({}))] == [True, True, False]


def test_a_value_is_escaped_for_its_place() -> None:
    """Inside a JSON string it is written as one writes it there."""
    told = Masks(MASKS).put_back(f'{{"to":"{EMAIL}"}}', lambda value: json.dumps(value)[1:-1])
    assert json.loads(told) == {"to": 'a"b@c.de'}
