"""What one finished exchange takes of a quota."""

import pytest

from penstock.core.quota import Period, Quota, Unit
from penstock.core.spending import spender
from penstock.core.usage import Consumption, Source
from tests.support.books import entry, used

DAY, MINUTE = Period.DAY, Period.MINUTE


@pytest.mark.parametrize(
    ("unit", "spent"),
    [
        (Unit.INPUT, 10),
        (Unit.OUTPUT, 5),
        (Unit.TOKENS, 15),
        (Unit.DOLLARS, 105),
        (Unit.REQUESTS, 1),
        (Unit.AT_ONCE, 0),
        (Unit.BYTES, 0),
    ],
)
def test_each_unit_takes_its_own(unit: Unit, spent: int) -> None:
    """As the row in the books has it; what is not added up takes nothing."""
    assert spender(Quota(unit, 1000, DAY))(entry("x")) == spent


def test_what_nobody_could_price_costs_nothing() -> None:
    """None is no number."""
    assert spender(Quota(Unit.DOLLARS, 1000, DAY))(entry("x", cost=None)) == 0


@pytest.mark.parametrize(
    ("status", "source", "answered"),
    [
        (200, Source.NONE, 1),
        (302, Source.NONE, 1),
        (399, Source.NONE, 1),
        (199, Source.NONE, 0),
        (400, Source.NONE, 0),
        (0, Source.NONE, 0),
        (0, Source.ESTIMATED, 1),
        (529, Source.REPORTED, 1),
    ],
)
def test_a_request_of_the_day_counts_when_it_was_answered_or_used_something(
    status: int, source: Source, answered: int
) -> None:
    """What a provider refused is free."""
    row = entry("x", status=status, consumption=Consumption(source=source))
    assert spender(Quota(Unit.REQUESTS, 9, DAY))(row) == answered


@pytest.mark.parametrize(("provider", "sent"), [("anthropic", 1), ("", 0)])
def test_a_request_of_the_minute_counts_when_it_was_sent(provider: str, sent: int) -> None:
    """Whatever came of it."""
    row = entry("x", provider=provider, status=529, consumption=used())
    assert spender(Quota(Unit.REQUESTS, 9, MINUTE))(row) == sent
