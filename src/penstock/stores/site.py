"""Where one gateway keeps its state: a folder of this machine, and the database of record.

The folder holds the journal and the secrets that never stand in a database. The database is a file in it, or a
PostgreSQL server that several gateways share.
"""

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine

from penstock.core.caller import Secret
from penstock.stores.database import DATABASE, open_database
from penstock.stores.migrating import revision


class Site(NamedTuple):
    """One gateway's. ``KeyStore(*site)`` opens its keys."""

    folder: Path
    server: Secret | None = None
    """PostgreSQL's URL; None: SQLite in the folder."""
    pepper: Secret | None = None
    """What keys are hashed under, where the configuration gives it; else it is a file of the folder."""

    @property
    def name(self) -> str:
        """What to call the database in words. No credential is in it."""
        if self.server is None:
            return str(self.folder / DATABASE)
        from penstock.stores.server import named  # noqa: PLC0415 - loads a driver that SQLite has no use for

        return named(self.server)

    def make_folder(self) -> None:
        """Before anything else: a gateway keeps its journal there, wherever its database is."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self) -> Engine:
        """The database, at the newest schema."""
        return open_record(self.folder, self.server)

    def connect(self) -> Engine:
        """The database as it is: nothing in it is made or changed. A file is to be there already."""
        if self.server is None:
            return open_database(self.folder / DATABASE, migrate=False)
        from penstock.stores.server import open_server  # noqa: PLC0415 - see above

        return open_server(self.server, migrate=False)

    def exists(self) -> bool:
        """Whether anybody has made the database yet; to ask is not to make it."""
        if self.server is None:
            return (self.folder / DATABASE).exists()
        engine = self.connect()
        try:
            return revision(engine) is not None
        finally:
            engine.dispose()


def open_record(folder: Path, server: Secret | None = None) -> Engine:
    """The database of record of a data folder, at the newest schema: the server's, or a file of the folder."""
    if server is None:
        return open_database(folder / DATABASE)
    from penstock.stores.server import open_server  # noqa: PLC0415 - loads a driver that SQLite has no use for

    return open_server(server)
