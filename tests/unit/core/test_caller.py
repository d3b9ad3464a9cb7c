"""Who calls: what may be shown of it, and what is kept in a key's place."""

import hashlib

from penstock.core.caller import KeyProfile, Secret, digest


def test_a_secret_never_shows_itself() -> None:
    """Neither in a log nor in an error; it can be compared and looked up."""
    secret = Secret("sk-1")
    assert f"{secret} {secret!r} {[secret]}" == "Secret(…) Secret(…) [Secret(…)]"
    assert {secret: 1}[Secret("sk-1")] == 1
    assert len({secret, Secret("sk-1"), Secret("sk-2")}) == 2
    assert secret != "sk-1"
    assert hash(secret) != hash(Secret("sk-2"))


def test_a_keys_digest_is_keyed() -> None:
    """BLAKE2b of 32 bytes under the pepper: it is kept, so it must never come out otherwise."""
    kept = hashlib.blake2b(b"pnst-1", key=b"pepper", digest_size=32).hexdigest()
    assert digest(b"pepper", "pnst-1") == kept
    assert digest(b"other", "pnst-1") != kept
    assert len(digest(b"pepper", "half a letter \udcff")) == 64


def test_things_belong_to_the_team_or_to_the_key_alone() -> None:
    """A team's keys share what they made."""
    assert [KeyProfile("key_1", "x", team).tenant for team in ("red", None)] == ["team:red", "key:key_1"]
