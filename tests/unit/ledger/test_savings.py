"""What is said about savings: what is counted, what is left out, and when nothing is said."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest

from penstock.core.price import Rates, Sheet, priced
from penstock.core.terseness import Arm
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.ledger.findings import Certainty, Figures, Finding, Reason
from penstock.ledger.observed import SIZES, Guardrail, Observed, input_cost, size
from penstock.ledger.savings import Savings
from penstock.ledger.weighing import MARGINS, NEEDED
from tests.support.treated import savings

TREATED, CONTROL = Arm.TREATED, Arm.CONTROL


def row(name: str, arm: Arm, output: int = 100, **more: Any) -> Observed:
    """A request of a conversation, at $1 for input and $5 for output; a treated one has 20 tokens of ours."""
    text = 20 if arm is TREATED else 0
    usage = Usage(input=100 + text, output=output)
    told = {
        "at": 0.0,
        "key": "key",
        "model": "model",
        "intensity": "full",
        "rules": "1",
        "added_bytes": 4 * text,
        "usage": usage,
        "cost": usage.input + 5 * output,
        "input_cost": usage.input,
    }
    return Observed(conversation=name, arm=arm, **{**told, **more})


def conversations(arm: Arm, count: int, output: int, **more: Any) -> list[Observed]:
    """So many of one request each, whose answers are about so long."""
    chance = Random(f"{arm} {output} {more}")
    which = f"{arm.value} {output} {sorted((name, str(value)) for name, value in more.items())}"
    return [
        row(f"{which} {number}", arm, round(output * (0.9 + 0.2 * chance.random())), **more) for number in range(count)
    ]


BOTH = (*conversations(TREATED, 600, 650), *conversations(CONTROL, 200, 1_000))


def total(*rows: Iterable[Observed]) -> Figures:
    return savings(each for some in rows for each in some).total


def near(finding: Finding, true: float) -> bool:
    """Measured, close to the truth, with the truth inside."""
    saved = finding.saved
    assert saved is not None, finding
    assert saved.low is not None
    assert saved.high is not None
    return abs(saved.point - true) < 0.02 and saved.low <= true <= saved.high


def test_tokens_and_money_are_saved_apart() -> None:
    """A third of the output is not a third of the money: input costs too, and the text that was added."""
    found = total(BOTH)
    assert near(found.visible, 0.35)
    assert near(found.cost, 1 - (120 + 5 * 650) / (100 + 5 * 1_000))
    assert found.on_output == pytest.approx(600 * 5 * 350, rel=0.02)
    assert found.on_input == pytest.approx(-600 * 20)
    assert found.cost.amount is not None
    assert found.cost.amount.point == pytest.approx(found.on_output + found.on_input)
    assert (found.rules, found.intensities, found.treated.conversations, found.control.conversations) == (
        ("1",),
        ("full",),
        600,
        200,
    )


def test_another_lever_is_another_stratum() -> None:
    """What was answered with a model's own measure of length is compared with what would have been: models that have it
    talk twice as much here, and half of the conversations came to them only when hardly any were left alone."""
    plain = (*conversations(TREATED, 100, 500), *conversations(CONTROL, 100, 1_000))
    low = (
        *conversations(TREATED, 900, 1_000, lowered=True, rules="1+low"),
        *conversations(CONTROL, 100, 2_000, lowered=True, rules="1+low"),
    )
    found = total(plain, low)
    assert near(found.visible, 0.5)
    assert found.rules == ("1", "1+low")
    mixed = total(plain, [msgspec.structs.replace(each, lowered=False) for each in low])
    assert not near(mixed.visible, 0.5)


def test_reasoning_is_told_apart() -> None:
    """It is no visible output; a model without any has nothing to save."""
    thinking = [msgspec.structs.replace(each, usage=each.usage + Usage(reasoning=500)) for each in BOTH]
    found = total(thinking)
    assert near(found.visible, 0.35)
    assert near(found.reasoning, 0.0)
    assert total(BOTH).reasoning.standing is Certainty.NOTHING


def test_longer_conversations_eat_up_what_shorter_answers_save() -> None:
    """Half as long, but asked twice: nothing is saved, and the path says why."""
    asked_again = [
        each
        for number in range(300)
        for each in (row(f"t{number}", TREATED, 48 + number % 5), row(f"t{number}", TREATED, 48 + number % 5, at=9.0))
    ]
    found = total(asked_again, conversations(CONTROL, 100, 100))
    assert near(found.visible, 0.0)
    assert near(found.path, -1.0)


def test_caches_can_be_held_equal() -> None:
    """The control arm is smaller and reads less from caches: that is no merit of terse answers."""
    hit = {"cost": 10 + 5 * 100, "input_cost": 10}
    missed = {"cost": 1_000 + 5 * 100, "input_cost": 1_000}
    rows = [row(f"t{n}", TREATED, 98 + n % 5, usage=Usage(cache_read=1_000, output=100), **hit) for n in range(300)]
    rows += [row(f"c{n}", CONTROL, 98 + n % 5, usage=Usage(input=1_000, output=100), **missed) for n in range(100)]
    found = total(rows)
    assert near(found.cost, 1 - 510 / 1_500)
    assert near(found.same_cache, 0.0)


@pytest.mark.parametrize(("treated", "control", "says"), [
    (600, NEEDED - 1, "not enough data (n = 49, needed 50)"),
    (NEEDED - 1, 200, "not enough data (n = 49, needed 50)"),
    (600, 3, "not enough data (n = 3, needed 50)"),
    (0, 0, "not enough data (n = 0, needed 50)"),
    (NEEDED, NEEDED, "measured"),
])  # fmt: skip
def test_the_gate_counts_conversations(treated: int, control: int, says: str) -> None:
    """In each arm; with fewer there is no number at all."""
    found = total(conversations(TREATED, treated, 650), conversations(CONTROL, control, 1_000))
    assert found.visible.words == says
    assert (found.visible.saved is None) == (says != "measured") == (found.cost.amount is None)


def test_many_requests_of_few_conversations_open_no_gate() -> None:
    """Requests of a conversation resemble each other."""
    few = [row(f"{arm.value} {number % 20}", arm) for arm in (TREATED, CONTROL) for number in range(1_000)]
    found = total(few)
    assert (found.treated.requests, found.visible.standing) == (1_000, Certainty.NOT_ENOUGH)


def test_without_a_holdout_nothing_is_measured() -> None:
    """Also beside conversations of another time: nobody would have been held out."""
    free = conversations(TREATED, 600, 650, holdout=0.0)
    assert total(free).visible.words == "not measured: no holdout"
    assert not savings(free).suspensions
    fair = (*conversations(TREATED, 150, 650, holdout=0.5), *conversations(CONTROL, 150, 1_000, holdout=0.5))
    assert total(free, fair).visible.treated == 150


def test_conversations_of_other_odds_are_not_compared() -> None:
    """The holdout was raised when answers had become twice as long: in one pot, 10 % saved would look like 33 %."""
    before = (*conversations(TREATED, 900, 900, holdout=0.1), *conversations(CONTROL, 100, 1_000, holdout=0.1))
    after = (*conversations(TREATED, 500, 1_800, holdout=0.5), *conversations(CONTROL, 500, 2_000, holdout=0.5))
    assert near(total(before, after).visible, 0.1)


def test_a_changed_control_arm_is_noticed() -> None:
    """A control request that went out longer than it came was treated, whatever its row says."""
    changed = [msgspec.structs.replace(each, added_bytes=80) for each in conversations(CONTROL, 10, 650, klass="x")]
    found = total(BOTH, changed)
    assert found.visible.standing is found.cost.standing is Certainty.CONTAMINATED
    assert (found.visible.saved, found.hygiene.control_changed) == (None, 10)
    few = total(BOTH, changed[:2])
    assert (few.visible.standing, few.hygiene.control_changed, few.control.conversations) == (
        Certainty.MEASURED,
        2,
        200,
    )


def test_a_conversation_in_both_arms_is_left_out() -> None:
    """Its arm is not fixed."""
    both = (row("both", TREATED), row("both", CONTROL, at=9.0))
    found = total(BOTH, both)
    assert (found.hygiene.in_both_arms, found.treated.conversations) == (1, 600)
    assert total(both).visible.standing is Certainty.CONTAMINATED


def test_treated_requests_without_our_text_are_counted_and_stay() -> None:
    """To leave out those that could not be treated would choose among the treated."""
    bare = [msgspec.structs.replace(each, added_bytes=0) for each in conversations(TREATED, 600, 1_000)]
    found = total(bare, conversations(CONTROL, 200, 1_000))
    assert (found.hygiene.treated_unchanged, found.treated.conversations) == (600, 600)
    assert near(found.visible, 0.0)


def test_arms_of_the_wrong_sizes_are_noticed() -> None:
    """A tenth should be held out, and a quarter is: something loses treated conversations."""
    rows = [msgspec.structs.replace(each, holdout=0.1) for each in BOTH]
    assert total(rows).visible.standing is Certainty.LOPSIDED
    assert total([msgspec.structs.replace(each, holdout=0.25) for each in BOTH]).visible.standing is Certainty.MEASURED


def test_controls_that_are_left_out_were_drawn_all_the_same() -> None:
    """Of 2,000 with even odds 896 controls are possible and fewer are not (Robbins' mixture, one in a thousand); eight
    that went out changed are too few to say nothing, and none to be missed."""

    def drawn(treated: int, control: int) -> Certainty:
        rows = [row(f"t{n}", TREATED, 100 + n % 7, holdout=0.5) for n in range(treated)]
        rows += [row(f"c{n}", CONTROL, 100 + n % 7, holdout=0.5, added_bytes=80 * (n < 8)) for n in range(control)]
        return total(rows).visible.standing

    assert (drawn(1_104, 896), drawn(1_105, 895)) == (Certainty.MEASURED, Certainty.LOPSIDED)


def test_forced_and_exempt_count_for_coverage_alone() -> None:
    """They prove nothing, and show how much of all traffic the saving is of."""
    report = savings((*BOTH, *conversations(Arm.FORCED, 100, 10), *conversations(Arm.EXEMPT, 100, 9_000)))
    assert (report.coverage.requests, report.coverage.eligible_requests) == (1_000, 800)
    output = sum(each.usage.output for each in BOTH)
    assert report.coverage.eligible_output_tokens == output
    assert report.coverage.output_tokens == pytest.approx(output + 100 * 9_010, rel=0.01)
    assert msgspec.structs.replace(report.total, guards=()) == msgspec.structs.replace(total(BOTH), guards=())


def test_estimated_and_unpriced_requests_are_left_out_and_counted() -> None:
    """Estimates of all; what has no price of money alone; a failure used nothing and is neither."""
    more = (
        *conversations(TREATED, 7, 9_000, source=Source.ESTIMATED),
        *conversations(CONTROL, 5, 9_000, source=Source.ESTIMATED),
        *conversations(CONTROL, 3, 1_000, cost=None),
        *conversations(CONTROL, 2, 0, source=Source.NONE, usage=Usage(), cost=None),
    )
    found = total(BOTH, more)
    assert (found.treated.estimated, found.control.estimated, found.control.unpriced) == (7, 5, 3)
    assert found.visible.control == 203
    assert found.cost.control == 200
    assert total([msgspec.structs.replace(each, cost=None) for each in BOTH]).cost.standing is Certainty.NOTHING


def test_thin_strata_stand_together_or_are_left_out() -> None:
    """Those that are too thin even together are counted."""
    thin = [each for tools in (True, False) for arm in (TREATED, CONTROL)
            for each in conversations(arm, 6, 500, tools=tools, operation="other")]  # fmt: skip
    found = total(BOTH, thin)
    assert (found.too_thin, found.visible.treated, found.visible.control) == (0, 612, 212)
    found = total(BOTH, thin[:12])
    assert (found.too_thin, found.visible.treated, found.visible.control) == (12, 600, 200)


def test_thin_strata_of_other_odds_do_not_stand_together() -> None:
    """Eight of each arm are too few, twice."""
    thin = [each for holdout in (0.4, 0.5) for arm in (TREATED, CONTROL)
            for each in conversations(arm, 8, 500, holdout=holdout)]  # fmt: skip
    assert total(BOTH, thin).too_thin == 32


@pytest.mark.parametrize("other", [
    {"model": "other"}, {"key": "other"}, {"klass": "other"}, {"intensity": "lite"}, {"operation": "other"},
    {"stream": True}, {"tools": True}, {"bytes_in": 90_000},
], ids=str)  # fmt: skip
def test_like_is_compared_with_like(other: dict[str, Any]) -> None:
    """Where answers are ten times as long, more are treated by chance: without strata that would be a loss."""
    usual = (*conversations(TREATED, 300, 80), *conversations(CONTROL, 200, 100))
    long = (*conversations(TREATED, 300, 800, **other), *conversations(CONTROL, 50, 1_000, **other))
    assert near(total(usual, long).visible, 0.2)


def test_a_conversation_belongs_where_it_began() -> None:
    """It goes on with another model, grows, and gets tools; rows come in any order."""
    rows = [each for name, arm, output in [(f"t{n}", TREATED, 60 + n % 9) for n in range(99)]
            + [(f"c{n}", CONTROL, 100 + n % 9) for n in range(99)]
            for each in (row(name, arm, output, model="first", at=1.0, bytes_in=500),
                         row(name, arm, output, model="second", at=2.0, bytes_in=90_000, tools=True))]  # fmt: skip
    report = savings(rows)
    assert [(one.model, one.treated.conversations, one.treated.requests) for one in report.groups] == [
        ("first", 99, 198)
    ]
    assert (report.total.since, report.total.until) == (1.0, 2.0)
    Random(1).shuffle(rows)
    assert savings(rows) == report


def test_groups_and_levels() -> None:
    """By model, key and class; by model, key and intensity; the total of all; each from its own conversations."""
    rows = (
        *BOTH,
        *conversations(TREATED, 300, 900, klass="code", intensity="lite"),
        *conversations(CONTROL, 100, 1_000, klass="code", intensity="lite"),
        *conversations(TREATED, 30, 900, key="other"),
    )
    report = savings(rows)
    assert [(one.model, one.key, one.klass, one.visible.words) for one in report.groups] == [
        ("model", "key", "", "measured"),
        ("model", "key", "code", "measured"),
        ("model", "other", "", "not enough data (n = 0, needed 50)"),
    ]
    assert [(one.key, one.intensity) for one in report.levels] == [("key", "full"), ("key", "lite"), ("other", "full")]
    assert near(report.groups[0].visible, 0.35)
    assert near(report.groups[1].visible, 0.1)
    assert near(report.total.visible, 1 - (600 * 650 + 300 * 900) / (900 * 1_000))


def test_telling_in_between_changes_nothing() -> None:
    """Daily looks see what a single one at the end sees."""
    counted = Savings()
    for number, each in enumerate(BOTH):
        counted.add(each)
        if number % 100 == 0:
            counted.report()
    assert counted.report() == savings(BOTH)


def broken(treated: int, control: int, guard: Guardrail) -> Iterator[Observed]:
    """Both arms, and in so many conversations of each it happened."""
    for arm, count in ((TREATED, treated), (CONTROL, control)):
        for number, each in enumerate(each for each in BOTH if each.arm is arm):
            yield msgspec.structs.replace(each, broke=(guard,) if number < count else ())


@pytest.mark.slow
@pytest.mark.parametrize("guard", [guard for guard in Guardrail if guard is not Guardrail.OVERRIDDEN])
@pytest.mark.parametrize(("treated", "control", "worse"), [(180, 10, True), (60, 10, False), (30, 60, False)])
def test_a_guardrail_breaks_where_it_is_surely_worse(guard: Guardrail, treated: int, control: int, worse: bool) -> None:
    """By the margin, of 600 and of 200 conversations; then, and only then, the level should be suspended."""
    report = savings(broken(treated, control, guard))
    found = next(one for one in report.total.guards if one.guard is guard)
    assert (found.treated, found.control, found.margin) == (treated, control, MARGINS[guard])
    assert found.more.point == pytest.approx(treated / 600 - control / 200)
    assert found.more.low is not None
    assert found.more.high is not None
    assert found.more.low < found.more.point < found.more.high
    assert found.broken == worse
    assert [(one.reason, one.guard, one.intensity) for one in report.suspensions] == (
        [(Reason.WORSE, guard, "full")] if worse else []
    )


def test_a_guardrail_holds_where_it_is_worse_by_less_than_the_margin() -> None:
    """However sure that is."""
    rows = [
        row(
            f"{arm.value}{number}",
            arm,
            60 if arm is TREATED else 100,
            broke=(Guardrail.REASKED,) if arm is TREATED and number < 180 else (),
        )
        for arm in (TREATED, CONTROL)
        for number in range(6_000)
    ]
    report = savings(rows)
    found = next(one for one in report.total.guards if one.guard is Guardrail.REASKED)
    assert found.more.low is not None
    assert (found.more.point, found.more.low > 0.02, found.broken) == (0.03, True, False)
    assert not report.suspensions


def test_overrides_in_a_treated_conversation_are_a_guardrail() -> None:
    """Whoever sets ``off`` by hand was not served well, though that request itself is not compared."""
    forced = [msgspec.structs.replace(each, arm=Arm.FORCED)
              for each in BOTH[:150]]  # fmt: skip
    report = savings((*BOTH, *forced))
    found = report.total.guards[-1]
    assert (found.guard, found.treated, found.control, found.broken) == (Guardrail.OVERRIDDEN, 150, 0, True)


def test_a_level_that_loses_money_should_be_suspended() -> None:
    """Only for the key, model and intensity that loses, and only where it surely does."""
    losing = (
        *conversations(TREATED, 600, 1_100, intensity="ultra"),
        *conversations(CONTROL, 200, 1_000, intensity="ultra"),
    )
    found = savings((*BOTH, *losing)).suspensions
    assert [(one.key, one.model, one.intensity, one.reason) for one in found] == [
        ("key", "model", "ultra", Reason.LOSES_MONEY)
    ]
    unsure = (*conversations(TREATED, 60, 1_040), *conversations(CONTROL, 60, 1_000))
    assert savings(unsure).total.cost.saved.point < 0
    assert not savings(unsure).suspensions


def test_sizes_have_names() -> None:
    """Four times as much is one further."""
    edges = [(0, 0), (1_023, 0), (1_024, 1), (4_096, 2), (65_535, 3), (65_536, 4), (2**20, 6), (10**9, 6)]
    assert [size(bytes_in) for bytes_in, _ in edges] == [place for _, place in edges]
    assert max(place for _, place in edges) == len(SIZES) - 1


def test_what_went_in_has_a_price_of_its_own() -> None:
    """Cached or not; no output, no tools; nothing where the model has no price."""

    class Model:
        price = priced(Sheet(price=Rates(input=Decimal(2), cache_read=Decimal(2), output=Decimal(2))))

    used = Consumption((Share("m", Usage(input=10, cache_read=5, output=1_000, tools=(("search", 1),))),))
    assert input_cost(used, "m", lambda name: Model()) == 30
    assert input_cost(used, "m", lambda name: None) is None
