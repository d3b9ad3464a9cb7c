"""Who calls, and with whose money.

A Secret is a credential that never prints itself. A Caller is what authentication found: the gateway key's profile and
the provider credential that the caller brought along, if any.
"""

import fnmatch
import functools
import hashlib
import re

import msgspec

from penstock.core.quota import Quota
from penstock.core.scrubbed import Wish
from penstock.core.terseness import Wanted


class Secret:
    """A credential. Shows itself only to ``reveal``; logs, traces and exceptions get dots."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value, for the one place that sends or compares it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class KeyProfile(msgspec.Struct, frozen=True, gc=False):
    """A gateway key as the path knows it: never the key itself."""

    id: str
    """The key's identity; survives rotation."""
    name: str
    team: str | None = None
    require_provider_key: bool = False
    """Refuse requests that bring no provider credential of their own."""
    models: tuple[str, ...] = ()
    """Glob patterns of the models that the key may use; none: all of them."""
    routes: tuple[str, ...] = ()
    """Glob patterns of the operations that the key may use, such as ``messages.*``; none: all of them."""
    wanted: Wanted = Wanted()
    """How tersely this key's conversations are to be answered."""
    scrub: Wish = Wish()
    """What becomes of private values in this key's requests."""
    user: str | None = None
    """Whose key it is: its owner's name."""
    quotas: tuple[Quota, ...] = ()
    """All that hold for this key: its own, its user's, its team's and the installation's."""
    models_within: tuple[tuple[str, ...], ...] = ()
    """More lists of patterns, those of its user and its team: where there are any, each must allow a model too, and
    ``models`` is not empty."""
    routes_within: tuple[tuple[str, ...], ...] = ()
    """The same of operations."""

    def may_use(self, model: str) -> bool:
        """Whether a model of this name is allowed. Google's own prefix may stand before it."""
        if not self.models:
            return True
        name = model.removeprefix("models/")
        return matches(self.models, name) and all(matches(patterns, name) for patterns in self.models_within)

    def may_do(self, *names: str) -> bool:
        """Whether an operation that goes by these names is allowed."""
        lists = (self.routes, *self.routes_within) if self.routes else ()
        return all(any(matches(patterns, name) for name in names) for patterns in lists)

    @property
    def tenant(self) -> str:
        """Whose objects, caches and logs these are: the team, or without one the key's identity."""
        return f"team:{self.team}" if self.team else f"key:{self.id}"


class Credential(msgspec.Struct, frozen=True, gc=False):
    """A provider credential. ``own`` is True for the caller's, False for the operator's.

    ``header`` is the header that the caller sent it in, when it has to go up in that very header; None means that the
    provider row decides.
    """

    secret: Secret
    own: bool
    header: bytes | None = None


class Caller(msgspec.Struct, frozen=True, gc=False):
    """What authentication found in a request's headers and query."""

    key: KeyProfile
    credential: Credential | None = None
    """The caller's own provider credential, or None."""
    bearer: bool = False
    """The request is its own proof towards the provider (the URL of an upload that is under way), begun under the
    caller's own credential: it goes up without one."""


def digest(pepper: bytes, key: str) -> str:
    """What is stored in a gateway key's place: keyed BLAKE2b under a secret that stands outside the database."""
    return hashlib.blake2b(key.encode("utf-8", "surrogateescape"), key=pepper, digest_size=32).hexdigest()


def matches(patterns: tuple[str, ...], name: str) -> bool:
    """Whether any of the glob patterns is met by the whole name; case matters."""
    return any(_glob(pattern).match(name) for pattern in patterns)


@functools.lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))
