"""Savings as a picture: one line a group, with its estimate, interval, and numbers of conversations. SVG, by hand.

The same report makes the same bytes. It reads without colours, in light and dark, and aloud: title and description say
in words what is drawn. What is not measured has a grey line that says why, and no mark that looks like a number.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from html import escape
from math import ceil, floor

import msgspec

from penstock.ledger.findings import Figures, Finding, SavingsReport
from penstock.ledger.sequence import Interval

WIDTH, MARGIN = 960, 28
NAMES, PLOT, GAP = 292, 380, 44
"""Widths of the names, of what is drawn, and of the space before the numbers."""
LEFT = MARGIN + NAMES
RIGHT = LEFT + PLOT
NUMBER = RIGHT + GAP
HEAD, LINE, FOOT = 104, 46, 74
LEAST = -1.0
"""Nothing below a loss of all that would have been paid is drawn to scale: an arrow says that it goes on."""
LETTERS, SMALL_LETTERS = 38, 49
"""So many fit into the column of names: of a model, and of the line below with its numbers."""

UNEVEN = "too uneven to tell"

STYLE = """
.paper{fill:#ffffff}.ink{fill:#1b1f24}.soft{fill:#59636e}.faint{fill:#818b98}
.grid{stroke:#e4e8ec}.zero{stroke:#59636e}.rule{stroke:#d1d9e0}
.saves{fill:#0b7a5f;stroke:#0b7a5f}.loses{fill:#b3421b;stroke:#b3421b}.open{fill:#59636e;stroke:#59636e}
.none{stroke:#c3cad2}.band{fill:#f6f8fa}
@media (prefers-color-scheme:dark){
.paper{fill:#0f1318}.ink{fill:#e8ecf1}.soft{fill:#a3adb8}.faint{fill:#7d8794}
.grid{stroke:#232a32}.zero{stroke:#a3adb8}.rule{stroke:#39424d}
.saves{fill:#3fc9a0;stroke:#3fc9a0}.loses{fill:#f0885a;stroke:#f0885a}.open{fill:#a3adb8;stroke:#a3adb8}
.none{stroke:#3d4650}.band{fill:#151a20}
}
text{font-family:Inter,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
.number{font-variant-numeric:tabular-nums}
"""

Of = Callable[[Figures], Finding]


def tokens(figures: Figures) -> Finding:
    """Output tokens that the client can see."""
    return figures.visible


def money(figures: Figures) -> Finding:
    """Net billed cost."""
    return figures.cost


WHAT: dict[Of, str] = {tokens: "Output tokens saved by terser answers", money: "Net cost saved by terser answers"}


class _Scale(msgspec.Struct, frozen=True):
    low: float
    high: float
    step: float

    def at(self, share: float) -> float:
        return LEFT + PLOT * (min(max(share, self.low), self.high) - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[float]:
        return [number * self.step for number in range(round(self.low / self.step), round(self.high / self.step) + 1)]


def svg(report: SavingsReport, of: Of = money) -> str:
    """The whole picture: all groups together first, then each."""
    every = (report.total, *report.groups)
    scale = _scale([of(one) for one in every])
    height = HEAD + LINE * len(every) + FOOT
    bottom = HEAD + LINE * len(every)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" aria-labelledby="title desc">',
        f'<title id="title">{WHAT[of]}</title>',
        f'<desc id="desc">{escape(" ".join(_aloud(one, of(one)) for one in every))}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}" rx="8"/>',
        _text(MARGIN, 40, WHAT[of], size=20, weight=600),
        _text(MARGIN, 62, _dates(report.total), kind="soft"),
        f'<rect class="band" x="0" y="{HEAD}" width="{WIDTH}" height="{LINE}"/>',
        *_axis(scale, bottom),
    ]
    for place, one in enumerate(every):
        parts.append(_line(one, of(one), scale, HEAD + LINE * place, whole=place == 0))
    parts += _foot(bottom)
    return "\n".join([*parts, "</svg>", ""])


def _scale(findings: Sequence[Finding]) -> _Scale:
    known = [one.saved for one in findings if one.saved is not None]
    lowest = min([0.0, *(LEAST if one.low is None else one.low for one in known), *(one.point for one in known)])
    highest = max([0.1, *map(_most, known)])
    low, high = max(LEAST, lowest), min(1.0, highest)
    # From losing all to saving all are eight of the largest.
    step = next(step for step in (0.05, 0.1, 0.2, 0.25) if (high - low) / step <= 8)
    return _Scale(max(LEAST, floor(low / step - 1e-9) * step), min(1.0, ceil(high / step + 1e-9) * step), step)


def _axis(scale: _Scale, bottom: int) -> list[str]:
    drawn: list[str] = []
    for tick in scale.ticks:
        x, zero = scale.at(tick), abs(tick) < 1e-9
        drawn.append(
            f'<path class="{"zero" if zero else "grid"}" d="M{x:.1f} {HEAD - 8}V{bottom}" '
            f'stroke-width="{1.5 if zero else 1}"/>'
        )
        words = "0" if zero else f"{_signed(tick)}"
        drawn.append(_text(x, HEAD - 16, words, size=11, kind="soft number", anchor="middle"))
    drawn.append(_text(NUMBER, HEAD - 16, "saved, 95 % interval", size=11, kind="soft"))
    return drawn


def _line(figures: Figures, finding: Finding, scale: _Scale, top: int, *, whole: bool) -> str:
    middle = top + LINE / 2
    upper, lower = _names(figures, whole=whole)
    muted = "faint" if finding.saved is None else "ink"
    parts = [
        _text(MARGIN, middle - 3, upper, kind=muted, weight=600 if whole else 500),
        _counts(figures, finding, lower, middle),
    ]
    if finding.saved is None:
        parts.append(f'<path class="none" d="M{LEFT} {middle:.1f}H{RIGHT}" stroke-width="1.5" stroke-dasharray="1 5"/>')
        parts += _wrapped(finding.words, middle)
    else:
        parts += [_mark(finding.saved, scale, middle), *_numbers(finding.saved, middle)]
    return "\n".join(["<g>", *parts, "</g>"])


def _mark(saved: Interval, scale: _Scale, y: float) -> str:
    """A bar for the interval and a dot for the estimate; an arrow where the interval leaves the picture."""
    low, kind = saved.low, _kind(saved)
    left, right = scale.at(scale.low if low is None else low), scale.at(_most(saved))
    beyond = low is None or low < scale.low
    ends = f"M{right:.1f} {y - 5:.1f}V{y + 5:.1f}" + ("" if beyond else f"M{left:.1f} {y - 5:.1f}V{y + 5:.1f}")
    drawn = f'<path class="{kind}" d="M{left:.1f} {y:.1f}H{right:.1f}{ends}" stroke-width="2" stroke-linecap="round"/>'
    if beyond:
        drawn += f'<path class="{kind}" d="M{left - 7:.1f} {y:.1f}l8 -5v10z" stroke="none"/>'
    if low is not None and saved.point >= scale.low:
        drawn += f'<circle class="{kind}" cx="{scale.at(saved.point):.1f}" cy="{y:.1f}" r="5.5"/>'
    return drawn


def _numbers(saved: Interval, middle: float) -> list[str]:
    """The estimate stands out only where it proves something; without a lower bound it is no estimate at all."""
    if saved.low is None:
        upper, lower = UNEVEN, f"at most {_signed(_most(saved))}"
    else:
        upper, lower = _signed(saved.point), f"{_signed(saved.low)} to {_signed(_most(saved))}"
    kind, weight = ("soft number", 400) if _kind(saved) == "open" else ("ink number", 600)
    return [
        _text(NUMBER, middle - 3, upper, kind=kind, weight=weight),
        _text(NUMBER, middle + 13, lower, size=11, kind="soft number"),
    ]


def _kind(saved: Interval) -> str:
    if saved.low is not None and saved.low > 0:
        return "saves"
    return "loses" if _most(saved) < 0 else "open"


def _most(saved: Interval) -> float:
    return 1.0 if saved.high is None else saved.high


def _wrapped(words: str, middle: float) -> list[str]:
    """In the column of numbers, at the first of a few places where words may be parted."""
    for sign in (" (", ": "):
        if sign in words:
            first, rest = words.split(sign, 1)
            break
    else:
        return [_text(NUMBER, middle + 4, words, kind="faint")]
    second = f"({rest}" if sign == " (" else rest
    return [
        _text(NUMBER, middle - 3, first, kind="faint"),
        _text(NUMBER, middle + 13, second, size=11, kind="faint number"),
    ]


def _names(figures: Figures, *, whole: bool) -> tuple[str, str]:
    if whole:
        return "All groups together", ""
    return _short(figures.model or "no model", LETTERS), " · ".join(
        part for part in (figures.key, figures.klass) if part
    )


def _counts(figures: Figures, finding: Finding, words: str, middle: float) -> str:
    treated, control = finding.treated, finding.control
    if finding.saved is None:
        treated, control = figures.treated.conversations, figures.control.conversations
    counted = f"n = {treated:,} / {control:,}"
    named = f"{_short(words, SMALL_LETTERS - len(counted))} · {counted}" if words else counted
    return _text(MARGIN, middle + 13, named, size=11, kind="soft number")


def _foot(bottom: int) -> list[str]:
    words = (
        "n: conversations treated / held out. A bar that crosses the line at 0 proves neither a saving nor a loss.",
        "Each interval holds at every look for its own group; of twenty groups, one may be wrong.",
    )
    return [
        f'<path class="rule" d="M{MARGIN} {bottom + 16}H{WIDTH - MARGIN}"/>',
        *(_text(MARGIN, bottom + 38 + 17 * place, line, size=11, kind="soft") for place, line in enumerate(words)),
    ]


def _dates(total: Figures) -> str:
    if total.since is None or total.until is None:
        return "No conversations yet"
    first, last = (datetime.fromtimestamp(at, UTC).date().isoformat() for at in (total.since, total.until))
    rules = f" · rules {', '.join(total.rules)}" if total.rules else ""
    return f"{first} to {last}{_short(rules, 60)} · against conversations held out at random"


def _aloud(figures: Figures, finding: Finding) -> str:
    name = " ".join(part for part in (figures.model, figures.key, figures.klass) if part) or "All groups together"
    saved = finding.saved
    if saved is None:
        return f"{name}: {finding.words}."
    if saved.low is None:
        return f"{name}: {UNEVEN}, at most {_percent(_most(saved))} saved."
    return (
        f"{name}: {_percent(saved.point)} saved, interval {_percent(saved.low)} to {_percent(_most(saved))}, "
        f"{finding.treated} conversations treated and {finding.control} held out."
    )


def _percent(share: float) -> str:
    rounded = round(100 * share) if abs(share) >= 0.1 else round(100 * share, 1)
    return f"{rounded + 0.0:g} %".replace("-", "\u2212")


def _signed(share: float) -> str:
    words = _percent(share)
    return words if share <= 0 or words == "0 %" else f"+{words}"


def _short(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 13,
    kind: str = "ink",
    weight: int = 400,
    anchor: str = "start",
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}"'
    more = (f' font-weight="{weight}"' if weight != 400 else "") + (
        f' text-anchor="{anchor}"' if anchor != "start" else ""
    )
    return f'<text class="{kind}" {place}{more}>{escape(words)}</text>'
