"""What acts work with: the stores of one database, and the settings in force."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from penstock.administering.acting import Actor
from penstock.config.settings import Settings
from penstock.stores import audit
from penstock.stores.admins import Admins
from penstock.stores.keys import KeyStore


class Noting(Protocol):
    """Writes a change into the audit log, in the transaction that makes it."""

    def __call__(
        self, act: str, subject: str, *, team: str | None = None, before: object = None, after: object = None
    ) -> None: ...


@dataclass(frozen=True)
class House:
    """One gateway's, as those who run it can change it."""

    settings: Settings
    store: KeyStore
    admins: Admins

    @contextlib.contextmanager
    def changing(self, actor: Actor) -> Iterator[tuple[Connection, Noting]]:
        """One transaction: what is done in it is done whole, with its rows in the audit log, or not at all."""
        with self.store.engine.execution_options(writes=True).begin() as connection:

            def note(
                act: str, subject: str, *, team: str | None = None, before: object = None, after: object = None
            ) -> None:
                audit.append(
                    connection,
                    actor=actor.name,
                    role=actor.role.value,
                    act=act,
                    subject=subject,
                    team=team,
                    before=before,
                    after=after,
                )

            yield connection, note


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[House]:
    """The house of these settings."""

    store = KeyStore(Path(settings.data_dir))
    try:
        yield House(settings, store, Admins(store.engine, store.pepper))
    finally:
        store.close()
