"""How conversations were decided: remembered over restarts, shared by processes, bounded, forgotten in time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, select, update

from penstock.core.terseness import Arm, Decided, Intensity, Placement
from penstock.stores.conversations import KEPT_SECONDS, MOST, Conversations
from penstock.stores.schema import conversations
from penstock.stores.site import Site
from penstock.stores.turns import writing

FULL = Decided(Intensity.FULL, Arm.TREATED, "default", "full-1", Placement.LAST, "code")
LEFT = Decided(Intensity.FULL, Arm.CONTROL, "default", "full-1")
OFF = Decided(Intensity.OFF, Arm.EXEMPT, "creative")


@contextmanager
def opened(site: Site, period: float = 60, most: int = MOST) -> Iterator[Conversations]:
    engine = site.open()
    memory = Conversations(engine, period=period, most=most)
    try:
        yield memory
    finally:
        memory.close()
        engine.dispose()


def soon(holds: Callable[[], bool], seconds: float = 30) -> bool:
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.01)
    return holds()


def test_a_decision_outlives_the_process(site: Site) -> None:
    """What was decided, and the words that it names, are there after a restart, and nothing else is."""
    with opened(site) as memory:
        memory.keep_words("full-1", "Be brief.")
        memory.keep_words("lite-1", "never used")
        memory.keep("a", FULL, "key:1")
        memory.keep("b", OFF, "key:1")
    with opened(site) as memory:
        assert [memory.recall(name) for name in "abc"] == [FULL, OFF, None]
        assert [memory.words(version) for version in ("full-1", "lite-1")] == ["Be brief.", None]
        assert [memory.follows(tenant) for tenant in ("key:1", "key:2")] == [True, False]


def test_another_process_hears_of_it(site: Site) -> None:
    """A decision of one process is another's within a period; of two decisions the first that was written stands."""
    with opened(site, 0.02) as one, opened(site, 0.02) as other:
        one.keep_words("full-1", "Be brief.")
        one.keep("a", FULL, "key:1")
        assert soon(lambda: other.recall("a") == FULL)
        assert other.words("full-1") == "Be brief."
        other.keep("a", FULL, "key:1")
    with opened(site) as one, opened(site) as other:
        one.keep("b", FULL, "key:1")
        other.keep("b", LEFT, "key:1")
    with opened(site) as memory:
        assert memory.recall("b") == LEFT, "the other was closed first, and wrote first"


def test_a_decision_that_is_taken_anew_replaces_the_old_one_everywhere(site: Site) -> None:
    """Not only in the process that took it."""
    with opened(site, 0.02) as one, opened(site, 0.02) as other:
        one.keep("a", OFF, "key:1")
        assert soon(lambda: other.recall("a") == OFF)
        one.keep("a", FULL, "key:1")
        assert one.recall("a") == FULL
        assert soon(lambda: other.recall("a") == FULL)
        assert one.recall("a") == FULL


def test_the_oldest_go(site: Site, engine: Engine) -> None:
    """Memory and database hold so many; the database forgets what was not heard of for some days."""
    with opened(site, most=5) as memory:
        for number in range(8):
            memory.keep(str(number), FULL, "key:1")
        assert [memory.recall(str(number)) is None for number in range(8)] == [True] * 3 + [False] * 5
    long_ago = int(time.time()) - KEPT_SECONDS - 9
    with engine.begin() as database:
        database.execute(update(conversations).where(conversations.c.beginning == "6").values(used=long_ago))
    with opened(site, most=5):
        pass
    with engine.connect() as database:
        left = database.execute(select(conversations.c.beginning).order_by(conversations.c.number)).scalars().all()
    assert left == ["3", "4", "5", "7"]


def test_a_database_that_is_away_costs_nothing(site: Site, engine: Engine) -> None:
    """Decisions are taken and remembered while nothing can be written, and written once it can."""
    with opened(site, 0.05) as memory, writing(engine, "conversations").begin():
        memory.keep("a", FULL, "key:1")
        assert memory.recall("a") == FULL
    with opened(site) as memory:
        assert memory.recall("a") == FULL


def test_keys_that_idled_are_known(site: Site) -> None:
    """Whose conversations may have begun unseen."""
    with opened(site) as memory:
        memory.idled("key_1")
        assert (memory.was_idle("key_1"), memory.was_idle("key_2")) == (True, False)
