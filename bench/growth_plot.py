"""A picture of growth as SVG: what a request costs with more keys, and with longer books, beside the least of both."""

import math
from collections.abc import Sequence

from bench.canvas import LETTER, Canvas
from bench.figures import Spread
from bench.growth import BAND, Grown, Growth, ratios

WIDTH = 900
TOP, HIGH, FROM, TO = 96, 160, 0.7, 1.3
"""Where the panels stand, and which multiples they reach from and to."""


def svg(growth: Growth, words: str = "") -> str:
    """A request's processor time, as a multiple of that at the least size: over keys, and over exchanges."""
    least = growth.sizes[0]
    title = "A request's processor time while keys and books grow"
    canvas = Canvas(WIDTH, f"{title}. {words}")
    canvas.text(12, 26, title, "head")
    note = f"{least.keys} keys and empty books are 1; the band is a tenth more or less; the thin lines span the rounds."
    canvas.text(12, 44, note, "dim")
    canvas.text(12, 58, words, "dim")
    by_keys = [(one.keys, one) for one in growth.sizes if not one.exchanges]
    by_books = [(one.exchanges, one) for one in growth.sizes if one.keys == least.keys]
    wide = (WIDTH - 3 * 44) / 2
    _panel(canvas, "keys", by_keys, least, 44, wide)
    _panel(canvas, "exchanges in the books", by_books, least, 88 + wide, wide)
    return canvas.svg(300)


def _panel(
    canvas: Canvas, title: str, points: Sequence[tuple[int, Grown]], least: Grown, x: float, wide: float
) -> None:
    def height(value: float) -> float:
        return TOP + HIGH * (TO - min(TO, max(FROM, value))) / (TO - FROM)

    canvas.text(x, TOP - 10, title, "name")
    canvas.box(x, height(1 + BAND), wide, height(1 - BAND) - height(1 + BAND), "band")
    for mark in (0.8, 1.0, 1.2):
        canvas.line(f"M{x:.1f} {height(mark):.1f}h{wide:.1f}", "grid")
        canvas.text(x - 4, height(mark) + 3, f"{mark:.1f}", "dim", end=True)
    # The places are even in the number of digits; nothing at all has the first.
    digits = [math.log10(size) if size else None for size, _ in points]
    low = min(one for one in digits if one is not None) - (1 if None in digits else 0)
    high = max(one for one in digits if one is not None)
    line = []
    for (size, one), digit in zip(points, digits, strict=True):
        at = x + 30 + (wide - 60) * ((low if digit is None else digit) - low) / (high - low)
        found = Spread.of(ratios(one, least))
        assert found is not None
        canvas.line(f"M{at:.1f} {height(found.least):.1f}V{height(found.greatest):.1f}", "line")
        canvas.box(at - 4, height(found.middle) - 4, 8, 8, "c0", f"{size:,} {title}: {found.middle:.3f}")
        canvas.text(at + 8, height(found.middle) - 6, f"{found.middle:.2f}")
        label = f"{size:,}"
        canvas.text(at - LETTER * len(label) / 2, TOP + HIGH + 16, label, "dim")
        line.append(f"{'L' if line else 'M'}{at:.1f} {height(found.middle):.1f}")
    canvas.line("".join(line), "line")
