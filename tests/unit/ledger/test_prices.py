"""What calls cost: worked examples of each provider at the prices of its page, and what must hold for every price."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain, repeat
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.catalog.catalog import shipped
from penstock.core.price import LongRates, Price, Rates, Sheet, TierPrices, priced
from penstock.core.usage import COUNTERS, Consumption, Share, Usage
from penstock.ledger.prices import charge, cost


def used(tier: str = "", *, tools: Mapping[str, int] | None = None, **counts: int) -> Share:
    """A share of these counters."""
    return Share(None, Usage(tools=tuple((tools or {}).items()), **counts), tier)


EXAMPLES: list[tuple[str, Share, int]] = [
    # The pages are those that each model's row in models.toml names as its source, read on the day that stands there.
    # Anthropic: $3 and $15 per million; cache 1.25 and 2 times to write, a tenth to read; batch half; search $10.
    ("claude-sonnet-4-6", used(input=1000, output=500), 3_000 + 7_500),
    ("claude-haiku-4-5", used(input=10, cache_write_5m=1000, cache_write_1h=1000, output=1), 10 + 1_250 + 2_000 + 5),
    ("claude-opus-5", used(cache_read=100_000, cache_write_5m=10_000, output=1000, tools={"web_search": 3}),
     50_000 + 62_500 + 25_000 + 30_000),
    ("claude-sonnet-4-6", used("batch", input=1_000_000, cache_read=1000, output=100_000), 1_500_000 + 150 + 750_000),
    ("claude-sonnet-4-5", used(input=200_000, output=1000), 600_000 + 15_000),
    ("claude-sonnet-4-5", used(input=1, cache_read=200_000, output=1000), 6 + 120_000 + 22_500),
    ("claude-opus-4-8", used("fast", input=1000, reasoning=400, output=600), 10_000 + 20_000 + 30_000),
    ("claude-opus-5", used(input=1000, output=100, tools={"web_search": 1, "web_fetch": 5}), 5_000 + 2_500 + 10_000),
    ("claude-3-5-sonnet-latest", used(input=21, output=305), 63 + 4_575),
    # OpenAI: cached input apart; long prompts of the newest from 272,000; flex and batch half, priority double.
    ("gpt-4o", used(input=1000, cache_read=2000, output=300), 2_500 + 2_500 + 3_000),
    ("gpt-4o-2024-05-13", used(input=1000, output=300), 5_000 + 4_500),
    ("o4-mini", used(input=100, reasoning=850, output=50), 110 + 3_740 + 220),
    ("gpt-5.4", used(input=272_000, output=10), 680_000 + 150),
    ("gpt-5.4", used(input=272_001, output=10), 1_360_005 + 225),
    ("gpt-5", used("batch", input=1_000_000, output=200_000), 625_000 + 1_000_000),
    ("gpt-5-mini", used("flex", input=1000, cache_read=8000, output=100), 125 + 100 + 100),
    ("gpt-5.2", used("priority", input=1000, output=100), 3_500 + 2_800),
    ("gpt-5.6", used(input=1000, cache_write_5m=1000, cache_read=1000, output=1000), 4_000 + 5_000 + 400 + 20_000),
    ("gpt-4o-audio-preview", used(input=10, input_audio=100, output=20, output_audio=200), 25 + 4_000 + 200 + 16_000),
    ("gpt-image-1", used(input=50, output_image=4160), 250 + 166_400),
    ("gpt-image-1", used(input=50, input_image=323, output_image=4160), 250 + 3_230 + 166_400),
    ("gpt-5", used(input=1000, output=100, tools={"web_search": 2, "file_search": 4}), 1_250 + 1_000 + 20_000 + 10_000),
    ("text-embedding-3-small", used(input=1_000_000), 20_000),
    ("whisper-1", used(tools={"audio_seconds": 90}), 9_000),
    # Google: the whole prompt dearer above 200,000; audio apart; thoughts as output; batch half, its cache not.
    ("gemini-2.5-pro", used(input=200_000, output=1000), 250_000 + 10_000),
    ("gemini-2.5-pro", used(input=100_001, cache_read=100_000, output=1000), 250_003 + 25_000 + 15_000),
    ("gemini-2.5-flash", used(input=100, input_audio=1000, reasoning=300, output=200), 30 + 1_000 + 750 + 500),
    ("gemini-2.5-flash", used("batch", input=1000, cache_read=10_000, output=100), 150 + 300 + 125),
    ("gemini-2.5-pro", used("flex", input=1000, cache_read=1000, output=100), 625 + 125 + 500),
    ("gemini-2.5-pro", used("priority", input=200_001, output=1000), 900_005 + 27_000),
    ("gemini-2.5-pro", used("batch", input=150_000, cache_read=50_001, output=1000), 187_500 + 12_500 + 7_500),
    ("gemini-3-pro-preview", used(input=1000, output=100, tools={"google_search": 2}), 2_000 + 1_200 + 28_000),
    ("gemini-2.5-flash-image", used(input=10, input_image=1290, output_image=1290), 3 + 387 + 38_700),
    ("gemini-embedding-001", used(input=1000), 150),
    # Others that speak OpenAI's dialect.
    ("grok-4.3", used(input=1000, cache_read=500, reasoning=200, output=100), 1_250 + 100 + 500 + 250),
    ("grok-4.3", used(input=150_000, cache_read=50_001, output=100), 375_000 + 20_000 + 500),
    ("grok-4.3", used("batch", input=1000, cache_read=1000, output=100), 1_000 + 160 + 200),
    ("mistral-large-latest", used(input=1000, cache_read=10_000, output=100), 500 + 500 + 150),
    ("mistral-small-latest", used(input=10_000, output=1000), 1_500 + 600),
    ("command-r7b-12-2024", used(input=1000, output=10), 39),
    ("glm-5.2", used(input=1000, cache_read=1000, output=1000), 1_400 + 260 + 4_400),
    ("kimi-k3", used(input=1000, cache_read=1000, output=1000), 3_000 + 300 + 15_000),
    ("llama-3.3-70b-versatile", used(input=1000, output=1000), 590 + 790),
]  # fmt: skip


def listed(model: str) -> Price:
    """A model's list price."""
    found = shipped().find(model)
    assert found is not None
    return found.price


@pytest.mark.parametrize(("model", "share", "micro_dollars"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_worked_examples(model: str, share: Share, micro_dollars: int) -> None:
    """To the micro-dollar."""
    assert cost(share, listed(model)) == micro_dollars


def test_every_kind_of_price_has_a_worked_example() -> None:
    """For each maker: every counter, tier and tool that has a price, and the prices of long inputs."""
    priced_kinds: set[tuple[str, str]] = set()
    for model in shipped().models:
        sheet = model.sheet
        kinds = {name for name in Rates.__struct_fields__ if getattr(sheet.price, name) is not None}
        kinds |= {*sheet.tiers, *sheet.tools} | ({"long"} if sheet.long else set())
        priced_kinds |= {(model.provider, kind) for kind in kinds}
    shown_kinds: set[tuple[str, str]] = set()
    for name, share, _ in EXAMPLES:
        model = shipped().find(name)
        assert model is not None
        kinds = {counter for counter in COUNTERS if getattr(share.usage, counter)} | {share.tier}
        kinds |= {tool for tool, _ in share.usage.tools}
        kinds |= {"long" for step in model.sheet.long if share.usage.total_input > step.above}
        shown_kinds |= {(model.provider, kind) for kind in kinds}
    assert priced_kinds - shown_kinds == set()


UNPRICED: list[tuple[str, Share]] = [
    ("gpt-4o", used(input=1, input_audio=1)),
    ("gpt-4o", used("batch", input=1, cache_read=1)),
    ("gpt-4o", used("scale", input=1)),
    ("gpt-4o", used(input=1, tools={"code_interpreter": 1})),
    ("gpt-5.4", used("priority", input=272_001)),
    ("claude-2.1", used(cache_write_5m=1)),
    ("claude-sonnet-4-6", used("priority", input=1)),
    ("gemini-embedding-2", used(input_image=1)),
]


@pytest.mark.parametrize(("model", "share"), UNPRICED, ids=[row[0] for row in UNPRICED])
def test_a_part_without_a_price_leaves_the_whole_without_one(model: str, share: Share) -> None:
    """A sum of the parts that happen to have a price would be a wrong number."""
    assert cost(share, listed(model)) is None


def test_what_was_not_used_needs_no_price() -> None:
    """Even where the price says nothing at all."""
    assert cost(used(), priced(Sheet(price=Rates()))) == 0


@pytest.mark.parametrize("word", ["", "default", "standard"])
def test_the_ordinary_way_has_several_names(word: str) -> None:
    """What Anthropic and OpenAI answer when nothing special was asked for."""
    assert cost(used(word, input=1000), listed("gpt-4o")) == 2_500


DECIMALS = st.decimals(min_value=0, max_value=1000, places=6)
COUNTS = st.integers(min_value=0, max_value=10**7)


def in_decimals(usage: Usage, rates: Rates, factor: Decimal) -> Decimal:
    """The same in exact decimals, before rounding."""
    values: dict[str, Any] = {name: getattr(rates, name) for name in COUNTERS}
    values["reasoning"] = rates.output if rates.reasoning is None else rates.reasoning
    return sum((getattr(usage, name) * value * factor for name, value in values.items()), Decimal(0))


@given(
    usage=st.builds(Usage, **dict.fromkeys(COUNTERS, COUNTS)),
    rates=st.builds(Rates, **dict.fromkeys(set(COUNTERS) - {"reasoning"}, DECIMALS)),
    long=st.builds(LongRates, above=st.just(10**7), **dict.fromkeys(COUNTERS, DECIMALS)),
    factor=st.decimals(min_value=0, max_value=2, places=3),
)
def test_integers_give_what_decimals_give(usage: Usage, rates: Rates, long: LongRates, factor: Decimal) -> None:
    """Whatever the price, the amounts and the factor, to the last micro-dollar."""
    price = priced(Sheet(price=rates, long=(long,), tiers={"batch": TierPrices(factor=factor)}))
    exact = in_decimals(usage, long if usage.total_input > 10**7 else rates, factor)
    assert cost(Share(None, usage, "batch"), price) == int(exact.quantize(Decimal(1), ROUND_HALF_UP))


@pytest.mark.parametrize(("tokens", "micro_dollars"), [(24, 0), (25, 1), (74, 1), (75, 2)])
def test_halves_are_rounded_up(tokens: int, micro_dollars: int) -> None:
    """At two hundredths of a micro-dollar per token."""
    assert cost(used(input=tokens), listed("text-embedding-3-small")) == micro_dollars


def test_a_million_costs_add_up_exactly() -> None:
    """Each is a whole number, so their sum is what an accountant gets with decimals, in any order."""
    price, rate = listed("gpt-4.1-nano"), Decimal("0.1")
    costs = [cost(used(input=tokens), price) or 0 for tokens in range(1000)]
    rounded = [(tokens * rate).quantize(Decimal(1), ROUND_HALF_UP) for tokens in range(1000)]
    assert sum(chain.from_iterable(repeat(costs, 1000))) == sum(rounded) * 1000


class Model(msgspec.Struct):
    price: Price


MODELS = {name: Model(priced(Sheet(price=Rates(input=Decimal(dollars))))) for name, dollars in (("one", 1), ("two", 2))}
SPENT = Usage(input=100)


@pytest.mark.parametrize(
    ("shares", "micro_dollars"),
    [
        ((), 0),
        ((Share("one", SPENT),), 100),
        ((Share("one", SPENT), Share("two", SPENT)), 300),
        ((Share(None, SPENT),), 200),
        ((Share("three", SPENT),), 200),
        ((Share("one", SPENT), Share("three", SPENT)), 300),
        ((Share("one", SPENT), Share("three", Usage())), 100),
        ((Share("three", Usage()), Share("one", SPENT)), 100),
    ],
)
def test_a_call_costs_what_its_shares_cost(shares: tuple[Share, ...], micro_dollars: int | None) -> None:
    """Each at its own model's price; a share that names none, or one without a price, at that of the model that was
    asked for ("two"); and where that has none either, there is no cost."""
    assert charge(Consumption(shares), "two", MODELS.get) == micro_dollars
    unknown = any(share.model not in MODELS and share.usage != Usage() for share in shares)
    assert charge(Consumption(shares), "four", MODELS.get) == (None if unknown else micro_dollars)
