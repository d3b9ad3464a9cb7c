"""Time is linear in the text, whatever the text is; and a detector is ready soon."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.finding import Detector, Matter
from penstock.detection.engine import OwnPattern, engine
from penstock.detection.kinds import DEFAULT, KINDS
from penstock.detection.terms import TermList

UNITS = [
    "@", "a@a@a@", "a.", "a@b.cc.1.", "joe@corp.de,", "ü@", "1", "1 ", "1.", "1:", "1-1-1-", "1x1", "12 34 ", "01 23 ",
    "(1) ", "+1(", "+49 30 1234567 ", "0049 30 ", "phone: ", "call 1 ", "call ( ", "9 fax ", "12345 office ",
    "4111111111111111 ", "4111 1111 1111 1111 ", "DE89", "DE89 3704 ", "86.121.97.248 ", "::", "a:b:", "0x", "A", "_",
    "-", "://a:b@c ", "://a:", "ssn 1", "id 1", "123-45-6789 ", "passport A", "account number 1 ", "born 1.1.", "P<A",
    "%25", "%2", "\\", "\\n", "a\\n", "\\u0040", "&#64;", "=40", "=40a=2E", "=3D\r\n", "\u200b", "ａ", "e\u0301", "é",
    "\U0001f600", "QUJD", "acme ", "acmeacme", "T-1", " ", "\n",
]  # fmt: skip


@pytest.fixture(scope="module")
def all_of_it() -> Detector:
    """Every kind, a list and a pattern that would like to read on."""
    terms = (TermList("staff", ("acme", "acme acme", "a")),)
    return engine(frozenset(kind.name for kind in KINDS), terms, (OwnPattern("ticket", r"T-\d(?:[^z]*z)?"),))


def _spent(detector: Detector, text: str) -> float:
    started = time.process_time()
    detector.find(text, Matter.USER)
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_no_text_is_slow(all_of_it: Detector, unit: str) -> None:
    """Four times as much of it takes about four times as long, and never more than some seconds a megabyte."""
    text = unit * (600_000 // len(unit))
    _spent(all_of_it, text[:1000])
    quarter = min(_spent(all_of_it, text[: len(text) // 4]) for _ in range(2))
    whole = min(_spent(all_of_it, text) for _ in range(2))
    assert whole < 8 * quarter + 0.1
    assert whole < 2.5


@pytest.mark.slow
@pytest.mark.parametrize(
    "form", ["+49 30 {:07} ", "0341 838 {:04} ", "(415) 555-{:04}x1 ", "41111111{:08} ", "u{}@corp.de "]
)
def test_no_text_is_slow_for_its_many_values(all_of_it: Detector, form: str) -> None:
    """Each of them another, so that nothing could be remembered."""
    text = "".join(form.format(number) for number in range(20_000))
    _spent(all_of_it, text[:1000])
    assert min(_spent(all_of_it, text) for _ in range(2)) < 2.5


def test_a_detector_is_ready_soon() -> None:
    """All default kinds within 0.3 seconds, once its parts are loaded."""
    engine(DEFAULT)
    spent = []
    for _ in range(3):
        started = time.process_time()
        engine.__wrapped__(DEFAULT)
        spent.append(time.process_time() - started)
    assert min(spent) < 0.3


PIECES = st.sampled_from(
    [*UNITS, "joe@corp.de", "+14155552671", "%40", "\\u0040", " is ", "\ud83d", "DE89370400440532013000", "Jane Doe"]
)


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=25).map("".join))
def test_whatever_is_found_stands_in_the_text(text: str) -> None:
    """In order, apart, not empty, of a kind that was asked for; and the same the second time."""
    terms = (TermList("staff", ("Jane Doe", "a")),)
    detector = engine(DEFAULT, terms, (OwnPattern("ticket", r"\d-\d"),))
    found = list(detector.find(text, Matter.USER))
    assert found == sorted(found)
    edges = [edge for one in found for edge in (one.start, one.end)]
    assert edges == sorted(edges)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert {one.kind for one in found} <= DEFAULT | {"staff", "ticket"}
    assert list(detector.find(text, Matter.USER)) == found
