"""The operator's lists: how terms are compared, where words end, and that long lists cost little."""

import time

import pytest

from penstock.detection.terms import TermList, TermLists

ROWS = [
    ("Jane Doe", "ask JANE doe now", ["JANE doe"]),
    ("Jane Doe", "ask Jane\nDoe now", ["Jane\nDoe"]),
    ("Jane", "Janet, Jane's, jane_doe, jane2", ["Jane", "jane"]),
    ("C++", "C++ and C+++", ["C++", "C++"]),
    ("@acme", "joe@acme", ["@acme"]),
    ("straße", "STRASSE Straße strasse", ["STRASSE", "Straße", "strasse"]),
    ("Müller", "MÜLLER, Mu\u0308ller", ["MÜLLER"]),
    ("acme", "аcmе ＡＣＭＥ ac\u200bme", ["аcmе", "ＡＣＭＥ", "ac\u200bme"]),
    ("Москва", "в МОСКВА и", ["МОСКВА"]),
    ("東京支社", "彼は東京支社で働く", ["東京支社"]),
    ("a\x01b", "a\x01b", ["a\x01b"]),
]


@pytest.mark.parametrize(("term", "text", "values"), ROWS)
def test_a_term_is_found_as_a_reader_would(term: str, text: str, values: list[str]) -> None:
    """Whatever its case and letters, as a whole word; an underscore ends a word."""
    found = TermLists([TermList("staff", (term,))]).find(text)
    assert [text[one.start : one.end] for one in found] == values


def test_lists_say_how_they_are_compared() -> None:
    """With regard to case, and inside words; each finding has its list's kind."""
    terms = TermLists(
        [
            TermList("project", ("Falcon",), ignore_case=False),
            TermList("part", ("XK7",), whole_words=False),
            TermList("empty", ("", "  ")),
        ]
    )
    text = "falcon Falcon aXK7b"
    assert {(one.kind, one.rule, text[one.start : one.end]) for one in terms.find(text)} == {
        ("project", "project.list", "Falcon"),
        ("part", "part.list", "XK7"),
    }


def test_of_overlapping_terms_the_first_and_longest_is_told() -> None:
    """And one that is no whole word hides no other."""
    terms = TermLists([TermList("x", ("New York", "New York City", "a b", "b c d"))])
    text = "New York City; xa b c d"
    assert [text[one.start : one.end] for one in terms.find(text)] == ["New York City", "b c d"]


def test_tens_of_thousands_of_terms_are_searched_for_at_once() -> None:
    """A list of 50,000 costs about what a list of five does, and is ready in a second."""
    many = tuple(f"Person{number} Family{number % 977}" for number in range(50_000))
    text = "They met Person4711 Family803 on the way to somewhere else. " * 2_000
    started = time.process_time()
    large = TermLists([TermList("staff", many)])
    built = time.process_time() - started
    spent = []
    for terms in (TermLists([TermList("staff", many[:5])]), large):
        started = time.process_time()
        count = sum(1 for _ in terms.find(text))
        spent.append(time.process_time() - started)
    assert count == 2_000
    assert built < 5
    assert spent[1] < 10 * spent[0] + 0.05
