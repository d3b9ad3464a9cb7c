"""A picture of a run as SVG, written by hand: processor time a request and a frame, nginx beside the others."""

from collections.abc import Sequence
from html import escape

from bench.budgets import REFERENCE, Results, cost
from bench.cases import Case
from bench.figures import Spread

WIDTH, LEFT, RIGHT, BAR, GAP, HEAD = 880, 190, 150, 16, 22, 62

COLOURS = {"nginx": "#8a8f98", "penstock": "#0f766e", "litellm": "#b45309", "portkey": "#7c3aed"}

BOUNDS = {"unary-1k": 4.0, "sse": 1.5}
"""Targets as multiples of nginx, drawn as a line."""


def _text(x: float, y: float, words: str, *, size: int = 12, colour: str = "#1f2937", weight: str = "normal") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}"'
    return f'<text {place} fill="{colour}" font-weight="{weight}">{escape(words)}</text>'


def _line(x: float, top: float, bottom: float) -> str:
    return f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" stroke="#dc2626" stroke-width="1.5" stroke-dasharray="4 3"/>'


def _group(case: Case, found: dict[str, Spread], top: float) -> tuple[list[str], float]:
    reference = found.get(REFERENCE)
    greatest = max(one.greatest for one in found.values())
    scale = (WIDTH - LEFT - RIGHT) / greatest
    parts = [
        _text(16, top, f"{case.title}", weight="600"),
        _text(16, top + 15, f"microseconds a {case.unit}", size=10, colour="#6b7280"),
    ]
    y = top + 24
    first = y
    for name, one in found.items():
        width = max(1.0, one.middle * scale)
        middle = y + BAR / 2
        parts.append(_text(LEFT - 8 - 7 * len(name), y + 12, name))
        colour = COLOURS.get(name, "#2563eb")
        parts.append(f'<rect x="{LEFT}" y="{y:.1f}" width="{width:.1f}" height="{BAR}" rx="2" fill="{colour}"/>')
        whisker = f"M{LEFT + one.least * scale:.1f} {middle:.1f}H{LEFT + one.greatest * scale:.1f}"
        parts.append(f'<path d="{whisker}" stroke="#111827" stroke-width="1"/>')
        times = f" = {one.middle / reference.middle:.2f} x nginx" if reference and name != REFERENCE else ""
        parts.append(_text(LEFT + one.greatest * scale + 6, y + 12, f"{one.middle * 1e6:,.1f}{times}", size=11))
        y += BAR + 4
    bound = BOUNDS.get(case.name)
    if reference and bound and bound * reference.middle <= greatest * 1.3:
        parts.append(_line(LEFT + bound * reference.middle * scale, first - 3, y))
    return parts, y + GAP


def svg(cases: Sequence[Case], results: Results) -> str:
    """The whole picture."""
    parts: list[str] = []
    top = float(HEAD)
    for case in cases:
        rounds = results.get(case.name, {})
        found = {name: one for name, turns in rounds.items() if (one := Spread.of(cost(turns, case.unit)))}
        if found:
            drawn, top = _group(case, found, top)
            parts += drawn
    title = _text(
        16,
        26,
        "Processor time, median of rounds; the thin line spans the rounds; dashed: target",
        size=14,
        weight="600",
    )
    font = 'font-family="system-ui, sans-serif"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top:.0f}" {font}>'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#ffffff"/>', title, *parts, "</svg>", ""])
