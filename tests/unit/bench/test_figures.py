"""The statistics of the bench: few numbers, known answers."""

import math

import pytest

from bench.figures import Spread, median, percentile, ratios, tail

HUNDRED = [float(number) for number in range(1, 101)]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [(HUNDRED, 50, 50), (HUNDRED, 99, 99), (HUNDRED, 100, 100), (HUNDRED, 0.1, 1), ([7.0], 99, 7), ([1.0, 9.0], 99, 9)],
)
def test_percentile_is_a_value_that_was_measured(values: list[float], percent: float, expected: float) -> None:
    """Nearest rank: never a number between two measurements."""
    assert percentile(values, percent) == expected


def test_no_values_give_no_number() -> None:
    """An empty case must not read as zero."""
    assert math.isnan(percentile([], 50))
    assert math.isnan(median([]))
    assert tail([]) == []
    assert Spread.of([]) is None


@pytest.mark.parametrize(("values", "expected"), [([3, 1, 2], 2), ([4, 1, 3, 2], 2.5), ([5], 5)])
def test_the_median_is_the_middle_whatever_the_order(values: list[float], expected: float) -> None:
    """The middle, whatever the order."""
    assert median(values) == expected


def test_spread_keeps_the_rounds_beside_the_median() -> None:
    """One bad round widens the spread and leaves the median."""
    assert Spread.of([10.0, 11.0, 50.0]) == Spread(middle=11.0, least=10.0, greatest=50.0, rounds=3)


def test_ratios_are_taken_round_by_round() -> None:
    """A machine at half speed in the second round changes both sides of it and not the ratio."""
    assert ratios([40.0, 80.0, 40.0], [10.0, 20.0, 10.0]) == [4.0, 4.0, 4.0]
