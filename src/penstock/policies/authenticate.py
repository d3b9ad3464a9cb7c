"""Whose key, whose money: finds the gateway key and the caller's own provider credential in a request's head.

The first policy, before the body is read: a stranger must not make the gateway hold 32 MB. Denies by default. It
compares keyed hashes only and never keeps, logs or repeats a key.
"""

import time
from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

from penstock.core import ticket
from penstock.core.caller import Caller, Credential, KeyProfile, Secret, digest
from penstock.core.exchange import Answer, Exchange
from penstock.core.fault import FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.policy import Visit

# The ordinary slots, in the order in which they are looked at.
_SLOTS = (b"x-api-key", b"authorization", b"x-goog-api-key")

_TICKET = ticket.PARAMETER.encode() + b"="

Lookup = Callable[[str], KeyProfile | None]


class KeyRing:
    """The gateway keys in force, by digest. Looking one up takes the same time whether it is known or not."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper
        self._profiles: Mapping[str, KeyProfile] = {}
        self._identities: Mapping[str, KeyProfile] = {}

    def replace(self, profiles: Mapping[str, KeyProfile]) -> None:
        """From now on exactly these keys are known, by digest."""
        self._profiles = profiles
        self._identities = {profile.id: profile for profile in profiles.values()}

    def lookup(self, key: str) -> KeyProfile | None:
        """The profile of a key, or None. Only digests under the pepper are compared, never the key's own characters."""
        return self._profiles.get(digest(self._pepper, key))

    def ticketed(self, query: bytes, now: float) -> Caller | None:
        """Whoever began the upload that this query goes on with, if its ticket and its key are still good."""
        found = ticket.read(self._pepper, query, now)
        profile = None if found is None else self._identities.get(found.key_id)
        return None if found is None or profile is None else Caller(profile, bearer=found.own)


class Authenticate:
    """Fills ``exchange.caller``, or refuses with 401."""

    def __init__(self, keys: KeyRing, *, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    async def enter(self, exchange: Exchange) -> Answer | Visit | None:
        """Deny, unless the request holds a key that is known, or goes on with an upload that such a key began."""
        head = exchange.head
        if exchange.match.route.ticketed and _TICKET in head.query:
            exchange.caller = self._keys.ticketed(head.query, self._clock())
        if exchange.caller is None:
            exchange.caller = identify(head, self._keys.lookup)
        return None


def identify(head: RequestHead, lookup: Lookup) -> Caller:
    """The caller; FaultError 401 without a known gateway key.

    ``X-Penstock-Key`` first: then an ordinary credential beside it is the caller's own and goes up in its own header.
    Else the ordinary slot that holds a known key authenticates, and what the others hold is dropped.
    """
    ordinary = _ordinary(head)
    explicit = _text(head.get(b"x-penstock-key"))
    own = _text(head.get(b"x-provider-key"))
    own = own and own.removeprefix("Bearer ").strip()
    passed: Credential | None = None
    if explicit:
        profile = lookup(explicit)
        passed = next((_credential(slot, value) for slot, value in ordinary if lookup(value) is None), None)
    else:
        profile = next((found for _, value in ordinary if (found := lookup(value)) is not None), None)
    if profile is None:
        raise refuse(FaultKind.UNAUTHENTICATED, _words(bool(explicit or ordinary)))
    if own and lookup(own) is None:
        return Caller(profile, Credential(Secret(own), own=True))
    return Caller(profile, passed)


def _ordinary(head: RequestHead) -> list[tuple[bytes, str]]:
    found: list[tuple[bytes, str]] = []
    for slot in _SLOTS:
        value = _text(head.get(slot))
        if value and slot == b"authorization":
            scheme, _, token = value.partition(" ")
            value = token.strip() if scheme.lower() == "bearer" else None
        if value:
            found.append((slot, value))
    query = head.query
    if b"key=" in query:
        for part in query.split(b"&"):
            name, _, value_bytes = part.partition(b"=")
            if name == b"key" and value_bytes:
                found.append((b"x-goog-api-key", unquote_plus(value_bytes.decode("latin-1"))))
    return found


def _credential(slot: bytes, value: str) -> Credential:
    return Credential(Secret(value), own=True, header=slot)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1").strip()


def _words(presented: bool) -> str:  # noqa: FBT001 - one private caller
    if presented:
        return "This gateway does not know the key that was sent. Check it, or ask your operator for a new one."
    return (
        "No gateway key was sent. Put it where your client puts its API key: x-api-key, Authorization: Bearer or "
        "x-goog-api-key; or in X-Penstock-Key."
    )
