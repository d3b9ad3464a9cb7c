"""The keys in force, kept up to date: each look hands over what has become different since the one before."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from penstock.core.caller import digest
from penstock.core.inheriting import Heritage, Standard, Terms
from penstock.core.quota_text import QuotaError, write
from penstock.stores.keys import KeyStore, KeyTerms
from penstock.stores.site import Site
from penstock.stores.subjects import Subjects
from penstock.stores.terms import SubjectTerms

pytestmark = pytest.mark.slow

HERITAGE = Heritage(Standard(each_team=("10 rpm",)))


@pytest.fixture
def store(site: Site) -> Iterator[KeyStore]:
    with contextlib.closing(KeyStore(*site)) as store:
        yield store


def quotas(store: KeyStore, heritage: Heritage = HERITAGE) -> dict[str, list[str]]:
    """Of the keys that a look hands over."""
    found = store.renew(heritage).profiles.values()
    return {profile.name: [write(quota) for quota in profile.quotas] for profile in found}


def test_a_look_hands_over_what_has_changed(store: KeyStore) -> None:
    """All keys at first; then the one that was made, changed, rotated or revoked; then nothing."""
    first = store.create("one", prefix="pk_")
    assert store.renew(HERITAGE).whole
    store.create("two", prefix="pk_", terms=KeyTerms(quotas=("1k tokens per day",)))
    assert quotas(store) == {"two": ["1k tokens per day"]}
    store.change("two", KeyTerms(team="red"))
    assert quotas(store) == {"two": ["10 requests per minute"]}
    second = store.rotate("one", prefix="pk_", grace=60)
    found = store.renew(HERITAGE)
    both = {digest(store.pepper, made.key.reveal()) for made in (first, second)}
    assert (set(found.profiles), list(found.gone), found.whole) == (both, [], False)
    store.revoke("one")
    found = store.renew(HERITAGE)
    assert (found.profiles, set(found.gone)) == ({}, both)
    found = store.renew(HERITAGE)
    assert (found.profiles, found.gone) == ({}, [])


def test_rotation_without_grace_ends_the_old_secret(store: KeyStore) -> None:
    """In the very look that brings the new one."""
    old = store.create("one", prefix="pk_")
    store.renew(HERITAGE)
    new = store.rotate("one", prefix="pk_", grace=0)
    found = store.renew(HERITAGE)
    assert (list(found.profiles), found.gone) == (
        [digest(store.pepper, new.key.reveal())],
        [digest(store.pepper, old.key.reveal())],
    )


def test_what_is_changed_of_a_team_or_user_reaches_its_keys(store: KeyStore) -> None:
    """And no other's; a team that is removed leaves its keys as they are without it."""
    store.create("ada", prefix="pk_", terms=KeyTerms(team="red", owner="Ada"))
    store.create("bob", prefix="pk_", terms=KeyTerms(team="blue"))
    teams, users = Subjects(store.engine, "team"), Subjects(store.engine, "user")
    assert set(quotas(store)) == {"ada", "bob"}
    with store.writing() as on:
        teams.put("red", SubjectTerms(quotas=("1k tokens per day",)), on)
    assert quotas(store) == {"ada": ["1k tokens per day", "10 requests per minute"]}
    with store.writing() as on:
        users.put("Ada", SubjectTerms(quotas=("8 requests at once",)), on)
    assert quotas(store) == {"ada": ["8 requests at once", "1k tokens per day", "10 requests per minute"]}
    with store.writing() as on:
        teams.remove("red", on)
    assert quotas(store) == {"ada": ["8 requests at once", "10 requests per minute"]}
    assert quotas(store) == {}


def test_the_end_of_a_key_or_of_a_secret_is_noticed(store: KeyStore) -> None:
    """Without anybody writing to the database."""
    now = int(time.time())
    store.create("brief", prefix="pk_", terms=KeyTerms(expires=now + 2))
    old = store.create("rotating", prefix="pk_")
    new = store.rotate("rotating", prefix="pk_", grace=1)
    assert len(store.renew(HERITAGE).profiles) == 3
    assert store.changed()
    assert not store.changed()
    time.sleep(max(0, now + 3 - time.time()))
    assert store.changed()
    found = store.renew(HERITAGE)
    assert list(found.profiles) == [digest(store.pepper, new.key.reveal())]
    assert digest(store.pepper, old.key.reveal()) in found.gone
    assert len(found.gone) == 2
    assert not store.changed()


def test_other_settings_are_worked_out_for_all_keys(store: KeyStore) -> None:
    """What stands in the file holds for every key."""
    for name in ("one", "two"):
        store.create(name, prefix="pk_", terms=KeyTerms(team="red"))
    quotas(store)
    after = Heritage(Standard(all=("5 rpm",)), teams={"red": Terms(quotas=("7 rpd",))})
    assert quotas(store, after) == {key: ["7 requests per day", "5 requests per minute"] for key in ("one", "two")}


def test_what_can_not_be_read_is_tried_again(store: KeyStore) -> None:
    """A quota of a later release, say: the look fails, and nothing is taken for seen."""
    store.create("one", prefix="pk_")
    store.renew(HERITAGE)
    store.change("one", KeyTerms(quotas=("7 moons per day",)))
    for _ in range(2):
        with pytest.raises(QuotaError):
            store.renew(HERITAGE)
    store.change("one", KeyTerms(quotas=("7 rpd",)))
    assert quotas(store) == {"one": ["7 requests per day"]}


def test_two_processes_that_write_at_once_take_their_turns(site: Site) -> None:
    """Each change has its own number, and is seen by whoever looks afterwards."""
    with contextlib.closing(KeyStore(*site)) as one, contextlib.closing(KeyStore(*site)) as other:
        one.renew(HERITAGE)
        for number in range(5):
            one.create(f"one-{number}", prefix="pk_")
            other.create(f"other-{number}", prefix="pk_")
            assert set(quotas(one)) == {f"one-{number}", f"other-{number}"}
