"""Counters in a SQLite file of their own, for several workers on one machine.

A file of their own, because each request writes here and the database of record is not to wait for that. Write-ahead
log with ``synchronous=NORMAL``: a killed process loses nothing, a power cut the last moments (which the ledger's sums
bring back), and the file stays whole; ``OFF`` would save one fsync per thousand pages and may leave a broken file.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from penstock.core.counting import BEGINNING, KEPT_SECONDS, TICKS
from penstock.stores.counting.database import CounterJob, DatabaseCounters
from penstock.stores.counting.desk import DEADLINE, AwayError
from penstock.stores.counting.sheet import DONE, HOLDS, OVER, CounterSheet, Writes

COUNTERS = "counters.db"
"""The file's name in the data folder."""

_BUSY_SECONDS = 2.0
_FORGETTING_SECONDS = 30

_TABLES = """
CREATE TABLE IF NOT EXISTS buckets (counter TEXT PRIMARY KEY, "full" INTEGER, part INTEGER, forgotten INTEGER)
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spans (counter TEXT PRIMARY KEY, settled INTEGER, reserved INTEGER, adjusted INTEGER,
  forgotten INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hours (counter TEXT, hour INTEGER, amount INTEGER, PRIMARY KEY (counter, hour))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS leases (lease TEXT PRIMARY KEY, state INTEGER, expires INTEGER, parts BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS leases_over ON leases (state, expires);
"""
_NAMED_LEASES = "SELECT lease, state, expires, parts FROM leases WHERE lease IN (SELECT value FROM json_each(?))"
_LEASES_OVER = "SELECT lease, state, expires, parts FROM leases WHERE state = ? AND expires <= ?"
_BUCKETS = """
SELECT counter, "full", part, forgotten FROM buckets WHERE counter IN (SELECT value FROM json_each(?))
"""
_SPANS = """
SELECT counter, settled, reserved, adjusted, forgotten FROM spans WHERE counter IN (SELECT value FROM json_each(?))
"""
_HOURS = "SELECT counter, hour, amount FROM hours WHERE counter = ? AND hour = ?"
_WRITE = (
    (
        "buckets",
        'INSERT INTO buckets VALUES (?, ?, ?, ?) ON CONFLICT (counter) DO UPDATE SET "full" = excluded."full",'
        " part = excluded.part, forgotten = excluded.forgotten",
    ),
    (
        "spans",
        "INSERT INTO spans VALUES (?, ?, ?, ?, ?) ON CONFLICT (counter) DO UPDATE SET settled = excluded.settled,"
        " reserved = excluded.reserved, adjusted = excluded.adjusted, forgotten = excluded.forgotten",
    ),
    (
        "hours",
        "INSERT INTO hours VALUES (?, ?, ?)"
        " ON CONFLICT (counter, hour) DO UPDATE SET amount = amount + excluded.amount",
    ),
    (
        "leases",
        "INSERT INTO leases VALUES (?, ?, ?, ?) ON CONFLICT (lease) DO UPDATE SET state = excluded.state,"
        " expires = excluded.expires, parts = excluded.parts",
    ),
    ("gone", "DELETE FROM leases WHERE lease = ?"),
)
# A little at a time: whoever asks for a counter meanwhile waits for it.
_FORGET = (
    "DELETE FROM buckets WHERE counter IN (SELECT counter FROM buckets WHERE forgotten < ? LIMIT 500)",
    "DELETE FROM spans WHERE counter IN (SELECT counter FROM spans WHERE forgotten < ? AND reserved = 0 LIMIT 500)",
    "DELETE FROM hours WHERE (counter, hour) IN (SELECT counter, hour FROM hours"
    " WHERE hour * 3600 < ? AND counter NOT IN (SELECT counter FROM spans) LIMIT 500)",
)


def ticks() -> int:
    """The machine's time, which all its processes share."""
    return time.time_ns() // 100 - BEGINNING * TICKS


class _File:
    """The file, in the desk's thread."""

    def __init__(self, path: Path, now: Callable[[], int]) -> None:
        self._path = path
        self._now = now
        self._open: sqlite3.Connection | None = None
        self._forgotten = 0

    def carry_out(self, jobs: Sequence[CounterJob]) -> list[object]:
        """All of them in one transaction."""
        try:
            connection = self._open = self._open or _opened(self._path)
            connection.execute("BEGIN IMMEDIATE")
            try:
                now = self._now()
                sheet = CounterSheet(jobs, now)
                self._lay(connection, sheet, now)
                answers = sheet.carried_out()
                self._write(connection, sheet.changes())
                self._forget(connection, now)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self.close()
            raise AwayError(str(error)) from None
        return answers

    def close(self) -> None:
        """The next job opens it again."""
        connection, self._open = self._open, None
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    @staticmethod
    def _lay(connection: sqlite3.Connection, sheet: CounterSheet, now: int) -> None:
        leases = {row[0]: row for row in connection.execute(_NAMED_LEASES, (_list(sheet.leases),))}
        over = connection.execute(_LEASES_OVER, (HOLDS, now))
        sheet.lay_leases((leases | {row[0]: row for row in over}).values())
        counters = (_list(sheet.counters),)
        sheet.lay_buckets(connection.execute(_BUCKETS, counters))
        sheet.lay_spans(connection.execute(_SPANS, counters))
        for key in sheet.hours:
            sheet.lay_hours(connection.execute(_HOURS, key))

    @staticmethod
    def _write(connection: sqlite3.Connection, changes: Writes) -> None:
        for name, statement in _WRITE:
            rows = getattr(changes, name)
            if rows:
                connection.executemany(statement, rows)

    def _forget(self, connection: sqlite3.Connection, now: int) -> None:
        seconds = now // TICKS + BEGINNING
        if seconds < self._forgotten + _FORGETTING_SECONDS:
            return
        self._forgotten = seconds
        for statement in _FORGET:
            connection.execute(statement, (seconds,))
        old = (OVER, DONE, now - KEPT_SECONDS * TICKS)
        connection.execute("DELETE FROM leases WHERE state IN (?, ?) AND expires < ?", old)


class SqliteCounters(DatabaseCounters):
    """Counters in the file at ``path``, made if need be, readable by its owner only."""

    def __init__(self, path: Path, *, deadline: float = DEADLINE, now: Callable[[], int] = ticks) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = _File(path, now)
        super().__init__("sqlite", self._file.carry_out, deadline=deadline)

    async def close(self) -> None:
        """One last try for what waits."""
        await super().close()
        self._file.close()


def _list(names: object) -> str:
    return msgspec.json.encode(names).decode()


def _opened(path: Path) -> sqlite3.Connection:
    # SQLite gives its -wal and -shm files the mode of the database's own. One that is there is left alone: to close it
    # would end all locks that this process has on it (sqlite.org/howtocorrupt.html 2.2).
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError:
            # SQLite does not wait for this lock by itself.
            if time.monotonic() >= until:
                connection.close()
                raise
            time.sleep(0.02)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(_TABLES)
    return connection
