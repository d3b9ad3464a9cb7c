"""What a call costs: a pure function of what it used and of a price. In micro-dollars, exact, or nothing at all.

Rounding: half up, once for each share, never in between. A share is the smallest thing that has one price, so every
amount that is shown is a whole number of micro-dollars, and amounts by model add up to those of exchanges, days and
keys. A call is off by less than a micro-dollar for each model that served it.
Money is in integers throughout; ``core/price.py`` says why that loses nothing against decimals.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Protocol

from penstock.core.price import UNIT, Price
from penstock.core.usage import COUNTERS, Consumption, Share, Usage

ORDINARY = ("", "default", "standard")
"""What providers call the ordinary way (``service_tier`` of Anthropic, OpenAI and Gemini)."""

_HALF = UNIT // 2
_NOTHING = Usage()
_counts: Callable[[object], tuple[int, ...]] = attrgetter(*COUNTERS)


def cost(share: Share, price: Price) -> int | None:
    """Micro-dollars for one model's share; None when anything that it used has no price, or its tier has none."""
    usage = share.usage
    schedule = price.schedules.get("" if share.tier in ORDINARY else share.tier)
    if schedule is None:
        return None
    amounts = schedule.amounts
    if schedule.steps:
        size = usage.total_input
        amounts = next((dearer for above, dearer in schedule.steps if size > above), amounts)
    total = 0
    for count, amount in zip(_counts(usage), amounts, strict=True):
        if count:
            if amount is None:
                return None
            total += count * amount
    for name, calls in usage.tools:
        each = price.tools.get(name)
        if each is None:
            return None
        total += calls * each
    return (total + _HALF) // UNIT


class Priced(Protocol):
    """A model, as far as it matters here."""

    @property
    def price(self) -> Price:
        """What its tokens cost."""


def charge(consumption: Consumption, asked: str, find: Callable[[str], Priced | None]) -> int | None:
    """Micro-dollars for everything that a call used; None when any of it has no price, 0 when it used nothing.

    A share whose answer names no model, or one that nobody knows (a snapshot newer than the prices, a server's own
    name), is taken to be the model that was asked for.
    """
    total = 0
    for share in consumption.shares:
        if share.usage == _NOTHING:
            continue
        model = find(share.model or asked) or find(asked)
        amount = None if model is None else cost(share, model.price)
        if amount is None:
            return None
        total += amount
    return total
