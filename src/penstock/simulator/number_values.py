"""A number that a JSON schema accepts: one of the prompt's own if it fits, else the nearest that the bounds allow."""

import math
from collections.abc import Iterator, Mapping

_BY_NAME = {"year": 2026, "month": 6, "day": 15, "hour": 9, "minute": 30, "page": 1, "port": 8080, "age": 42}


def number_within(schema: Mapping[str, object], wanted: Iterator[float], name: str, *, whole: bool) -> float | int:
    """A number within the schema's bounds and on its grid (``multipleOf``)."""
    low, high = _bounds(schema, whole=whole)
    grid = _number(schema.get("multipleOf"))
    wish = next(wanted, None)
    if wish is None:
        wish = _BY_NAME.get(name.lower())
    middle = low + min(3.0, (high - low) / 2) if math.isfinite(low) else min(3.0, high)
    for candidate in (wish, middle, low, high):
        if candidate is None or not math.isfinite(candidate):
            continue
        value = _on_grid(float(candidate), grid or (1.0 if whole else None), low)
        if low <= value <= high:
            return int(value) if whole or value.is_integer() else value
    return 0


def _bounds(schema: Mapping[str, object], *, whole: bool) -> tuple[float, float]:
    low, high = _number(schema.get("minimum")), _number(schema.get("maximum"))
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    # Draft 4 writes these two as booleans beside minimum and maximum.
    least = low if above is True else _number(above)
    most = high if below is True else _number(below)
    lows = [one for one in (low, None if least is None else _step(least, 1, whole=whole)) if one is not None]
    highs = [one for one in (high, None if most is None else _step(most, -1, whole=whole)) if one is not None]
    return max(lows, default=-math.inf), min(highs, default=math.inf)


def _step(bound: float, direction: int, *, whole: bool) -> float:
    if whole:
        return math.floor(bound) + 1 if direction > 0 else math.ceil(bound) - 1
    return bound + direction * max(abs(bound) * 1e-6, 1e-6)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _on_grid(value: float, grid: float | None, low: float) -> float:
    if not grid:
        return value
    steps = math.floor(value / grid)
    return steps * grid if steps * grid >= low else math.ceil(low / grid) * grid
