"""The catalog: what is shipped, what the operator writes over it, and what is unpriced on purpose."""

import gzip
import json
import os
import re
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec
import pytest

from penstock.catalog.catalog import CONFIGURED, LENGTH, REMEMBERED, VERBOSITY, Catalog, build, shipped
from penstock.core.price import LongRates, Rates, Sheet, TierPrices
from tests.support.corpus import recorded_folder

ROW = """
[[model]]
name = "a-model"
provider = "openai"
dialect = "openai"
source = "a page"
date = 2026-11-21
"""


def flat(price: int) -> Sheet:
    """The same price for input and output."""
    return Sheet(price=Rates(input=Decimal(price), output=Decimal(price)))


def price_of(catalog: Catalog, model: str) -> Decimal | None:
    """What a million tokens of input cost."""
    found = catalog.find(model)
    return None if found is None else found.sheet.price.input


# --- the shipped data -------------------------------------------------------------------------------------------------


def test_every_row_tells_where_its_prices_stand() -> None:
    """A number that nobody can look up is a rumour."""
    assert [model.name for model in shipped().models if not model.source or model.date is None] == []


def test_every_row_has_some_price() -> None:
    """A row that says nothing would look like one that is known."""
    empty = [model.name for model in shipped().models if model.sheet.price == Rates() and not model.sheet.tools]
    assert empty == []


def test_only_what_is_listed_as_free_costs_nothing() -> None:
    """A zero is a price; it stands only where the provider says so."""
    free = {model.name for model in shipped().models for value in rates(model.sheet) if value == 0}
    assert free == {"omni-moderation", "text-moderation"}


@pytest.mark.parametrize(
    ("model", "has"),
    [
        ("gpt-5", True), ("gpt-5-mini-2025-08-07", True), ("gpt-5.2", True), ("gpt-5.6", True),
        ("gpt-5-chat-latest", False), ("gpt-5-codex", False), ("gpt-5.2-codex", False), ("gpt-5-pro", False),
        ("o3", False), ("gpt-4o", False), ("claude-sonnet-4-5", False),
    ],
)  # fmt: skip
def test_who_takes_verbosity_low(model: str, has: bool) -> None:
    """The reasoning models of one series, and none of those beside it that answer 400 to anything but ``medium``."""
    found = shipped().find(model)
    assert (found is not None and VERBOSITY in found.abilities) == has


def test_a_longer_prompt_is_never_cheaper_and_a_tier_is_never_empty() -> None:
    """What a slip of the pen in the data would break."""
    for model in shipped().models:
        sheet = model.sheet
        for step in sheet.long:
            for name in Rates.__struct_fields__:
                long, short = getattr(step, name), getattr(sheet.price, name)
                assert long is None or long >= short, (model.name, name)
        for tier, terms in sheet.tiers.items():
            assert (terms.factor is None) != (terms.price == Rates()), (model.name, tier)
            assert terms.factor is not None or [step.above for step in terms.long] == [
                step.above for step in sheet.long
            ], (model.name, tier)


def rates(sheet: Sheet) -> list[Decimal]:
    """Every rate of a sheet's ordinary price."""
    return [value for value in msgspec.structs.astuple(sheet.price) if value is not None]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ('price = { inputt = "1" }', "inputt"),
        ('price = { input = "-1" }', "whole number"),
        ('price = { input = "0.0000000001" }', "whole number"),
        ('pricing = { input = "1" }', "pricing"),
        ('price = { input = "1" }\naliases = ["a-model"]' + ROW + 'price = { input = "2" }', "two rows"),
    ],
)
def test_a_wrong_row_is_found_when_the_data_is_read(data: str, what: str) -> None:
    """Not when somebody's bill is."""
    with pytest.raises(ValueError, match=what):
        build(('version = "1"\n' + ROW + data).encode())


# --- the operator's prices --------------------------------------------------------------------------------------------


def test_a_configured_price_stands_before_the_listed_one() -> None:
    """As a whole: what it does not say has no price, and what else is known of the model stays."""
    found = shipped().with_overrides({"gpt-4o": flat(7)}).find("gpt-4o-2024-08-06")
    assert found is not None
    assert found.sheet == flat(7)
    assert (found.name, found.window, found.source, found.date) == ("gpt-4o", 128_000, CONFIGURED, None)


def test_the_surest_pattern_wins() -> None:
    """The whole name, then the name without its date, each by the exact spelling first and then the longest pattern."""
    own = {"*": flat(1), "llama*": flat(2), "llama-3*": flat(3), "llama-3": flat(4), "llama-3-2025*": flat(5)}
    catalog = shipped().with_overrides(own)
    asked = ["other", "llama-2", "llama-3.1", "llama-3", "llama-3-20250101", "models/llama-3"]
    assert [price_of(catalog, name) for name in asked] == [1, 2, 3, 4, 5, 4]


def test_list_prices_are_not_for_everybody() -> None:
    """A model on one's own machine may have a famous name; only the operator knows what it costs there."""
    catalog = shipped().with_overrides({"llama*": flat(2)})
    assert catalog.find_configured("gpt-4o") is None
    own = catalog.find_configured("llama-3")
    assert own is not None
    assert own.sheet == flat(2)


def test_the_version_tells_configured_prices_apart() -> None:
    """So that each cost in the books can be traced to the prices that made it."""
    plain, one, two = (shipped().with_overrides(own) for own in ({}, {"a": flat(1)}, {"a": flat(2)}))
    again = two.with_overrides({"a": flat(1)})
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", plain.version)
    assert plain.version == shipped().version
    assert len({plain.version, one.version, two.version}) == 3
    assert again.version == one.version
    assert one.version.startswith(plain.version + "+")


def test_tiers_and_steps_can_be_configured() -> None:
    """All that the shipped data can say."""
    sheet = Sheet(
        price=Rates(input=Decimal(1)),
        long=(LongRates(above=10, input=Decimal(2)),),
        tiers={"batch": TierPrices(factor=Decimal("0.5"))},
        tools={"web_search": Decimal(10)},
    )
    found = shipped().with_overrides({"mine": sheet}).find("mine")
    assert found is not None
    assert list(found.price.schedules) == ["", "batch"]


def test_any_number_of_names_may_be_asked_for() -> None:
    """Names come from clients: what is remembered of them is bounded, and a giant is not looked at."""
    catalog = shipped().with_overrides({"x*": flat(1)})
    assert {price_of(catalog, f"x{number}") for number in range(REMEMBERED * 3)} == {Decimal(1)}
    assert catalog.find("x" * (LENGTH + 1)) is None


# --- what the seeds and the recorded traffic name ---------------------------------------------------------------------

UNPRICED = {
    "a hub or a cloud with prices of its own": [
        "*/*", "~*/*", "us.anthropic.*", "openai.gpt-*", "databricks-*", "openai-gpt-4.1", "gpt-5.2-chat",
        "gpt-5.2_2025-12-11", "gpt-35-turbo", "AZURE_*", "embedding", "openllmetry-testing", "zai-glm-*",
        "claude-3-*-??k-*", "mistral-small-3-2-24b-instruct", "qwen3-5-9b", "text-embedding-qwen3-0-6b",
    ],
    "open weights: every host has its own price": [
        "Llama-*", "llama3*", "llama-3.3-70b", "Mistral-Small-*", "Qwen*", "qwen*", "gemma*", "all-minilm*", "llava*",
        "bge-*", "nomic-*", "deepseek-r1*", "gpt-oss*", "allam-*", "llama-cpp-*",
    ],
    "the price depends on the hour": ["deepseek-*"],
    "a fee per request or per picture, which no counter shows": [
        "sonar", "gpt-4o*-search-preview*", "dall-e-?", "grok-imagine-*", "rerank-*",
    ],
    "the sources differ, or are silent": [
        "magistral-*", "grok-4-*", "grok-code-*", "muse-spark-*", "command", "command-light", "command-r",
        "command-r-plus", "command-a-reasoning-*", "embed-english-light-*", "compound-beta",
        "gemini-2.0-flash-exp", "gemini-2.0-flash-thinking-exp-*", "gemini-2.0-flash-preview-image-generation",
        "gemini-2.5-flash-preview-05-20",
    ],
    "a name that means another model tomorrow, or meant several": [
        "gemini-flash-latest", "ada", "babbage", "curie", "text-ada-001", "ft",
    ],
    "no model at all": [
        "*nonexistent*", "*non-existent*", "*does-not-exist*", "*no-such-*", "*invalid*", "*-wrong", "claude-sonet-*",
        "gemini-3.6-flahs", "gpt-5.2-proo", "*-versatlie", "definitely-not-*", "text-embedding-4-ultra", "unknown",
    ],
}  # fmt: skip
"""Models that have been seen and have no price here, with the reason. A new name needs a row or a reason."""

_NAME = re.compile(r'"model(?:Version)?"\s*:\s*"([^"\\]{1,100})"')
_PATH = re.compile(r"/models/([^:/?]+)")
# The pages were saved without the breaks between table cells, so a name may run into the next word.
_SEED_NAME = re.compile(
    r"claude-(?:[a-z]+-)?[0-9](?:-[0-9](?![0-9]))?(?:-(?:sonnet|haiku|opus))?(?:-20[0-9]{6}|-latest)?"
)


def seen() -> set[str]:
    """Every name that the recorded traffic asked for or answered with."""
    names: set[str] = set()
    for path in sorted(recorded_folder().glob("*.jsonl*")):
        data = path.read_bytes()
        for line in (gzip.decompress(data) if path.suffix == ".gz" else data).decode().splitlines():
            exchange = json.loads(line)
            names.update(_NAME.findall(str(exchange["response_body"])[:300_000]))
            names.update(_NAME.findall(json.dumps(exchange["request_body"])))
            names.update(_PATH.findall(exchange["path"] or ""))
    return names


def unexplained(names: set[str]) -> list[str]:
    """Names with neither a row nor a reason."""
    reasons = [pattern for patterns in UNPRICED.values() for pattern in patterns]
    missing = {name.removeprefix("models/") for name in names if shipped().find(name) is None}
    return sorted(name for name in missing if not any(fnmatchcase(name, pattern) for pattern in reasons))


@pytest.mark.slow
def test_every_recorded_model_is_priced_or_has_a_reason() -> None:
    """Nothing is forgotten, and nothing is guessed."""
    assert unexplained(seen()) == []


def test_every_model_of_the_published_pages_is_priced() -> None:
    """What users read about is what they call first."""
    folder = Path(os.environ.get("PENSTOCK_TEST_DATA") or "") / "seeds"
    if not os.environ.get("PENSTOCK_TEST_DATA") or not folder.is_dir():
        pytest.skip("skipped: PENSTOCK_TEST_DATA names no folder with seeds in it")
    text = "\n".join(path.read_text() for path in sorted(folder.glob("*.txt")))
    names = set(_SEED_NAME.findall(text))
    assert len(names) >= 4
    assert sorted(name for name in names if shipped().find(name) is None) == []
