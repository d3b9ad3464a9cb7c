"""What dead processes left is taken over once, by one; what living ones have is left alone."""

import fcntl
import logging
import os
import secrets
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penstock.core.books import BooksError
from penstock.core.entry import Entry, Opened
from penstock.ledger.journal import Journal
from penstock.ledger.records import read
from penstock.ledger.recovery import AT_ONCE, Recovered, by_process, killed, living, recover, settle
from tests.support.books import entry, opened, used


class Shelf:
    """Books in memory; takes each entry once, as a database does, and remembers every one it was handed."""

    def __init__(self, refuses: int = 0) -> None:
        self.entries: dict[str, Entry] = {}
        self.handed = 0
        self.batches: list[int] = []
        self.refuses = refuses

    def append(self, some: Sequence[Entry]) -> None:
        if self.refuses:
            self.refuses -= 1
            raise BooksError("not now")
        self.handed += len(some)
        self.batches.append(len(some))
        for one in some:
            self.entries.setdefault(one.opened.id, one)


def leave_behind(folder: Path, *, under_way: int, closed: int, segment_bytes: int = 16 * 1024) -> None:
    """A journal whose process has gone without a database: the last exchanges were under way."""
    names = [secrets.token_hex(8) for _ in range(closed + under_way)]
    with Journal(folder, segment_bytes=segment_bytes) as journal:
        for name in names:
            journal.opened(opened(name))
        for name in names[:closed]:
            journal.closed(entry(name))


def test_closed_ones_come_as_they_are_and_the_others_as_killed(tmp_path: Path) -> None:
    """Over many segments; afterwards nothing is left to take over."""
    leave_behind(tmp_path, closed=200, under_way=3)
    shelf = Shelf()
    assert recover(tmp_path, shelf) == Recovered(processes=1, entries=200, killed=3)
    assert sorted(one.outcome for one in shelf.entries.values()) == ["killed"] * 3 + ["served"] * 200
    assert recover(tmp_path, shelf) == Recovered()


def test_a_killed_exchange_tells_that_its_usage_is_unknown(tmp_path: Path) -> None:
    """It is no free one: nothing was told, and something may have been used."""
    one = killed(opened(1))
    assert (one.status, one.blame, one.cost, one.consumption.missing) == (0, "gateway", 0, True)
    # Nobody saw what came of it: no fault that has a kind, no bytes, no times, no price.
    assert (one.fault, one.price, one.bytes_out) == ("", "", 0)
    assert (one.first_byte, one.duration, one.overhead) == (0.0, 0.0, 0.0)


def test_who_takes_over_says_what_a_killed_exchange_used(tmp_path: Path) -> None:
    """An estimate is made where prices and ratios are known, and not here."""

    def ending(record: Opened) -> Entry:
        return entry(record.id, outcome="killed", consumption=used(input=record.bytes_in))

    leave_behind(tmp_path, closed=0, under_way=1)
    shelf = Shelf()
    recover(tmp_path, shelf, ending)
    assert [one.consumption.usage.input for one in shelf.entries.values()] == [18_234]


def test_a_living_process_keeps_its_journal(tmp_path: Path) -> None:
    """Its exchanges are not over, whatever is said in its files."""
    with Journal(tmp_path) as journal:
        journal.opened(opened(1))
        assert recover(tmp_path, Shelf()) == Recovered()
        assert journal.state().open == 1


def test_several_that_come_at_once_take_each_entry_once(tmp_path: Path) -> None:
    """Workers that start together, and reports beside them."""
    for _ in range(3):
        leave_behind(tmp_path, closed=300, under_way=1)
    shelf = Shelf()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: settle(tmp_path, shelf), range(4)))
    assert sum(one.entries for one in found) == 900
    assert shelf.handed == len(shelf.entries) == 903


def test_nothing_is_deleted_before_the_database_has_it(tmp_path: Path) -> None:
    """A database that refuses in the middle gets all of it again."""
    leave_behind(tmp_path, closed=700, under_way=1)
    shelf = Shelf()
    shelf.append([])
    shelf.refuses = 1
    with pytest.raises(BooksError):
        recover(tmp_path, shelf)
    assert recover(tmp_path, shelf) == Recovered(processes=1, entries=700, killed=1)
    assert len(shelf.entries) == 701


def test_a_torn_segment_is_kept_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is readable comes into the books; the rest is nobody's to destroy, and is told once."""
    leave_behind(tmp_path, closed=5, under_way=0, segment_bytes=64 * 1024)
    (path,) = tmp_path.glob("[0-9a-f]*.journal")
    data = bytearray(path.read_bytes())
    data[len(data.rstrip(b"\0")) - 1] ^= 1
    path.write_bytes(data)
    shelf = Shelf()
    assert recover(tmp_path, shelf) == Recovered(processes=1, entries=4, killed=1)
    assert [name.name for name in tmp_path.glob("*.torn")] == [path.name + ".torn"]
    assert caplog.messages[-1].startswith("a journal is torn")
    assert caplog.messages[-1].endswith(f" {path.name}.torn")
    assert recover(tmp_path, shelf) == Recovered()


@pytest.mark.slow
def test_a_journal_torn_at_any_byte_is_taken_over_up_to_the_tear(tmp_path: Path) -> None:
    """Each exchange whose end stands before the tear is closed, each that only began there is killed, others are not.

    Behind the tear is nothing, or zeros, as in a segment that was not written further, or other bytes.
    """
    leave_behind(tmp_path, closed=2, under_way=1, segment_bytes=8 * 1024)
    (path,) = tmp_path.glob("[0-9a-f]*.journal")
    data = path.read_bytes()
    ends = dict(read(data))
    for at in range(max(ends) + 1):
        whole = [record for end, record in ends.items() if end <= at]
        closed = {record.opened.id for record in whole if isinstance(record, Entry)}
        began = {record.id for record in whole if isinstance(record, Opened)}
        for rest in (b"", bytes(64), b"\xa1e" * 32):
            path.write_bytes(data[:at] + rest)
            shelf = Shelf()
            assert recover(tmp_path, shelf) == Recovered(1, len(closed), len(began - closed))
            outcomes = {name: one.outcome for name, one in shelf.entries.items()}
            assert outcomes == {name: "served" if name in closed else "killed" for name in began}
            for torn in tmp_path.glob("*.torn"):
                torn.unlink()


def test_a_journal_that_cannot_be_read_keeps_no_other_back(tmp_path: Path) -> None:
    """The others are taken over, and whoever asked is told of the one."""
    leave_behind(tmp_path, closed=2, under_way=0)
    # A folder where a file should be: it is in the way of every user, root too.
    (tmp_path / f"{0:020x}-{1:08d}.journal").mkdir()
    leave_behind(tmp_path, closed=3, under_way=0)
    shelf = Shelf()
    with pytest.raises(IsADirectoryError):
        recover(tmp_path, shelf)
    assert len(shelf.entries) == 5


def test_the_first_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """By its name; where one failed nothing is swept away."""
    for number in (2, 1, 3):
        (tmp_path / f"{number:020x}-{1:08d}.journal").mkdir()
    spare = tmp_path / ".spare.journal"
    spare.touch()
    os.utime(spare, (1, 1))
    with pytest.raises(IsADirectoryError) as told:
        recover(tmp_path, Shelf())
    assert told.value.filename == str(tmp_path / f"{1:020x}-{1:08d}.journal")
    assert spare.exists()


def test_segments_are_read_in_the_order_of_writing_process_by_process(tmp_path: Path) -> None:
    """Whatever else stands in the folder is none."""
    one, other = "0123456789abcdef0123", "fedcba98765432100000"
    wanted = [
        [f"{one}-00000001.journal", f"{one}-10000000.journal", f"{one}-10000001.journal"],
        [f"{other}-10000000.journal"],
    ]
    others = [
        f".{one}-00000000.journal", f"{one}-10000002.journal.torn", f"{one}-1000000.journal",
        f"{one}-100000000.journal",
        f"{one}0-10000000.journal", f"x{one}-10000000.journal", f"{one.upper()}-10000000.journal",
        f"{one}-10000000xjournal", f"{one}-1000000a.journal", "recovery.lock",
    ]  # fmt: skip
    for name in [*others, *reversed([name for names in wanted for name in names])]:
        (tmp_path / name).touch()
    assert [[path.name for path in paths] for paths in by_process(tmp_path)] == wanted


def test_several_processes_are_counted_together(tmp_path: Path) -> None:
    """What each left is added up."""
    leave_behind(tmp_path, closed=3, under_way=1)
    leave_behind(tmp_path, closed=4, under_way=2)
    assert recover(tmp_path, Shelf()) == Recovered(processes=2, entries=7, killed=3)
    assert list(tmp_path.glob("*.journal")) == []


def test_so_many_entries_go_in_one_transaction(tmp_path: Path) -> None:
    """Closed ones and killed ones alike; no batch is empty."""
    leave_behind(tmp_path, closed=2 * AT_ONCE + 1, under_way=AT_ONCE, segment_bytes=4 << 20)
    shelf = Shelf()
    recover(tmp_path, shelf)
    assert shelf.batches == [AT_ONCE, AT_ONCE, 1, AT_ONCE]
    assert AT_ONCE == 500


def test_what_was_taken_over_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In numbers; a journal in which nothing was is not worth a word."""
    caplog.set_level(logging.INFO)
    for closed, under_way in ((3, 1), (2, 0), (0, 1)):
        caplog.clear()
        leave_behind(tmp_path, closed=closed, under_way=under_way)
        recover(tmp_path, Shelf())
        (told,) = caplog.messages
        assert told.endswith(f": {closed} entries, {under_way} exchanges under way when it ended")
    caplog.clear()
    (tmp_path / f"{1:020x}-{1:08d}.journal").touch()
    assert recover(tmp_path, Shelf()) == Recovered(1, 0, 0)
    assert caplog.messages == []


@pytest.mark.parametrize("which", [0, 1, -1])
def test_a_journal_is_taken_over_all_together_or_not_at_all(tmp_path: Path, which: int) -> None:
    """An exchange may have been opened in one segment and closed in another: while somebody holds one, all stay."""
    leave_behind(tmp_path, closed=150, under_way=1)
    paths = sorted(tmp_path.glob("*.journal"))
    assert len(paths) > 2
    shelf = Shelf()
    with paths[which].open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for _ in range(20):
            assert recover(tmp_path, shelf) == Recovered()
        assert (shelf.entries, sorted(tmp_path.glob("*.journal"))) == ({}, paths)
        assert len(files_at_hand(tmp_path)) == 1
    assert recover(tmp_path, shelf) == Recovered(1, 150, 1)
    assert files_at_hand(tmp_path) == []


def files_at_hand(folder: Path) -> list[str]:
    """What this process has open of a folder."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found.append(os.readlink(descriptor))
        except FileNotFoundError:
            continue
    return [name for name in found if name.startswith(str(folder))]


def test_one_process_at_a_time_takes_over(tmp_path: Path) -> None:
    """The others are told that somebody is at it; whoever settles waits for that one."""
    leave_behind(tmp_path, closed=2, under_way=1)
    assert recover(tmp_path / "none", Shelf()) is None
    assert not (tmp_path / "none").exists()
    shelf = Shelf()
    lock = tmp_path / "recovery.lock"
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert recover(tmp_path, shelf) is None
        found: list[Recovered] = []
        waiting = threading.Thread(target=lambda: found.append(settle(tmp_path, shelf)))
        waiting.start()
        time.sleep(0.1)
        assert (found, shelf.handed) == ([], 0)
    waiting.join()
    assert found == [Recovered(1, 2, 1)]
    assert files_at_hand(tmp_path) == []


def test_the_lock_is_its_owners_alone(tmp_path: Path) -> None:
    """It is made where there is none, for nobody else to hold."""
    recover(tmp_path, Shelf())
    assert (tmp_path / "recovery.lock").stat().st_mode & 0o777 == 0o600


def test_whoever_settles_says_how_killed_ones_ended(tmp_path: Path) -> None:
    """As whoever takes over does."""
    leave_behind(tmp_path, closed=0, under_way=1)
    shelf = Shelf()
    assert settle(tmp_path, shelf, lambda record: entry(record.id, outcome="ours")) == Recovered(1, 0, 1)
    assert [one.outcome for one in shelf.entries.values()] == ["ours"]


def test_a_process_lives_as_long_as_it_holds_its_journal(tmp_path: Path) -> None:
    """What dead ones left, and what is gone, does not count; a look takes nothing from anybody."""
    assert not living(tmp_path / "none")
    assert not living(tmp_path)
    leave_behind(tmp_path, closed=60, under_way=1)
    (tmp_path / f"{0:020x}-{1:08d}.journal").symlink_to("nowhere")
    assert not living(tmp_path)
    assert files_at_hand(tmp_path) == []
    with Journal(tmp_path):
        assert living(tmp_path)
    assert not living(tmp_path)
    assert not (tmp_path / "recovery.lock").exists()


def test_spares_of_dead_processes_are_swept_away(tmp_path: Path) -> None:
    """Not those of living ones, none that may just have been made, and nothing else that is hidden there."""
    ages = {".old.journal": 20, ".held.journal": 20, ".young.journal": 5, ".old.other": 20, "old.journal": 20}
    for name, age in ages.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    (tmp_path / ".gone.journal").symlink_to("nowhere")
    with (tmp_path / ".held.journal").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        recover(tmp_path, Shelf())
    assert {path.name for path in tmp_path.iterdir()} - {".gone.journal", "recovery.lock"} == set(ages) - {
        ".old.journal"
    }
    assert files_at_hand(tmp_path) == []


def test_no_journal_is_nothing_to_settle(tmp_path: Path) -> None:
    """Reports work before the first start, and wait for nobody."""
    began = time.monotonic()
    assert settle(tmp_path / "none", Shelf()) == Recovered()
    assert time.monotonic() - began < 5
