"""What a finished exchange's request cost, and how large it was."""

from decimal import Decimal

import msgspec
import pytest

from penstock.core.price import Price, Rates, Sheet, TierPrices, priced
from penstock.core.usage import Consumption, Share, Usage
from penstock.ledger.observed import SIZES, input_cost, size


class Model(msgspec.Struct):
    price: Price


def model(dollars: int) -> Model:
    rates = Rates(input=Decimal(dollars), cache_read=Decimal(dollars), output=Decimal(1000))
    return Model(priced(Sheet(price=rates, tiers={"batch": TierPrices(factor=Decimal("0.5"))})))


MODELS = {"one": model(1), "two": model(2)}
WENT_IN = Usage(input=100, cache_read=100, output=9, reasoning=9)


@pytest.mark.parametrize(
    ("share", "micro_dollars"),
    [
        (Share("one", WENT_IN), 200),
        (Share("one", WENT_IN, "batch"), 100),
        (Share(None, WENT_IN), 400),
        (Share("one", Usage(input_audio=1)), None),
        (Share("one", Usage(output_audio=1)), 0),
    ],
)
def test_only_what_went_in_is_charged(share: Share, micro_dollars: int | None) -> None:
    """At the model's own price and tier; who names no model is the one that was asked for ("two")."""
    assert input_cost(Consumption((share,)), "two", MODELS.get) == micro_dollars


@pytest.mark.parametrize(
    ("bytes_in", "name"),
    [
        (0, "under 1 kB"),
        (1023, "under 1 kB"),
        (1024, "1 to 4 kB"),
        (4095, "1 to 4 kB"),
        (4096, "4 to 16 kB"),
        (1024**2 - 1, "256 kB to 1 MB"),
        (1024**2, "over 1 MB"),
        (1024**3, "over 1 MB"),
    ],
)
def test_sizes_begin_where_their_names_say(bytes_in: int, name: str) -> None:
    """Each is four times the one before it."""
    assert SIZES[size(bytes_in)] == name
