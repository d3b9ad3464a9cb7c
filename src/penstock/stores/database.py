"""Opens SQLite's file as the database of record: readable by its owner alone, at the newest schema.

Writes survive a killed process; the last of them may be lost with the machine's power. PostgreSQL is opened by
``server``.
"""

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

from penstock.stores.migrating import bring_up_to_date

DATABASE = "penstock.db"
"""The file's name in the data folder."""
BUSY_SECONDS = 5
WAL_BYTES = 64 * 2**20
"""What the write-ahead log shrinks to when it has grown behind somebody who read for long."""


Transaction = Connection
"""What is written in one go; whoever has one hands it on to whatever is to be written along, and looks not into it."""


def open_database(path: Path, *, migrate: bool = True) -> Engine:
    """An engine on the file at ``path``, created if need be, readable by its owner only, at the newest schema."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the database's own. A file that is there is left alone: to close
    # it would end all locks that this process has on it (sqlite.org/howtocorrupt.html 2.2), and the next process to
    # leave would take the -wal away below us.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    # A connection never makes the file: one that was deleted under a running gateway is missed, not begun anew.
    there = f"{path.absolute().as_uri()}?mode=rw"
    engine = create_engine(
        f"sqlite:///{path}",
        creator=lambda: sqlite3.connect(there, timeout=BUSY_SECONDS, check_same_thread=False, uri=True),
        # An error message that quotes a statement's values would carry them into logs.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        if migrate:
            bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def standing(engine: Engine) -> tuple[int, int, int, int] | None:
    """The file that stands where the engine looks for its own, None without one: device and inode, which are others
    after a restore, then size and time of its last change."""
    try:
        found = os.stat(engine.url.database or "")
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def lead_to_new_file(engine: Engine) -> None:
    """From now on connections lead to the file that stands there now, at the newest schema."""
    engine.dispose()
    bring_up_to_date(engine)


def _prepare(connection: DBAPIConnection, _: object) -> None:
    # Transactions begin where we say so: the driver's own rules would leave DDL outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", f"journal_size_limit={WAL_BYTES}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: DBAPICursor) -> None:
    # Processes that meet at a new file are told at once that it is locked: SQLite does not wait with this one pragma.
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.02)
        else:
            return


def _begin(connection: Connection) -> None:
    # A transaction that reads before it writes would fail at once, not wait, when another process wrote in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
