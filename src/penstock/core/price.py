"""What tokens cost: prices as they are published, and the same as integers that a request can be charged by.

Catalog and configuration write a ``Sheet``, in decimals; ``priced`` makes the ``Price`` of it once. Every amount is
exact: a rate is a whole number of ``UNIT``ths of a micro-dollar, and what would not be whole is refused here.
Pure; which model has which price is the catalog's matter, what an exchange costs the ledger's.
"""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from penstock.core.usage import COUNTERS

UNIT = 10**9
"""Parts of a micro-dollar that rates are counted in. A dollar per million tokens is a micro-dollar per token, so a
price may have six decimals and a factor on it three."""

PRICE_DECIMALS = 6
FACTOR_DECIMALS = 3

CALLS = 1000
"""Calls of a server tool that its published price is for."""
_MICRO = 1_000_000

Amounts = tuple[int | None, ...]
"""``UNIT``ths of a micro-dollar per token, in the order of ``COUNTERS``; None has no price."""


class InexactPriceError(ValueError):
    """A price below zero, or with more decimals than can be counted."""


class Rates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """US dollars per million tokens, by the counters of ``Usage``. What has no price here has none: nothing is taken
    from another counter, but for reasoning, which costs what output costs unless it is priced apart."""

    input: Decimal | None = None
    input_audio: Decimal | None = None
    input_image: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    cache_read: Decimal | None = None
    output: Decimal | None = None
    output_audio: Decimal | None = None
    output_image: Decimal | None = None
    reasoning: Decimal | None = None


class LongRates(Rates, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The rates of a whole request whose input has more tokens than ``above``, cached ones included. (No provider
    that we know prices the excess alone.) Without any rate such requests are not offered, and so have no price."""

    above: int


class TierPrices(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How another way of being served is priced: by a factor on every ordinary rate, or by rates of its own."""

    factor: Decimal | None = None
    price: Rates = Rates()
    long: tuple[LongRates, ...] = ()


class Sheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A model's prices as they are published."""

    price: Rates
    long: tuple[LongRates, ...] = ()
    tiers: dict[str, TierPrices] = {}
    """By the provider's own word for them: ``batch``, ``priority``, ``flex``."""
    tools: dict[str, Decimal] = {}
    """US dollars per thousand calls of a server tool."""


class Schedule(msgspec.Struct, frozen=True):
    """What one tier charges."""

    amounts: Amounts
    steps: tuple[tuple[int, Amounts], ...] = ()
    """From the longest: above so many input tokens, these amounts."""


class Price(msgspec.Struct, frozen=True):
    """A sheet, ready to be charged by."""

    schedules: Mapping[str, Schedule]
    """By tier; the ordinary one under an empty name."""
    tools: Mapping[str, int]
    """``UNIT``ths of a micro-dollar per call."""


def priced(sheet: Sheet) -> Price:
    """The same prices as integers; InexactPriceError for one that has no exact integer."""
    schedules = {"": _schedule(sheet.price, sheet.long, Decimal(1))}
    for name, terms in sheet.tiers.items():
        if terms.factor is not None:
            schedules[name] = _schedule(sheet.price, sheet.long, terms.factor)
        else:
            schedules[name] = _schedule(terms.price, terms.long, Decimal(1))
    tools = {name: _whole(price * UNIT * _MICRO / CALLS) for name, price in sheet.tools.items()}
    return Price(schedules, tools)


def _schedule(rates: Rates, long: tuple[LongRates, ...], factor: Decimal) -> Schedule:
    longest_first = sorted(long, key=lambda step: step.above, reverse=True)
    return Schedule(_amounts(rates, factor), tuple((step.above, _amounts(step, factor)) for step in longest_first))


def _amounts(rates: Rates, factor: Decimal) -> Amounts:
    written: dict[str, Decimal | None] = {name: getattr(rates, name) for name in COUNTERS}
    if written["reasoning"] is None:
        written["reasoning"] = written["output"]
    return tuple(None if price is None else _whole(price * factor * UNIT) for price in written.values())


def _whole(amount: Decimal) -> int:
    if not amount.is_finite() or amount < 0 or amount != int(amount):
        raise InexactPriceError(f"{amount} is not a whole number of parts")
    return int(amount)
