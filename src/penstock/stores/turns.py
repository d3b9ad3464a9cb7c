"""What differs between SQLite and PostgreSQL when rows are read and written, behind three small functions.

SQLite has one writer at a time, which code that reads before it writes relies on. PostgreSQL has many: there, writers
of one turn wait for each other, until the other's rows can be seen by all.
"""

import hashlib
from typing import Protocol, cast

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import sqlite


class ChangeListener(Protocol):
    """What ``changes`` does: it hears of changes, for whoever holds rows in memory."""

    def number(self, topic: str) -> tuple[int, int]:
        """Another one after every change of the topic's rows. From memory: waits for nothing."""


RECORD = "record"
"""The turn of those that name none: correct whatever they do, and as slow as SQLite."""


def writing(engine: Engine, turn: str | None = RECORD, *, shared: bool = False) -> Engine:
    """The engine for transactions that write. On PostgreSQL those of the same ``turn`` go one after the other; those
    that ``share`` it go beside each other, and wait for those that don't. None: nobody waits."""
    return engine.execution_options(writes=True, turn=turn, shared=shared)


def reading(engine: Engine) -> Engine:
    """The engine for transactions of several queries that are to see the same moment."""
    return engine.execution_options(isolation_level="REPEATABLE READ") if on_server(engine) else engine


def inserting(engine: Engine, table: Table) -> sqlite.Insert:
    """An INSERT that can say what is to be done ``on_conflict``. PostgreSQL's takes the same words."""
    if not on_server(engine):
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - SQLite has no use for it

    return cast("sqlite.Insert", postgresql.insert(table))


def on_server(engine: Engine) -> bool:
    """Whether the database is PostgreSQL's."""
    return engine.dialect.name == "postgresql"


def at_once(engine: Engine) -> int:
    """How many threads may use the database for the same purpose: SQLite's lock makes more than one useless."""
    return 4 if on_server(engine) else 1


def take_turn(connection: Connection) -> None:
    """What PostgreSQL is told at the beginning of a transaction."""
    options = connection.get_execution_options()
    turn = options.get("turn", RECORD) if options.get("writes") else None
    if turn is not None:
        # Let go of after the transaction's rows can be seen by others, so whoever waited sees them.
        lock = "pg_advisory_xact_lock_shared" if options.get("shared") else "pg_advisory_xact_lock"
        connection.exec_driver_sql(f"SELECT {lock}(%s)", (lock_of(turn),))


def lock_of(turn: str) -> int:
    """The advisory lock that a turn is."""
    digest = hashlib.blake2b(turn.encode(), digest_size=8, person=b"penstock turn").digest()
    return int.from_bytes(digest, signed=True)
