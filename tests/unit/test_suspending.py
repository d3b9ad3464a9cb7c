"""The judge over a real database: what it suspends, what it says of it, and what it leaves alone."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from penstock.config.settings import Settings
from penstock.core.entry import Entry
from penstock.core.terseness import Arm, Intensity
from penstock.stores.database import open_database
from penstock.stores.ledger import Ledger
from penstock.stores.suspensions import Suspension, Suspensions
from penstock.suspending import SPAN_SECONDS, Judge, announced, begun_since, judged_since
from tests.support.treated import MODEL, conversations, losing, saving

LEVEL = ("key_1", MODEL, "full")
PERIOD = 0.05


@contextmanager
def books(folder: Path, *entries: Entry) -> Iterator[Engine]:
    engine = open_database(folder / "x.db")
    Ledger(engine).append(entries)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def judging(engine: Engine, *, first: float = 0, period: float = PERIOD) -> Iterator[Judge]:
    judge = Judge(engine, Settings, first=first, period=period)
    try:
        yield judge
    finally:
        judge.close()


def soon(store: Suspensions, seconds: float = 10) -> list[Suspension]:
    """What is in force, once anything is."""
    ends = time.monotonic() + seconds
    while not (found := [one for one in store.rows() if one.lifted is None]) and time.monotonic() < ends:
        time.sleep(0.02)
    return found


def hour_ago() -> float:
    return time.time() - 3600


def test_what_loses_money_is_suspended_by_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Only that level, once, with what was measured; the log says what, why, and how to reverse it."""
    before = time.time()
    others = saving(hour_ago(), "lite", intensity=Intensity.LITE)
    with books(tmp_path, *losing(hour_ago()), *others) as engine, caplog.at_level(logging.WARNING):
        with judging(engine):
            found = soon(Suspensions(engine))
            time.sleep(4 * PERIOD)
        assert found == Suspensions(engine).rows()
    assert [one.level for one in found] == [LEVEL]
    one = found[0]
    assert (one.reason, one.guard, one.key_name, one.lifted) == ("loses money", None, "alice", None)
    assert before - 1 <= one.since <= time.time()
    assert (one.found.treated, one.found.control, one.found.rules) == (300, 100, ("full-1",))
    assert one.found.point == pytest.approx(1 - (3 * 360 + 15 * 1_400) / (3 * 300 + 15 * 1_000), abs=0.02)
    assert one.found.high is not None
    assert one.found.point < one.found.high < 0
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    line = caplog.messages[0]
    assert f"full is suspended for {MODEL} with the key alice (key_1) from the next conversation on" in line
    assert "loses money (net cost saved: -37.1 % [-39.8, -34.4]; 300 treated, 100 left alone, " in line
    assert line.endswith(f"To reverse it: penstock savings resume alice {MODEL} full")


def test_a_broken_guardrail_suspends_too(tmp_path: Path) -> None:
    """Half as dear, but failing more often, by more than the margin."""
    entries = [
        msgspec.structs.replace(one, status=529) if number % 5 == 0 and number < 300 else one
        for number, one in enumerate(saving(hour_ago()))
    ]
    with books(tmp_path, *entries) as engine, judging(engine):
        found = soon(Suspensions(engine))
    assert [(one.level, one.reason, one.guard) for one in found] == [(LEVEL, "worse answers", "failed")]
    assert found[0].found.point == pytest.approx(0.2)
    assert "worse answers (failed: +20.0 % [" in announced(found[0])


def test_a_lifted_level_is_judged_by_what_began_since(tmp_path: Path) -> None:
    """The conversations that it was suspended for are not held against it again, however often one looks; those after
    the lifting are."""
    with books(tmp_path, *losing(hour_ago())) as engine:
        store = Suspensions(engine)
        with judging(engine):
            assert soon(store)
            lifted = store.lift("alice", MODEL, "full")[0].lifted
            assert lifted is not None
            # Looked again after the second of the lifting is over.
            time.sleep(lifted - time.time() + 1.2)
            assert soon(store, 4 * PERIOD) == []
            Ledger(engine).append(losing(lifted + 0.5, "since"))
            found = soon(store)
        assert [one.level for one in found] == [LEVEL]
        assert (found[0].found.treated, found[0].found.control) == (300, 100)
        assert (found[0].found.first or 0) >= lifted


def test_a_conversation_began_when_its_first_request_did(tmp_path: Path) -> None:
    """Later turns after the lifting belong to a conversation before it; other levels keep theirs."""
    old, other = conversations(Arm.TREATED, 1, 9, at=100, name="old"), conversations(Arm.TREATED, 1, 9, at=100)
    rows = [*old, *(one for one in other)]
    rows[1] = msgspec.structs.replace(rows[1], opened=msgspec.structs.replace(rows[1].opened, model="other"))
    new = list(conversations(Arm.CONTROL, 1, 9, at=200, name="new"))
    later = [
        msgspec.structs.replace(
            one,
            opened=msgspec.structs.replace(
                one.opened,
                id=f"{one.opened.id} later",
                at=300.0,
                terseness=msgspec.structs.replace(one.opened.terseness, later=True),
            ),
        )
        for one in (*rows, *new)
        if one.opened.terseness
    ]
    kept = [one.opened.id for one in begun_since([*rows, *new, *later], {LEVEL: 150})]
    assert kept == [rows[1].opened.id, new[0].opened.id, later[1].opened.id, later[2].opened.id]
    # Where the first request is not in the books any more, it was before.
    assert list(begun_since([later[2]], {LEVEL: 150})) == []
    assert list(begun_since([later[2]], {})) == [later[2]]


@pytest.mark.parametrize("rows", [[], saving(hour_ago()), losing(time.time() - 2.1 * SPAN_SECONDS)])
def test_nothing_is_suspended_without_a_reason(tmp_path: Path, rows: list[Entry]) -> None:
    """Not where nothing was treated, where something is saved, or where it was long ago."""
    with books(tmp_path, *rows) as engine, judging(engine):
        assert soon(Suspensions(engine), 0.6) == []


def test_it_judges_when_it_is_asked(tmp_path: Path) -> None:
    """Without waiting for its hour; and not before."""
    with books(tmp_path, *losing(hour_ago())) as engine, judging(engine, first=3600, period=3600) as judge:
        assert soon(Suspensions(engine), 0.5) == []
        judge.now()
        assert soon(Suspensions(engine))


def test_it_ends_in_the_middle_of_reading(tmp_path: Path) -> None:
    """A gateway that stops does not wait until the books have been read, and nothing is suspended by half of them."""
    many = (
        conversations(Arm.TREATED, 20_000, 1_400, at=hour_ago()),
        conversations(Arm.CONTROL, 80, 900, at=hour_ago()),
    )
    with books(tmp_path, *(one for some in many for one in some)) as engine:
        with judging(engine):
            time.sleep(0.3)
            ending = time.monotonic()
        assert time.monotonic() - ending < 0.5
        assert Suspensions(engine).rows() == []


def test_books_that_cannot_be_read_are_said_and_read_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The judge goes on."""
    with books(tmp_path, *losing(hour_ago())) as engine, caplog.at_level(logging.WARNING):
        with engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE entries RENAME TO away")
        with judging(engine):
            time.sleep(3 * PERIOD)
            with engine.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE away RENAME TO entries")
            assert soon(Suspensions(engine))
    assert "can't be read to judge what terser answers save: no such table: entries" in caplog.text


def test_the_start_moves_once_in_ninety_days() -> None:
    """All looks in between are looks at one and the same measurement."""
    day = 86_400
    starts = [judged_since(1_800_000_000 + number * day) for number in range(180)]
    assert len(set(starts)) <= 3
    ages = [1_800_000_000 + number * day - start for number, start in enumerate(starts)]
    assert min(ages) >= SPAN_SECONDS
    assert max(ages) <= 2 * SPAN_SECONDS


def test_a_models_name_cannot_write_into_the_log(tmp_path: Path) -> None:
    """It comes from clients: it stays in its line, and the command is safe to paste."""
    name = "m\n2026 ERROR forged; rm -rf x"
    with books(tmp_path, *losing(hour_ago(), model=name)) as engine, judging(engine):
        line = announced(soon(Suspensions(engine))[0])
    assert "\n" not in line
    assert line.endswith("penstock savings resume alice 'm·2026 ERROR forged; rm -rf x' full")
