"""How well private values are found: on texts in which somebody marked them, and on code and traffic that has none.

The marked texts are Presidio's synthetic ones. Rules were written by looking at every second of them; the others are
judged apart. The traffic is the recorded one, the code Python's own library and this project's lock files.
"""

import os
import sysconfig
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec
import pytest

from penstock.core.finding import Matter
from penstock.detection.engine import engine
from penstock.detection.kinds import DEFAULT
from penstock.detection.scoring import Sample, Score, samples, scores
from tests.support.corpus import recorded

ROOT = Path(__file__).parents[2]
TARGETS = {
    # kind: recall, precision
    "email": (1.0, 0.99),
    "iban": (1.0, 0.99),
    "ip": (1.0, 0.99),
    "national-id": (1.0, 0.99),
    "card": (0.99, 0.99),
    "phone": (0.85, 0.85),
    "driver-licence": (1.0, 0.99),
}


def marked() -> list[Sample]:
    """Presidio's texts; skips the test where they are not."""
    path = Path(os.environ.get("PENSTOCK_TEST_DATA", "")) / "data" / "pii" / "presidio-synth-v2.json"
    if not path.is_file():
        pytest.skip("skipped: PENSTOCK_TEST_DATA names no folder with data/pii/presidio-synth-v2.json in it")
    return samples(path.read_bytes())


@cache
def _scores(half: int) -> dict[str, Score]:
    return {score.kind: score for score in scores(engine(DEFAULT), marked()[half::2])}


@pytest.mark.parametrize("half", [0, 1], ids=["looked-at", "not-looked-at"])
@pytest.mark.parametrize("kind", TARGETS)
def test_what_is_marked_is_found_and_little_else(kind: str, half: int) -> None:
    """Recall and precision by overlap; and nine of ten are found to the letter."""
    score = _scores(half)[kind]
    recall, precision = TARGETS[kind]
    assert score.recall is not None
    assert score.precision is not None
    assert score.recall >= recall
    assert score.precision >= precision
    assert score.exact >= 0.9 * score.marked


def _false(texts: Iterable[str], *, but: frozenset[str] = frozenset()) -> tuple[Counter[str], float]:
    """What is found by which rule, and how much for every 100 kB."""
    detector, found, size = engine(DEFAULT), Counter[str](), 0
    for text in texts:
        size += len(text)
        found.update(one.rule for one in detector.find(text, Matter.RESULT) if one.kind not in but)
    return found, found.total() / size * 100_000


def test_code_holds_nothing_private_but_its_authors() -> None:
    """Python's own library, whose files name those who wrote them."""
    library = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    found, rate = _false((path.read_text(errors="replace") for path in library), but=frozenset({"email"}))
    assert rate <= 0.2, found


def test_lock_files_hold_nothing_private() -> None:
    """Versions, hashes and addresses of packages."""
    paths = [*ROOT.glob("requirements/*.lock"), *ROOT.glob("tests/clients/node/package-lock.json")]
    found, _ = _false(path.read_text() for path in paths)
    assert not found


def _leaves(tree: object) -> Iterator[str]:
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for one in tree.values():
            yield from _leaves(one)
    elif isinstance(tree, list):
        for one in tree:
            yield from _leaves(one)


def test_recorded_traffic_holds_next_to_nothing_private() -> None:
    """Answers as they stand, and each text of a request; those who recorded it took out what was private."""
    texts: dict[str, None] = {}
    for number, exchange in enumerate(recorded()):
        if number % 6 == 0:
            texts[exchange.response_body] = None
            texts.update(dict.fromkeys(_leaves(msgspec.json.decode(exchange.request_body))))
    found, rate = _false(texts)
    assert sum(map(len, texts)) > 1_000_000
    assert rate <= 0.5, found
