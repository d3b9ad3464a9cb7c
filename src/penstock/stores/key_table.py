"""The keys in force as the path knows them, kept up to date by what was changed since the last look.

All keys are read once; afterwards those that were changed, and those of a team or user that was. Meant for a thread
beside the path: it may take a second for 100,000 keys, and hands over what has become different and nothing else.
"""

import heapq
import itertools
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, Table, select

from penstock.core.caller import KeyProfile
from penstock.core.inheriting import NONE, Heritage, Owned, Terms
from penstock.core.terseness import Intensity, Wanted
from penstock.stores.changing import KEYS, SUBJECTS
from penstock.stores.schema import changes, key_secrets, keys, teams, users
from penstock.stores.terms import read_list, read_wish

# A statement takes only so many parameters.
_AT_ONCE = 500


class Renewal(msgspec.Struct, frozen=True):
    """What has become different."""

    whole: bool
    """These are all keys in force; else those that are new or others than before."""
    profiles: Mapping[str, KeyProfile]
    """By digest."""
    gone: Sequence[str]
    """Digests that are in force no longer."""
    teams: Mapping[str, Terms]
    """What stands in the database, all of it: another object only when something has changed."""
    users: Mapping[str, Terms]


class KeyTable:
    """Not for two threads at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._given: Heritage | None = None
        self._heritage: Heritage | None = None
        self._subjects: tuple[Mapping[str, Terms], Mapping[str, Terms]] = ({}, {})
        self._seen = -1
        self._digests: dict[str, tuple[str, ...]] = {}
        """Of each key in force."""
        self._ends: list[tuple[int, str]] = []
        """When which key or one of its secrets ends, the next first. What was changed since may stand in it too."""

    @property
    def until(self) -> int | None:
        """When the next of the keys in force ends."""
        ends = self._ends
        return ends[0][0] if ends else None

    def forget(self) -> None:
        """Read everything at the next look: another database stands in the place of the one before."""
        self._seen = -1

    def renew(self, heritage: Heritage) -> Renewal:
        """A look. ``heritage``: what stands in the configuration. QuotaError for what can't be read in the database."""
        with self._engine.connect() as connection:
            counted = dict(map(tuple, connection.execute(select(changes.c.name, changes.c.number))))
            number = counted.get(KEYS, 0)
            whole = self._seen < 0 or number < self._seen or heritage is not self._given
            held, known = self._heritage, self._subjects
            if held is None or whole or counted.get(SUBJECTS, 0) > self._seen:
                known = subjects(connection)
                held = heritage.beside(*known)
            profiles, gone = self._whole(connection, held) if whole else self._part(connection, held)
        # Only now: what failed is tried again.
        self._given, self._heritage, self._subjects, self._seen = heritage, held, known, number
        return Renewal(whole, profiles, gone, *known)

    def _whole(self, connection: Connection, heritage: Heritage) -> tuple[Mapping[str, KeyProfile], Sequence[str]]:
        digests: dict[str, tuple[str, ...]] = {}
        ends: list[tuple[int, str]] = []
        profiles = _profiles(connection.execute(_in_force()), heritage, digests, ends)
        heapq.heapify(ends)
        self._digests, self._ends = digests, ends
        return profiles, ()

    def _part(self, connection: Connection, heritage: Heritage) -> tuple[Mapping[str, KeyProfile], Sequence[str]]:
        changed = keys.c.changed > self._seen
        ids = set(connection.execute(select(keys.c.id).where(changed)).scalars())
        now = int(time.time())
        ended = {identity for end, identity in self._ends if end <= now}
        digests: dict[str, tuple[str, ...]] = {}
        ends: list[tuple[int, str]] = []
        profiles = _profiles(connection.execute(_in_force().where(changed)), heritage, digests, ends) if ids else {}
        for some in _batches(ended - ids):
            rows = connection.execute(_in_force().where(keys.c.id.in_(some)))
            profiles |= _profiles(rows, heritage, digests, ends)
        before = itertools.chain.from_iterable(self._digests.pop(identity, ()) for identity in ids | ended)
        gone = [digest for digest in before if digest not in profiles]
        self._digests |= digests
        self._ends = [*((end, identity) for end, identity in self._ends if end > now), *ends]
        heapq.heapify(self._ends)
        return profiles, gone


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while some := list(itertools.islice(rest, _AT_ONCE)):
        yield some


_UNSAID = (None,) * 7
_TERMS = ("models", "routes", "intensity", "smart", "holdout", "scrub", "quotas")


def _in_force() -> Select[Any]:
    now = int(time.time())
    columns = (*keys.c["id", "name", "team", "owner", "require_provider_key"], *keys.c[_TERMS], keys.c.expires)
    return (
        select(*columns, key_secrets.c.digest, key_secrets.c.expires)
        .join(key_secrets, key_secrets.c.key == keys.c.id)
        .where(keys.c.revoked.is_(None))
        .where(keys.c.expires.is_(None) | (keys.c.expires > now))
        .where(key_secrets.c.expires.is_(None) | (key_secrets.c.expires > now))
    )


def _profiles(
    rows: Iterable[Row[Any]], heritage: Heritage, digests: dict[str, tuple[str, ...]], ends: list[tuple[int, str]]
) -> dict[str, KeyProfile]:
    """By digest; notes each key's digests, and when one of them ends."""
    found: dict[str, KeyProfile] = {}
    for row in rows:
        identity, name, team, owner, required, *given, expires, digest, until = tuple(row)
        known = digests.get(identity)
        digests[identity] = (digest,) if known is None else (*known, digest)
        ends.extend((end, identity) for end in (expires, until) if end is not None)
        # A key that is being rotated has two secrets, and one profile.
        found[digest] = (
            heritage.profile(Owned(identity, name, team, owner, bool(required), _terms(*given)))
            if known is None
            else found[known[0]]
        )
    return found


def subjects(connection: Connection) -> tuple[Mapping[str, Terms], Mapping[str, Terms]]:
    """The terms of teams and of users, by name."""
    return _subjects(connection, teams), _subjects(connection, users)


def _subjects(connection: Connection, table: Table) -> Mapping[str, Terms]:
    rows = connection.execute(select(table.c.name, *table.c[_TERMS]))
    return {name: _terms(*given) for name, *given in rows}


def _terms(
    models: str | None,
    routes: str | None,
    intensity: str | None,
    smart: bool | None,  # noqa: FBT001
    holdout: int | None,
    scrub: str | None,
    quotas: str | None,
) -> Terms:
    if (models, routes, intensity, smart, holdout, scrub, quotas) == _UNSAID:
        # As most keys are.
        return NONE
    return Terms(
        read_list(models),
        read_list(routes),
        Wanted(None if intensity is None else Intensity(intensity), smart, holdout),
        read_wish(scrub),
        read_list(quotas),
    )
