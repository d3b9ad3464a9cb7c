"""``penstock db export`` over books that a real database holds."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from penstock.stores import exporting
from penstock.stores.database import DATABASE
from penstock.stores.ledger import Ledger
from tests.support.books import AT, entry, used
from tests.support.command import invoke, piped
from tests.support.made import database_at

pytestmark = pytest.mark.slow

COUNT = exporting.AT_ONCE * 2 + 5


@pytest.fixture(autouse=True)
def _books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = database_at(Path("data") / DATABASE)
    # Many at one moment: a page must not end between them without a word.
    some = [entry(f"e{number:05}", at=AT + number // 3000, cost=number) for number in range(COUNT)]
    odd = entry(
        "odd", at=AT - 1, model='=HYPERLINK("http://x")', key_name="+1", team="-x", owner="@y", cost=None,
        consumption=used("\tserved", input=3, tools=(("web_search", 2),)),
    )  # fmt: skip
    Ledger(engine).append([*reversed(some), odd])
    engine.dispose()


def test_every_exchange_is_written_once_from_the_oldest_on() -> None:
    """As JSON lines, each whole; what was decided or found stands in it as values."""
    lines = [json.loads(line) for line in invoke("db", "export").stdout.splitlines()]
    assert [line["id"] for line in lines[:1]] == ["odd"]
    assert sorted(line["id"] for line in lines[1:]) == [f"e{number:05}" for number in range(COUNT)]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert sum(line["cost_micro_dollars"] or 0 for line in lines) == sum(range(COUNT))
    first = lines[0]
    assert (first["at"], first["cost_micro_dollars"], first["owner"]) == ("2026-11-21T12:34:55.250Z", None, "@y")
    assert (first["input"], first["tools"], first["duration_microseconds"]) == (3, [["web_search", 2]], 3_250_000)
    assert "number" not in first


def test_no_cell_of_a_csv_is_a_formula() -> None:
    """Clients name models and people name keys: what begins like a formula begins with an apostrophe."""
    found = list(
        csv.DictReader(io.StringIO(invoke("db", "export", "--format", "csv", "--until", "2026-11-21T12:34:56").stdout))
    )
    (row,) = found
    assert [row[name] for name in ("model", "key_name", "team", "owner", "served")] == [
        *('\'=HYPERLINK("http://x")', "'+1", "'-x", "'@y", "'\tserved"),
    ]
    assert (row["cost_micro_dollars"], row["input"]) == ("", "3")


def test_a_file_is_new_compressed_where_its_name_says_so_and_its_owners_alone() -> None:
    """No earlier one is lost."""
    found = invoke("db", "export", "--model", "claude", "-o", "all.jsonl.gz")
    assert (found.exit_code, found.stdout) == (0, f"Wrote {COUNT:,} exchanges to all.jsonl.gz.\n")
    assert len(gzip.decompress(Path("all.jsonl.gz").read_bytes()).splitlines()) == COUNT
    assert Path("all.jsonl.gz").stat().st_mode & 0o777 == 0o600
    again = invoke("db", "export", "-o", "all.jsonl.gz")
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_who_reads_no_further_ends_it_quietly(tmp_path: Path) -> None:
    """As ``| head`` does."""
    found = piped("db", "export", folder=tmp_path)
    assert found.returncode == 0
    assert len(found.stdout.splitlines()) == COUNT + 1


def test_memory_does_not_grow_with_the_books(tmp_path: Path) -> None:
    """Pages come one after the other, and the last is not longer than the first."""
    engine = database_at(tmp_path / "data" / DATABASE)
    sizes = [len(page) for page in exporting.Exporting(engine).pages()]
    engine.dispose()
    assert sizes == [exporting.AT_ONCE, exporting.AT_ONCE, 6]
