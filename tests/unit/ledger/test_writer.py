"""The writer: what is closed is in the database soon; while the database is in trouble it is in the journal."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, event, func, select

from penstock.ledger.journal import Journal
from penstock.ledger.recovery import settle
from penstock.ledger.writer import STUCK_SEGMENTS, Writer
from penstock.stores.ledger import Ledger
from penstock.stores.schema import entries
from tests.support.books import entry, opened
from tests.support.made import database_at
from tests.support.waiting import until

SMALL = 16 * 1024
SOON = 0.05


def stored(path: Path) -> int:
    engine = database_at(path)
    with engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(entries)).scalar_one()
    engine.dispose()
    return count


def fill(journal: Journal, numbers: range) -> None:
    for number in numbers:
        journal.opened(opened(number))
        journal.closed(entry(number))


def impatient(path: Path) -> Engine:
    """Waits a tenth of a second for a lock, so that a test need not wait for seconds."""
    database_at(path).dispose()
    return create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.1, "check_same_thread": False})


@contextlib.contextmanager
def keeping(folder: Path, engine: Engine, period: float = SOON) -> Iterator[tuple[Journal, Writer]]:
    journal = Journal(folder / "journal", segment_bytes=SMALL)
    with journal, Writer(journal, Ledger(engine), period=period) as writer:
        yield journal, writer
    engine.dispose()


def test_entries_are_in_the_database_soon_and_the_segments_gone(tmp_path: Path) -> None:
    """Within the writer's period, each once, and the journal does not grow."""
    path = tmp_path / "x.db"
    with keeping(tmp_path, database_at(path)) as (journal, writer):
        fill(journal, range(300))
        until(lambda: writer.state().stored == 300 and journal.state().segments <= 2)
        assert stored(path) == 300
        state = writer.state()
        assert (state.waiting, state.waiting_bytes, state.behind, state.error) == (0, 0, 0.0, "")


def test_what_is_closed_last_is_stored_before_the_process_ends(tmp_path: Path) -> None:
    """A graceful stop leaves no journal to take over."""
    path = tmp_path / "x.db"
    with keeping(tmp_path, database_at(path), period=60) as (journal, _):
        time.sleep(SOON)
        fill(journal, range(30))
    assert stored(path) == 30
    assert list((tmp_path / "journal").glob("*.journal")) == []


@contextlib.contextmanager
def locked(path: Path) -> Iterator[str]:
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield "database is locked"
        connection.exec_driver_sql("ROLLBACK")
    engine.dispose()


@contextlib.contextmanager
def gone(path: Path) -> Iterator[str]:
    names = [one for one in path.parent.iterdir() if one.name.startswith(path.name)]
    for name in names:
        name.rename(name.with_name(f"away-{name.name}"))
    yield "the database file is gone"
    for name in names:
        name.with_name(f"away-{name.name}").rename(name)


@pytest.mark.parametrize("trouble", [locked, gone])
def test_trouble_with_the_database_loses_nothing(
    tmp_path: Path, trouble: Callable[[Path], contextlib.AbstractContextManager[str]], caplog: pytest.LogCaptureFixture
) -> None:
    """The journal keeps what the database does not take; memory stays small; trouble is told once, and its end."""
    path = tmp_path / "x.db"
    with keeping(tmp_path, impatient(path)) as (journal, writer):
        fill(journal, range(20))
        until(lambda: writer.state().stored == 20)
        with trouble(path) as words:
            fill(journal, range(20, 1000))
            until(lambda: words in writer.state().error)
            assert journal.accepting
            state = writer.state()
            # Two segments' entries, and those that the writer has in its hands.
            assert state.waiting < 600
            assert state.waiting_bytes > 200_000
            assert state.behind > 0
            assert state.failing_for > 0
        until(lambda: writer.state().error == "" and writer.state().waiting_bytes == 0)
        until(lambda: journal.state().segments <= 2)
    assert stored(path) == 1000
    assert [record.levelname for record in caplog.records if "books" in record.message] == ["ERROR", "WARNING"]


def test_a_full_database_loses_nothing(tmp_path: Path) -> None:
    """SQLite says that it is full; when it has room again everything is there."""
    path = tmp_path / "x.db"
    engine = impatient(path)
    pages = {"most": 40}
    event.listen(
        engine, "begin", lambda connection: connection.exec_driver_sql(f"PRAGMA max_page_count={pages['most']}")
    )
    with keeping(tmp_path, engine) as (journal, writer):
        fill(journal, range(1000))
        until(lambda: "full" in writer.state().error)
        pages["most"] = 1_000_000
        until(lambda: writer.state().stored >= 1000)
    assert stored(path) == 1000


def test_a_database_that_was_put_in_the_place_of_another_is_used(tmp_path: Path) -> None:
    """Connections to the file that was there before would write where nobody reads."""
    path = tmp_path / "x.db"
    database_at(tmp_path / "other.db").dispose()
    with keeping(tmp_path, database_at(path)) as (journal, writer):
        fill(journal, range(10))
        until(lambda: writer.state().stored == 10)
        for old in tmp_path.glob("x.db*"):
            old.unlink()
        (tmp_path / "other.db").rename(path)
        fill(journal, range(10, 30))
        until(lambda: writer.state().stored == 30)
        assert stored(path) == 20


def test_long_exchanges_do_not_keep_the_journal_from_shrinking(tmp_path: Path) -> None:
    """They are written down anew, and a process that dies then still leaves them behind, each once."""
    path = tmp_path / "x.db"
    with keeping(tmp_path, database_at(path)) as (journal, writer):
        for number in range(STUCK_SEGMENTS + 4):
            journal.opened(opened(f"long-{number}"))
            fill(journal, range(number * 100, number * 100 + 100))
        until(lambda: writer.state().stored == (STUCK_SEGMENTS + 4) * 100)
        until(lambda: journal.state().segments <= STUCK_SEGMENTS)
        assert journal.state().open == STUCK_SEGMENTS + 4
        journal.closed(entry("long-0"))
        assert journal.state().open == STUCK_SEGMENTS + 3
    engine = database_at(path)
    settle(tmp_path / "journal", Ledger(engine))
    with engine.connect() as connection:
        found = connection.execute(select(entries.c.outcome, func.count()).group_by(entries.c.outcome)).all()
    assert sorted(tuple(row) for row in found) == [("killed", STUCK_SEGMENTS + 3), ("served", 1201)]
    engine.dispose()


def test_a_journal_that_could_not_be_written_goes_straight_into_the_database(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """At a graceful end, what is in memory alone has one more way."""
    path = tmp_path / "x.db"
    (tmp_path / "journal").write_text("a file stands where the folder should be")
    with keeping(tmp_path, database_at(path)) as (journal, _):
        fill(journal, range(10))
        assert journal.state().held == 20
    assert stored(path) == 10
    assert "lost" not in caplog.text


def test_a_worker_that_died_is_in_the_books_while_the_others_live(tmp_path: Path) -> None:
    """Nobody has to restart anything."""
    path = tmp_path / "x.db"
    with Journal(tmp_path / "journal") as other:
        other.opened(opened("theirs"))
    with keeping(tmp_path, database_at(path)) as (journal, _):
        journal.opened(opened("mine"))
        until(lambda: stored(path) == 1)
