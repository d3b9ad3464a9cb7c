"""What acts work with: the stores of one database, and the settings in force."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from penstock.administering.acting import Actor
from penstock.administering.errors import UnavailableError
from penstock.config.settings import Settings
from penstock.core.books import BooksError
from penstock.stores import audit
from penstock.stores.admins import Admins
from penstock.stores.audit import Change
from penstock.stores.keys import KeyStore


@dataclass(frozen=True)
class House:
    """One gateway's, as those who run it can change it."""

    settings: Settings
    store: KeyStore
    admins: Admins

    @contextlib.contextmanager
    def changing(self, actor: Actor) -> Iterator[tuple[Connection, Callable[[Change], None]]]:
        """One transaction, and what notes a change in the audit log: all that is done in it is done, or nothing."""
        with self.store.writing() as connection:
            yield connection, lambda change: audit.append(connection, actor.name, actor.role.value, change)


@contextlib.contextmanager
def reading_books() -> Iterator[None]:
    """Says in words when the books can't be read."""
    try:
        yield
    except BooksError as error:
        raise UnavailableError(f"The books can't be read: {error}. Try `penstock doctor`.") from None


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[House]:
    """The house of these settings."""
    store = KeyStore(Path(settings.data_dir), settings.database, settings.pepper)
    try:
        yield House(settings, store, Admins(store.engine, store.pepper))
    finally:
        store.close()
