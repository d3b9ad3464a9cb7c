"""Moves everything that a SQLite database holds into an empty PostgreSQL database, and holds one against the other.

Table by table, some thousand rows in a transaction together with the note of how far it came: who is interrupted goes
on from there. Until all of it is there and agrees, no gateway takes the new database for whole. Nothing changes in the
old one, and nobody else may write to it meanwhile.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    RowMapping,
    Table,
    cast,
    delete,
    func,
    select,
    text,
    tuple_,
)

from penstock.core.caller import Secret
from penstock.stores import partitions
from penstock.stores.migrating import VERSION
from penstock.stores.migrations import HEAD
from penstock.stores.refused import as_books_error
from penstock.stores.schema import entries, metadata, server_metadata
from penstock.stores.server import named, open_server

AT_ONCE = 5_000
"""Rows in one transaction: about a tenth of a second."""
NOTES = "moving"
"""The table with the notes; it is there for as long as the move lasts."""
_MOVED = tuple(metadata.sorted_tables)
_SEEDED = frozenset({"changes"})
"""Tables that are never empty: a new database's own rows give way."""
_HALF = 2**32
_DONE = "done"


class MoveError(Exception):
    """It can't be done; the words say why, and what to do."""


class Moved(msgspec.Struct, frozen=True):
    """One table, at the end."""

    table: str
    rows: int


def opened_target(server: Secret) -> Engine:
    """The database that everything is to go to: at the newest schema, or as an interrupted move has left it. MoveError
    for one that anybody uses."""
    engine = open_server(server, migrate=False)
    try:
        with engine.connect() as connection:
            tables = set(connection.execute(_TABLES).scalars())
            ours = {VERSION, *metadata.tables, *server_metadata.tables, *filter(partitions.is_day, tables)}
            if NOTES in tables:
                return engine
            full = [table.name for table in _MOVED if table.name in tables and _any(connection, table)]
            if there := [*sorted(tables - ours), *(name for name in full if name not in _SEEDED)]:
                raise MoveError(
                    f"{named(server)} is not empty: it holds {', '.join(there[:3])}. Name another database."
                )
    except BaseException:
        engine.dispose()
        raise
    engine.dispose()
    return open_server(server)


class Moving:
    """From one database into the other. What can't be read or written raises BooksError."""

    def __init__(self, source: Engine, target: Engine, name: str) -> None:
        """``name``: of the source, so that nobody goes on with another's move."""
        self._source = source.execution_options(writes=True)
        self._target = target
        self._name = name

    def begin(self) -> int:
        """Write down that a move is under way, or find that it is: how many rows are there already. MoveError where
        another one is."""
        with self._target.begin() as connection:
            if NOTES in connection.execute(_TABLES).scalars().all():
                return self._gone_on(connection)
            connection.exec_driver_sql(f"CREATE TABLE {NOTES} (name text PRIMARY KEY, note text NOT NULL)")
            self._note(connection, "", msgspec.json.encode([self._name, HEAD]).decode())
            # Without a version no gateway takes it for a database of its own.
            connection.exec_driver_sql(f"DELETE FROM {VERSION}")  # noqa: S608 - our own word
        return 0

    def total(self) -> int:
        """Rows to be moved."""
        with self._source.connect() as connection:
            return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _MOVED)

    def carry(self) -> Iterator[int]:
        """Moves what is not there yet: how many rows with each step."""
        # A transaction that writes nothing, but keeps others from writing: what is read is of one moment.
        with as_books_error(), self._source.connect() as reading:
            for table in _MOVED:
                yield from self._carry_table(reading, table)

    def end(self) -> Sequence[Moved]:
        """Compares both and makes the new one whole: what was moved. MoveError where they differ."""
        found = []
        with self._source.connect() as old, self._target.begin() as new:
            for table in _MOVED:
                before, after = _sums(old, table), _sums(new, table)
                if before != after:
                    raise MoveError(f"{table.name} differs in the two databases: {before} and {after}. Begin anew.")
                found.append(Moved(table.name, before[0]))
            for table in _MOVED:
                if table.autoincrement_column is not None:
                    _go_on_counting(new, table, table.autoincrement_column.name)
            new.execute(text(f"INSERT INTO {VERSION} (version_num) VALUES (:head)"), {"head": HEAD})  # noqa: S608
            new.exec_driver_sql(f"DROP TABLE {NOTES}")
        with self._target.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            # What a server knows of its tables it learns now and then: at the first report it should.
            connection.exec_driver_sql("ANALYZE")
        return found

    def _carry_table(self, reading: Connection, table: Table) -> Iterator[int]:
        with self._target.connect() as connection:
            noted = connection.execute(_NOTE, {"name": table.name}).scalar()
        if noted == _DONE:
            return
        place = list(table.primary_key)
        after: list[Any] | None = None if noted is None else msgspec.json.decode(noted)
        known = partitions.Days()
        while True:
            query = select(table).order_by(*place).limit(AT_ONCE)
            query = query if after is None else query.where(tuple_(*place) > tuple(after))
            rows = reading.execute(query).mappings().all()
            after = [rows[-1][column.name] for column in place] if rows else None
            with self._target.begin() as writing:
                if noted is None and table.name in _SEEDED:
                    writing.execute(delete(table))
                if table is entries:
                    known.be_there(writing, {row["at"] for row in rows})
                _copy(writing, table, rows)
                over = len(rows) < AT_ONCE
                noted = _DONE if over else msgspec.json.encode(after).decode()
                self._note(writing, table.name, noted)
            if rows:
                yield len(rows)
            if over:
                return

    def _gone_on(self, connection: Connection) -> int:
        noted = msgspec.json.decode(connection.execute(_NOTE, {"name": ""}).scalar_one(), type=list[str])
        if noted != [self._name, HEAD]:
            words = f"{noted[0]} is being moved there already (schema {noted[1]})."
            raise MoveError(f"{words} End that move, or name another database.")
        return sum(connection.execute(select(func.count()).select_from(table)).scalar_one() for table in _MOVED)

    def _note(self, connection: Connection, name: str, note: str) -> None:
        noting = f"INSERT INTO {NOTES} VALUES (:name, :note) ON CONFLICT (name) DO UPDATE SET note = :note"  # noqa: S608
        connection.execute(text(noting), {"name": name, "note": note})


_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))")
_NOTE = text(f"SELECT note FROM {NOTES} WHERE name = :name")  # noqa: S608 - our own word


def _any(connection: Connection, table: Table) -> bool:
    return connection.execute(select(1).select_from(table).limit(1)).first() is not None


def _copy(connection: Connection, table: Table, rows: Sequence[RowMapping]) -> None:
    names = table.c.keys()
    columns = ", ".join(f'"{name}"' for name in names)
    raw: Any = connection.connection.driver_connection
    with raw.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_taken(row[name]) for name in names])


def _taken(value: object) -> object:
    # PostgreSQL's text holds every character but this one.
    return value.replace("\0", "�") if isinstance(value, str) and "\0" in value else value


def _sums(connection: Connection, table: Table) -> tuple[int, ...]:
    """Rows, and of each column of whole numbers the sums of their upper and lower halves: a whole sum has no room."""
    columns = [cast(column, BigInteger) for column in table.c if isinstance(column.type, Integer)]
    halves = [half for column in columns for half in (column // _HALF, column % _HALF)]
    wanted: list[ColumnElement[Any]] = [func.count(), *(func.coalesce(func.sum(half), 0) for half in halves)]
    query = select(*wanted)
    return tuple(int(value) for value in connection.execute(query.select_from(table)).one())


def _go_on_counting(connection: Connection, table: Table, column: str) -> None:
    sequence = f"pg_get_serial_sequence('{table.name}', '{column}')"
    latest = f"(SELECT coalesce(max({column}), 0) + 1 FROM {table.name})"  # noqa: S608 - our own words
    connection.exec_driver_sql(f"SELECT setval({sequence}, {latest}, false)")
