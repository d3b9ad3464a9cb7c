"""The estimate of savings against a known truth. Lengths of answers are recorded: skewed, alike in conversations."""

from collections import defaultdict
from functools import cache

import pytest

from penstock.ledger.findings import Certainty, Finding
from penstock.ledger.observed import Observed
from penstock.ledger.savings import Savings
from penstock.ledger.weighing import NEEDED
from tests.corpus.terse_traffic import DAY, Traffic, recorded_lengths, true_savings
from tests.support.treated import savings

COVERED = 0.93
CLAIMED = 0.05

GATE = NEEDED
TEN_TIMES = 10 * NEEDED

lengths = cache(recorded_lengths)


@cache
def truth(effect: float) -> tuple[float, float]:
    """Of tokens and of cost."""
    return true_savings(lengths(), effect)


def covers(finding: Finding, true: float) -> bool:
    """Whether the interval holds the truth; a saving has no lower bound where the controls are too uneven."""
    saved = finding.saved
    assert saved is not None, finding
    assert saved.high is not None
    return (saved.low is None or saved.low <= true) and true <= saved.high


def coverage(effect: float, holdout: float, control: int, runs: int) -> tuple[float, float]:
    """In what part of runs the true savings of tokens and of cost are inside their intervals."""
    tokens, cost = truth(effect)
    inside = [0, 0]
    measured = 0
    for seed in range(runs):
        treated = round(control * (1 - holdout) / holdout)
        traffic = Traffic(lengths(), f"{effect} {holdout} {control} {seed}", effect)
        found = savings(traffic.arms(treated, control)).total
        if found.visible.standing is Certainty.MEASURED:
            measured += 1
            inside[0] += covers(found.visible, tokens)
            inside[1] += covers(found.cost, cost)
    # Where a few stand in strata that are too thin, the gate is still closed.
    assert measured >= runs / 2
    print(f"effect {effect:+.0%}, holdout {holdout:.0%}, {control} controls, {measured} runs:", end=" ")
    print(f"tokens {inside[0] / measured:.1%}, cost {inside[1] / measured:.1%}")
    return inside[0] / measured, inside[1] / measured


EFFECTS = (0.35, 0.0, -0.2)
HOLDOUTS = (0.1, 0.5)


@pytest.mark.parametrize("holdout", HOLDOUTS)
@pytest.mark.parametrize("effect", EFFECTS)
def test_the_truth_is_inside_at_the_gate(effect: float, holdout: float) -> None:
    """Whether something is saved, lost, or neither, and with unequal arms."""
    assert min(coverage(effect, holdout, GATE, 200)) >= COVERED


@pytest.mark.parametrize(("holdout", "runs"), [(0.1, 25), (0.5, 100)])
def test_the_truth_is_inside_at_ten_times_the_gate(holdout: float, runs: int) -> None:
    """More conversations make intervals narrower, not wrong."""
    assert min(coverage(0.35, holdout, TEN_TIMES, runs)) >= COVERED


@pytest.mark.long
@pytest.mark.parametrize("control", [GATE, TEN_TIMES])
@pytest.mark.parametrize("holdout", HOLDOUTS)
@pytest.mark.parametrize("effect", EFFECTS)
def test_the_truth_is_inside_in_a_thousand_runs(effect: float, holdout: float, control: int) -> None:
    """The same in full."""
    assert min(coverage(effect, holdout, control, 1_000)) >= COVERED


def looks(effect: float, holdout: float, a_day: int, seed: int) -> list[Finding]:
    """What is told of tokens at the end of each of thirty days; conversations go on from one day to the next."""
    traffic = Traffic(lengths(), f"{holdout} {a_day} {seed}", effect)
    days: dict[int, list[Observed]] = defaultdict(list)
    counted = Savings()
    found: list[Finding] = []
    for day in range(30):
        for row in traffic.drawn(a_day, holdout, day=day):
            days[int(row.at / DAY)].append(row)
        for row in days.pop(day, []):
            counted.add(row)
        found.append(counted.report().total.visible)
    return found


def claims(found: list[Finding]) -> bool:
    """Whether it says at any look that something is saved."""
    return any(one.saved is not None and one.saved.low is not None and one.saved.low > 0 for one in found)


def false_claims(holdout: float, a_day: int, runs: int) -> tuple[float, float]:
    """In what part of runs something is said to be saved, and to be saved or lost, at any look, where nothing is."""
    saved = wrong = 0
    for seed in range(runs):
        found = looks(0.0, holdout, a_day, seed)
        assert found[-1].standing is Certainty.MEASURED
        saved += claims(found)
        wrong += not all(covers(one, 0.0) for one in found if one.saved is not None)
    print(f"holdout {holdout:.0%}, {a_day} conversations a day, {runs} runs:", end=" ")
    print(f"falsely saved {saved / runs:.1%}, zero outside {wrong / runs:.1%}")
    return saved / runs, wrong / runs


def test_looking_daily_claims_nothing_that_is_not_there() -> None:
    """Neither a saving nor a loss, at thirty looks where there is no effect and half is held out."""
    assert max(false_claims(0.5, 30, 50)) <= CLAIMED


@pytest.mark.long
@pytest.mark.parametrize(("holdout", "a_day"), [(0.1, 100), (0.1, 30), (0.5, 30), (0.5, 100)])
def test_looking_daily_in_a_thousand_runs(holdout: float, a_day: int) -> None:
    """The same in full, from thin to busy traffic."""
    assert max(false_claims(holdout, a_day, 1_000)) <= CLAIMED


def test_a_real_saving_is_found() -> None:
    """Intervals that always say "perhaps" would pass all the others."""
    assert sum(claims(looks(0.6, 0.5, 60, seed)) for seed in range(10)) >= 8
