"""Whoever looks through a long text can be interrupted, and lets others have their turn."""

import math
import time

import pytest

from penstock.core.finding import Detector, Matter
from penstock.detection.engine import engine
from penstock.detection.kinds import DEFAULT, KINDS
from penstock.detection.names.runs import RUN, SLICE, runs, shape
from penstock.detection.terms import TermList
from tests.unit.detection.test_time import UNITS

pytestmark = pytest.mark.slow

MORE = [
    "aA", "Ab ", "A. ", "Jane Doe, ", "Mr. ", "Dear John,\n", "12 Elm Street ", "<a@b>", "``` ", "\uac00", "\u1100",
    "漢字", "Привет ", "Ä", "Kubernetes Xyzzy Frobnicate\n",
]  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> Detector:
    """Every kind, and a list."""
    return engine(frozenset(kind.name for kind in KINDS), (TermList("staff", ("acme", "acme acme", "Jane Doe")),))


class _EnoughError(Exception):
    """Nobody waits any longer."""


class _Watch:
    """Measures how much this thread does from pause to pause, and ends it at the last one."""

    def __init__(self, last: float = math.inf) -> None:
        self._left, self.number, self.longest, self._before = last, 0, 0.0, time.thread_time()

    def __call__(self) -> None:
        now = time.thread_time()
        self.longest, self._before = max(self.longest, now - self._before), now
        self.number += 1
        if self.number >= self._left:
            raise _EnoughError


@pytest.mark.parametrize("unit", [*UNITS, *MORE], ids=ascii)
def test_a_long_text_is_left_for_others_again_and_again(detector: Detector, unit: str) -> None:
    """However it is made: the megabyte takes seconds at worst, and no two pauses are a fifth of one apart. On a quiet
    machine it is less than a tenth."""
    text = unit * (1_000_000 // len(unit))
    detector.find(text[:50_000], Matter.USER)
    watch = _Watch()
    detector.find(text, Matter.USER, watch)
    watch()
    assert watch.longest < 0.2


def test_a_pause_may_be_the_end() -> None:
    """What it raises comes out, at the first pause and at a later one; the next text is looked through as ever."""
    detector = engine(DEFAULT)
    text = "Jane Doe, joe@corp.de, 86.121.97.248\n" * 2000
    watch = _Watch()
    found = detector.find(text, Matter.USER, watch)
    assert watch.number > 100

    for last in (1, watch.number // 2, watch.number):
        with pytest.raises(_EnoughError):
            detector.find(text, Matter.USER, _Watch(last))
    assert detector.find(text, Matter.USER) == found


@pytest.mark.parametrize(
    "unit", ["Jane van der Berg, ", "Ann-Marie O'Neil's J. R. R. Tolkien and ", "A", "aA", "A. B. C. ", "Öl Äh Übung. "]
)
def test_runs_are_the_same_slice_by_slice(unit: str) -> None:
    """Whatever stands where one slice ends and the next begins."""
    for shift in range(0, 90, 7):
        shaped = shape("x" * shift + " " + unit * (3 * SLICE // len(unit)))
        assert list(runs(shaped, lambda: None)) == [match.span() for match in RUN.finditer(shaped)]
