"""After many of each fault nothing of them is left: no connection, task, object, descriptor, nor memory."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.leaking import Leaking
from tests.faults.matrix import ROWS

ROUNDS = 4
EVERYDAY = {name: row for name, row in ROWS.items() if not row.long}
HEAVY = [name for name, row in EVERYDAY.items() if row.heavy]
PATIENT = [name for name, row in EVERYDAY.items() if row.patient and not row.heavy]
LIGHT = [name for name, row in EVERYDAY.items() if not (row.patient or row.heavy)]


def _forms(name: str, times: int) -> list[tuple[str, str]]:
    """A row so often, in one form after another."""
    return [(name, form) for form in itertools.islice(itertools.cycle(ROWS[name].forms), times)]


def _grown(memory: list[int]) -> int:
    """By how much at least each of the later rounds has made it grow: a leak grows in all of them."""
    return min(after - before for before, after in itertools.pairwise(memory[1:]))


@pytest.fixture(
    params=[pytest.param(False, marks=pytest.mark.long, id="alone"), pytest.param(True, id="with policies")]
)
def leaking(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Leaking]:
    with Leaking.beside(tmp_path, working=request.param) as running:
        running.warm((name, form) for name in LIGHT for form in ROWS[name].forms[:2])
        yield running
        assert running.scene.trouble() == []


@pytest.mark.timeout(300)
def test_of_twenty_of_each_nothing_is_left(leaking: Leaking) -> None:
    """All together, in five rounds: after each round all is as it was before the first, and memory does not grow in
    each of them.

    What waits for a deadline is there once a round. What costs much is left out: what the allocator keeps of one large
    body hides what many small ones leave.
    """
    held: list[int] = []
    for _ in range(5):
        parts = [part for name in LIGHT for part in _forms(name, 4)]
        parts += [part for name in PATIENT for part in _forms(name, 1)]
        random.shuffle(parts)
        leaking.scene.play_all(parts, at_once=24)
        assert leaking.left() == ""
        held.append(leaking.memory)
    # The allocator alone moves it by twenty megabytes either way.
    assert _grown(held) < 10_000_000, held


@pytest.mark.long
@pytest.mark.timeout(4 * 3600)
def test_of_a_thousand_of_each_nothing_is_left(leaking: Leaking) -> None:
    """A thousand of each, looked at after each; of what costs much a hundred."""
    held: list[int] = []
    left: list[str] = []
    for number in range(ROUNDS):
        for name in (*LIGHT, *PATIENT, *HEAVY):
            parts = _forms(name, (100 if name in HEAVY else 1000) // ROUNDS)
            leaking.scene.play_all(parts, at_once=8 if name in HEAVY else 125 if name in PATIENT else 16)
            if found := leaking.left():
                left.append(f"round {number}, {name}: {found}")
        held.append(leaking.memory)
        print(f"round {number}: {held[-1] >> 10} kB", flush=True)
    assert left == []
    assert _grown(held) < 4_000_000, held
