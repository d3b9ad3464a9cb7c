"""Statistics of few numbers: percentiles, medians, and the spread that says how far to trust them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile of values in ascending order."""
    if not ordered:
        return math.nan
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[min(len(ordered), max(1, rank)) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    ordered = sorted(values)
    if not ordered:
        return math.nan
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def tail(values: Sequence[float]) -> list[float]:
    """50th and 99th percentile and the greatest; empty for no values."""
    ordered = sorted(values)
    return [percentile(ordered, 50), percentile(ordered, 99), ordered[-1]] if ordered else []


@dataclass(frozen=True)
class Spread:
    """A median over rounds, with the least and the greatest round beside it."""

    middle: float
    least: float
    greatest: float
    rounds: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread | None":
        """None for no rounds."""
        known = [value for value in values if not math.isnan(value)]
        return cls(median(known), min(known), max(known), len(known)) if known else None


def ratios(values: Sequence[float], references: Sequence[float]) -> list[float]:
    """Round by round, so that a machine that slows down between rounds slows both."""
    return [value / reference for value, reference in zip(values, references, strict=False) if reference > 0]
