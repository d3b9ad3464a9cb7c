"""What the memory's counters do besides the laws: they forget what is over."""

import pytest

from penstock.core.counting import BEGINNING, KEPT_SECONDS, LEASE_SECONDS, TICKS, Ask, Way
from penstock.stores.counting.memory import NOTES, Memory
from tests.laws.counting.houses import Clock


def _asks(name: int, ends: int = BEGINNING + 3600) -> tuple[Ask, ...]:
    return (
        Ask(f"rate:{name}", Way.RATE, 10, 1, ticks=TICKS),
        Ask(f"span:{name}", Way.SPAN, 10, 1, ends=ends),
        Ask(f"seats:{name}", Way.SEATS, 10, 1),
    )


def _kept(memory: Memory) -> int:
    return len(memory.buckets) + len(memory.spans) + len(memory.leases) + len(memory.notes) + len(memory._names)


def test_counters_that_are_over_are_forgotten() -> None:
    """A hundred thousand keys that came once each leave no more behind than those that are in use."""
    clock = Clock()
    memory = Memory(clock)
    for name in range(10_000):
        memory.take(f"lease {name}", _asks(name))
        memory.settle(f"lease {name}", BEGINNING, {f"span:{name}": 1})
        clock.ticks += TICKS * KEPT_SECONDS // 100
    assert _kept(memory) < 2_000


def test_a_span_is_kept_a_day_longer_for_late_settlements() -> None:
    """A request that began before midnight still counts after it."""
    clock = Clock()
    memory = Memory(clock)
    memory.take("late", _asks(1))
    clock.ticks = (KEPT_SECONDS - 100) * TICKS
    for other in range(2, 50):
        memory.take(f"other {other}", _asks(other, BEGINNING + 10**6))
    memory.settle("late", BEGINNING + 10, {"span:1": 7})
    assert memory.standings(_asks(1))[1].settled == 7


@pytest.mark.slow
def test_notes_of_leases_that_nobody_settled_are_bounded() -> None:
    """The oldest go first, and after a day all of them."""
    clock = Clock()
    memory = Memory(clock)
    for name in range(NOTES + 10):
        memory.take(f"lease {name}", ())
    clock.ticks += (LEASE_SECONDS + 1) * TICKS
    memory.take("one more", ())
    assert len(memory.notes) == NOTES
    clock.ticks += (LEASE_SECONDS + KEPT_SECONDS + 1) * TICKS
    memory.take("yet one more", ())
    assert len(memory.notes) == 0


def test_its_own_clock_passes() -> None:
    """Without a clock of the test's, a bucket refills by itself."""
    memory = Memory()
    ask = Ask("rate", Way.RATE, 1, 1, ticks=TICKS // 100)
    assert memory.take("a", [ask]).refused == -1
    verdict = memory.take("b", [ask])
    while verdict.refused == 0:
        assert 0 < verdict.standings[0].wait <= 0.01
        verdict = memory.take("b", [ask])
    assert memory.health().answers
