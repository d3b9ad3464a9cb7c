"""One group's figures from its cells: gates, ratios, guardrails, and what should be suspended.

All bounds and numbers here are fixed beforehand and count conversations; none looks at how wide an interval came out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from penstock.core.terseness import Arm
from penstock.ledger import sequence
from penstock.ledger.findings import Advice, Certainty, Figures, Finding, Guarded, Hygiene, Reason
from penstock.ledger.observed import Guardrail
from penstock.ledger.sequence import Interval, Moments, Pair, difference
from penstock.ledger.strata import (
    COST,
    OTHER,
    REASONING,
    REQUESTS,
    TOKENS,
    VISIBLE,
    Cells,
    Sides,
    Stratum,
    Sums,
    strata,
    together,
)

NEEDED = 50
"""Conversations in each arm before anything is told. The truth is inside with 30 as well, but bounds are then too far
apart to be of use, and an earlier first look makes all later ones wider."""

CONTAMINATED = 0.01
"""Part of the control conversations that may not be what their arm says. Fewer are left out; with more, nothing is
told, for then nobody knows what else went wrong."""

LOPSIDED = 0.001
"""How seldom a fair draw may be called unfair, at all looks together."""

MARGINS: Mapping[Guardrail, float] = {
    Guardrail.TRUNCATED: 0.02,
    Guardrail.REFUSED: 0.02,
    Guardrail.INVALID: 0.01,
    Guardrail.REASKED: 0.05,
    Guardrail.REPEATED: 0.05,
    Guardrail.FAILED: 0.01,
    Guardrail.OVERRIDDEN: 0.05,
}
"""How much more often, as a part of all conversations, is too much."""


def figures(cells: Cells, model: str = "", key: str = "", klass: str = "", intensity: str = "") -> Figures:
    """What these cells say together."""
    treated, control = _sides(cells)
    drawn = {cell: sides for cell, sides in cells.items() if cell.holdout != 0}
    guarded = (treated, control) if len(drawn) == len(cells) else _sides(drawn)
    compared, left_out = strata(drawn)
    without = _without(treated, control, drawn)
    rates = [_rate(one) for one in compared]

    def finding(pairs: Sequence[Pair]) -> Finding:
        return _finding(pairs, without)

    cost = finding(_pairs(compared, lambda sums: sums.moments(COST)))
    on_output = _expected_less_written(compared) if cost.amount else 0.0
    return Figures(
        model=model,
        key=key,
        klass=klass,
        intensity=intensity,
        intensities=tuple(sorted({cell.intensity for cell in cells if cell.intensity})),
        rules=tuple(sorted((treated.rules | control.rules) - {""})),
        since=min(treated.since, control.since) if treated.n + control.n else None,
        until=max(treated.until, control.until) if treated.n + control.n else None,
        treated=treated.side,
        control=control.side,
        too_thin=left_out,
        visible=finding(_pairs(compared, lambda sums: sums.moments(VISIBLE))),
        reasoning=finding(_pairs(compared, lambda sums: sums.moments(REASONING))),
        cost=cost,
        same_cache=finding(
            [
                Pair(one.treated.at_rate(rate), one.control.at_rate(rate))
                for one, rate in zip(compared, rates, strict=True)
            ]
        ),
        path=finding(_pairs(compared, lambda sums: sums.moments(REQUESTS))),
        on_output=on_output,
        on_input=cost.amount.point - on_output if cost.amount else 0.0,
        guards=tuple(_guarded(guard, *guarded) for guard in Guardrail),
        hygiene=Hygiene(control.changed, treated.mixed + control.mixed, treated.unchanged),
    )


def suspensions(levels: Iterable[Figures]) -> tuple[Advice, ...]:
    """What surely loses money, or is worse by a margin."""
    found: list[Advice] = []
    for one in levels:
        saved = one.cost.saved
        if saved is not None and saved.high is not None and saved.high <= 0:
            found.append(Advice(one.key, one.model, one.intensity, Reason.LOSES_MONEY))
        found += [
            Advice(one.key, one.model, one.intensity, Reason.WORSE, guarded.guard)
            for guarded in one.guards
            if guarded.broken
        ]
    return tuple(found)


def _without(treated: Sums, control: Sums, drawn: Cells) -> Certainty | None:
    """Why nothing can be told whatever the numbers are, if so."""
    if treated.n and not drawn:
        return Certainty.NO_HOLDOUT
    unclean = control.changed + treated.mixed + control.mixed
    if unclean > CONTAMINATED * (control.n + unclean):
        return Certainty.CONTAMINATED
    for holdout in {cell.holdout for cell in drawn} - {None}:
        here = [sides for cell, sides in drawn.items() if cell.holdout == holdout]
        controls, all_drawn = _conversations(here, Arm.CONTROL), _conversations(here, *Arm)
        least, most = sequence.share(controls, all_drawn, LOPSIDED)
        if holdout is not None and not least <= holdout <= most:
            return Certainty.LOPSIDED
    return None


def _conversations(cells: Iterable[Sides], *arms: Arm) -> int:
    return sum(sums.n + sums.changed for sides in cells for arm, sums in sides.items() if arm in arms)


def _sides(cells: Cells) -> tuple[Sums, Sums]:
    treated, control = (
        together(sides[arm] for sides in cells.values() if arm in sides) for arm in (Arm.TREATED, Arm.CONTROL)
    )
    return treated, control


def _pairs(compared: Sequence[Stratum], moments: Callable[[Sums], Moments]) -> list[Pair]:
    return [Pair(moments(one.treated), moments(one.control)) for one in compared]


def _finding(pairs: Sequence[Pair], without: Certainty | None) -> Finding:
    treated = sum(pair.treated.some for pair in pairs)
    control = sum(pair.control.some for pair in pairs)
    if without is not None:
        return Finding(without, treated, control, NEEDED)
    there = min(sum(pair.treated.n for pair in pairs), sum(pair.control.n for pair in pairs))
    if there >= NEEDED and not (treated and control):
        return Finding(Certainty.NOTHING, treated, control, NEEDED)
    found = sequence.ratio(pairs, NEEDED) if min(treated, control) >= NEEDED else None
    if found is None:
        return Finding(Certainty.NOT_ENOUGH, treated, control, NEEDED)
    low, point, high = found.ratio.low or 0.0, found.ratio.point, found.ratio.high
    saved = Interval(1 - point, None if high is None else 1 - high, 1 - low)
    least = -found.used if high is None else found.used / high - found.used
    amount = Interval(found.expected - found.used, least, found.used / low - found.used if low else None)
    return Finding(Certainty.MEASURED, treated, control, NEEDED, saved, amount)


def _rate(one: Stratum) -> float:
    """What an input token cost both arms together: caches alike."""
    tokens = one.treated.totals[TOKENS] + one.control.totals[TOKENS]
    return (one.treated.input_cost + one.control.input_cost) / tokens if tokens else 0.0


def _expected_less_written(compared: Iterable[Stratum]) -> float:
    return sum(
        one.treated.n * one.control.totals[OTHER] / one.control.n - one.treated.totals[OTHER] for one in compared
    )


def _guarded(guard: Guardrail, treated: Sums, control: Sums) -> Guarded:
    """Of all conversations that were drawn, in thin strata too: these bounds need no minimum."""
    hits = treated.guards[guard], control.guards[guard]
    more = difference((hits[0], treated.n), (hits[1], control.n))
    broken = more.low is not None and more.low > 0 and more.point >= MARGINS[guard]
    return Guarded(guard, *hits, more, MARGINS[guard], broken)
