"""Terms are met as whole words however they are spelt, and told in the text's own places."""

import time

import pytest

from penstock.policies.guard.terms import CompiledTerms

LIST = CompiledTerms(("Bluebird", "Project  Falcon", "東京", "grün"), ("Bluebird Cafe",))


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("the bluebird flies", ["bluebird"]),
        ("BLUEBIRD, again: Bluebird.", ["BLUEBIRD", "Bluebird"]),
        ("blue\u200bbi\u00adrd", ["blue\u200bbi\u00adrd"]),
        ("Ｂｌｕｅｂｉｒｄ", ["Ｂｌｕｅｂｉｒｄ"]),
        ("blυеbіrd in Greek and Cyrillic letters", ["blυеbіrd"]),
        ("project\n    falcon takes off", ["project\n    falcon"]),
        ("x  \n y  project falcon z", ["project falcon"]),
        ("GRÜN and gru\u0308n", ["GRÜN", "gru\u0308n"]),
        ("in 東京都", ["東京"]),
        ("blue%62ird, blu&#101;bird and \\u0062luebird", ["blue%62ird", "blu&#101;bird", "\\u0062luebird"]),
        ("bluebirds and my_bluebird2, bluebirdie", []),
        ("Bluebird Cafe is open", []),
        ("the bluebird in the Bluebird Cafe", ["bluebird"]),
        ("a project, a falcon", []),
        ("", []),
    ],
)
def test_what_is_met(text: str, met: list[str]) -> None:
    """The spans are those of the text as it was given, whatever was seen through to find them."""
    assert [text[start:end] for start, end in LIST.find(text)] == met


def test_a_shorter_term_is_found_where_a_longer_one_goes_on() -> None:
    """A longer term that only begins there must not hide a shorter one that stands there whole."""
    text = "foo barn"
    assert [text[start:end] for start, end in CompiledTerms(("foo", "foo bar"), ()).find(text)] == ["foo"]


def test_overlapping_terms_are_one_span() -> None:
    """Masks of the same letters can't both be put in."""
    assert list(CompiledTerms(("red fox", "fox den"), ()).find("a red fox den")) == [(2, 13)]


def test_adversarial_text_is_searched_in_linear_time() -> None:
    """A megabyte of beginnings of terms is searched within a second or two, whatever the list."""
    found = CompiledTerms(tuple("a" * length for length in range(2, 40)), ())
    for text in ("a" * 1_000_000, "ab " * 300_000, "\u0301" * 200_000, " \n" * 500_000):
        began = time.perf_counter()
        found.find(text)
        assert time.perf_counter() - began < 5
