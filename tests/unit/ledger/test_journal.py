"""The journal: what is written is in a file at once; what cannot be written waits in memory, in order, and is told."""

import os
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from penstock.ledger.journal import Fsync, Journal
from penstock.ledger.records import SUFFIX, Record, replay
from tests.support.books import entry, opened
from tests.support.waiting import until

SMALL = 16 * 1024


def on_disk(folder: Path) -> list[Record]:
    """Everything that a reader finds who comes after the process was killed now."""
    paths = sorted(folder.glob(f"[0-9a-f]*{SUFFIX}"))
    return [record for path in paths for record in replay(path.read_bytes())]


def fill(journal: Journal, numbers: range) -> list[Record]:
    """Short exchanges, one after another; returns what was written."""
    told: list[Record] = []
    for number in numbers:
        told += [opened(number), entry(number)]
        journal.opened(opened(number))
        journal.closed(entry(number))
    return told


@contextmanager
def no_file_may_grow() -> Iterator[None]:
    """The system refuses every new segment, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("fsync", ["never", "second", "always"])
@pytest.mark.parametrize("mapped", [True, False])
def test_a_record_is_in_the_file_when_the_call_returns(tmp_path: Path, fsync: Fsync, mapped: bool) -> None:
    """Whatever becomes of the process afterwards; over several segments, mapped or written with a system call."""
    with Journal(tmp_path / "j", fsync=fsync, mapped=mapped, segment_bytes=SMALL) as journal:
        told = fill(journal, range(100))
        assert on_disk(tmp_path / "j") == told
        assert journal.state().mapped is mapped
        assert journal.state().segments >= 3
        assert journal.state().error == ""


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    """Who talks to which model is nobody else's business on the machine."""
    with Journal(tmp_path / "j"):
        modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "j", *(tmp_path / "j").iterdir())]
    assert set(modes) <= {0o700, 0o600}


def test_a_record_larger_than_a_segment_gets_one_of_its_own(tmp_path: Path) -> None:
    """A client may name a model of any length; its exchange must end in the books all the same."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        told = [opened(1), opened(2, model="m" * 100_000), opened(3)]
        for record in told:
            journal.opened(record)
        assert on_disk(tmp_path / "j") == told


def test_a_full_disk_is_told_held_and_healed(tmp_path: Path) -> None:
    """Records are held in order up to the bound; past it new requests are not wanted; then nothing is missing."""
    with Journal(tmp_path / "j", segment_bytes=SMALL, hold_records=200) as journal:
        with no_file_may_grow():
            told = fill(journal, range(100))
            state = journal.state()
            assert (state.accepting, state.held > 0) == (True, True)
            assert "File too large" in state.error
            assert state.held_bytes > state.held * 100
            assert on_disk(tmp_path / "j") == told[: -state.held]
            told += fill(journal, range(100, 200))
            assert not journal.accepting
            told += fill(journal, range(200, 201))
        until(lambda: journal.accepting)
        assert on_disk(tmp_path / "j") == told
        assert (journal.state().held, journal.state().held_bytes, journal.state().error) == (0, 0, "")
        told += fill(journal, range(300, 301))
        assert on_disk(tmp_path / "j") == told


def test_the_bound_is_in_bytes_too(tmp_path: Path) -> None:
    """Few large records fill memory as many small ones do."""
    (tmp_path / "j").write_text("a file stands where the folder should be")
    with Journal(tmp_path / "j", hold_bytes=5_000) as journal:
        fill(journal, range(3))
        assert journal.accepting
        fill(journal, range(3, 20))
        assert not journal.accepting


def test_what_fits_waits_its_turn_too(tmp_path: Path) -> None:
    """A short record must not overtake a held one into the room that is left in a segment."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        told = fill(journal, range(15))
        until(lambda: journal.state().segments == 2)
        with no_file_may_grow():
            long, short = opened("long", model="m" * SMALL), opened("short")
            journal.opened(long)
            journal.opened(short)
            assert journal.state().held == 2
        until(lambda: journal.state().held == 0)
        assert on_disk(tmp_path / "j") == [*told, long, short]


def test_a_journal_begins_without_a_folder_to_write_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The gateway starts, says once what is wrong, and writes as soon as it can."""
    (tmp_path / "j").write_text("a file stands where the folder should be")
    with Journal(tmp_path / "j") as journal:
        told = fill(journal, range(50))
        assert "File exists" in journal.state().error
        assert len(caplog.records) == 1
        (tmp_path / "j").unlink()
        until(lambda: journal.state().held == 0)
        assert on_disk(tmp_path / "j") == told


def removed(folder: Path) -> None:
    """The folder with all that is in it, though the journal's thread may be making a file there."""
    while True:
        try:
            return shutil.rmtree(folder)
        except OSError:
            continue


def test_a_deleted_folder_is_noticed(tmp_path: Path) -> None:
    """What comes after is written to new files, not to ones that nobody will find."""
    with Journal(tmp_path / "j") as journal:
        fill(journal, range(5))
        removed(tmp_path / "j")
        until(lambda: not journal.state().mapped or any(segment.gone for segment in journal.kept()))
        told = fill(journal, range(5, 10))
        assert on_disk(tmp_path / "j") == told


def test_a_closed_journal_leaves_what_is_not_in_the_database(tmp_path: Path) -> None:
    """And nothing else: a spare segment goes, a segment with entries stays."""
    with Journal(tmp_path / "j") as journal:
        until(lambda: journal.state().segments == 2)
        told = fill(journal, range(3))
    assert len(os.listdir(tmp_path / "j")) == 1
    assert on_disk(tmp_path / "j") == told


def test_exchanges_under_way_are_counted(tmp_path: Path) -> None:
    """Also those that were opened some segments ago."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        journal.opened(opened("long"))
        fill(journal, range(100))
        assert journal.state().open == 1
        journal.closed(entry("long"))
        assert journal.state().open == 0
