"""What a conversation is known by: a keyed hash of how it begins, within its tenant.

The same on every turn, in every process and after every restart, because it is made of nothing else than what each of
the conversation's requests says again. Pure.
"""

import hashlib

_DIGEST_BYTES = 16
_KEY_BYTES = 64


class Beginnings:
    """Hashes under one installation's secret: who has the database can't tell what a conversation began with."""

    def __init__(self, secret: bytes) -> None:
        self._key = secret[:_KEY_BYTES]

    def of(self, tenant: str, dialect: str, fingerprint: bytes) -> str:
        """The hash of a conversation that is sent whole with each request."""
        return self._hash(tenant, dialect, fingerprint)

    def following(self, tenant: str, name: str) -> str:
        """The hash of one that goes on at the provider, from an object of this name."""
        return self._hash(tenant, "", name.encode("utf-8", "surrogatepass"))

    def percentile(self, beginning: str) -> float:
        """0 to 100, always the same for a conversation, and as good as chance over many."""
        drawn = hashlib.blake2b(beginning.encode(), key=self._key, digest_size=8, person=b"holdout").digest()
        return int.from_bytes(drawn, "big") / 2**64 * 100

    def _hash(self, tenant: str, kind: str, text: bytes) -> str:
        whole = hashlib.blake2b(text, key=self._key, digest_size=_DIGEST_BYTES, person=b"conversation")
        # Neither has a zero byte in it; what came before is of any length.
        whole.update(f"\0{kind}\0{tenant}".encode("utf-8", "surrogatepass"))
        return whole.hexdigest()
