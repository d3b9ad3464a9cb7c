"""Who tells that a quota runs low: one of all processes, once for each share and span, and another where it ends."""

from sqlalchemy import Engine

from penstock.stores.site import Site
from penstock.stores.warnings import HELD_SECONDS, Noted, Waiting, Warnings

DAY = 86_400
ENDS = 1_000
NEW, KNOWN, FULL = Noted.NEW, Noted.KNOWN, Noted.FULL


def test_one_of_several_tells_it(site: Site, engine: Engine) -> None:
    """The first that notes it; another share, and the same one of the next span, are told anew."""
    other = site.open()
    one, two = Warnings(engine), Warnings(other)
    assert [store.note("c", 80, ENDS, "m", 10.0) for store in (one, two, one)] == [NEW, KNOWN, KNOWN]
    assert two.note("c", 100, ENDS, "m", 10.0) is NEW
    assert one.note("d", 80, ENDS, "m", 10.0) is NEW
    assert two.note("c", 80, ENDS, "m", ENDS + 2.0 * DAY) is NEW
    other.dispose()


def test_a_message_is_one_takers_until_it_is_told(site: Site, engine: Engine) -> None:
    """Nobody else gets it while it is held; once it was told nobody does, and nobody notes it again."""
    other = site.open()
    one, two = Warnings(engine), Warnings(other)
    one.note("c", 80, ENDS, "words", 10.0)
    assert [*two.take(8, 10.0)] == [Waiting("c", 80, "words", 1)]
    assert [*one.take(8, 10.0), *two.take(8, 10.0 + HELD_SECONDS - 1)] == []
    two.told(Waiting("c", 80, "words", 1))
    assert [*one.take(8, 10.0 + HELD_SECONDS)] == []
    assert one.note("c", 80, ENDS, "words", 20.0) is KNOWN
    other.dispose()


def test_who_ends_while_it_tells_leaves_it_to_others(site: Site, engine: Engine) -> None:
    """After a while the next one has it; what the first does then too late puts nothing off."""
    other = site.open()
    one, two = Warnings(engine), Warnings(other)
    one.note("c", 80, ENDS, "words", 10.0)
    (lost,) = one.take(8, 10.0)
    assert [*two.take(8, 10.0 + HELD_SECONDS)] == [Waiting("c", 80, "words", 2)]
    one.put_off(lost, 20.0)
    assert [*one.take(8, 10.0 + HELD_SECONDS)] == []
    one.told(lost)
    assert [*two.take(8, 10.0 + 3 * HELD_SECONDS)] == []
    other.dispose()


def test_what_is_put_off_waits_for_its_time(engine: Engine) -> None:
    """In the order in which it is due; not beyond a day after its span."""
    store = Warnings(engine)
    for name in ("a", "b", "c"):
        store.note(name, 80, ENDS, name, 10.0)
    first, second, third = store.take(8, 10.0)
    for one, due in ((first, 40.0), (second, 30.0), (third, 5_000.0)):
        store.put_off(one, due)
    assert [*store.take(8, 29.0)] == []
    assert [one.message for one in store.take(1, 40.0)] == [second.message]
    assert [one.message for one in store.take(8, 40.0)] == [first.message]
    assert sorted(one.message for one in store.take(8, 5_000.0)) == ["a", "b", "c"]
    assert [*store.take(8, ENDS + 2.0 * DAY)] == []


def test_no_more_wait_than_the_bound(engine: Engine) -> None:
    """One more is not kept, and is new once another was told."""
    store = Warnings(engine, most=3)
    noted = [store.note(f"c{number}", 80, ENDS, "m", 10.0) for number in range(5)]
    assert noted == [NEW] * 3 + [FULL] * 2
    assert store.note("c0", 80, ENDS, "m", 10.0) is KNOWN
    (one,) = store.take(1, 10.0)
    assert store.note("more", 80, ENDS, "m", 10.0) is FULL
    store.told(one)
    assert store.note("more", 80, ENDS, "m", 10.0) is NEW
