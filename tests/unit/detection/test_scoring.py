"""Precision and recall: how data sets are read, and what is counted."""

import pytest

from penstock.core.finding import Matter
from penstock.detection.engine import engine
from penstock.detection.scoring import DatasetError, Marked, Sample, Score, samples, scores

PRESIDIO = b"""[{"full_text": "Joe, joe@corp.de", "masked": "x", "spans": [
  {"entity_type": "PERSON", "entity_value": "Joe", "start_position": 0, "end_position": 3},
  {"entity_type": "AGE", "entity_value": "Joe", "start_position": 0, "end_position": 3},
  {"entity_type": "EMAIL_ADDRESS", "entity_value": "joe@corp.de", "start_position": 5, "end_position": 16}]}]"""
LINES = b"""{"text": "ask joe@corp.de", "spans": [{"start": 4, "end": 15, "kind": "email"}], "matter": "tool-result"}

{"text": "nothing"}
"""


def test_both_forms_are_read() -> None:
    """Presidio's types become our kinds; those without one are left out."""
    assert samples(PRESIDIO) == [Sample("Joe, joe@corp.de", (Marked(0, 3, "person"), Marked(5, 16, "email")))]
    assert samples(LINES) == [
        Sample("ask joe@corp.de", (Marked(4, 15, "email"),), Matter.RESULT),
        Sample("nothing", ()),
    ]


@pytest.mark.parametrize("data", [b"[{}]", b'{"spans": []}', b"words", b'{"text": "a", "spans": [{"start": 1}]}'])
def test_what_is_in_neither_form_is_refused(data: bytes) -> None:
    """In words, not with a traceback of the decoder's."""
    with pytest.raises(DatasetError):
        samples(data)


def test_what_is_met_covered_exact_and_right_is_counted() -> None:
    """One marked and exact, one marked too long, one missed, one found that nobody marked."""
    texts = [
        Sample("joe@corp.de", (Marked(0, 11, "email"),)),
        Sample("mail joe@corp.de", (Marked(0, 16, "email"),)),
        Sample("joe at corp", (Marked(0, 11, "email"),)),
        Sample("ann@corp.de", ()),
    ]
    (score,) = scores(engine(frozenset({"email"})), texts)
    assert score == Score("email", marked=3, met=2, covered=1, exact=1, found=3, right=2)
    assert (score.recall, score.precision) == (2 / 3, 2 / 3)
    assert Score("x", 0, 0, 0, 0, 0, 0).recall is None
