"""The most that a request can use, for quotas that are never to be overshot. A pure function, or a reason why not.

No token is made of less than a byte, so the body bounds what goes in, with our own words and what the provider adds;
where something stands elsewhere, the model's window does. What comes out is bounded by the cap that the request names,
else by the model's own. Money is counted at the dearest rate that the model has anywhere.
"""

from collections.abc import Mapping, Sequence

import msgspec

from penstock.core.demand import Demand
from penstock.core.price import UNIT, Price
from penstock.core.usage import COUNTERS

FRAMING = 1_024
"""Tokens that a provider puts around a request: turns, its own instructions about tools and about forms of output
(Anthropic's for tools: 313 to 530)."""
PER_TOOL = 1_024
"""And for each tool: those that a client runs itself, but whose description the provider has (Anthropic's computer use:
735)."""

_OUTPUT = COUNTERS.index("output")
_INPUT = tuple(name.startswith(("input", "cache")) for name in COUNTERS)


class DearestRates(msgspec.Struct, frozen=True):
    """A price's dearest amounts, in ``UNIT``ths of a micro-dollar."""

    input: int
    output: int
    usual: int
    """What comes out costs so much in the ordinary way."""
    tools: Mapping[str, int]


class Known(msgspec.Struct, frozen=True):
    """What is known of a model."""

    window: int | None = None
    output_limit: int | None = None
    rates: DearestRates | None = None
    """None: it has no price."""


class Most(msgspec.Struct, frozen=True):
    """Of one request."""

    input: int
    output: int
    cost: int | None
    """Micro-dollars; None: it has no price."""


UNKNOWN = Known()


class UnboundedError(Exception):
    """There is no bound; the words say why, for the caller."""


def dearest(price: Price) -> DearestRates:
    """Over all tiers, all steps of long requests, and all kinds of tokens that go in or come out."""
    amounts = [
        one
        for schedule in price.schedules.values()
        for one in (schedule.amounts, *(dearer for _, dearer in schedule.steps))
    ]

    def most(*, taken: bool) -> int:
        rates = (rate or 0 for one in amounts for rate, goes_in in zip(one, _INPUT, strict=True) if goes_in is taken)
        return max(rates, default=0)

    usual = price.schedules[""].amounts[_OUTPUT]
    return DearestRates(most(taken=True), most(taken=False), usual or 0, price.tools)


def worst(demands: Sequence[Demand], known: Sequence[Known], added: int) -> Most:
    """Of all requests of a body together, each with what is known of its model; ``added`` bytes of our own may come
    into each. UnboundedError."""
    each = [_worst(demand, model, added) for demand, model in zip(demands, known, strict=True)]
    priced = [one.cost for one in each if one.cost is not None]
    cost = sum(priced) if len(priced) == len(each) else None
    return Most(sum(one.input for one in each), sum(one.output for one in each), cost)


def _worst(demand: Demand, known: Known, added: int) -> Most:
    if demand.unbounded:
        raise UnboundedError(demand.unbounded)
    taken = demand.size + added + FRAMING + demand.tools * PER_TOOL
    if demand.elsewhere and known.window is None:
        raise UnboundedError("not all of what the model reads stands in it, and the model's window is not known here")
    if demand.elsewhere and known.window is not None:
        taken = max(taken, known.window)
    output = (demand.output if demand.output is not None else known.output_limit) if demand.answers else 0
    if output is None:
        raise UnboundedError("it names no most output tokens, and the model's own limit is not known here")
    taken, output = taken * demand.rounds, output * demand.answers * demand.rounds
    return Most(taken, output, _cost(demand, known.rates, taken, output))


def _cost(demand: Demand, rates: DearestRates | None, taken: int, output: int) -> int | None:
    if rates is None:
        return None
    calls = 0
    for name in demand.calls:
        if name not in rates.tools:
            raise UnboundedError(f"calls of {name} have no price here")
        calls += rates.tools[name]
    # One more for each rounding up in what is charged.
    return (taken * rates.input + output * rates.output + calls) // UNIT + 2
