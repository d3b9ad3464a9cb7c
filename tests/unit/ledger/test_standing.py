"""What a copy of the journal tells: every exchange that is over, whoever writes meanwhile, and nothing is changed."""

import fcntl
import os
from pathlib import Path

from penstock.core.entry import Entry, Opened
from penstock.ledger.journal import Journal
from penstock.ledger.records import SUFFIX
from penstock.ledger.standing import standing
from tests.support.books import entry, opened

SMALL = 16 * 1024


def told(folder: Path) -> dict[str, str]:
    """How each exchange ended, by its name."""
    found = [(one.opened.id, one.outcome) for one in standing(folder)]
    assert len(dict(found)) == len(found)
    return dict(found)


def left(folder: Path, *, closed: int = 1, under_way: int = 1, name: str = "") -> list[Path]:
    """A journal whose process is gone; the segments that it left, oldest first."""
    before = set(folder.glob(f"[0-9a-f]*{SUFFIX}")) if folder.is_dir() else set()
    with Journal(folder, segment_bytes=SMALL) as journal:
        for number in range(under_way):
            journal.opened(opened(f"{name}cut {number}"))
        for number in range(closed):
            journal.opened(opened(f"{name}{number}"))
            journal.closed(entry(f"{name}{number}"))
    return sorted(set(folder.glob(f"[0-9a-f]*{SUFFIX}")) - before)


def test_without_a_folder_there_is_nothing_to_tell(tmp_path: Path) -> None:
    """Nor in an empty one."""
    assert list(standing(tmp_path / "none")) == []
    assert list(standing(tmp_path)) == []


def test_a_dead_process_has_ended_all_its_exchanges(tmp_path: Path) -> None:
    """Those that were under way were killed, also where others were closed some segments later."""
    paths = left(tmp_path / "j", closed=60, under_way=2)
    assert len(paths) > 1
    before = {path: path.read_bytes() for path in paths}
    assert told(tmp_path / "j") == {
        **{str(number): "served" for number in range(60)},
        "cut 0": "killed",
        "cut 1": "killed",
    }
    assert {path: path.read_bytes() for path in (tmp_path / "j").iterdir()} == before


def test_who_asks_says_how_a_killed_one_ended(tmp_path: Path) -> None:
    """With what the journal knows of it."""

    def ending(record: Opened) -> Entry:
        return entry(record.id, outcome="ours", bytes_out=record.bytes_in)

    left(tmp_path, closed=0)
    assert [(one.opened.id, one.outcome, one.bytes_out) for one in standing(tmp_path, ending)] == [
        ("cut 0", "ours", 18_234)
    ]


def test_what_a_living_process_has_under_way_is_not_over(tmp_path: Path) -> None:
    """It is beside what a dead one left, which is."""
    left(tmp_path, name="dead ")
    with Journal(tmp_path) as journal:
        journal.opened(opened("1"))
        journal.closed(entry("1"))
        journal.opened(opened("2"))
        assert told(tmp_path) == {"dead 0": "served", "dead cut 0": "killed", "1": "served"}


def test_one_held_segment_is_enough_for_a_process_to_live(tmp_path: Path) -> None:
    """Whoever brings its journal in holds them one after another."""
    first, *_, last = left(tmp_path, closed=60)
    for path in (first, last):
        with path.open() as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            assert "cut 0" not in told(tmp_path)
    assert told(tmp_path)["cut 0"] == "killed"


def test_two_may_look_at_once(tmp_path: Path) -> None:
    """A look is no ownership."""
    (path,) = left(tmp_path)
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert told(tmp_path) == {"0": "served", "cut 0": "killed"}


def test_what_goes_into_the_database_meanwhile_is_not_missed(tmp_path: Path) -> None:
    """A segment that is deleted after the folder was listed is in the database, with all that was under way."""
    *_, last = left(tmp_path / "a", closed=60)
    found = standing(tmp_path / "a")
    assert next(found).opened.id == "0"
    last.unlink()
    # Dead when it was looked at. The database has what else there is, and takes no exchange twice.
    assert "cut 0" in {one.opened.id for one in found}
    first, *_ = left(tmp_path / "b", name="b", under_way=0)
    *_, later = left(tmp_path / "b", name="c", closed=60)
    assert first.name < later.name
    found = standing(tmp_path / "b")
    assert next(found).opened.id == "b0"
    later.unlink()
    # Gone before it was looked at: somebody is bringing that journal in.
    rest = {one.opened.id for one in found}
    assert "c0" in rest
    assert "ccut 0" not in rest


def test_looking_holds_no_file(tmp_path: Path) -> None:
    """A journal of many segments must not use up what a process may have open."""
    left(tmp_path, closed=60)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        list(standing(tmp_path))
    assert len(os.listdir("/proc/self/fd")) < before + 20
