"""One file of the journal: what is put there stands in the file at once, and entries are handed out once, in order."""

import contextlib
import errno
import fcntl
import mmap
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.core.entry import Entry
from penstock.ledger.records import LENGTH_AT, MAGIC, Record, frame, replay
from penstock.ledger.segment import Segment
from tests.support.books import entry, opened

SIZE = 16 * 1024
RECORDS: list[Record] = [opened(1), entry(1), opened(2), opened(3), entry(3), entry(2)]
ENTRIES = [record for record in RECORDS if isinstance(record, Entry)]


@contextlib.contextmanager
def segment(path: Path, size: int = SIZE, *, mapped: bool = True) -> Iterator[Segment]:
    """A new one, closed at the end, which deletes it where nobody has."""
    made = Segment.create(path, size, mapped=mapped)
    try:
        yield made
    finally:
        made.close(delete=True)


def put(into: Segment, *records: Record) -> None:
    for record in records:
        into.put(frame(record))
        into.note(record)


@contextlib.contextmanager
def no_file_beyond(size: int) -> Iterator[None]:
    """The system refuses to make a file longer, as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_new_segment_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else may read it, and no other process can take it for a dead one's."""
    with segment(tmp_path / "s") as made:
        assert (made.path, made.path.stat().st_mode & 0o777) == (tmp_path / "s", 0o600)
        with made.path.open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    with (tmp_path / "t").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize("mapped", [True, False])
def test_a_new_segment_is_empty_and_as_large_as_was_asked(tmp_path: Path, mapped: bool) -> None:
    """Mapped, all of its room is taken at once; else each record asks for its own."""
    with segment(tmp_path / "s", mapped=mapped) as made:
        assert made.path.read_bytes() == (MAGIC + bytes(SIZE - len(MAGIC)) if mapped else MAGIC)
        assert (made.at, made.limit, made.view is not None) == (len(MAGIC), SIZE if mapped else 0, mapped)
        assert (made.open, list(made.fresh or ()), made.sealed, made.gone) == ({}, [], False, False)
        assert (made.pending, made.waiting, made.unread, made.take(9)) == (False, 0, 0, [])
        assert made.path.stat().st_blocks * 512 >= (SIZE if mapped else 0)


def test_what_stands_there_already_is_left_alone(tmp_path: Path) -> None:
    """A name that is taken is no segment of ours."""
    (tmp_path / "s").write_text("mine")
    with pytest.raises(FileExistsError):
        Segment.create(tmp_path / "s", SIZE, mapped=True)
    assert (tmp_path / "s").read_text() == "mine"


@pytest.mark.parametrize("mapped", [True, False])
def test_what_could_not_be_made_leaves_nothing(tmp_path: Path, mapped: bool) -> None:
    """No file and no descriptor, however often it is tried."""
    before = len(os.listdir("/proc/self/fd"))
    with no_file_beyond(4 if not mapped else SIZE - 1):
        for _ in range(20):
            with pytest.raises(OSError, match=os.strerror(errno.EFBIG if mapped else errno.ENOSPC)):
                Segment.create(tmp_path / "s", SIZE, mapped=mapped)
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) < before + 20


def test_where_nothing_can_be_mapped_records_are_written_one_by_one(tmp_path: Path) -> None:
    """No room can be taken beforehand for a size that the system calls invalid; the segment takes records all the same,
    and no zeros stand behind them."""
    with segment(tmp_path / "s", 0) as made:
        assert (made.view, made.limit) == (None, 0)
        put(made, *RECORDS)
        assert list(replay(made.path.read_bytes())) == RECORDS
        assert made.path.stat().st_size == made.at


@pytest.mark.parametrize("mapped", [True, False])
def test_a_record_is_in_the_file_when_put_returns(tmp_path: Path, mapped: bool) -> None:
    """Each behind the one before it; where the next one goes is counted."""
    with segment(tmp_path / "s", mapped=mapped) as made:
        at = len(MAGIC)
        for number, record in enumerate(RECORDS, 1):
            put(made, record)
            at += LENGTH_AT + len(frame(record))
            assert made.at == at
            assert list(replay(made.path.read_bytes())) == RECORDS[:number]


def test_a_write_that_the_disk_cut_short_is_told(tmp_path: Path) -> None:
    """Half a record is none."""
    with segment(tmp_path / "s", mapped=False) as made, no_file_beyond(made.at + 9):
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as told:
            made.put(frame(opened(1)))
        assert told.value.errno == errno.ENOSPC
        assert made.at == len(MAGIC)


@pytest.mark.parametrize("mapped", [True, False])
def test_room_is_counted_to_the_byte(tmp_path: Path, mapped: bool) -> None:
    """With the checksum; and where a file is not mapped, up to the size that segments have."""
    with segment(tmp_path / "s", mapped=mapped) as made:
        put(made, opened(1))
        room = SIZE - made.at - LENGTH_AT
        assert made.has_room(bytes(room), SIZE)
        assert not made.has_room(bytes(room + 1), SIZE)
        assert made.has_room(bytes(room + 1), SIZE + 1) is (not mapped)
        made.gone = True
        assert not made.has_room(b"", SIZE)


def test_what_is_allowed_is_what_is_mapped(tmp_path: Path) -> None:
    """A file that is gone, or not mapped, takes nothing without being asked."""
    with segment(tmp_path / "s") as made, segment(tmp_path / "t", mapped=False) as other:
        made.limit = 0
        made.allow()
        other.allow()
        assert (made.limit, other.limit) == (SIZE, 0)
        made.gone = True
        made.allow()
        assert made.limit == 0


def resident(path: Path) -> int:
    """How many kilobytes of this file's mapping this process has at hand."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    next(line for line in lines if line.endswith(f" {path}"))
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def can_populate() -> bool:
    """Whether this Linux can make pages writable beforehand: since 5.14."""
    with mmap.mmap(-1, mmap.PAGESIZE) as pages, contextlib.suppress(OSError):
        pages.madvise(23)
        return True
    return False


def test_pages_are_made_ready_as_far_as_the_file_goes(tmp_path: Path) -> None:
    """And nothing in it changes; what is not mapped has none."""
    size = 3 * 256 * 1024 + mmap.PAGESIZE
    with segment(tmp_path / "s", size) as made, segment(tmp_path / "t", mapped=False) as other:
        put(made, opened(1))
        before = resident(made.path)
        assert before < size // 1024
        made.populate()
        other.populate()
        assert resident(made.path) == (size // 1024 if can_populate() else before)
        assert list(replay(made.path.read_bytes())) == [opened(1)]
        made.synchronize()


def test_it_can_be_put_elsewhere(tmp_path: Path) -> None:
    """Under another name it is the same file, and goes with it."""
    made = Segment.create(tmp_path / ".s", SIZE, mapped=True)
    made.publish(tmp_path / "s")
    assert made.path == tmp_path / "s"
    assert [path.name for path in tmp_path.iterdir()] == ["s"]
    put(made, opened(1))
    assert list(replay((tmp_path / "s").read_bytes())) == [opened(1)]
    made.close(delete=True)
    assert list(tmp_path.iterdir()) == []


def test_what_is_under_way_is_known(tmp_path: Path) -> None:
    """By its name, until somebody closes it; entries are no part of it."""
    with segment(tmp_path / "s") as made:
        put(made, *RECORDS[:3])
        assert made.open == {"1": opened(1), "2": opened(2)}
        assert list(made.fresh or ()) == [entry(1)]


def test_entries_are_handed_out_in_order_until_they_are_taken(tmp_path: Path) -> None:
    """The same ones again where the database did not take them; each counts as waiting as long as it is here."""
    with segment(tmp_path / "s") as made:
        put(made, *RECORDS)
        assert (made.pending, made.waiting, made.unread) == (True, 3, 0)
        assert made.take(2) == made.take(1) == ENTRIES[:2]
        assert (made.pending, made.waiting) == (True, 3)
        made.taken()
        assert (made.pending, made.waiting) == (True, 1)
        assert made.take(2) == ENTRIES[2:]
        assert (made.pending, made.waiting) == (True, 1)
        made.taken()
        assert (made.pending, made.waiting, made.take(2)) == (False, 0, [])


@pytest.mark.parametrize("most", [1, 2, 9])
@pytest.mark.parametrize("mapped", [True, False])
def test_entries_that_memory_does_not_hold_are_read_back(tmp_path: Path, mapped: bool, most: int) -> None:
    """From the file, in order, up to what was written; also from one that somebody has deleted."""
    with segment(tmp_path / "s", mapped=mapped) as made:
        put(made, *RECORDS)
        made.fresh = None
        assert (made.pending, made.waiting, made.unread) == (True, 0, made.at - len(MAGIC))
        made.path.unlink()
        found: list[Entry] = []
        while some := made.take(most):
            assert len(some) <= most
            assert made.take(most) == some
            assert (made.pending, made.waiting) == (True, len(some))
            found += some
            made.taken()
            last = made.unread
        assert found == ENTRIES
        assert (made.pending, made.waiting, made.unread, last) == (False, 0, 0, 0)
        put(made, entry(4))
        assert (made.pending, made.unread) == (True, LENGTH_AT + len(frame(entry(4))))
        assert made.take(most) == [entry(4)]
        assert (made.pending, made.unread) == (True, 0)


def test_what_memory_held_before_is_handed_out_first(tmp_path: Path) -> None:
    """A writer that has some in its hands when the others leave memory gets those again, and none is left out."""
    with segment(tmp_path / "s") as made:
        put(made, *RECORDS)
        assert made.take(1) == ENTRIES[:1]
        made.fresh = None
        assert made.take(9) == ENTRIES[:1]
        made.taken()
        assert made.pending


def test_a_closed_segment_lets_go(tmp_path: Path) -> None:
    """Of its mapping, its lock and its descriptor; the file goes only where it is told to, and may be gone already."""
    for delete in (False, True):
        made = Segment.create(tmp_path / f"{delete}", SIZE, mapped=True)
        view = made.view
        assert view is not None
        made.close(delete=delete)
        assert (made.view, view.closed) == (None, True)
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            os.fstat(made.descriptor)
    assert [path.name for path in tmp_path.iterdir()] == ["False"]
    gone = Segment.create(tmp_path / "gone", SIZE, mapped=True)
    gone.path.unlink()
    gone.close(delete=True)


def test_an_unmapped_segment_stays_readable(tmp_path: Path) -> None:
    """Nothing more is written there, and what is in it can still be taken. Twice does no harm."""
    with segment(tmp_path / "s") as made:
        put(made, *RECORDS)
        made.fresh = None
        made.unmap()
        made.unmap()
        made.populate()
        assert made.view is None
        assert made.take(9) == ENTRIES
