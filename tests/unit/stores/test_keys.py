"""Keys in the database: what the earlier schema held is kept, and what a rotation leaves is exact."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from penstock.core.caller import digest
from penstock.stores.keys import KeyStore, KeyTerms, UnknownKeyError
from penstock.stores.pepper import read_pepper
from penstock.stores.site import Site
from tests.support.migrations import migrate


@pytest.fixture
def store(site: Site) -> Iterator[KeyStore]:
    made = KeyStore(*site)
    yield made
    made.close()


def test_a_key_of_the_first_schema_still_works(new_site: Site) -> None:
    """The secret moves to its own table; name, team, expiry and the key itself stay good."""
    pepper = read_pepper(new_site.folder)
    migrate(new_site, "0001")
    later = int(time.time()) + 1000
    row = {
        "id": "key_1", "name": "laptop", "team": "red", "owner": "ada", "label": "mine", "prefix": "pk_live_abcdef",
        "digest": digest(pepper, "pk_live_abcdefgh"), "require": True, "created": 7, "expires": later,
    }  # fmt: skip
    engine = new_site.connect()
    with engine.begin() as connection:
        names = ", ".join(f":{name}" for name in row)
        connection.execute(text(f"INSERT INTO keys VALUES ({names}, NULL)"), row)
    engine.dispose()
    store = KeyStore(*new_site)
    profile = store.profiles()[digest(pepper, "pk_live_abcdefgh")]
    assert (profile.id, profile.name, profile.team, profile.require_provider_key) == ("key_1", "laptop", "red", True)
    found = store.find("laptop")
    assert (found.terms.owner, found.terms.label, found.terms.expires, found.created) == ("ada", "mine", later, 7)
    assert [secret.prefix for secret in found.secrets] == ["pk_live_abcdef"]
    store.close()


def test_the_way_back_keeps_the_newest_secret(site: Site, engine: Engine) -> None:
    """An operator who goes back a release keeps the keys that can be kept."""
    store = KeyStore(*site)
    store.create("laptop", prefix="pk_")
    newest = store.rotate("laptop", prefix="pk_", grace=60).key.reveal()
    pepper = store.pepper
    store.close()
    migrate(site, "0001", back=True)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, digest FROM keys")).all()
    assert rows == [("laptop", digest(pepper, newest))]


def test_a_secret_never_works_longer_than_it_was_to(store: KeyStore) -> None:
    """A second rotation with a long grace does not give the first secret more time; a short one cuts it."""
    store.create("laptop", prefix="pk_")
    store.rotate("laptop", prefix="pk_", grace=100)
    ends = store.find("laptop").secrets[-1].expires
    store.rotate("laptop", prefix="pk_", grace=100_000)
    assert ends in [secret.expires for secret in store.find("laptop").secrets]
    store.rotate("laptop", prefix="pk_", grace=10)
    now = time.time()
    assert [secret.expires is None or secret.expires <= now + 11 for secret in store.find("laptop").secrets] == [
        True
    ] * 4


def test_a_key_that_expired_takes_its_rotated_secrets_along(store: KeyStore) -> None:
    """The key's own end counts, whatever grace a secret has."""
    store.create("laptop", prefix="pk_")
    store.rotate("laptop", prefix="pk_", grace=100)
    store.change("laptop", KeyTerms(expires=int(time.time()) - 1))
    assert store.profiles() == {}
    assert store.find("laptop").state(time.time()) == "expired"


def test_terms_reach_the_profile(store: KeyStore) -> None:
    """What the path holds a key to is what its operator wrote."""
    store.create("laptop", prefix="pk_", terms=KeyTerms(models=("claude-*",), routes=("messages.*", "models.*")))
    (profile,) = store.profiles().values()
    assert (profile.models, profile.routes) == (("claude-*",), ("messages.*", "models.*"))


def test_a_key_that_is_not_there_says_which_are(store: KeyStore) -> None:
    """Revoked ones are not offered."""
    for name in ("a", "b"):
        store.create(name, prefix="pk_")
    store.revoke("b")
    with pytest.raises(UnknownKeyError) as caught:
        store.find("c")
    assert caught.value.known == ("a",)


@pytest.mark.slow
def test_a_database_that_was_put_in_its_place_is_followed(tmp_path: Path) -> None:
    """Restored while the store is open: the keys are the other file's, once it has been still between two looks, though
    it is older; while there is no file the known ones stay."""
    before, after = tmp_path / "before", tmp_path / "after"
    with contextlib.closing(KeyStore(before)) as other:
        restored = other.create("restored", prefix="pk_")
    migrate(Site(before), "0003", back=True)
    with contextlib.closing(KeyStore(after)) as store:
        store.create("lost", prefix="pk_")
        assert store.changed()
        for path in after.glob("penstock.db*"):
            path.unlink()
        assert not store.changed()
        (before / "penstock.db").rename(after / "penstock.db")
        assert not store.changed()
        assert store.changed()
        assert [profile.id for profile in store.profiles().values()] == [restored.id]
        assert not store.changed()
        with contextlib.closing(KeyStore(after)) as elsewhere:
            elsewhere.create("made since", prefix="pk_")
        assert store.changed()
        assert {row.name for row in store.rows()} == {"restored", "made since"}
