"""The writer beside books in memory: what it says of itself, how it bears trouble, and which segments it lets go."""

import errno
import logging
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock.core.books import BooksError
from penstock.core.entry import Entry, Opened
from penstock.ledger.journal import Journal
from penstock.ledger.records import SUFFIX, replay
from penstock.ledger.recovery import AT_ONCE
from penstock.ledger.writer import STUCK_SEGMENTS, Writer
from tests.support.books import entry, opened
from tests.support.waiting import until

SMALL = 16 * 1024


class Shelf:
    """Books in memory, in batches as they came; while there is trouble, they raise it."""

    def __init__(self, trouble: Exception | None = None) -> None:
        self.batches: list[list[Entry]] = []
        self.asked: list[float] = []
        self.trouble = trouble

    def append(self, some: Sequence[Entry]) -> None:
        self.asked.append(time.monotonic())
        if self.trouble is not None:
            raise self.trouble
        self.batches.append(list(some))

    @property
    def names(self) -> list[str]:
        return [one.opened.id for some in self.batches for one in some]


def fill(journal: Journal, numbers: range) -> list[str]:
    for number in numbers:
        journal.opened(opened(number))
        journal.closed(entry(number))
    return [str(number) for number in numbers]


def stuck(journal: Journal, count: int) -> None:
    """So many sealed segments with an exchange under way in each."""
    for number in range(count):
        journal.opened(opened(f"long {number}"))
        kept, at = len(journal.kept()), 0
        while len(journal.kept()) == kept:
            fill(journal, range(at, at + 1))
            at += 1


def test_before_anything_is_stored_everything_waits(tmp_path: Path) -> None:
    """In memory, or in files where it is more than memory is to hold; behind is how long ago nothing waited."""
    began = time.monotonic()
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        writer = Writer(journal, Shelf())
        state = writer.state()
        assert (state.stored, state.waiting, state.waiting_bytes, state.behind) == (0, 0, 0, 0.0)
        fill(journal, range(3))
        state = writer.state()
        assert (state.stored, state.waiting, state.waiting_bytes, state.error, state.failing_for) == (0, 3, 0, "", 0.0)
        assert 0 < state.behind <= time.monotonic() - began
        fill(journal, range(3, 300))
        kept = journal.kept()
        in_files = [segment for segment in kept if segment.fresh is None]
        assert in_files
        state = writer.state()
        assert state.waiting == sum(len(segment.fresh or ()) for segment in kept)
        assert state.waiting_bytes == sum(segment.at - 8 for segment in in_files)


def test_entries_are_stored_in_order_in_batches(tmp_path: Path) -> None:
    """Each once, whether memory or a file holds them; what was stored is counted."""
    shelf = Shelf()
    with Journal(tmp_path / "j", segment_bytes=1 << 20) as journal:
        told = fill(journal, range(2 * AT_ONCE + 1))
        with Writer(journal, shelf, period=60) as writer:
            until(lambda: writer.state().stored == len(told))
            state = writer.state()
            assert (state.waiting, state.waiting_bytes, state.behind, state.error) == (0, 0, 0.0, "")
        assert [len(some) for some in shelf.batches] == [AT_ONCE, AT_ONCE, 1]
        assert shelf.names == told
        assert writer.state().stored == len(told)


def test_it_has_a_thread_that_keeps_no_process_alive(tmp_path: Path) -> None:
    """It begins and ends with the writer, and says when what was left before is in the books."""
    with Journal(tmp_path / "j") as journal:
        writer = Writer(journal, Shelf(), period=60)
        assert not any(thread.name == "books" for thread in threading.enumerate())
        assert not writer.recovered.is_set()
        with writer:
            (mine,) = [thread for thread in threading.enumerate() if thread.name == "books"]
            assert mine.daemon
            assert writer.recovered.wait(20)
        assert not mine.is_alive()


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (BooksError("the database is on fire"), "the database is on fire"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/some/file"), "No space left on device: /some/file"),
        (ZeroDivisionError("secret"), "a bug: ZeroDivisionError"),
    ],
)
def test_trouble_is_told_once_in_words_and_its_end_too(
    tmp_path: Path, trouble: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Entries wait meanwhile; a bug is told with where it is, and what it says stays in the log."""
    caplog.set_level(logging.WARNING)
    shelf = Shelf(trouble)
    began = time.monotonic()
    with Journal(tmp_path / "j") as journal, Writer(journal, shelf, period=0.01) as writer:
        told = fill(journal, range(3))
        until(lambda: len(shelf.asked) >= 3)
        state = writer.state()
        assert (state.stored, state.waiting, state.error) == (0, 3, words)
        assert 0 < state.failing_for <= time.monotonic() - began
        assert 0 < state.behind <= time.monotonic() - began
        shelf.trouble = None
        until(lambda: writer.state().stored == 3)
        until(lambda: not writer.state().error)
        state = writer.state()
        assert (state.waiting, state.behind, state.failing_for) == (0, 0.0, 0.0)
    assert shelf.names == told
    bugs = [record for record in caplog.records if record.exc_info]
    assert len(bugs) == isinstance(trouble, ZeroDivisionError)
    assert all(record.exc_info and record.exc_info[1] is trouble for record in bugs)
    assert [(record.levelname, record.getMessage().endswith(f": {words}")) for record in caplog.records
            if record not in bugs] == [("ERROR", True), ("WARNING", True)]  # fmt: skip


def test_books_that_are_in_trouble_are_asked_less_and_less_often(tmp_path: Path) -> None:
    """Twice as long after each time, and as often as ever when it is over."""
    shelf = Shelf(BooksError("no"))
    with Journal(tmp_path / "j") as journal, Writer(journal, shelf, period=0.01) as writer:
        fill(journal, range(1))
        until(lambda: len(shelf.asked) >= 5)
        waits = [later - earlier for earlier, later in zip(shelf.asked[:4], shelf.asked[1:5], strict=True)]
        assert all(wait >= 0.01 * 2**times for times, wait in enumerate(waits, 1))
        shelf.trouble = None
        until(lambda: writer.state().stored == 1)
        quickest = 20.0
        for number in range(1, 11):
            fill(journal, range(number, number + 1))
            began = time.monotonic()
            until(lambda: writer.state().waiting == 0)
            quickest = min(quickest, time.monotonic() - began)
    assert quickest < waits[-1] / 2


def test_what_dead_processes_left_is_heard_of_once_it_is_in_the_books(tmp_path: Path) -> None:
    """And nothing else is: the living ones' was heard of when it happened. Killed ones end as was said."""

    def ending(record: Opened) -> Entry:
        return entry(record.id, outcome="ours")

    with Journal(tmp_path / "j") as dead:
        fill(dead, range(2))
        dead.opened(opened("cut"))
    shelf, heard = Shelf(), list[tuple[str, str]]()

    def found(some: Sequence[Entry]) -> None:
        assert shelf.batches[-1] == list(some)
        heard.extend((one.opened.id, one.outcome) for one in some)

    with Journal(tmp_path / "j") as journal:
        fill(journal, range(5, 7))
        with Writer(journal, shelf, ending=ending, period=60, found=found) as writer:
            assert writer.recovered.wait(20)
    assert heard == [("0", "served"), ("1", "served"), ("cut", "ours")]
    assert sorted(shelf.names) == ["0", "1", "5", "6", "cut"]


def test_what_the_books_did_not_take_nobody_hears_of(tmp_path: Path) -> None:
    """Until they do."""
    with Journal(tmp_path / "j") as dead:
        fill(dead, range(2))
    shelf, heard = Shelf(BooksError("no")), list[str]()
    with (
        Journal(tmp_path / "j") as journal,
        Writer(journal, shelf, period=0.01, found=lambda some: heard.extend(one.opened.id for one in some)) as writer,
    ):
        until(lambda: len(shelf.asked) >= 3)
        assert heard == []
        assert not writer.recovered.is_set()
        shelf.trouble = None
        assert writer.recovered.wait(20)
    assert heard == shelf.names == ["0", "1"]


@pytest.mark.parametrize(("count", "kept"), [(STUCK_SEGMENTS, STUCK_SEGMENTS + 1), (STUCK_SEGMENTS + 1, 2)])
def test_so_many_segments_are_kept_for_what_is_under_way(tmp_path: Path, count: int, kept: int) -> None:
    """With one more, all of it is written down anew in a single one; what is in use stays as it is."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        stuck(journal, count)
        with Writer(journal, Shelf(), period=60):
            pass
        assert len(journal.kept()) == kept
        assert [name for segment in journal.kept() for name in segment.open] == [f"long {n}" for n in range(count)]
        assert sum(segment.sealed for segment in journal.kept()) == kept - 1


def test_what_is_under_way_in_a_deleted_file_is_written_down_anew(tmp_path: Path) -> None:
    """Be it one exchange: nobody would find it after the process."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        journal.opened(opened("long"))
        first = journal.kept()[0]
        first.path.unlink()
        until(lambda: first.gone)
        fill(journal, range(1))
        with Writer(journal, Shelf(), period=60):
            pass
        assert first not in journal.kept()
    (left,) = (tmp_path / "j").glob(f"[0-9a-f]*{SUFFIX}")
    assert list(replay(left.read_bytes())) == [opened("long")]


def test_segments_go_when_all_of_them_is_in_the_books(tmp_path: Path) -> None:
    """Sealed ones alone, and none in which anything is under way or that the books did not take."""
    shelf = Shelf()
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, range(100))
        last = journal.kept()[-1]
        with Writer(journal, shelf, period=60):
            pass
        assert journal.kept() == (last,)
        shelf.trouble = BooksError("no")
        fill(journal, range(100, 200))
        kept = journal.kept()
        with Writer(journal, shelf, period=60):
            pass
        assert journal.kept() == kept


def test_what_memory_alone_held_goes_into_the_books_at_the_end(tmp_path: Path) -> None:
    """In batches, in order; then nothing is held, and nothing is told as lost."""
    (tmp_path / "j").write_text("a file stands where the folder should be")
    shelf = Shelf()
    with Journal(tmp_path / "j") as journal:
        told = fill(journal, range(AT_ONCE + 1))
        with Writer(journal, shelf, period=60):
            pass
        assert [len(some) for some in shelf.batches] == [AT_ONCE, 1]
        assert shelf.names == told
        assert journal.state().held == 0
