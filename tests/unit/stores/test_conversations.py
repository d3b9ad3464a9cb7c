"""How conversations were decided: remembered over restarts, shared by processes, bounded, forgotten in time."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from penstock.core.terseness import Arm, Decided, Intensity, Placement
from penstock.stores.conversations import KEPT_SECONDS, MOST, Conversations
from penstock.stores.database import open_database

FULL = Decided(Intensity.FULL, Arm.TREATED, "default", "full-1", Placement.LAST, "code")
LEFT = Decided(Intensity.FULL, Arm.CONTROL, "default", "full-1")
OFF = Decided(Intensity.OFF, Arm.EXEMPT, "creative")


@contextmanager
def opened(path: Path, period: float = 60, most: int = MOST) -> Iterator[Conversations]:
    engine = open_database(path)
    memory = Conversations(engine, period=period, most=most)
    try:
        yield memory
    finally:
        memory.close()
        engine.dispose()


def soon(holds: Callable[[], bool], seconds: float = 5) -> bool:
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.01)
    return holds()


def test_a_decision_outlives_the_process(tmp_path: Path) -> None:
    """What was decided, and the words that it names, are there after a restart, and nothing else is."""
    with opened(tmp_path / "x.db") as memory:
        memory.keep_words("full-1", "Be brief.")
        memory.keep_words("lite-1", "never used")
        memory.keep("a", FULL, "key:1")
        memory.keep("b", OFF, "key:1")
    with opened(tmp_path / "x.db") as memory:
        assert [memory.recall(name) for name in "abc"] == [FULL, OFF, None]
        assert [memory.words(version) for version in ("full-1", "lite-1")] == ["Be brief.", None]
        assert [memory.follows(tenant) for tenant in ("key:1", "key:2")] == [True, False]


def test_another_process_hears_of_it(tmp_path: Path) -> None:
    """A decision of one process is another's within a period; of two decisions the first that was written stands."""
    with opened(tmp_path / "x.db", 0.02) as one, opened(tmp_path / "x.db", 0.02) as other:
        one.keep_words("full-1", "Be brief.")
        one.keep("a", FULL, "key:1")
        assert soon(lambda: other.recall("a") == FULL)
        assert other.words("full-1") == "Be brief."
        other.keep("a", FULL, "key:1")
    with opened(tmp_path / "x.db") as one, opened(tmp_path / "x.db") as other:
        one.keep("b", FULL, "key:1")
        other.keep("b", LEFT, "key:1")
    with opened(tmp_path / "x.db") as memory:
        assert memory.recall("b") == LEFT, "the other was closed first, and wrote first"


def test_a_decision_that_is_taken_anew_replaces_the_old_one_everywhere(tmp_path: Path) -> None:
    """Not only in the process that took it."""
    with opened(tmp_path / "x.db", 0.02) as one, opened(tmp_path / "x.db", 0.02) as other:
        one.keep("a", OFF, "key:1")
        assert soon(lambda: other.recall("a") == OFF)
        one.keep("a", FULL, "key:1")
        assert one.recall("a") == FULL
        assert soon(lambda: other.recall("a") == FULL)
        assert one.recall("a") == FULL


def test_the_oldest_go(tmp_path: Path) -> None:
    """Memory and database hold so many; the database forgets what was not heard of for some days."""
    with opened(tmp_path / "x.db", most=5) as memory:
        for number in range(8):
            memory.keep(str(number), FULL, "key:1")
        assert [memory.recall(str(number)) is None for number in range(8)] == [True] * 3 + [False] * 5
    with sqlite3.connect(tmp_path / "x.db") as database:
        database.execute(
            "UPDATE conversations SET used = ? WHERE beginning = '6'", [int(time.time()) - KEPT_SECONDS - 9]
        )
    with opened(tmp_path / "x.db", most=5):
        pass
    with sqlite3.connect(tmp_path / "x.db") as database:
        left = [row[0] for row in database.execute("SELECT beginning FROM conversations ORDER BY number")]
    assert left == ["3", "4", "5", "7"]


def test_a_database_that_is_away_costs_nothing(tmp_path: Path) -> None:
    """Decisions are taken and remembered while nothing can be written, and written once it can."""
    with opened(tmp_path / "x.db", 0.05) as memory:
        blocking = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
        blocking.execute("BEGIN EXCLUSIVE")
        memory.keep("a", FULL, "key:1")
        assert memory.recall("a") == FULL
        blocking.execute("ROLLBACK")
        blocking.close()
    with opened(tmp_path / "x.db") as memory:
        assert memory.recall("a") == FULL


def test_keys_that_idled_are_known(tmp_path: Path) -> None:
    """Whose conversations may have begun unseen."""
    with opened(tmp_path / "x.db") as memory:
        memory.idled("key_1")
        assert (memory.was_idle("key_1"), memory.was_idle("key_2")) == (True, False)
