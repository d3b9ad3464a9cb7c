"""Opens the database of record: one SQLite file, brought to the newest schema before anyone uses it.

Alembic takes a tenth of a second and some ten megabytes to load, so it is loaded only when there is something to
migrate, and where that can be, by a process of its own. Writes survive a killed process; the last of them may be lost
with the machine's power.
"""

import contextlib
import os
import sqlite3
import threading
import time
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor

from penstock.stores.migrations import HEAD

DATABASE = "penstock.db"
"""The file's name in the data folder."""
BUSY_SECONDS = 5


Transaction = Connection
"""What is written in one go; whoever has one hands it on to whatever is to be written along, and looks not into it."""


class DatabaseTooNewError(RuntimeError):
    """The file was written by a later release than this one."""


def open_database(path: Path) -> Engine:
    """An engine on the file at ``path``, created if need be, readable by its owner only, at the newest schema."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # SQLite gives its -wal and -shm files the mode of the database's own. A file that is there is left alone: to close
    # it would end all locks that this process has on it (sqlite.org/howtocorrupt.html 2.2), and the next process to
    # leave would take the -wal away below us.
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    engine = create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        # An error message that quotes a statement's values would carry them into logs.
        hide_parameters=True,
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    try:
        _bring_up_to_date(engine)
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
    _bring_up_to_date(engine)


def _bring_up_to_date(engine: Engine) -> None:
    if _revision(engine) != HEAD and not _migrated_apart(engine):
        _migrate(engine)


def _migrated_apart(engine: Engine) -> bool:
    """Done by a process that ends with it, so that a gateway does not hold Alembic for good. False: it has to be done
    here, because threads are at work, which must not be forked, or to hear what is in the way."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return False
    # A connection must not be carried into another process (sqlite.org/howtocorrupt.html 2.6).
    engine.dispose()
    child = os.fork()
    if child == 0:
        failed = True
        try:
            _migrate(engine)
            # The last to leave puts what stands in the -wal into the file.
            engine.dispose()
            failed = False
        finally:
            os._exit(failed)
    return os.waitpid(child, 0)[1] == 0


def _prepare(connection: DBAPIConnection, _: object) -> None:
    # Transactions begin where we say so: the driver's own rules would leave DDL outside of them.
    connection.isolation_level = None
    cursor = connection.cursor()
    _write_ahead(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
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


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return _revision_on(connection)


def _revision_on(connection: Connection) -> str | None:
    if not connection.execute(text("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'")).scalar():
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _migrate(engine: Engine) -> None:
    from alembic.command import upgrade  # noqa: PLC0415 - costs start-up time, see above
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with engine.execution_options(writes=True).begin() as connection:
        # Another process may have been faster while this one waited for the lock.
        found = _revision_on(connection)
        if found is not None and found not in known:
            raise DatabaseTooNewError(f"{engine.url.database} was written by a later release of penstock ({found}).")
        config.attributes["connection"] = connection
        upgrade(config, "head")
