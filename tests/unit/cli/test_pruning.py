"""``penstock db prune`` over books that a real database holds."""

import json
import time
from pathlib import Path

import pytest

from penstock.stores.database import DATABASE
from penstock.stores.ledger import Ledger
from penstock.stores.reports import Reports
from tests.support.books import entry
from tests.support.command import invoke
from tests.support.made import database_at

pytestmark = pytest.mark.slow

DAY = 86_400
OLD = 1_767_225_600.0
"""2026-01-01."""


@pytest.fixture(autouse=True)
def _books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = database_at(Path("data") / DATABASE)
    old = [entry(f"old{number}", at=OLD - DAY * number, cost=1_000_001) for number in (1, 2, 3)]
    Ledger(engine).append([*old, entry("new", at=time.time() - 2 * DAY), entry("today", at=time.time() - 60)])
    engine.dispose()


def kept() -> list[str]:
    engine = database_at(Path("data") / DATABASE)
    try:
        return sorted(line.id for line in Reports(engine).newest(most=99).lines)
    finally:
        engine.dispose()


def test_it_says_what_it_removed() -> None:
    """How many, from when to when, and what they cost: the last that is known of them."""
    found = invoke("db", "prune", "--before", "2026-01-01")
    assert (found.exit_code, found.stderr) == (0, "")
    span = "from 2025-12-29 00:00 to 2025-12-31 00:00 UTC, $3.000003 at list prices"
    assert found.stdout == f"Removed 3 exchanges: {span}.\n"
    assert kept() == ["new", "today"]
    again = invoke("db", "prune", "--before", "2026-01-01")
    assert again.stdout == "The books hold nothing from before 2026-01-01 00:00 UTC; nothing was removed.\n"


def test_what_is_not_named_is_what_the_settings_name() -> None:
    """By age and by size, whichever takes more; the last 24 hours stay however much room they take."""
    Path("penstock.yaml").write_text("retention: {days: 30}\n")
    assert json.loads(invoke("db", "prune", "--config", "penstock.yaml", "--json").stdout)["exchanges"] == 3
    Path("penstock.yaml").write_text("retention: {days: 30, size: 100 kB}\n")
    assert json.loads(invoke("db", "prune", "--config", "penstock.yaml", "--json").stdout)["exchanges"] == 1
    assert kept() == ["today"]


def test_a_dry_run_removes_nothing() -> None:
    """And says the same."""
    found = invoke("db", "prune", "--before", "2025-12-30", "--dry-run")
    assert found.stdout.startswith("Would remove 1 exchange: from 2025-12-29 00:00 to 2025-12-29 00:00 UTC")
    assert len(kept()) == 5


def test_older_than_is_counted_from_now() -> None:
    """In any unit of time; as JSON with money in whole micro-dollars."""
    found = json.loads(invoke("db", "prune", "--older-than", "36h", "--json").stdout)
    assert found.pop("before") <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1.5 * DAY))
    assert found.pop("last") is not None
    assert found == {
        "dry_run": False, "exchanges": 4, "first": "2025-12-29T00:00:00Z", "cost_micro_dollars": 3_000_108,
    }  # fmt: skip
    assert kept() == ["today"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--older-than 400d"),
        (("--before", "2026-01-01", "--older-than", "400d"), "in one way"),
        (("--older-than", "23h"), "the last 24 hours stay"),
        (("--before", "2099-01-01"), "the last 24 hours stay"),
        (("--older-than", "long"), "write it like"),
    ],
)
def test_mistakes_remove_nothing(arguments: tuple[str, ...], words: str) -> None:
    """Exit code 2, with what to write."""
    found = invoke("db", "prune", *arguments)
    assert found.exit_code == 2
    assert words in found.stderr
    assert len(kept()) == 5


def test_without_books_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 3; none are made."""
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    found = invoke("db", "prune", "--older-than", "400d")
    assert found.exit_code == 3
    assert "no books in" in found.stderr
    assert not list(Path().iterdir())
