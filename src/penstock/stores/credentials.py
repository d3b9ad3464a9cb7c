"""The operator's provider credentials in the database: AES-256-GCM, under a key that stands outside of it.

Each is bound to its provider's name and its master key, so that a row that was changed, or put in another's place,
does not open. Who can write to the database can still delete a credential or put an older one of the same provider
back. Read at the start, at a reload and after a change, never on the path of a request; the cipher is loaded only then.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, select

from penstock.core.caller import Secret
from penstock.stores import master_key
from penstock.stores.database import Transaction
from penstock.stores.master_key import MasterKey, MasterKeyError, MasterKeyFile
from penstock.stores.schema import credentials
from penstock.stores.turns import inserting, on_server, writing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12

Along = Callable[[Transaction], None]
"""What is to be written in the same transaction."""

Sealed = Mapping[str, Row[Any]]
"""Rows of the database, by the provider's name."""


class CredentialError(Exception):
    """A credential that is not there, or does not open. ``name`` is the provider's."""

    def __init__(self, name: str, words: str) -> None:
        super().__init__(f"the stored credential of {name} {words}")
        self.name = name
        self.words = words


class StoredCredential(msgspec.Struct, frozen=True):
    """What may be shown of a credential."""

    name: str
    key_id: str
    """The master key that opens it."""
    created: int


class CredentialStore:
    """The credentials of one data folder."""

    def __init__(self, engine: Engine, folder: Path, given: Secret | None = None) -> None:
        """``given``: the master keys, where the configuration gives them; else they are the folder's file's."""
        self._engine = engine
        self._file = MasterKeyFile(folder)
        self._given = None if given is None else master_key.given(given.reveal())

    def put(self, name: str, secret: Secret, also: Along | None = None) -> None:
        """Keep the credential of a provider, in the place of the one before. ``also`` writes more in the same
        transaction."""
        with self._writing() as connection:
            # Read under the lock: a rotation that has begun has written its key by now.
            keys = self._keys()
            if not keys:
                keys = (master_key.made(),)
                self._file.write(keys)
            _store(connection, name, secret.reveal().encode(), keys[0])
            if also is not None:
                also(connection)

    def remove(self, name: str, also: Along | None = None) -> bool:
        """Forget a provider's credential; whether there was one. ``also`` as in ``put``, if there was."""
        with self._writing() as connection:
            found = bool(connection.execute(delete(credentials).where(credentials.c.name == name)).rowcount)
            if found and also is not None:
                also(connection)
            return found

    def listed(self) -> Sequence[StoredCredential]:
        """All of them, by name, without what is secret."""
        columns = credentials.c.name, credentials.c.key_id, credentials.c.created
        with self._engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(credentials.c.name))
            return [StoredCredential(row.name, row.key_id, row.created) for row in rows]

    def secrets(self, names: Iterable[str]) -> Mapping[str, Secret]:
        """The credentials of these providers; CredentialError for the first that is missing or does not open."""
        before = self._keys()
        rows = sealed(self._engine)
        # A rotation meanwhile added its key before it sealed any row with it, and forgot the old ones afterwards.
        return _secrets(names, rows, (*before, *self._keys()))

    def rotate(self) -> int:
        """Seal everything under a new master key and forget the old ones; how many credentials that were.

        An interruption at any moment leaves every credential readable, and the next call ends what was begun. Nothing
        is changed when one of them does not open.
        """
        with self._writing() as connection:
            keys = self._keys_to_rotate()
            rows = connection.execute(select(credentials)).all()
            opened = {row.name: _opened(row.name, row.key_id, row.nonce, row.ciphertext, keys) for row in rows}
            if self._given is None:
                # On the disk before a row is sealed with it.
                self._file.write(keys)
            for row in rows:
                _store(connection, row.name, opened[row.name], keys[0], created=row.created)
        if self._given is None:
            self._forget_old_keys()
        return len(rows)

    def _keys_to_rotate(self) -> tuple[MasterKey, ...]:
        keys = self._keys()
        if len(keys) > 1:
            return keys
        if self._given is not None:
            raise MasterKeyError(
                "the master key is given by the configuration: put a new one before it, with a comma between them, "
                "then rotate, then remove the old one"
            )
        return (master_key.made(), *keys)

    def _forget_old_keys(self) -> None:
        with self._writing() as connection:
            keys = self._keys()
            needed = {row.key_id for row in connection.execute(select(credentials.c.key_id).distinct())}
            self._file.write(tuple(key for key in keys if key is keys[0] or key.id in needed))

    def _keys(self) -> tuple[MasterKey, ...]:
        return self._file.read() if self._given is None else self._given

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that holds the write lock from its beginning, and is on the disk when it ends: a key must not
        be forgotten before the rows that it opened are sealed anew for good, even if the power fails."""
        with writing(self._engine, "credentials").connect() as connection:
            # Before the transaction begins: within one it would change nothing.
            _durable(connection, "FULL")
            try:
                with connection.begin():
                    yield connection
            finally:
                _durable(connection, "NORMAL")


def seals(engine: Engine) -> Mapping[str, bytes]:
    """By provider, what becomes another whenever its credential is put anew; tells nothing of the credential."""
    with engine.connect() as connection:
        return {row.name: row.nonce for row in connection.execute(select(credentials.c.name, credentials.c.nonce))}


def sealed(engine: Engine) -> Sealed:
    """All credentials as they stand in the database."""
    with engine.connect() as connection:
        return {row.name: row for row in connection.execute(select(credentials))}


def unsealed(names: Iterable[str], rows: Sealed, folder: Path, given: Secret | None) -> Mapping[str, Secret]:
    """As ``CredentialStore.secrets``, of rows that were read before: no database is asked."""
    keys = MasterKeyFile(folder).read() if given is None else master_key.given(given.reveal())
    return _secrets(names, rows, keys)


def _secrets(names: Iterable[str], rows: Sealed, keys: Sequence[MasterKey]) -> Mapping[str, Secret]:
    found: dict[str, Secret] = {}
    for name in names:
        if name not in rows:
            raise CredentialError(name, "is not there")
        row = rows[name]
        found[name] = Secret(_opened(name, row.key_id, row.nonce, row.ciphertext, keys).decode())
    return found


def _durable(connection: Connection, level: str) -> None:
    driver = connection.connection.driver_connection
    # PostgreSQL's transactions are on the disk when they end.
    if driver is not None and not on_server(connection.engine):
        driver.execute(f"PRAGMA synchronous={level}")


def _store(connection: Connection, name: str, secret: bytes, key: MasterKey, *, created: int | None = None) -> None:
    nonce = os.urandom(NONCE_BYTES)
    row = {
        "nonce": nonce,
        "ciphertext": _cipher(key).encrypt(nonce, secret, _bound_to(name, key.id)),
        "key_id": key.id,
        "created": int(time.time()) if created is None else created,
    }
    written = inserting(connection.engine, credentials).values(name=name, **row)
    connection.execute(written.on_conflict_do_update(index_elements=["name"], set_=row))


def _opened(name: str, key_id: str, nonce: bytes, ciphertext: bytes, keys: Sequence[MasterKey]) -> bytes:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - loaded only where a credential is stored

    key = next((key for key in keys if key.id == key_id), None)
    if key is None:
        raise CredentialError(name, f"needs the master key {key_id}, which is not here")
    try:
        return _cipher(key).decrypt(nonce, ciphertext, _bound_to(name, key_id))
    except (InvalidTag, ValueError):
        raise CredentialError(name, "does not open: its row is damaged or was changed") from None


def _cipher(key: MasterKey) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - see above

    return AESGCM(key.secret)


def _bound_to(name: str, key_id: str) -> bytes:
    return msgspec.json.encode(("penstock credential", 1, name, key_id))
