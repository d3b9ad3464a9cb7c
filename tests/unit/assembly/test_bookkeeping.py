"""What becomes of an exchange that its process did not survive: what is known of it is written down, and no more."""

from pathlib import Path

import pytest

from penstock.app import DIALECTS
from penstock.assembly.bookkeeping import counted, ending
from penstock.catalog.catalog import shipped
from penstock.config.load import load
from penstock.core.entry import Entry, Opened
from penstock.core.usage import Consumption, Source
from penstock.ledger.estimates import Delivery, Estimates
from tests.support.books import opened, used

MODEL = "claude-sonnet-4-5"
WAY = Delivery("messages.create", stream=True)
CONFIGURATION = """
providers:
  anthropic: {dialect: anthropic, base_url: "https://api.anthropic.com", api_key: sk-canary-unit}
  own: {dialect: anthropic, base_url: "http://127.0.0.1:9", auth: none}
"""


def ended(tmp_path: Path, exchange: Opened, estimates: Estimates | None = None) -> Entry:
    path = tmp_path / "penstock.yaml"
    path.write_text(CONFIGURATION)
    return ending(load(path, {}), shipped(), counted(DIALECTS), estimates or Estimates())(exchange)


def test_what_went_in_is_estimated_and_priced(tmp_path: Path) -> None:
    """By what calls of this model have told: two tokens for five bytes, rounded up, at 3 dollars a million."""
    estimates = Estimates()
    for _ in range(500):
        estimates.learn(used(MODEL, input=4_000, output=10), MODEL, WAY, 10_000, 100)
    entry = ended(tmp_path, opened(1, model=MODEL, operation="messages.create", bytes_in=999), estimates)
    usage = entry.consumption.usage
    assert (entry.outcome, entry.consumption.source, entry.consumption.missing) == ("killed", Source.ESTIMATED, True)
    assert (usage.total_input, usage.total_output, entry.cost) == (400, 0, 1_200)
    assert entry.price == shipped().version


@pytest.mark.parametrize("operation", ["messages.count_tokens", "files.list", "batches.create"])
def test_what_costs_no_tokens_is_not_estimated(tmp_path: Path, operation: str) -> None:
    """Neither a count of tokens nor an operation that names no model."""
    entry = ended(tmp_path, opened(1, model=MODEL, operation=operation))
    assert (entry.consumption, entry.price, entry.cost) == (Consumption(), "", 0)


def test_without_a_price_it_is_unpriced(tmp_path: Path) -> None:
    """An unknown model, and a model on one's own machine: never 0, and never another's list price."""
    for fields in ({"model": "unheard-of"}, {"model": MODEL, "provider": "own"}):
        assert ended(tmp_path, opened(1, operation="messages.create", **fields)).cost is None


def test_what_never_reached_a_provider_used_nothing(tmp_path: Path) -> None:
    """Nobody can charge for it."""
    entry = ended(tmp_path, opened(1, model=MODEL, operation="messages.create", provider=""))
    assert (entry.consumption, entry.cost) == (Consumption(), 0)


def test_no_estimate_goes_beyond_the_models_window(tmp_path: Path) -> None:
    """Of a killed exchange only the length is known, and what looks like a million tokens may be a picture."""
    model = shipped().find(MODEL)
    assert model is not None
    assert model.window is not None
    entry = ended(tmp_path, opened(1, model=MODEL, operation="messages.create", bytes_in=30_000_000))
    assert entry.consumption.usage.total_input == model.window
