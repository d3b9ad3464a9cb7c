"""Prices become integers without losing anything, or are refused."""

from decimal import Decimal

import pytest

from penstock.core.price import UNIT, InexactPriceError, LongRates, Rates, Sheet, TierPrices, priced
from penstock.core.usage import COUNTERS


def amount(price: Sheet, counter: str, tier: str = "") -> int | None:
    """What one token of a counter costs, in parts of a micro-dollar."""
    return priced(price).schedules[tier].amounts[COUNTERS.index(counter)]


def test_rates_and_usage_have_the_same_counters() -> None:
    """A counter without a rate could never be priced, and a rate without a counter never charged."""
    assert sorted(Rates.__struct_fields__) == sorted(COUNTERS)


def test_the_smallest_price_and_the_finest_factor_are_whole() -> None:
    """Six decimals of a price and three of a factor are what UNIT is made for."""
    sheet = Sheet(price=Rates(input=Decimal("0.000001")), tiers={"batch": TierPrices(factor=Decimal("0.001"))})
    assert (amount(sheet, "input"), amount(sheet, "input", "batch")) == (UNIT // 10**6, 1)


@pytest.mark.parametrize("price", ["-1", "0.0000000001", "NaN", "Infinity"])
def test_what_cannot_be_counted_is_refused(price: str) -> None:
    """A price that would be rounded, or is none, never gets in."""
    with pytest.raises(InexactPriceError):
        priced(Sheet(price=Rates(output=Decimal(price))))


def test_reasoning_costs_what_output_costs_unless_it_is_priced_apart() -> None:
    """Most providers bill it as output."""
    assert amount(Sheet(price=Rates(output=Decimal(4))), "reasoning") == 4 * UNIT
    assert amount(Sheet(price=Rates(output=Decimal(4), reasoning=Decimal(3))), "reasoning") == 3 * UNIT


def test_nothing_else_is_taken_from_another_counter() -> None:
    """A price for input says nothing about audio, pictures or caches."""
    amounts = priced(Sheet(price=Rates(input=Decimal(1)))).schedules[""].amounts
    assert [name for name, each in zip(COUNTERS, amounts, strict=True) if each is not None] == ["input"]


def test_the_longest_step_comes_first() -> None:
    """A request belongs to the last threshold that it passes, in whatever order they are written."""
    long = (LongRates(above=32, input=Decimal(2)), LongRates(above=128, input=Decimal(3)))
    assert [above for above, _ in priced(Sheet(price=Rates(), long=long)).schedules[""].steps] == [128, 32]


def test_a_tier_may_have_rates_of_its_own() -> None:
    """As they are written, long requests' too; nothing of the ordinary ones is left in them."""
    flex = TierPrices(price=Rates(output=Decimal(3)), long=(LongRates(above=9, output=Decimal(5)),))
    sheet = Sheet(price=Rates(input=Decimal(1), output=Decimal(8)), tiers={"flex": flex})
    assert (amount(sheet, "input", "flex"), amount(sheet, "output", "flex")) == (None, 3 * UNIT)
    ((above, amounts),) = priced(sheet).schedules["flex"].steps
    assert (above, amounts[COUNTERS.index("output")]) == (9, 5 * UNIT)


def test_tools_are_priced_by_the_call() -> None:
    """Ten dollars for a thousand calls are ten thousand micro-dollars for one."""
    assert priced(Sheet(price=Rates(), tools={"web_search": Decimal(10)})).tools == {"web_search": 10_000 * UNIT}
