"""Gateway keys in the database of record: made once, shown once, kept as a keyed hash.

The path never asks here: it reads profiles from memory, and ``changed`` says when that memory is out of date.
"""

import secrets
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from sqlalchemy import insert, select, text
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.caller import KeyProfile, Secret, digest
from penstock.stores.database import open_database
from penstock.stores.pepper import read_pepper
from penstock.stores.schema import keys

DATABASE = "penstock.db"

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


class MadeKey(msgspec.Struct, frozen=True):
    """A new key; the only moment at which the key itself exists outside its owner's hands."""

    key: Secret
    profile: KeyProfile


class KeyStore:
    """The keys of one data folder."""

    def __init__(self, folder: Path) -> None:
        self.pepper = read_pepper(folder)
        self.engine = open_database(folder / DATABASE)
        self._watching = self.engine.connect()
        self._version = -1
        self._until: int | None = None
        """When the next of the keys in force ends."""

    def create(self, name: str, *, prefix: str, team: str | None = None, require_provider_key: bool = False) -> MadeKey:
        """Make a key; NameTakenError when the name is in use."""
        key = prefix + secrets.token_urlsafe(KEY_BYTES)
        profile = KeyProfile(f"key_{secrets.token_hex(8)}", name, team, require_provider_key)
        row = {
            "id": profile.id,
            "name": name,
            "team": team,
            "prefix": key[: len(prefix) + SHOWN_CHARACTERS],
            "digest": digest(self.pepper, key),
            "require_provider_key": require_provider_key,
            "created": int(time.time()),
        }
        with self.engine.execution_options(writes=True).begin() as connection:
            taken = select(keys.c.id).where(keys.c.name == name, keys.c.revoked.is_(None))
            if connection.execute(taken).first() is not None:
                raise NameTakenError(name)
            connection.execute(insert(keys).values(row))
        return MadeKey(Secret(key), profile)

    def profiles(self) -> Mapping[str, KeyProfile]:
        """The keys in force, by digest."""
        now = int(time.time())
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(keys.c.digest, keys.c.id, keys.c.name, keys.c.team, keys.c.require_provider_key, keys.c.expires)
                .where(keys.c.revoked.is_(None))
                .where(keys.c.expires.is_(None) | (keys.c.expires > now))
            ).all()
            self._until = min((row.expires for row in rows if row.expires is not None), default=None)
            return {row.digest: KeyProfile(row.id, row.name, row.team, bool(row.require_provider_key)) for row in rows}

    def changed(self) -> bool:
        """Whether the keys in force may be others than at the last look: another process has written to the database,
        or a key's time is over. Costs a third of a millisecond.
        """
        version: int = self._watching.execute(text("PRAGMA data_version")).scalar_one()
        self._watching.rollback()
        before, self._version = self._version, version
        return version != before or (self._until is not None and time.time() >= self._until)

    def close(self) -> None:
        """Let go of the database."""
        self._watching.close()
        self.engine.dispose()
