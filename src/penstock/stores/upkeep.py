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
            _leave_write_ahead(writing)
    except sqlite3.Error as error:
        destination.unlink(missing_ok=True)
        raise DamagedError(str(error)) from None
    except BaseException:
        destination.unlink(missing_ok=True)
        raise


def as_one_file(path: Path) -> None:
    """Make a database that nobody uses one file again, after it was written to. DamagedError."""
    try:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            _leave_write_ahead(connection)
    except sqlite3.Error as error:
        raise DamagedError(str(error)) from None


def _leave_write_ahead(connection: sqlite3.Connection) -> None:
    # Without a -wal beside it that somebody forgets to take along.
    connection.execute("PRAGMA journal_mode=DELETE")


def examine_schema(path: Path) -> tuple[str | None, str]:
    """The schema's revision of a database file, None without one, and this release's. DamagedError."""
    try:
        with _reading(path) as connection:
            return _revision(connection), HEAD
    except sqlite3.Error as error:
        raise DamagedError(str(error)) from None


def examine(path: Path) -> Examined:
    """Reads all of the file, so it takes a second for some hundred megabytes. DamagedError for what is no database."""
    try:
        with _reading(path) as connection:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_SHOWN})")]
            found += [f"{row[0]} names a missing {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
            tables = [str(row[0]) for row in connection.execute(_TABLES)]
            revision = _revision(connection)
            counts = tuple((name, _count(connection, name)) for name in tables if name != "alembic_version")
    except sqlite3.Error as error:
        raise DamagedError(str(error)) from None
    return Examined(revision, HEAD, tuple(words for words in found if words != "ok")[:_SHOWN], counts)


_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def _revision(connection: sqlite3.Connection) -> str | None:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def _count(connection: sqlite3.Connection, table: str) -> int:
    # A table's name is no parameter in SQL; these are the file's own, and quoted.
    quoted = table.replace('"', '""')
    return int(connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0])  # noqa: S608 - see above


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as connection:
        yield connection
