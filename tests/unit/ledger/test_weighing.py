"""What is told of a group: every number of a finding, when there is none, and what should be suspended and why."""

import pytest

from penstock.core.terseness import Arm
from penstock.core.usage import Usage
from penstock.ledger.findings import Advice, Certainty, Figures, Finding, Guarded, Reason
from penstock.ledger.observed import Guardrail, Observed
from penstock.ledger.sequence import difference
from penstock.ledger.weighing import MARGINS, NEEDED
from tests.support.treated import savings

TREATED, CONTROL = Arm.TREATED, Arm.CONTROL


def group(arm: Arm, count: int, output: int = 100, *, name: str = "", **more: object) -> list[Observed]:
    """So many conversations of a request each, whose answers are as long, give or take a few tokens."""
    told = {"at": 0.0, "key": "key", "model": "model", "intensity": "full", "rules": "1", "input_cost": 10}
    return [
        Observed(
            conversation=f"{name} {arm.value} {number}",
            arm=arm,
            **{
                **told,
                "usage": Usage(input=10, output=output + number % 5),
                "cost": 10 + 5 * (output + number % 5),
                **more,
            },  # type: ignore[arg-type]
        )
        for number in range(count)
    ]


def total(*rows: list[Observed]) -> Figures:
    return savings(row for some in rows for row in some).total


def test_whatever_is_told_the_numbers_beside_it_are_right() -> None:
    """Of conversations that hold any of it, in each arm; and how many are needed."""
    found = total(group(TREATED, NEEDED, 60), group(CONTROL, NEEDED + 1))
    assert (found.visible.standing, found.visible.treated, found.visible.control, found.visible.needed) == (
        Certainty.MEASURED,
        NEEDED,
        NEEDED + 1,
        NEEDED,
    )
    assert found.reasoning == Finding(Certainty.NOTHING, 0, 0, NEEDED)
    thinking = group(TREATED, 60, usage=Usage(input=10, output=10, reasoning=10), name="thinking")
    assert total(thinking, group(CONTROL, 70)).reasoning == Finding(Certainty.NOTHING, 60, 0, NEEDED)
    few = total(group(TREATED, NEEDED - 1), group(CONTROL, 70))
    assert few.visible == Finding(Certainty.NOT_ENOUGH, NEEDED - 1, 70, NEEDED)
    assert few.reasoning == Finding(Certainty.NOT_ENOUGH, 0, 0, NEEDED)
    unclean = total(group(TREATED, 60), group(CONTROL, 70), group(CONTROL, 9, name="changed", added_bytes=80))
    assert unclean.visible == Finding(Certainty.CONTAMINATED, 60, 70, NEEDED)
    assert total(group(TREATED, 60, holdout=0.0)).visible == Finding(Certainty.NO_HOLDOUT, 0, 0, NEEDED)


def test_without_a_measured_cost_no_money_is_saved_on_anything() -> None:
    """Neither on what comes out nor on what goes in."""
    for rows in ((), (group(TREATED, 60), group(CONTROL, 3)), (group(TREATED, 60, cost=None), group(CONTROL, 60))):
        found = total(*rows)
        assert (found.cost.amount, found.on_output, found.on_input) == (None, 0.0, 0.0)


def test_a_huge_conversation_leaves_a_bound_open() -> None:
    """Among the treated all may be saved and nobody knows how much more; among the controls all that was used may be
    lost."""
    huge = group(TREATED, 1, 10**9, name="huge")
    found = total(group(TREATED, 99), huge, group(CONTROL, 100)).visible
    assert found.saved is not None
    assert found.amount is not None
    assert (found.saved.high, found.amount.high) == (1.0, None)
    huge = group(CONTROL, 1, 10**9, name="huge")
    used = sum(100 + number % 5 for number in range(100))
    found = total(group(TREATED, 100), group(CONTROL, 99), huge).visible
    assert found.saved is not None
    assert found.amount is not None
    assert (found.saved.low, found.amount.low) == (None, -used)
    assert found.amount.point == pytest.approx(100 * (10**9 + 99 * 102 - 4) / 100 - used, rel=1e-6)


def test_a_group_says_what_it_holds() -> None:
    """Rules and intensities of both arms, and when its conversations began and ended; nothing of those left out."""
    found = total(
        group(TREATED, 2, rules="2", intensity="lite", at=5.0),
        group(CONTROL, 2, rules="1", intensity="", at=3.0),
        group(CONTROL, 1, rules="", at=9.0, name="bare"),
        group(CONTROL, 1, rules="3", at=99.0, added_bytes=1, name="changed"),
    )
    assert (found.rules, found.intensities, found.since, found.until) == (("1", "2"), ("full", "lite"), 3.0, 9.0)
    nobody = total(group(TREATED, 1, name="both"), group(CONTROL, 1, at=1.0))
    assert nobody.rules == ("1",)
    changed = total(group(CONTROL, 1, added_bytes=1))
    assert (changed.since, changed.until, changed.hygiene.control_changed) == (None, None, 1)
    assert (total().since, total().until) == (None, None)


@pytest.mark.parametrize("first", [TREATED, CONTROL])
def test_a_conversation_in_both_arms_spoils_the_measurement_whichever_came_first(first: Arm) -> None:
    """And is counted: two of two hundred are too many."""
    both = [
        Observed(conversation=f"both {number}", arm=arm, at=at, key="key", model="model")
        for number in range(2)
        for at, arm in enumerate((first, CONTROL if first is TREATED else TREATED))
    ]
    found = total(group(TREATED, 100), group(CONTROL, 100), both)
    assert (found.visible.standing, found.hygiene.in_both_arms) == (Certainty.CONTAMINATED, 2)
    found = total(group(TREATED, 100), group(CONTROL, 100), both[:2])
    assert (found.visible.standing, found.hygiene.in_both_arms) == (Certainty.MEASURED, 1)


def test_what_was_not_drawn_proves_nothing_of_guardrails() -> None:
    """Where nobody is held out, what goes wrong is in no arm."""
    free = group(TREATED, 40, holdout=0.0, broke=(Guardrail.REFUSED,), name="free")
    drawn = group(TREATED, 60, holdout=0.5), group(CONTROL, 60, holdout=0.5, broke=(Guardrail.FAILED,))
    found = total(free, *drawn)
    assert found.treated.conversations == 100
    told = {one.guard: (one.treated, one.control, one.more) for one in found.guards}
    assert told[Guardrail.REFUSED] == (0, 0, difference((0, 60), (0, 60)))
    assert told[Guardrail.FAILED] == (0, 60, difference((0, 60), (60, 60)))


def test_an_override_is_counted_beside_what_else_went_wrong() -> None:
    """In the same conversation."""
    rows = group(TREATED, 1, broke=(Guardrail.REFUSED,))
    forced = [Observed(conversation=row.conversation, arm=Arm.FORCED, at=1.0, key="", model="") for row in rows]
    found = {one.guard: one.treated for one in total(rows, forced).guards}
    assert {guard for guard, count in found.items() if count} == {Guardrail.REFUSED, Guardrail.OVERRIDDEN}


@pytest.mark.parametrize(("hits", "broken"), [(100, True), (99, False)])
def test_a_margin_that_is_just_reached_is_broken(hits: int, broken: bool) -> None:
    """One in twenty asks again, which is how many may not."""
    rows = group(TREATED, 2_000)
    for number in range(hits):
        rows[number] = group(TREATED, number + 1, broke=(Guardrail.REASKED,))[-1]
    found = next(one for one in total(rows, group(CONTROL, 2_000)).guards if one.guard is Guardrail.REASKED)
    assert MARGINS[Guardrail.REASKED] == 0.05
    assert found == Guarded(Guardrail.REASKED, hits, 0, difference((hits, 2_000), (0, 2_000)), 0.05, broken)


def test_a_suspension_names_the_level_and_the_reason() -> None:
    """Whose key, which model and intensity; what is worse, or that it loses money. Other levels stay."""
    report = savings(
        [
            *group(TREATED, 300, 60, name="good"),
            *group(CONTROL, 100, name="good"),
            *group(TREATED, 300, 200, key="loser", model="other", intensity="ultra", name="loses"),
            *group(CONTROL, 100, key="loser", model="other", intensity="ultra", name="loses"),
            *group(TREATED, 300, 60, key="breaker", intensity="lite", broke=(Guardrail.INVALID,), name="breaks"),
            *group(CONTROL, 100, key="breaker", intensity="lite", name="breaks"),
        ]
    )
    assert report.suspensions == (
        Advice("breaker", "model", "lite", Reason.WORSE, Guardrail.INVALID),
        Advice("loser", "other", "ultra", Reason.LOSES_MONEY, None),
    )
    assert [(one.model, one.key, one.klass, one.intensity) for one in (report.total, *report.groups)] == [
        ("", "", "", ""),
        ("model", "breaker", "", ""),
        ("model", "key", "", ""),
        ("other", "loser", "", ""),
    ]
    assert [(one.klass, one.intensity) for one in report.levels] == [("", "lite"), ("", "full"), ("", "ultra")]
