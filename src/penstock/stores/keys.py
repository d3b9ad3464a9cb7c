"""Gateway keys in the database of record: made once, shown once, kept as a keyed hash.

A key is an identity with one secret, or two while it is being rotated. The path never asks here: it reads profiles from
memory, and ``changed`` says when that memory is out of date.
"""

import contextlib
import math
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, RowMapping, Select, and_, delete, insert, or_, select, tuple_, update
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.caller import KeyProfile, Secret, digest
from penstock.core.inheriting import Heritage, Owned, Standard, Terms
from penstock.core.scrubbed import Wish
from penstock.core.terseness import Intensity, Wanted
from penstock.stores.changing import next_change
from penstock.stores.database import Transaction
from penstock.stores.file_watch import FileWatch
from penstock.stores.key_table import KeyTable, Renewal, subjects
from penstock.stores.pepper import pepper_of
from penstock.stores.schema import key_secrets, keys
from penstock.stores.site import Site
from penstock.stores.terms import columns, common
from penstock.stores.turns import writing

if TYPE_CHECKING:
    from penstock.stores.changes import Changes

# 256 bits in the URL-safe alphabet.
KEY_BYTES = 32
SHOWN_CHARACTERS = 6
# A statement takes only so many parameters.
_AT_ONCE = 500
# Of names that are offered in place of one that is not there.
_KNOWN = 1000


StoreError = SQLAlchemyError
"""What any use of a store can raise when its database is in trouble."""


class NameTakenError(ValueError):
    """There is a key of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnknownKeyError(LookupError):
    """No key has this name or id; ``known`` are the names that there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.known = tuple(known)


class KeyTerms(msgspec.Struct, frozen=True):
    """What an operator decides about a key, and may decide anew."""

    team: str | None = None
    owner: str | None = None
    """Whose key it is: the user's name."""
    label: str | None = None
    models: tuple[str, ...] = ()
    """Glob patterns of allowed models; none: all."""
    routes: tuple[str, ...] = ()
    """Glob patterns of allowed operations; none: all."""
    require_provider_key: bool = False
    expires: int | None = None
    """Seconds since the epoch; None: never."""
    intensity: str | None = None
    """As ``Intensity`` spells it; None: as the installation has it."""
    smart: bool | None = None
    holdout: int | None = None
    """Percent."""
    scrub: Wish = Wish()
    quotas: tuple[str, ...] = ()
    """As they are written."""


ORDINARY = KeyTerms()
"""A key that may use everything and never ends."""


class KeySecret(msgspec.Struct, frozen=True):
    """One secret of a key, as much as may be told of it."""

    prefix: str
    created: int
    expires: int | None
    """When a secret that was rotated out stops working; None: with its key."""


class KeyRow(msgspec.Struct, frozen=True):
    """A key as its operator sees it."""

    id: str
    name: str
    terms: KeyTerms
    created: int | None
    """None where nobody knows: the key does not stand in the database."""
    revoked: int | None
    secrets: tuple[KeySecret, ...]
    """Those that have not ended, the newest first."""

    def state(self, now: float) -> str:
        """``active``, ``expired`` or ``revoked``."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.terms.expires is not None and self.terms.expires <= now else "active"


class MadeKey(msgspec.Struct, frozen=True):
    """A new secret; the only moment at which the key itself exists outside its owner's hands."""

    key: Secret
    id: str
    name: str


class KeyStore:
    """The keys of one site."""

    def __init__(self, folder: Path, server: Secret | None = None, pepper: Secret | None = None) -> None:
        """As ``Site`` has it."""
        self.site = Site(folder, server, pepper)
        self.engine = self.site.open()
        try:
            self.pepper = pepper_of(self.engine, self.site)
        except BaseException:
            self.engine.dispose()
            raise
        self._writing = writing(self.engine)
        self._watch: FileWatch | None = None
        self._changes: Changes | None = None
        self._version: tuple[int, int] | None = None
        self._table = KeyTable(self.engine)

    @contextlib.contextmanager
    def writing(self, on: Transaction | None = None) -> Iterator[Transaction]:
        """A transaction in which all is written or nothing: ``on``, where one is under way."""
        if on is not None:
            yield on
            return
        with self._writing.begin() as connection:
            yield connection

    def create(self, name: str, *, prefix: str, terms: KeyTerms = ORDINARY, on: Transaction | None = None) -> MadeKey:
        """Make a key; NameTakenError when the name is in use."""
        identity = f"key_{secrets.token_hex(8)}"
        with self.writing(on) as connection:
            taken = select(keys.c.id).where(keys.c.name == name, keys.c.revoked.is_(None))
            if connection.execute(taken).first() is not None:
                raise NameTakenError(name)
            row = {"id": identity, "name": name, "created": int(time.time()), "changed": next_change(connection)}
            connection.execute(insert(keys).values({**row, **columns(terms)}))
            key = self._add_secret(connection, identity, prefix)
        return MadeKey(key, identity, name)

    def rows(self) -> Sequence[KeyRow]:
        """All keys, the newest last; those that were revoked too."""
        with self.engine.connect() as connection:
            return _rows(connection, select(keys).order_by(keys.c.created, keys.c.name, keys.c.id))

    def page(
        self, most: int, after: tuple[int, str, str] | None = None, *, team: str | None = None, everything: bool = False
    ) -> Sequence[KeyRow]:
        """So many keys behind that one (made when, its name, its identity), in the order in which they were made.
        ``team``: only its keys. ``everything``: those that were revoked, too."""
        order = keys.c.created, keys.c.name, keys.c.id
        query = select(keys).order_by(*order).limit(most)
        if after is not None:
            query = query.where(tuple_(*order) > tuple_(*after))
        if team is not None:
            query = query.where(keys.c.team == team)
        if not everything:
            query = query.where(keys.c.revoked.is_(None))
        with self.engine.connect() as connection:
            return _rows(connection, query)

    def any(self) -> bool:
        """Whether there is a key in force."""
        ends = keys.c.expires.is_(None) | (keys.c.expires > int(time.time()))
        query = select(keys.c.id).where(keys.c.revoked.is_(None), ends).limit(1)
        with self.engine.connect() as connection:
            return connection.execute(query).first() is not None

    def find(self, name: str, on: Transaction | None = None) -> KeyRow:
        """The key of this name or id: one in force before one that was revoked. UnknownKeyError when there is none."""
        if on is not None:
            return self._find(on, name, held=True)
        with self.engine.connect() as connection:
            return self._find(connection, name)

    def change(self, name: str, terms: KeyTerms, on: Transaction | None = None) -> KeyRow:
        """Give a key other terms."""
        with self.writing(on) as connection:
            row = self._find(connection, name)
            values = {**columns(terms), "changed": next_change(connection)}
            connection.execute(update(keys).where(keys.c.id == row.id).values(values))
            return self._find(connection, row.id)

    def rotate(self, name: str, *, prefix: str, grace: int, on: Transaction | None = None) -> MadeKey:
        """A new secret for a key; its earlier ones work for ``grace`` seconds more, and no longer than they would."""
        # A part of a second is given, not taken: a grace of one would else be none, now and then.
        until = math.ceil(time.time()) + grace if grace else int(time.time())
        with self.writing(on) as connection:
            row = self._find(connection, name)
            mine = key_secrets.c.key == row.id
            ended = mine if not grace else and_(mine, key_secrets.c.expires <= int(time.time()))
            connection.execute(delete(key_secrets).where(ended))
            later = or_(key_secrets.c.expires.is_(None), key_secrets.c.expires > until)
            connection.execute(update(key_secrets).where(mine, later).values(expires=until))
            key = self._add_secret(connection, row.id, prefix)
            connection.execute(update(keys).where(keys.c.id == row.id).values(changed=next_change(connection)))
        return MadeKey(key, row.id, row.name)

    def revoke(self, name: str, on: Transaction | None = None) -> KeyRow:
        """Refuse a key from now on, for good. The row stays, for the books; its secrets go."""
        with self.writing(on) as connection:
            row = self._find(connection, name)
            connection.execute(delete(key_secrets).where(key_secrets.c.key == row.id))
            ending = update(keys).where(keys.c.id == row.id, keys.c.revoked.is_(None))
            connection.execute(ending.values(revoked=int(time.time()), changed=next_change(connection)))
            return self._find(connection, row.id)

    def renew(self, heritage: Heritage) -> Renewal:
        """What has become different of the keys in force since the last look. May take a second, the first time; see
        ``KeyTable``."""
        return self._table.renew(heritage)

    def inherited(self, heritage: Heritage) -> Heritage:
        """The same with the teams and users of the database."""
        with self.engine.connect() as connection:
            return heritage.beside(*subjects(connection))

    def owned(self, name: str) -> Owned:
        """A key as it is before anybody's terms but its own are known; UnknownKeyError."""
        row = self.find(name)
        given = row.terms
        intensity = None if given.intensity is None else Intensity(given.intensity)
        wanted = Wanted(intensity, given.smart, given.holdout)
        terms = Terms(given.models, given.routes, wanted, given.scrub, given.quotas)
        return Owned(row.id, row.name, given.team, given.owner, given.require_provider_key, terms)

    def forget(self) -> None:
        """Take all keys for changed."""
        self._table.forget()

    def profiles(self, heritage: Heritage | None = None) -> Mapping[str, KeyProfile]:
        """The keys in force, by digest, read anew."""
        return KeyTable(self.engine).renew(heritage or Heritage(Standard())).profiles

    @property
    def changes(self) -> "Changes | None":
        """Says what has changed in PostgreSQL, from the first time on that this is asked for. None for SQLite."""
        if self._changes is None and self.site.server is not None:
            from penstock.stores.changes import Changes  # noqa: PLC0415 - loads a driver that SQLite has no use for

            self._changes = Changes(self.site.server)
        return self._changes

    def changed(self) -> bool:
        """Whether the keys in force may be others than at the last look: another process has written to the database,
        another database stands in its place, or a key's time is over. Costs a third of a millisecond, and on PostgreSQL
        nothing.
        """
        before, self._version = self._version, self._found()
        if before is not None and before[0] != self._version[0]:
            self._table.forget()
        until = self._table.until
        return self._version != before or (until is not None and time.time() >= until)

    def _found(self) -> tuple[int, int]:
        """The database that stands there, and its last change."""
        if self.changes is not None:
            return self.changes.number("keys")
        self._watch = self._watch or FileWatch(self.engine)
        return self._watch.version()

    def close(self) -> None:
        """Let go of the database."""
        if self._watch is not None:
            self._watch.close()
        if self._changes is not None:
            self._changes.close()
        self.engine.dispose()

    def _find(self, connection: Connection, name: str, *, held: bool = False) -> KeyRow:
        """``held``: nobody else changes it until the transaction is over."""
        query = select(keys).where(or_(keys.c.name == name, keys.c.id == name))
        query = query.with_for_update() if held else query
        found = _rows(connection, query.order_by(keys.c.revoked.is_not(None), keys.c.created.desc()).limit(1))
        if not found:
            known = connection.execute(select(keys.c.name).where(keys.c.revoked.is_(None)).limit(_KNOWN)).scalars()
            raise UnknownKeyError(name, list(known))
        return found[0]

    def _add_secret(self, connection: Connection, identity: str, prefix: str) -> Secret:
        key = prefix + secrets.token_urlsafe(KEY_BYTES)
        connection.execute(
            insert(key_secrets).values(
                digest=digest(self.pepper, key),
                key=identity,
                prefix=key[: len(prefix) + SHOWN_CHARACTERS],
                created=int(time.time()),
            )
        )
        return Secret(key)


def _rows(connection: Connection, query: Select[Any]) -> Sequence[KeyRow]:
    """The keys of a query, with their secrets."""
    found = connection.execute(query).mappings().all()
    held: dict[str, list[KeySecret]] = {}
    now = int(time.time())
    for at in range(0, len(found), _AT_ONCE):
        ids = [row["id"] for row in found[at : at + _AT_ONCE]]
        secrets_of = (
            select(key_secrets.c.key, key_secrets.c.prefix, key_secrets.c.created, key_secrets.c.expires)
            .where(key_secrets.c.key.in_(ids))
            .where(key_secrets.c.expires.is_(None) | (key_secrets.c.expires > now))
            .order_by(key_secrets.c.expires.is_(None).desc(), key_secrets.c.created.desc())
        )
        for key, *shown in connection.execute(secrets_of):
            held.setdefault(key, []).append(KeySecret(*shown))
    return [
        KeyRow(row["id"], row["name"], _terms(row), row["created"], row["revoked"], tuple(held.get(row["id"], ())))
        for row in found
    ]


def _terms(row: RowMapping) -> KeyTerms:
    return KeyTerms(
        team=row["team"],
        owner=row["owner"],
        require_provider_key=bool(row["require_provider_key"]),
        expires=row["expires"],
        **common(row),
    )
