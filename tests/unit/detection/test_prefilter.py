"""The prefilter: it may name a rule too many, never one too few."""

import re
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.detection import parts
from penstock.detection.kinds import KINDS
from penstock.detection.prefilter import Characters, Prefilter, spans, uncounted
from tests.support.secret_examples import FUNCTIONS, LABELLED, TEMPLATES, fill

ALL = parts.rules(frozenset(kind.name for kind in KINDS))
STRUCTURED = """
Ask joe@corp.de or иван@пример.рф, call me at +49 (0)30 1234567, (415) 555-2671 x12, 416 60 039 office;
fax 01 42 68 53 00, 4111 1111 1111 1111, 5555555555554444; DE89 3704 0044 0532 0130 00; 86.121.97.248;
2a02:8108:50c0::1a2b, 00:1A:2B:3C:4D:5E, 460-89-9847, SSN 460899847, NI number: AB123456C, BSN 111222333;
RSSMRA85T10A562S, 756.9217.0769.85, 131052-308T, PESEL: 44051401359, CPF 52998224725, S1234567D;
マイナンバー: 1234 5678 9018, passport number: C01X00T47, DOB: 1980-03-12, sort code 20-00-00;
driver's license number is F162823540116, 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa, postgres://joe:hunter2@db.corp/x
"""


def _texts() -> list[bytes]:
    """One of each form of secret that is documented, and others."""
    dice = Random(7)
    texts = [fill(dice, template) for template in (*TEMPLATES.values(), *LABELLED.values())]
    texts += [make(dice) for make in FUNCTIONS.values()]
    return [text.encode() for text in (*texts, *STRUCTURED.splitlines(), "nothing at all")]


@pytest.mark.slow
def test_no_rule_is_kept_from_what_its_pattern_meets() -> None:
    """Each rule whose pattern is met in a text is among those that the text may meet."""
    prefilter = Prefilter(ALL)
    tried = 0
    for data in _texts():
        met = set(prefilter.met(data))
        for number, rule in enumerate(ALL):
            if number not in met:
                assert not any(spans(rule.pattern, rule.group, data)), (rule.name, data)
            tried += number in met
    assert tried > 300


def test_most_rules_are_spared_most_texts() -> None:
    """An ordinary text is searched by a few of them."""
    text = b"def total(items):\n    return sum(item.price * item.count for item in items if item.count > 0)\n"
    assert len(Prefilter(ALL).met(text * 20)) < len(ALL) / 10


UNCOUNTED = [
    ("a{2,3}b{0,4}c{5}d{2,}", "a+b*c+d+"),
    ("a{2,3}?", "a+?"),
    (r"\x{a0}\p{Latin}{1,3}\{2}[x{3}\]{2}]{4}", r"\x{a0}\p{Latin}+\{2}[x{3}\]{2}]+"),
    ("(?:a|b){0,2}$", "(?:a|b)*$"),
]


@pytest.mark.parametrize(("pattern", "other"), UNCOUNTED)
def test_counts_are_taken_out_of_patterns(pattern: str, other: str) -> None:
    """And nothing that only looks like one."""
    assert uncounted(pattern) == other


@given(st.text(max_size=60))
def test_places_in_bytes_become_places_in_characters(text: str) -> None:
    """For every character, in order."""
    text = re.sub("[\ud800-\udfff]", "?", text)
    characters = Characters(text.encode())
    edges = [len(text[:place].encode()) for place in range(len(text) + 1)]
    assert [characters.at(edge) for edge in edges] == list(range(len(text) + 1))
