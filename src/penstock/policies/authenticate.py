"""Whose key, whose money: finds the gateway key and the caller's own provider credential in a request's head.

The first policy, before the body is read: a stranger must not make the gateway hold 32 MB. Denies by default. It
compares keyed hashes only and never keeps, logs or repeats a key.
"""

import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from urllib.parse import unquote_plus

from penstock.core import ticket
from penstock.core.caller import Caller, Credential, KeyProfile, Secret, digest
from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.route import Route

# The ordinary slots, in the order in which they are looked at.
_SLOTS = (b"x-api-key", b"authorization", b"x-goog-api-key")

_TICKET = ticket.PARAMETER.encode() + b"="

# Where a gateway key may stand; none of these goes upstream as it came.
_OURS = frozenset((*_SLOTS, b"x-penstock-key", b"x-provider-key"))

# What a credential is made of. Anything else would end the header line that it goes up in, or be read as two.
_CREDENTIAL = re.compile(r"[!-~]+")

Lookup = Callable[[str], KeyProfile | None]


class KeyRing:
    """The gateway keys in force, by digest. Looking one up takes the same time whether it is known or not."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper
        self._profiles: dict[str, KeyProfile] = {}
        self._identities: dict[str, KeyProfile] = {}

    def replace(self, profiles: dict[str, KeyProfile], identities: dict[str, KeyProfile] | None = None) -> None:
        """From now on exactly these keys are known, by digest and by identity. The ring takes both for its own."""
        self._profiles = profiles
        self._identities = {profile.id: profile for profile in profiles.values()} if identities is None else identities

    @property
    def profiles(self) -> Collection[KeyProfile]:
        """The keys in force."""
        return self._profiles.values()

    def change(self, profiles: Mapping[str, KeyProfile], gone: Iterable[str]) -> None:
        """From now on these are known too, or otherwise than before, and what is ``gone`` no longer. All secrets of a
        key that is concerned must be named."""
        for name in gone:
            profile = self._profiles.pop(name, None)
            if profile is not None:
                self._identities.pop(profile.id, None)
        self._profiles.update(profiles)
        self._identities.update((profile.id, profile) for profile in profiles.values())

    def lookup(self, key: str) -> KeyProfile | None:
        """The profile of a key, or None. Only digests under the pepper are compared, never the key's own characters."""
        return self._profiles.get(digest(self._pepper, key))

    def known(self, identity: str) -> KeyProfile | None:
        """The profile of the key with this identity, if it is in force."""
        return self._identities.get(identity)

    def ticketed(self, query: bytes, now: float) -> Caller | None:
        """Whoever began the upload that this query goes on with, if its ticket and its key are still good."""
        found = ticket.read(self._pepper, query, now)
        profile = None if found is None else self._identities.get(found.key_id)
        return None if found is None or profile is None else Caller(profile, bearer=found.own)


class Authenticate:
    """Fills ``exchange.caller``, or refuses with 401."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def concerns(self, route: Route) -> bool:
        """All of them."""
        del route
        return True

    async def enter(self, exchange: Exchange) -> Answer | Visit | None:
        """Deny, unless the request holds a key that is known, or goes on with an upload that such a key began."""
        head = exchange.head
        if exchange.match.route.ticketed and _TICKET in head.query:
            exchange.caller = self._keys.ticketed(head.query, time.time())
        if exchange.caller is None:
            exchange.caller = identify(head, self._keys.lookup)
        return None


def identify(head: RequestHead, lookup: Lookup) -> Caller:
    """The caller; FaultError 401 without a known gateway key.

    ``X-Penstock-Key`` first: then an ordinary credential beside it is the caller's own and goes up in its own header.
    Else the ordinary slot that holds a known key authenticates, and what the others hold is dropped.
    """
    ordinary = _ordinary(head)
    explicit = _text(head, b"x-penstock-key")
    presented = [explicit] if explicit else [value for _, value in ordinary]
    for key in presented:
        profile = lookup(key)
        if profile is not None:
            break
    else:
        raise refuse(FaultKind.UNAUTHENTICATED, _words(bool(presented)))
    _refuse_copies(head, key)
    own = _provider_key(head)
    if own and lookup(own) is None:
        return Caller(profile, _credential(None, own, key))
    if explicit:
        passed = next((pair for pair in ordinary if lookup(pair[1]) is None), None)
        return Caller(profile, None if passed is None else _credential(*passed, key))
    return Caller(profile)


def _provider_key(head: RequestHead) -> str | None:
    own = _text(head, b"x-provider-key")
    if own and own[:7].lower() == "bearer ":
        return own[7:].strip()
    return own


def _refuse_copies(head: RequestHead, key: str) -> None:
    """The key belongs into its slots alone: a copy anywhere else would go to the provider."""
    sought = key.encode("latin-1", "replace")
    elsewhere = False
    # Nearly every request holds its key once, in a header, and costs one search.
    if head.query or not head.distinct or b"\n".join(head.values).count(sought) != 1:
        elsewhere = any(sought in value and name not in _OURS for name, value in head.headers)
    if not elsewhere and head.query:
        kept = [part for part in head.query.decode("latin-1").split("&") if not _is_key(part)]
        elsewhere = key in unquote_plus("&".join(kept))
    if elsewhere:
        words = "The gateway key stands in a header or a query parameter that goes to the provider; take it out there."
        raise refuse(FaultKind.MALFORMED, words)


def _ordinary(head: RequestHead) -> list[tuple[bytes, str]]:
    found: list[tuple[bytes, str]] = []
    for slot in _SLOTS:
        value = _text(head, slot)
        if value and slot == b"authorization":
            scheme, _, token = value.partition(" ")
            value = token.strip() if scheme.lower() == "bearer" else None
        if value:
            found.append((slot, value))
    query = head.query
    if b"key=" in query or b"%" in query:
        for part in query.decode("latin-1").split("&"):
            name, _, value = part.partition("=")
            if value and _is_key(name):
                found.append((b"x-goog-api-key", unquote_plus(value)))
    return found


def _is_key(parameter: str) -> bool:
    """Whether this is the query's credential, in whatever way its name is spelt."""
    return unquote_plus(parameter.partition("=")[0]) == "key"


def _credential(slot: bytes | None, value: str, key: str) -> Credential:
    if _CREDENTIAL.fullmatch(value) is None or key in value:
        raise refuse(
            FaultKind.MALFORMED, "The provider credential is not one: it must be visible ASCII, without spaces."
        )
    return Credential(Secret(value), own=True, header=slot)


def _text(head: RequestHead, name: bytes) -> str | None:
    value = head.get(name)
    # Blanks and tabs are HTTP's own (RFC 9110 5.5); what Python holds for space besides belongs to the value.
    return None if value is None else value.decode("latin-1").strip(" \t")


def _words(presented: bool) -> str:  # noqa: FBT001 - one private caller
    if presented:
        return "This gateway does not know the key that was sent. Check it, or ask your operator for a new one."
    return (
        "No gateway key was sent. Put it where your client puts its API key: x-api-key, Authorization: Bearer or "
        "x-goog-api-key; or in X-Penstock-Key."
    )
