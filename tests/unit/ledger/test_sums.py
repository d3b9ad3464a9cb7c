"""Savings of conversations of several requests, beside a slow way: each conversation's amounts in a list."""

from collections.abc import Callable, Sequence
from random import Random

import pytest

from penstock.core.terseness import Arm
from penstock.core.usage import Source, Usage
from penstock.ledger.findings import ArmTotals, Coverage, Finding
from penstock.ledger.observed import Guardrail, Observed
from penstock.ledger.savings import Savings
from penstock.ledger.sequence import Moments, Pair, ratio
from penstock.ledger.strata import Sums
from penstock.ledger.weighing import NEEDED
from tests.support.treated import savings

TREATED, CONTROL = Arm.TREATED, Arm.CONTROL
Requests = list[Observed]
Stratum = dict[Arm, list[Requests]]
Amount = Callable[[Requests], float]


def conversation(chance: Random, name: str, arm: Arm, **where: bool) -> Requests:
    """One to four requests; a treated one has shorter answers, and more goes in and less is cached."""
    rows = []
    for number in range(chance.randint(1, 4)):
        treated = arm is TREATED
        fresh, cached = chance.randint(50, 300) + 20 * treated, chance.randint(0, 900) // (1 + treated)
        usage = Usage(
            input=fresh,
            cache_read=cached,
            output=chance.randint(100, 200 if treated else 300),
            reasoning=chance.randint(0, 50),
        )
        taken = 10 * fresh + cached
        rows.append(
            Observed(
                conversation=name,
                arm=arm,
                at=float(number),
                key="key",
                model="model",
                rules="1",
                added_bytes=80 if treated else 0,
                usage=usage,
                cost=taken + 50 * (usage.output + usage.reasoning),
                input_cost=taken,
                **where,
            )
        )
    return rows


def stratum(chance: Random, treated: int, control: int, **where: bool) -> Stratum:
    return {
        arm: [conversation(chance, f"{where} {arm} {number}", arm, **where) for number in range(count)]
        for arm, count in ((TREATED, treated), (CONTROL, control))
    }


STRATA = [
    stratum(Random(1), 90, 60, stream=True),
    stratum(Random(2), 70, 80, tools=True),
    stratum(Random(3), 60, 40, stream=True, tools=True),
]
ROWS = [row for one in STRATA for requests in one.values() for rows in requests for row in rows]


def moments(amounts: Sequence[float]) -> Moments:
    return Moments(len(amounts), sum(map(bool, amounts)), sum(amounts), sum(each**2 for each in amounts))


def agrees(found: Finding, amounts: Sequence[Amount]) -> None:
    """What is said is what the lists say: an amount for each stratum."""
    pairs = [
        Pair(moments([of(rows) for rows in one[TREATED]]), moments([of(rows) for rows in one[CONTROL]]))
        for one, of in zip(STRATA, amounts, strict=True)
    ]
    expected = ratio(pairs, NEEDED)
    assert expected is not None
    assert expected.ratio.low is not None
    assert expected.ratio.high is not None
    assert found.saved is not None
    assert found.amount is not None
    assert (found.saved.point, found.saved.low, found.saved.high) == pytest.approx(
        (1 - expected.ratio.point, 1 - expected.ratio.high, 1 - expected.ratio.low), rel=1e-9
    )
    # As much as the treated used, at each of these ratios.
    assert (found.amount.point, found.amount.low, found.amount.high) == pytest.approx(
        tuple(expected.used / each - expected.used
              for each in (expected.ratio.point, expected.ratio.high, expected.ratio.low)), rel=1e-9
    )  # fmt: skip


def taken(rows: Requests) -> float:
    """What went in, in micro-dollars."""
    return sum(row.input_cost or 0 for row in rows)


def tokens(rows: Requests) -> float:
    """What went in, in tokens."""
    return sum(row.usage.input + row.usage.cache_read for row in rows)


def paid(rows: Requests) -> float:
    """All of it, in micro-dollars."""
    return sum(row.cost or 0 for row in rows)


def test_each_quantity_is_summed_up_by_conversation() -> None:
    """Output, reasoning, money and requests, in three strata."""
    found = savings(ROWS).total
    agrees(found.visible, [lambda rows: sum(row.usage.output for row in rows)] * 3)
    agrees(found.reasoning, [lambda rows: sum(row.usage.reasoning for row in rows)] * 3)
    agrees(found.cost, [paid] * 3)
    agrees(found.path, [len] * 3)


def test_with_caches_alike_each_token_that_went_in_costs_the_same() -> None:
    """In both arms of a stratum, as much as it did on average there; what came out costs what it cost."""

    def alike(one: Stratum) -> Amount:
        every = [*one[TREATED], *one[CONTROL]]
        rate = sum(map(taken, every)) / sum(map(tokens, every))
        return lambda rows: paid(rows) - taken(rows) + rate * tokens(rows)

    agrees(savings(ROWS).total.same_cache, [alike(one) for one in STRATA])


def test_sums_of_nobody_are_nothing_at_any_rate() -> None:
    """So that who is added to them is all there is."""
    assert Sums().at_rate(2.5) == Moments()


def test_money_is_saved_on_what_comes_out_and_on_what_goes_in() -> None:
    """Each as much as the controls' mean, stratum by stratum, is above what the treated took; together it is all."""

    def saved(of: Amount) -> float:
        return sum(
            len(one[TREATED]) * sum(map(of, one[CONTROL])) / len(one[CONTROL]) - sum(map(of, one[TREATED]))
            for one in STRATA
        )

    found = savings(ROWS).total
    assert found.on_input == pytest.approx(saved(taken), rel=1e-9)
    assert found.on_output == pytest.approx(saved(lambda rows: paid(rows) - taken(rows)), rel=1e-9)


def observed(name: str, arm: Arm, **more: object) -> Observed:
    told = {
        "at": 0.0,
        "key": "key",
        "model": "model",
        "usage": Usage(input=10, output=10),
        "cost": 60,
        "input_cost": 10,
    }
    return Observed(conversation=name, arm=arm, **{**told, **more})  # type: ignore[arg-type]


def test_what_is_left_out_is_counted_request_by_request() -> None:
    """Several of a conversation, and several conversations, also where they stand in different strata."""
    rows = [
        observed(f"{arm} {tools} {number}", arm, tools=tools, at=at, **how)
        for arm, count in ((TREATED, 3), (CONTROL, 2))
        for tools in (True, False)
        for number in range(count)
        for at, how in enumerate(
            [
                {"source": Source.ESTIMATED},
                {"source": Source.ESTIMATED, "broke": (Guardrail.REFUSED,)},
                {"cost": None, "broke": (Guardrail.FAILED, Guardrail.REFUSED)},
                {"input_cost": None},
                {"source": Source.NONE},
            ],
            1,
        )
    ]
    rows += [
        observed(f"both {n}", arm, tools=bool(n), at=at) for n in (0, 1, 2) for at, arm in ((1, TREATED), (2, CONTROL))
    ]
    found = savings(rows).total
    assert found.treated == ArmTotals(6, 30, 12, 12)
    assert found.control == ArmTotals(4, 20, 8, 8)
    assert (found.hygiene.treated_unchanged, found.hygiene.in_both_arms, found.hygiene.control_changed) == (30, 3, 0)
    broke = {one.guard: (one.treated, one.control) for one in found.guards if one.treated}
    assert broke == {Guardrail.REFUSED: (6, 4), Guardrail.FAILED: (6, 4)}
    assert (found.since, found.until, found.too_thin) == (1.0, 5.0, 10)


def test_coverage_counts_tokens_that_were_told() -> None:
    """Visible and reasoning; none of estimates. What nobody compares passes by, and is traffic all the same."""
    counted = Savings()
    counted.add(observed("a", TREATED, usage=Usage(output=100, reasoning=30)))
    counted.add(observed("b", CONTROL, usage=Usage(output=1_000), source=Source.ESTIMATED))
    counted.add(observed("c", Arm.EXEMPT, usage=Usage(output=7, reasoning=5)))
    assert counted.report().coverage == Coverage(3, 2, 142, 130)
    counted.pass_by(20, 300)
    counted.pass_by(1, 4)
    assert counted.report().coverage == Coverage(24, 2, 446, 130)
