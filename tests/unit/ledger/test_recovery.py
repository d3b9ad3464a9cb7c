"""What dead processes left is taken over once, by one; what living ones have is left alone."""

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from penstock.core.books import BooksError
from penstock.core.entry import Entry, Opened
from penstock.ledger.journal import Journal
from penstock.ledger.records import read
from penstock.ledger.recovery import Recovered, killed, recover, settle
from tests.support.books import entry, opened, used


class Shelf:
    """Books in memory; takes each entry once, as a database does, and remembers every one it was handed."""

    def __init__(self, refuses: int = 0) -> None:
        self.entries: dict[str, Entry] = {}
        self.handed = 0
        self.refuses = refuses

    def append(self, some: Sequence[Entry]) -> None:
        if self.refuses:
            self.refuses -= 1
            raise BooksError("not now")
        self.handed += len(some)
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
    assert "torn" in caplog.text
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


def test_no_journal_is_nothing_to_settle(tmp_path: Path) -> None:
    """Reports work before the first start."""
    assert settle(tmp_path / "none", Shelf()) == Recovered()
