"""A picture of growth as SVG: what a request costs with more keys, and with longer books, beside the least of both."""

import math
from collections.abc import Mapping, Sequence

from bench.canvas import LETTER, Canvas
from bench.figures import Spread
from bench.growth import BAND, Grown, Growth, ratios

WIDTH = 900
TOP, HIGH, FROM, TO = 96, 160, 0.7, 1.3
"""Where the panels stand, and which multiples they reach from and to."""


NAMES = {"keys": "keys", "exchanges": "exchanges in the books"}


def svg(parts: Mapping[str, Growth], words: str = "") -> str:
    """A request's processor time, as a multiple of that at the least size: over keys, and over exchanges."""
    title = "A request's processor time while keys and books grow"
    canvas = Canvas(WIDTH, f"{title}. {words}")
    canvas.text(12, 26, title, "head")
    note = "Few keys and empty books are 1; the band is a tenth more or less; thin lines span the rounds."
    canvas.text(12, 44, note, "dim")
    canvas.text(12, 58, words, "dim")
    wide = (WIDTH - 44 * (1 + len(NAMES))) / len(NAMES)
    for place, (part, name) in enumerate(NAMES.items()):
        if part in parts:
            _panel(canvas, name, parts[part].sizes, 44 + place * (wide + 44), wide)
    return canvas.svg(300)


def _panel(canvas: Canvas, title: str, sizes: Sequence[Grown], x: float, wide: float) -> None:
    found = [one for size in sizes if (one := Spread.of(ratios(size, sizes[0])))]
    to = max(TO, *(one.middle + 0.1 for one in found))

    def height(value: float) -> float:
        # A thin line may leave the panel; its square never does.
        return TOP + HIGH * (to - min(to, max(FROM, value))) / (to - FROM)

    canvas.text(x, TOP - 10, title, "name")
    canvas.box(x, height(1 + BAND), wide, height(1 - BAND) - height(1 + BAND), "band")
    for mark in (0.8, 1.0, 1.2):
        canvas.line(f"M{x:.1f} {height(mark):.1f}h{wide:.1f}", "grid")
        canvas.text(x - 4, height(mark) + 3, f"{mark:.1f}", "dim", end=True)
    # The places are even in the number of digits; nothing at all has the first.
    counts = [one.exchanges if any(size.exchanges for size in sizes) else one.keys for one in sizes]
    digits = [math.log10(count) if count else None for count in counts]
    low = min(one for one in digits if one is not None) - (1 if None in digits else 0)
    high = max(one for one in digits if one is not None)
    line = []
    for count, digit, one in zip(counts, digits, found, strict=True):
        at = x + 30 + (wide - 60) * ((low if digit is None else digit) - low) / (high - low)
        canvas.line(f"M{at:.1f} {height(one.least):.1f}V{height(one.greatest):.1f}", "line")
        canvas.box(at - 4, height(one.middle) - 4, 8, 8, "c0", f"{count:,} {title}: {one.middle:.3f}")
        canvas.text(at + 8, height(one.middle) - 6, f"{one.middle:.2f}")
        label = f"{count:,}"
        canvas.text(at - LETTER * len(label) / 2, TOP + HIGH + 16, label, "dim")
        line.append(f"{'L' if line else 'M'}{at:.1f} {height(one.middle):.1f}")
    canvas.line("".join(line), "line")
