"""Suspended levels: looked up in memory, heard of by every process, lifted by name, kept after their end."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Engine

from penstock.core.terseness import Arm, Intensity
from penstock.stores.ledger import Ledger
from penstock.stores.site import Site
from penstock.stores.suspensions import Evidence, Suspension, Suspensions
from tests.support.books import entry
from tests.support.treated import conversations

LOST = Suspension(
    key="key_1",
    key_name="alice",
    model="m",
    intensity="full",
    since=1_795_000_000,
    reason="loses money",
    guard=None,
    found=Evidence(-0.2, -0.3, None, 300, 100, 1_794_000_000.0, 1_795_000_000.0, ("full-1",)),
)
FULL = Intensity.FULL


@contextmanager
def opened(site: Site) -> Iterator[Suspensions]:
    engine = site.open()
    store = Suspensions(engine)
    store.refresh()
    try:
        yield store
    finally:
        engine.dispose()


def test_what_is_suspended_is_exactly_that(site: Site) -> None:
    """One level of one key for one model; in another process once it has looked."""
    with opened(site) as one, opened(site) as other:
        assert not one.held("key_1", "m", FULL)
        assert one.suspend(LOST, time.time())
        assert not other.held("key_1", "m", FULL)
        other.refresh()
        assert other.held("key_1", "m", FULL)
        for key, model, intensity in (("key_2", "m", FULL), ("key_1", "n", FULL), ("key_1", "m", Intensity.LITE)):
            assert not other.held(key, model, intensity)
    with opened(site) as again:
        assert again.held("key_1", "m", FULL)
        assert again.rows() == [LOST]


def test_what_is_suspended_is_not_suspended_again(site: Site) -> None:
    """The first time stands, with what was measured then."""
    with opened(site) as store:
        assert store.suspend(LOST, time.time())
        assert not store.suspend(msgspec.structs.replace(LOST, since=LOST.since + 9), time.time())
        assert store.rows() == [LOST]


def test_an_operator_lifts_it_by_the_keys_name_or_id(site: Site) -> None:
    """And is told when there was nothing to lift; the row stays, with its time."""
    for given, ahead in (("alice", 0), ("key_1", 60)):
        with opened(site) as store:
            store.suspend(LOST, time.time() + ahead)
            assert not store.lift("bob", "m", "full")
            assert not store.lift(given, "m", "lite")
            before = time.time()
            found = store.lift(given, "m", "full")
            assert [one.level for one in found] == [LOST.level]
            assert before <= (found[0].lifted or 0) < before + 3
            assert store.rows() == found
            assert store.lifted() == {LOST.level: found[0].lifted}
            store.refresh()
            assert not store.held("key_1", "m", FULL)
            assert not store.lift(given, "m", "full")


def test_a_judgement_that_began_before_the_lifting_does_not_count(site: Site) -> None:
    """Who lifts a level while the books are read is not overruled by what was read; a later judgement may."""
    with opened(site) as store:
        began = time.time()
        store.suspend(LOST, began)
        store.lift("alice", "m", "full")
        assert not store.suspend(LOST, began)
        assert not store.held("key_1", "m", FULL)
        assert store.suspend(LOST, began + 60)
        store.refresh()
        assert store.held("key_1", "m", FULL)
        assert store.lifted() == {}


def test_the_latest_treated_exchange_is_known(engine: Engine) -> None:
    """Without any there is nothing to judge; others do not count."""
    store, ledger = Suspensions(engine), Ledger(engine)
    assert store.latest_treated(0) is None
    ledger.append([*conversations(Arm.CONTROL, 2, 100, at=1e9), entry("undecided")])
    assert store.latest_treated(0) is None
    ledger.append([*conversations(Arm.TREATED, 3, 100, at=1e9), entry("later")])
    assert store.latest_treated(1e9) == 1e9 + 2
    assert store.latest_treated(1e9 + 3) is None
