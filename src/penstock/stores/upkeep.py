"""Copies and examines a database file, whether or not a gateway is using it. It never changes the file that it reads.

SQLite's own backup takes one consistent state, however many others write meanwhile (sqlite.org/backup.html).
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec

from penstock.stores.migrations import HEAD

_BUSY_SECONDS = 30.0
_SHOWN = 5


class Examined(msgspec.Struct, frozen=True):
    """What a look at a database file found."""

    revision: str | None
    """Its schema's; None for a file without one."""
    expected: str
    """This release's."""
    problems: tuple[str, ...]
    """SQLite's own words for what is broken; empty for a sound file."""
    rows: tuple[tuple[str, int], ...]
    """Tables, and how many rows each has."""


class DamagedError(Exception):
    """The file can't be read as a database; the words say why."""


def copy_database(source: Path, destination: Path) -> None:
    """A consistent copy as one new file that its owner alone can read. DamagedError, OSError."""
    os.close(os.open(destination, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with _reading(source) as reading, contextlib.closing(sqlite3.connect(destination)) as writing:
            reading.backup(writing)
            # One file, without a -wal beside it that somebody forgets to take along.
            writing.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        destination.unlink(missing_ok=True)
        raise DamagedError(str(error)) from None
    except BaseException:
        destination.unlink(missing_ok=True)
        raise


def examine(path: Path) -> Examined:
    """Reads all of the file, so it takes a second for some hundred megabytes. DamagedError for what is no database."""
    try:
        with _reading(path) as connection:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_SHOWN})")]
            found += [f"{row[0]} names a missing {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
            tables = [str(row[0]) for row in connection.execute(_TABLES)]
            revision = None
            if "alembic_version" in tables:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                revision = None if row is None else str(row[0])
            counts = tuple((name, _count(connection, name)) for name in tables if name != "alembic_version")
    except sqlite3.Error as error:
        raise DamagedError(str(error)) from None
    return Examined(revision, HEAD, tuple(words for words in found if words != "ok")[:_SHOWN], counts)


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def _count(connection: sqlite3.Connection, table: str) -> int:
    # A table's name is no parameter in SQL; these are the file's own, and quoted.
    quoted = table.replace('"', '""')
    return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 - see above


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as connection:
        yield connection
