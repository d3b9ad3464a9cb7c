"""Which files the journal keeps, in what order, and what becomes of them when a disk fails or exchanges last long."""

import contextlib
import logging
import os
import threading
import time
from pathlib import Path

import pytest

from penstock.core.entry import Entry
from penstock.ledger.journal import Fsync, Journal
from penstock.ledger.records import LENGTH_AT, MAGIC, PAYLOAD_AT, SUFFIX, Record, ended_cleanly, frame, replay
from penstock.ledger.segment import Segment
from tests.support.books import entry, opened
from tests.support.waiting import until

SMALL = 16 * 1024


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob(f"[0-9a-f]*{SUFFIX}"))


def on_disk(folder: Path) -> list[Record]:
    return [record for name in names(folder) for record in replay((folder / name).read_bytes())]


def fill(journal: Journal, segments: int, name: str = "") -> list[Record]:
    """Short exchanges until so many segments are in use; what was written."""
    told: list[Record] = []
    number = 0
    while len(journal.kept()) < segments:
        told += [opened(f"{name}{number}"), entry(f"{name}{number}")]
        journal.opened(opened(f"{name}{number}"))
        journal.closed(entry(f"{name}{number}"))
        number += 1
    return told


def files_at_hand() -> set[Path]:
    """What this process has open, also what is deleted."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.add(Path(os.readlink(descriptor).removesuffix(" (deleted)")))
    return found


def breaks(segment: Segment) -> None:
    """From now on the disk that this segment stands on can't synchronize: a pipe stands in for its file."""
    reading, writing = os.pipe()
    os.dup2(writing, segment.descriptor)
    os.close(reading)
    os.close(writing)


def test_segments_are_numbered_in_the_order_of_writing(tmp_path: Path) -> None:
    """Under a name of the process's own; what is carried over sorts before all of them."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        told = fill(journal, 4)
        kept = [segment.path.name for segment in journal.kept()]
        assert names(tmp_path / "j") == kept
        assert on_disk(tmp_path / "j") == told
        owners, numbers = zip(*(name.removesuffix(SUFFIX).split("-") for name in kept), strict=True)
        assert numbers == ("10000000", "10000001", "10000002", "10000003")
        assert len(set(owners)) == 1
        with Journal(tmp_path / "j") as other:
            assert other.kept()[0].path.name.split("-")[0] not in owners
        begun = int(owners[0][:12], 16) / 1000
        assert abs(time.time() - begun) < 60
        assert len(owners[0]) == 20
        assert all(path.stat().st_size == SMALL for path in (tmp_path / "j").iterdir())


def test_one_segment_is_written_and_one_is_ready(tmp_path: Path) -> None:
    """The others are sealed, and their memory is let go; entries of two stay there, older ones are read back."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        until(lambda: journal.state().segments == 2)
        assert len(journal.kept()) == 1
        fill(journal, 5)
        kept = journal.kept()
        assert [segment.sealed for segment in kept] == [True, True, True, True, False]
        assert [segment.fresh is None for segment in kept] == [True, True, True, False, False]
        until(lambda: journal.state().segments == 6)
        until(lambda: [segment.view is None for segment in kept] == [True, True, True, True, False])
        assert [segment.limit for segment in kept][-1] == SMALL
        state = journal.state()
        assert (state.accepting, state.mapped, state.open, state.held, state.held_bytes) == (True, True, 0, 0, 0)
        assert (state.error, state.failing_for) == ("", 0.0)
        assert len(list((tmp_path / "j").glob(f".*{SUFFIX}"))) == 1


def test_a_segment_without_entries_has_none_to_read_back(tmp_path: Path) -> None:
    """One whose entries the writer has taken needs no second look."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, 2)
        first = journal.kept()[0]
        while first.take(500):
            first.taken()
        fill(journal, 4, "more ")
        assert (first.fresh is not None, first.pending, first.unread) == (True, False, 0)


def test_it_has_a_thread_that_keeps_no_process_alive(tmp_path: Path) -> None:
    """One, which has its name, and ends with the journal."""
    with Journal(tmp_path / "j"):
        (mine,) = [thread for thread in threading.enumerate() if thread.name == "journal"]
        assert mine.daemon
    assert not mine.is_alive()


def test_a_released_segment_is_gone(tmp_path: Path) -> None:
    """With its file; the others stay."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, 3)
        first, *others = journal.kept()
        assert first.path in files_at_hand()
        journal.release(first)
        assert list(journal.kept()) == others
        assert names(tmp_path / "j") == [segment.path.name for segment in others]
        assert first.path not in files_at_hand()


def test_what_is_under_way_for_long_is_carried_over(tmp_path: Path) -> None:
    """Into a small segment before all others, which holds just that; the old ones can go then, and nothing is lost."""
    long = [opened(f"long {number}", model="m" * number) for number in range(3)]
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        for number, record in enumerate(long):
            journal.opened(record)
            fill(journal, number + 2, f"{number} ")
        stuck = [segment for segment in journal.kept() if segment.open]
        assert [list(segment.open.values()) for segment in stuck] == [[record] for record in long]
        journal.carry(stuck)
        carried = journal.kept()[0]
        assert list(carried.open.values()) == long
        assert [segment.open for segment in stuck] == [{}] * 3
        assert (carried.sealed, carried.view, carried.pending) == (True, None, False)
        assert names(tmp_path / "j")[0] == carried.path.name
        assert carried.path.name.endswith(f"-00000001{SUFFIX}")
        data = carried.path.read_bytes()
        assert list(replay(data)) == long
        assert ended_cleanly(data)
        assert len(data) == len(MAGIC) + sum(LENGTH_AT + len(frame(record)) for record in long) + PAYLOAD_AT
        assert journal.state().open == 3
        journal.closed(entry("long 1"))
        assert list(carried.open) == ["long 0", "long 2"]
        journal.carry([carried])
        again = journal.kept()[0]
        assert (list(again.open), carried.open) == (["long 0", "long 2"], {})
        assert again.path.name.endswith(f"-00000002{SUFFIX}")
        assert journal.state().open == 2


def test_what_is_closed_while_it_is_carried_over_is_not_under_way(tmp_path: Path) -> None:
    """The loop closes it in its old place; it must not stay open in the new one for ever."""

    class Closing(dict[str, object]):
        """Its exchange is closed as soon as somebody has looked at what is open."""

        def values(self) -> object:  # type: ignore[override]
            found = list(super().values())
            self.clear()
            return found

    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        journal.opened(opened("long"))
        (segment,) = journal.kept()
        segment.open = Closing(segment.open)  # type: ignore[assignment]
        journal.carry([segment])
        assert journal.state().open == 0
        assert journal.kept()[0].open == {}


def test_an_exchange_is_closed_in_the_segment_that_knows_it(tmp_path: Path) -> None:
    """Be it the third; the others' stay open."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        for number in range(3):
            journal.opened(opened(f"long {number}"))
            fill(journal, number + 2, f"{number} ")
        journal.closed(entry("long 1"))
        assert [list(segment.open) for segment in journal.kept()] == [["long 0"], [], ["long 2"], []]
        journal.closed(entry("nobody's"))
        assert journal.state().open == 2


@pytest.mark.parametrize("fsync", ["never", "always"])
def test_each_record_waits_for_the_disk_where_that_is_wanted(
    tmp_path: Path, fsync: Fsync, caplog: pytest.LogCaptureFixture
) -> None:
    """One that can't synchronize is told at once, and written to no more; the record goes to another file. Elsewhere
    nobody asks the disk."""
    with Journal(tmp_path / "j", fsync=fsync) as journal:
        until(lambda: journal.state().segments == 2)
        journal.opened(opened(1))
        (first,) = journal.kept()
        assert first.limit == (0 if fsync == "always" else 4 * 1024 * 1024)
        breaks(first)
        journal.opened(opened(2))
        assert first.gone is (fsync == "always")
        assert ("Invalid argument" in caplog.text) is (fsync == "always")
        until(lambda: journal.state().held == 0)
        journal.opened(opened(3))
        assert on_disk(tmp_path / "j")[-1] == opened(3)
        assert len(journal.kept()) == (2 if fsync == "always" else 1)
        assert list(journal.kept()[-1].open)[-2:] == ["2", "3"]


def test_what_fails_is_told_once_and_its_end_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With the system's words and the file, also if these change meanwhile; since when is counted until it is over."""
    caplog.set_level(logging.WARNING)
    folder, away = tmp_path / "j", tmp_path / "away"
    began = time.monotonic()
    folder.write_text("a file stands where the folder should be")
    with Journal(folder, fsync="always") as journal:
        journal.opened(opened(1))
        state = journal.state()
        assert (state.error, state.held, state.accepting) == (f"File exists: {folder}", 1, True)
        assert 0 < state.failing_for <= time.monotonic() - began
        folder.unlink()
        until(lambda: not journal.state().error and journal.state().segments == 2)
        assert (journal.state().failing_for, journal.state().held, journal.state().held_bytes) == (0.0, 0, 0)
        folder.rename(away)
        folder.write_text("again")
        began = time.monotonic()
        breaks(journal.kept()[-1])
        journal.opened(opened(2))
        until(lambda: not journal.state().error.startswith("Invalid argument"))
        state = journal.state()
        assert (state.held, state.held_bytes) == (1, len(frame(opened(2))))
        assert 0 < state.failing_for <= time.monotonic() - began
        folder.unlink()
        until(lambda: not journal.state().error)
        assert on_disk(folder) == [opened(2)]
    assert [record.levelname for record in caplog.records] == ["ERROR", "WARNING", "ERROR", "WARNING"]
    first, its_end, second, _ = caplog.messages
    assert first.endswith(f": File exists: {folder}")
    assert its_end.endswith(f": File exists: {folder}")
    assert second.endswith(f": Invalid argument: {folder}")


@pytest.mark.parametrize("which", [1, 2])
def test_the_disk_is_asked_now_and_then_where_that_is_wanted(
    tmp_path: Path, which: int, caplog: pytest.LogCaptureFixture
) -> None:
    """For the segment in use and the one before it; where it fails that is told, and keeps nothing else back."""
    before = len(os.listdir("/proc/self/fd"))
    with Journal(tmp_path / "j", fsync="second", segment_bytes=SMALL) as journal:
        fill(journal, 3)
        breaks(journal.kept()[which])
        until(lambda: "could not be synchronized: Invalid argument" in caplog.text)
        assert journal.state().error == ""
    assert len(os.listdir("/proc/self/fd")) <= before + 3


def test_entries_that_no_file_has_are_handed_out_and_forgotten(tmp_path: Path) -> None:
    """Entries alone, in order: what was only opened is over with the process."""
    (tmp_path / "j").write_text("a file stands where the folder should be")
    with Journal(tmp_path / "j") as journal:
        assert journal.kept() == ()
        told = [opened(1), entry(1), opened(2), entry(2), opened(3)]
        for record in told:
            journal.closed(record) if isinstance(record, Entry) else journal.opened(record)
        state = journal.state()
        assert (state.held, state.held_bytes) == (5, sum(len(frame(record)) for record in told))
        assert (state.mapped, state.segments, state.open) == (False, 0, 0)
        assert journal.held_entries() == [entry(1), entry(2)]
        journal.forget_held()
        assert (journal.state().held, journal.state().held_bytes, journal.held_entries()) == (0, 0, [])


@pytest.mark.parametrize(("records", "size", "takes"), [(3, 10**6, 2), (10**6, 2 * len(frame(opened(0))), 1)])
def test_as_much_is_held_as_was_said(
    tmp_path: Path, records: int, size: int, takes: int, caplog: pytest.LogCaptureFixture
) -> None:
    """In records and in bytes: with the last that there is room for new requests are refused, which is told once."""
    (tmp_path / "j").write_text("a file stands where the folder should be")
    with Journal(tmp_path / "j", hold_records=records, hold_bytes=size) as journal:
        for number in range(takes):
            journal.opened(opened(number))
            assert journal.accepting
        for number in range(takes, 6):
            journal.opened(opened(number))
            assert not journal.accepting
            assert not journal.state().accepting
        assert caplog.text.count("answered 503") == 1
        (tmp_path / "j").unlink()
        until(lambda: journal.accepting)
        assert caplog.text.count("taken again") == 1
        assert on_disk(tmp_path / "j") == [opened(number) for number in range(6)]
        assert list(journal.kept()[0].open) == [str(number) for number in range(6)]


def test_what_could_not_be_written_at_all_is_told_at_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """How many, and why."""
    (tmp_path / "j").write_text("a file stands where the folder should be")
    with Journal(tmp_path / "j") as journal:
        journal.opened(opened(1))
        journal.closed(entry(1))
    last = caplog.records[-1].getMessage()
    assert "could not write 2 records, they are lost: File exists" in last


def test_what_is_held_is_written_at_the_end_where_it_can_be(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A last attempt, in order; then nothing is lost, and what is pending or under way stays on the disk."""
    (tmp_path / "j").write_text("a file stands where the folder should be")
    told = [opened(1), entry(1), opened(2)]
    with Journal(tmp_path / "j") as journal:
        for record in told:
            journal.closed(record) if isinstance(record, Entry) else journal.opened(record)
        (tmp_path / "j").unlink()
    assert on_disk(tmp_path / "j") == told
    assert "lost" not in caplog.text
    assert list((tmp_path / "j").glob(".*")) == []


def test_a_closed_journal_deletes_what_is_over(tmp_path: Path) -> None:
    """What has entries that are not in the database stays, and what knows of exchanges under way; all files are let go,
    also one whose name somebody else has taken."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        fill(journal, 2)
        journal.opened(opened("long"))
        fill(journal, 5, "more ")
        empty, under_way, pending, taken, last = kept = journal.kept()
        for segment in (empty, under_way, taken, last):
            while segment.take(500):
                segment.taken()
        taken.path.unlink()
        taken.path.mkdir()
    assert names(tmp_path / "j") == [under_way.path.name, pending.path.name, taken.path.name]
    assert journal.kept() == ()
    assert not files_at_hand() & {segment.path for segment in kept}


def test_what_a_file_cannot_take_is_written_all_the_same(tmp_path: Path) -> None:
    """Half characters and numbers beyond 64 bits are replaced, in files and among what is held."""
    with Journal(tmp_path / "j") as journal:
        journal.opened(opened("\ud800"))
        journal.closed(entry("\ud800", bytes_out=2**70))
        assert on_disk(tmp_path / "j") == [opened("?"), entry("?", bytes_out=2**63 - 1)]
        assert journal.state().open == 0
    (tmp_path / "k").write_text("a file stands where the folder should be")
    with Journal(tmp_path / "k") as journal:
        journal.opened(opened("\ud800"))
        assert journal.state().held == 1
        (tmp_path / "k").unlink()
    assert on_disk(tmp_path / "k") == [opened("?")]


def test_a_record_may_fill_a_segment_to_its_last_byte(tmp_path: Path) -> None:
    """One byte more begins another, and a larger one has a file of its own size."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        bare = len(MAGIC) + LENGTH_AT + len(frame(opened(1, model="m" * 1_000)))
        journal.opened(opened(1, model="m" * (1_000 + SMALL - bare)))
        assert len(journal.kept()) == 1
        assert journal.kept()[0].at == SMALL
        journal.opened(opened(2, model="m" * (1_000 + SMALL - bare + 1)))
        assert [segment.path.stat().st_size for segment in journal.kept()] == [SMALL, SMALL + 1]
        journal.opened(opened(3))
        assert [segment.path.stat().st_size for segment in journal.kept()] == [SMALL, SMALL + 1, SMALL]


def test_a_spare_that_somebody_deleted_is_made_anew(tmp_path: Path) -> None:
    """Before it is needed."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        until(lambda: journal.state().segments == 2)
        (spare,) = (tmp_path / "j").glob(f".*{SUFFIX}")
        spare.unlink()
        until(lambda: any(path != spare for path in (tmp_path / "j").glob(f".*{SUFFIX}")))
        until(lambda: journal.state().segments == 2)


def test_nothing_goes_into_a_file_that_somebody_deleted(tmp_path: Path) -> None:
    """It is noticed, and the next record begins another file."""
    with Journal(tmp_path / "j", segment_bytes=SMALL) as journal:
        first = journal.kept()[0]
        first.path.unlink()
        until(lambda: first.gone)
        assert first.limit == 0
        journal.opened(opened(1))
        assert on_disk(tmp_path / "j") == [opened(1)]
        assert len(journal.kept()) == 2
