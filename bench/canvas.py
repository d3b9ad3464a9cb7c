"""A sheet to draw on, as SVG written by hand: boxes, lines and words on a ground of its own, for light and for dark.

Colours are classes, so that one picture is readable in both. Nothing is loaded from elsewhere, and no script runs.
"""

from html import escape

LETTER = 6.1
"""How wide a letter is, in the usual size."""

# Fills for light and for dark; words stand on both.
_FILLS = {
    "c0": ("#7dd3c0", "#0f766e"),
    "c1": ("#c4b5fd", "#6d28d9"),
    "c2": ("#93c5fd", "#1e4fae"),
    "c3": ("#fcd34d", "#92500e"),
    "c4": ("#f9a8d4", "#9d174d"),
    "c5": ("#9be8b4", "#166534"),
    "c6": ("#fdba8c", "#9a3412"),
    "c7": ("#cfd4da", "#4b5563"),
    "c8": ("#e6e9ed", "#374151"),
    "band": ("#e3f4ea", "#153226"),
}
_STROKES = {"line": ("#111827", "#e5e7eb"), "bound": ("#dc2626", "#f87171"), "grid": ("#d8dce2", "#30363f")}
_STYLE = """\
text{font:10px ui-monospace,Menlo,Consolas,monospace;fill:#1f2937}
.head{font:600 15px system-ui,sans-serif}.name{font:600 12px system-ui,sans-serif}.dim{fill:#6b7280}
.ground{fill:#fff}path{fill:none;stroke-width:1}.bound{stroke-dasharray:4 3;stroke-width:1.5}
"""
_DARK = "text{fill:#e5e7eb}.dim{fill:#9ca3af}.ground{fill:#14181d}"


def _style() -> str:
    light = "".join(f".{name}{{fill:{fill}}}" for name, (fill, _) in _FILLS.items())
    light += "".join(f".{name}{{stroke:{stroke}}}" for name, (stroke, _) in _STROKES.items())
    dark = "".join(f".{name}{{fill:{fill}}}" for name, (_, fill) in _FILLS.items())
    dark += "".join(f".{name}{{stroke:{stroke}}}" for name, (_, stroke) in _STROKES.items())
    return f"<style>\n{_STYLE}{light}\n@media (prefers-color-scheme:dark){{{_DARK}{dark}}}\n</style>"


class Canvas:
    """A sheet of one width; its height is known when all is drawn."""

    def __init__(self, width: float, about: str) -> None:
        """``about`` says in words what is to be seen."""
        self._width = width
        self._about = about
        self._parts: list[str] = []

    def text(self, x: float, y: float, words: str, kind: str = "", *, end: bool = False) -> None:
        """Words that begin, or ``end``, there."""
        look = f' class="{kind}"' * bool(kind) + ' text-anchor="end"' * end
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}"{look}>{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, colour: str, about: str = "") -> None:
        """A filled one; ``about`` is shown when somebody points at it."""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{max(0.1, width):.1f}" height="{height:.1f}"'
        inside = f"><title>{escape(about)}</title></rect>" if about else "/>"
        self._parts.append(f'<rect {place} class="{colour}"{inside}')

    def line(self, points: str, kind: str) -> None:
        """A line along these points, as SVG writes a path."""
        self._parts.append(f'<path d="{points}" class="{kind}"/>')

    def svg(self, height: float) -> str:
        """All of it."""
        head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self._width:.0f} {height:.0f}" role="img">'
        title = f"<title>{escape(self._about)}</title>"
        ground = '<rect width="100%" height="100%" rx="8" class="ground"/>'
        return "\n".join([head, title, _style(), ground, *self._parts, "</svg>", ""])
