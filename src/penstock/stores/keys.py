"""Gateway keys in the database of record: made once, shown once, kept as a keyed hash.

A key is an identity with one secret, or two while it is being rotated. The path never asks here: it reads profiles from
memory, and ``changed`` says when that memory is out of date.
"""

import math
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, RowMapping, delete, insert, or_, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.caller import KeyProfile, Secret, digest
from penstock.core.scrubbed import Wish
from penstock.core.terseness import Intensity, Wanted
from penstock.stores.database import DATABASE, lead_to_new_file, open_database, standing
from penstock.stores.pepper import read_pepper
from penstock.stores.schema import key_secrets, keys

# 256 bits in the URL-safe alphabet.
KEY_BYTES = 32
SHOWN_CHARACTERS = 6


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
    profile: KeyProfile


class KeyStore:
    """The keys of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.pepper = read_pepper(folder)
        self.engine = open_database(folder / DATABASE)
        self._writing = self.engine.execution_options(writes=True)
        self._seen = standing(self.engine)
        self._file = None if self._seen is None else self._seen[:2]
        self._watching = self.engine.connect()
        self._version = -1
        self._until: int | None = None
        """When the next of the keys in force ends."""

    def create(self, name: str, *, prefix: str, terms: KeyTerms = ORDINARY) -> MadeKey:
        """Make a key; NameTakenError when the name is in use."""
        row: dict[str, object] = {"id": f"key_{secrets.token_hex(8)}", "name": name, "created": int(time.time())}
        with self._writing.begin() as connection:
            taken = select(keys.c.id).where(keys.c.name == name, keys.c.revoked.is_(None))
            if connection.execute(taken).first() is not None:
                raise NameTakenError(name)
            connection.execute(insert(keys).values({**row, **_columns(terms)}))
            key = self._add_secret(connection, str(row["id"]), prefix)
        return MadeKey(key, KeyProfile(str(row["id"]), name, *_profile(terms)))

    def rows(self) -> Sequence[KeyRow]:
        """All keys, the newest last; those that were revoked too."""
        with self.engine.connect() as connection:
            return [
                _row(connection, found)
                for found in connection.execute(select(keys).order_by(keys.c.created, keys.c.name)).mappings()
            ]

    def find(self, name: str) -> KeyRow:
        """The key of this name or id: one in force before one that was revoked. UnknownKeyError when there is none."""
        with self.engine.connect() as connection:
            return self._find(connection, name)

    def change(self, name: str, terms: KeyTerms) -> KeyRow:
        """Give a key other terms."""
        with self._writing.begin() as connection:
            row = self._find(connection, name)
            connection.execute(update(keys).where(keys.c.id == row.id).values(_columns(terms)))
            return self._find(connection, row.id)

    def rotate(self, name: str, *, prefix: str, grace: int) -> MadeKey:
        """A new secret for a key; its earlier ones work for ``grace`` seconds more, and no longer than they would."""
        # A part of a second is given, not taken: a grace of one would else be none, now and then.
        until = math.ceil(time.time()) + grace if grace else int(time.time())
        with self._writing.begin() as connection:
            row = self._find(connection, name)
            mine = key_secrets.c.key == row.id
            ended = key_secrets.c.expires <= int(time.time())
            connection.execute(delete(key_secrets).where(mine, ended if grace else text("1")))
            later = or_(key_secrets.c.expires.is_(None), key_secrets.c.expires > until)
            connection.execute(update(key_secrets).where(mine, later).values(expires=until))
            key = self._add_secret(connection, row.id, prefix)
        return MadeKey(key, KeyProfile(row.id, row.name, *_profile(row.terms)))

    def revoke(self, name: str) -> KeyRow:
        """Refuse a key from now on, for good. The row stays, for the books; its secrets go."""
        with self._writing.begin() as connection:
            row = self._find(connection, name)
            connection.execute(delete(key_secrets).where(key_secrets.c.key == row.id))
            ending = update(keys).where(keys.c.id == row.id, keys.c.revoked.is_(None))
            connection.execute(ending.values(revoked=int(time.time())))
            return self._find(connection, row.id)

    def profiles(self) -> Mapping[str, KeyProfile]:
        """The keys in force, by digest."""
        now = int(time.time())
        query = (
            select(keys, key_secrets.c.digest, key_secrets.c.expires.label("until"))
            .join(key_secrets, key_secrets.c.key == keys.c.id)
            .where(keys.c.revoked.is_(None))
            .where(keys.c.expires.is_(None) | (keys.c.expires > now))
            .where(key_secrets.c.expires.is_(None) | (key_secrets.c.expires > now))
        )
        with self.engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        ends = [end for row in rows for end in (row["expires"], row["until"]) if end is not None]
        self._until = min(ends, default=None)
        return {row["digest"]: KeyProfile(row["id"], row["name"], *_profile(_terms(row))) for row in rows}

    def changed(self) -> bool:
        """Whether the keys in force may be others than at the last look: another process has written to the database,
        another database stands in its place, or a key's time is over. Costs a third of a millisecond.
        """
        self._follow()
        version: int = self._watching.execute(text("PRAGMA data_version")).scalar_one()
        self._watching.rollback()
        before, self._version = self._version, version
        return version != before or (self._until is not None and time.time() >= self._until)

    def _follow(self) -> None:
        """Restored from a backup, say: connections still lead to the file that was there before. While there is none,
        its keys stay in force."""
        found = standing(self.engine)
        before, self._seen = self._seen, found
        # Followed once it has been still between two looks: half of a copy must be neither read nor migrated.
        if found is None or found[:2] == self._file or found != before:
            return
        self._watching.close()
        self._version = -1
        lead_to_new_file(self.engine)
        self._watching = self.engine.connect()
        self._file = found[:2]

    def close(self) -> None:
        """Let go of the database."""
        self._watching.close()
        self.engine.dispose()

    def _find(self, connection: Connection, name: str) -> KeyRow:
        query = select(keys).where(or_(keys.c.name == name, keys.c.id == name))
        found = (
            connection.execute(query.order_by(keys.c.revoked.is_not(None), keys.c.created.desc())).mappings().first()
        )
        if found is None:
            known = connection.execute(select(keys.c.name).where(keys.c.revoked.is_(None))).scalars()
            raise UnknownKeyError(name, list(known))
        return _row(connection, found)

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


def _columns(terms: KeyTerms) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(terms),
        "models": msgspec.json.encode(terms.models).decode() if terms.models else None,
        "routes": msgspec.json.encode(terms.routes).decode() if terms.routes else None,
        "scrub": msgspec.json.encode(terms.scrub).decode() if terms.scrub != Wish() else None,
    }


def _terms(row: RowMapping) -> KeyTerms:
    return KeyTerms(
        row["team"],
        row["owner"],
        row["label"],
        _patterns(row["models"]),
        _patterns(row["routes"]),
        bool(row["require_provider_key"]),
        row["expires"],
        row["intensity"],
        row["smart"],
        row["holdout"],
        Wish() if row["scrub"] is None else msgspec.json.decode(row["scrub"], type=Wish),
    )


def _patterns(value: str | None) -> tuple[str, ...]:
    return () if value is None else msgspec.json.decode(value, type=tuple[str, ...])


def _profile(terms: KeyTerms) -> tuple[str | None, bool, tuple[str, ...], tuple[str, ...], Wanted, Wish]:
    intensity = None if terms.intensity is None else Intensity(terms.intensity)
    wanted = Wanted(intensity, terms.smart, terms.holdout)
    return terms.team, terms.require_provider_key, terms.models, terms.routes, wanted, terms.scrub


def _row(connection: Connection, row: RowMapping) -> KeyRow:
    query = (
        select(key_secrets.c.prefix, key_secrets.c.created, key_secrets.c.expires)
        .where(key_secrets.c.key == row["id"])
        .where(key_secrets.c.expires.is_(None) | (key_secrets.c.expires > int(time.time())))
        .order_by(key_secrets.c.expires.is_(None).desc(), key_secrets.c.created.desc())
    )
    found = tuple(KeySecret(*each) for each in connection.execute(query))
    return KeyRow(row["id"], row["name"], _terms(row), row["created"], row["revoked"], found)
