"""A picture of a run as SVG: processor time a request and a frame, nginx beside the others."""

from collections.abc import Sequence

from bench.budgets import OURS, REFERENCE, Results, cost
from bench.canvas import Canvas
from bench.cases import Case
from bench.figures import Spread, ratios

WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 900, 84, 190, 16, 20, 66

COLOURS = {
    "nginx": "c7", "penstock": "c0", "no books": "c5", "terser": "c2", "all on": "c1", "litellm": "c3", "portkey": "c4",
}  # fmt: skip
PEERS = ("portkey", "litellm")
"""They take so much more that the others could not be told apart beside them."""

BOUNDS = {"unary-1k": 4.0, "sse": 1.5}
"""Targets as multiples of nginx, drawn as a line."""


def _group(
    canvas: Canvas, title: str, unit: str, spent: dict[str, list[float]], top: float, bound: float | None = None
) -> float:
    found = {name: one for name, rounds in spent.items() if (one := Spread.of(rounds))}
    reference = found.get(REFERENCE)
    # Round by round, as everywhere: a machine that slows down slows both.
    beside = {name: Spread.of(ratios(rounds, spent.get(REFERENCE, []))) for name, rounds in spent.items()}
    multiples = {name: one.middle for name, one in beside.items() if one}
    greatest = max(one.greatest for one in found.values())
    scale = (WIDTH - LEFT - RIGHT) / greatest
    canvas.text(12, top, title, "name")
    canvas.text(12, top + 14, f"microseconds a {unit}", "dim")
    first = y = top + 22
    for name, one in found.items():
        middle = y + BAR / 2
        canvas.text(LEFT - 6, y + 12, name, end=True)
        canvas.box(LEFT, y, one.middle * scale, BAR, COLOURS.get(name, "c6"))
        canvas.line(f"M{LEFT + one.least * scale:.1f} {middle:.1f}H{LEFT + one.greatest * scale:.1f}", "line")
        times = f" = {multiples[name]:.2f} x nginx" if name in multiples and name != REFERENCE else ""
        canvas.text(LEFT + one.greatest * scale + 6, y + 12, f"{one.middle * 1e6:,.1f}{times}")
        y += BAR + 4
    if reference and bound and bound * reference.middle <= greatest * 1.3:
        canvas.line(f"M{LEFT + bound * reference.middle * scale:.1f} {first - 3:.1f}V{y:.1f}", "bound")
    return y + GAP


def svg(cases: Sequence[Case], results: Results, words: str = "") -> str:
    """A run: a group of bars for each case; peers beside ours in a group of their own. ``words`` say when and where."""
    title = "Processor time"
    note = "Median of the rounds; the thin line spans them; dashed: the target."
    canvas = Canvas(WIDTH, f"{title} of a request and of a frame, beside nginx. {words}")
    canvas.text(12, 26, title, "head")
    canvas.text(12, 44, f"{note} {words}", "dim")
    top = float(HEAD)
    for case in cases:
        turns = results.get(case.name, {})
        spent = {name: rounds for name in turns if (rounds := cost(turns[name], case.unit))}
        own = {name: rounds for name, rounds in spent.items() if name not in PEERS}
        if own:
            top = _group(canvas, case.title, case.unit, own, top + 12, BOUNDS.get(case.name)) - 12
        if len(spent) > len(own):
            beside = {name: rounds for name, rounds in spent.items() if name in {REFERENCE, OURS, *PEERS}}
            top = _group(canvas, f"{case.title}, beside other gateways", case.unit, beside, top + 12) - 12
    return canvas.svg(top)
