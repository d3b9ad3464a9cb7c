"""Entries in the database: each once, whole, and a batch's usage once however often its results are fetched."""

import msgspec
import pytest
from sqlalchemy import Engine, select, text

from penstock.core.books import BooksError
from penstock.core.entry import Entry
from penstock.core.terseness import Arm, Intensity, Terseness
from penstock.core.usage import COUNTERS, Consumption, Share, Source, Usage
from penstock.stores.ledger import Ledger
from penstock.stores.reports import Reports
from penstock.stores.schema import entries
from penstock.stores.site import Site
from tests.support.books import entry, used
from tests.support.migrations import migrate

EVERY_COUNTER = Usage(**{name: 2**40 + number for number, name in enumerate(COUNTERS)}, tools=(("web_search", 3),))

SEVERAL = (Share("a", Usage(input=1)), Share("b", Usage(output=2), "batch"))

DECIDED = Terseness(
    Arm.CONTROL, "default", Intensity.FULL, "full-1", "ab12", "question", tools=True, added=3, holdout=25, later=True
)

KINDS: dict[str, Entry] = {
    "of the usual kind": entry("x"),
    "with every counter and a tier": entry(
        "x", consumption=Consumption((Share("m", EVERY_COUNTER, "priority"),), Source.ESTIMATED, missing=True)
    ),
    "of several models": entry("x", consumption=Consumption(SEVERAL, Source.REPORTED)),
    "unpriced": entry("x", cost=None, price=""),
    "by an unnamed model": entry("x", consumption=used(model=None)),
    "without usage": entry("x", consumption=Consumption(), cost=0),
    "refused to a stranger": entry(
        "x", tenant="", key="", team="", provider="", outcome="refused", status=401, fault="unauthenticated",
        blame="client", consumption=Consumption(), stream=False, first_byte=0.0,
    ),
    "of a batch": entry("x", batch="msgbatch_1"),
    "cut at its cap": entry("x", ending="truncated"),
    "of a conversation that was decided": entry("x", terseness=DECIDED),
    "with a key that is somebody's": entry("x", owner="ada"),
    "that asks again": entry("x", terseness=msgspec.structs.replace(DECIDED, reasked=True)),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_comes_back_as_it_went_in(engine: Engine, kind: str) -> None:
    """Every field, in every shape that entries have."""
    Ledger(engine).append([KINDS[kind]])
    assert Reports(engine).entry("x") == KINDS[kind]


def test_rows_of_a_release_before_are_read_as_they_were_meant(site: Site) -> None:
    """Which knew of no request whether it asks again: the column is added, and says no."""
    engine = site.open()
    Ledger(engine).append([KINDS["of a conversation that was decided"]])
    engine.dispose()
    migrate(site, "0006", back=True)
    engine = site.open()
    assert Reports(engine).entry("x") == KINDS["of a conversation that was decided"]
    engine.dispose()


def test_counters_stand_in_columns_of_their_own(engine: Engine) -> None:
    """So that the database can add them up; several models' are added up before."""
    Ledger(engine).append([KINDS["of several models"]])
    with engine.connect() as connection:
        row = connection.execute(select(entries)).mappings().one()
    assert {name for name in COUNTERS if row[name]} == {"input", "output"}
    assert (row["served"], row["tier"]) == ("b", "batch")


def test_the_same_entry_again_changes_nothing(engine: Engine) -> None:
    """Journals are replayed: the first telling stands, whatever a later one says."""
    ledger = Ledger(engine)
    ledger.append([entry("x", cost=7), entry("y")])
    ledger.append([entry("x", outcome="killed", cost=0), entry("z")])
    found = Reports(engine).entry("x")
    assert found is not None
    assert (found.outcome, found.cost) == ("served", 7)
    assert [line.id for line in Reports(engine).after(0, most=9).lines] == ["x", "y", "z"]


def test_numbers_that_no_column_holds_are_capped(engine: Engine) -> None:
    """A provider that counts nonsense must not keep everything else out of the books."""
    Ledger(engine).append([entry("x", consumption=used(input=2**64 - 1)), entry("y")])
    found = Reports(engine).entry("x")
    assert found is not None
    assert found.consumption.usage.input == 2**63 - 1
    assert Reports(engine).entry("y") is not None


def fetched(number: int, cost: int | None, **counters: int) -> Entry:
    return entry(number, batch="b1", cost=cost, consumption=used(tier="batch", **counters))


def told(engine: Engine) -> list[tuple[int, int, int | None]]:
    """Input, output and cost of each entry."""
    lines = Reports(engine).after(0, most=99).lines
    return [(line.total_input, line.total_output, line.cost) for line in lines]


@pytest.mark.parametrize("together", [True, False])
def test_a_batch_counts_once(engine: Engine, together: bool) -> None:
    """Whether its results are fetched again at once or a month later; of another provider it is another batch."""
    some = [fetched(1, 50, input=10, output=5), fetched(2, 50, input=10, output=5)]
    other = entry(3, provider="other", batch="b1", cost=50, consumption=used())
    for group in [[*some, other]] if together else [[one] for one in [*some, other]]:
        Ledger(engine).append(group)
        Ledger(engine).append(group)
    assert told(engine) == [(10, 5, 50), (0, 0, 0), (10, 5, 50)]
    second = Reports(engine).entry("2")
    assert second is not None
    assert (second.consumption.model, second.batch) == ("claude-1", "b1")


def test_a_fetch_that_broke_off_leaves_the_rest_to_the_next(engine: Engine) -> None:
    """The sum is what the batch used, in whatever pieces it was told."""
    pieces = [fetched(1, 20, input=4, output=2), fetched(2, 50, input=10, output=5), fetched(3, 50, input=10, output=5)]
    Ledger(engine).append(pieces)
    assert told(engine) == [(4, 2, 20), (6, 3, 30), (0, 0, 0)]


def test_a_batch_without_a_price_stays_without_one(engine: Engine) -> None:
    """What it cost is unknown; the second fetch adds nothing that could be."""
    Ledger(engine).append([fetched(1, None, input=10), fetched(2, None, input=10)])
    assert told(engine) == [(10, 0, None), (0, 0, 0)]


def test_trouble_is_told_without_any_value(engine: Engine) -> None:
    """The words of an error go into logs, and rows do not."""
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE entries"))
    with pytest.raises(BooksError) as caught:
        Ledger(engine).append([entry("secret-id", tenant="secret-tenant")])
    assert str(caught.value) in {"no such table: entries", 'relation "entries" does not exist'}
    assert caught.value.__cause__ is None
