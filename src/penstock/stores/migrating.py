"""Brings a database of record to the newest schema before anyone uses it, SQLite's file and PostgreSQL's alike.

Forward only. Alembic takes a tenth of a second and some ten megabytes to load, so it is loaded only when there is
something to migrate, and where that can be, by a process of its own. A database that is not what some release leaves
behind is refused with words, never mended.
"""

import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, text

from penstock.stores.migrations import HEAD
from penstock.stores.schema import metadata, server_metadata
from penstock.stores.turns import on_server, writing

VERSION = "alembic_version"
_SHOWN = 3
_LOCK_SECONDS = 20


class UnfitDatabaseError(RuntimeError):
    """The database must not be used as it is; the words say why, and what to do."""


class DatabaseTooNewError(UnfitDatabaseError):
    """It was written by a later release than this one."""


class HalfMigratedError(UnfitDatabaseError):
    """It is not what any release leaves behind: a migration or a restore has broken off."""


class Condition(msgspec.Struct, frozen=True):
    """How a database stands to this release."""

    revision: str | None
    """Its schema's; None for an empty one."""
    usable: bool
    """A gateway of this release uses it as it is."""
    words: str
    expected: str = HEAD


EMPTY = Condition(None, usable=False, words=f"there is nothing in it yet; a gateway makes schema {HEAD}.")


def condition(engine: Engine) -> Condition:
    """Looks, and changes nothing."""
    with engine.connect() as connection:
        found = revision_on(connection)
        try:
            if found is None:
                _must_be_new(connection)
                return EMPTY
            if found == HEAD:
                _must_be_whole(connection, found)
        except HalfMigratedError as error:
            return Condition(found, usable=False, words=str(error))
    if found == HEAD:
        return Condition(found, usable=True, words=f"schema {found}, whole.")
    if found > HEAD:
        return Condition(found, usable=False, words=f"schema {found} is a later release's; this one knows {HEAD}.")
    words = f"schema {found}, to become {HEAD}: by itself at the next start, or now with `penstock db migrate`."
    return Condition(found, usable=False, words=words)


def bring_up_to_date(engine: Engine) -> None:
    """Migrate the database where it needs it; UnfitDatabaseError where that can't be."""
    with engine.connect() as connection:
        found = revision_on(connection)
        if found == HEAD:
            _must_be_whole(connection, found)
    if found != HEAD and not _migrated_apart(engine):
        _migrate(engine)


def revision(engine: Engine) -> str | None:
    """The schema's; None where there is none yet."""
    with engine.connect() as connection:
        return revision_on(connection)


def revision_on(connection: Connection) -> str | None:
    """The same, in the connection's transaction."""
    if VERSION not in columns(connection):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION}")).scalar()  # noqa: S608 - our own word
    return None if found is None else str(found)


def columns(connection: Connection) -> Mapping[str, frozenset[str]]:
    """The tables that there are, and what they hold."""
    found: dict[str, set[str]] = {}
    for table, column in connection.exec_driver_sql(_SERVER_COLUMNS if on_server(connection.engine) else _FILE_COLUMNS):
        found.setdefault(table, set()).add(column)
    return {table: frozenset(names) for table, names in found.items()}


_FILE_COLUMNS = (
    "SELECT found.name, info.name FROM sqlite_master AS found, pragma_table_info(found.name) AS info "
    "WHERE found.type = 'table'"
)
_SERVER_COLUMNS = (
    "SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
    "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition "
    "AND attnum > 0 AND NOT attisdropped"
)


def lacking(connection: Connection) -> list[str]:
    """Of the newest schema, the columns that are not there; of a table that is missing whole, its name."""
    found = columns(connection)
    lacks: list[str] = []
    tables = list(metadata.tables.values())
    if on_server(connection.engine):
        tables += server_metadata.tables.values()
    for table in tables:
        if table.name not in found:
            lacks.append(table.name)
        else:
            lacks += [f"{table.name}.{column.name}" for column in table.c if column.name not in found[table.name]]
    return lacks


def _must_be_whole(connection: Connection, found: str | None) -> None:
    if lacks := lacking(connection):
        words = f"{_name(connection.engine)} says that its schema is {found}, but lacks {_some(lacks)}"
        raise HalfMigratedError(f"{words}: a migration or a restore broke off. Restore a backup of it.")


def _must_be_new(connection: Connection) -> None:
    """Tables that no migration has made would be mistaken for ours."""
    there = sorted(columns(connection).keys() & {*metadata.tables, *server_metadata.tables})
    if there:
        words = f"{_name(connection.engine)} holds {_some(there)}, but does not say of which schema they are"
        advice = "Restore a backup of it, or give Penstock a database of its own."
        raise HalfMigratedError(f"{words}: a migration or a restore broke off, or they are another program's. {advice}")


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _name(engine: Engine) -> str:
    return str(engine.url.database)


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


def _migrate(engine: Engine) -> None:
    from alembic.command import upgrade  # noqa: PLC0415 - costs start-up time, see above
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    with writing(engine, "migration").begin() as connection:
        if on_server(engine):
            # A table that somebody reads for long would be waited for, and all others would wait behind this.
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
        # Another process may have been faster while this one waited for its turn.
        found = revision_on(connection)
        if found is None:
            _must_be_new(connection)
        elif found not in known:
            raise DatabaseTooNewError(f"{_name(engine)} was written by a later release of penstock ({found}).")
        config.attributes["connection"] = connection
        upgrade(config, "head")
        # Before any of it stands.
        _must_be_whole(connection, HEAD)
