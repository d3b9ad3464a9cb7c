"""Puts many rows into the books at once, as each database takes them with the least work for this process.

The driver gives Python's lock away and takes it back once per statement, each time beside a busy event loop: a hundred
rows in one statement cost a third of what they cost one by one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Boolean, ColumnElement, Connection, Engine, bindparam, literal_column
from sqlalchemy.dialects import sqlite

from penstock.stores.rollups import Row
from penstock.stores.schema import entries
from penstock.stores.turns import on_server

Insert = Callable[[Connection, Sequence[Row]], None]
"""Puts rows of certain columns into the books, where they do not stand yet."""

ROWS_AT_ONCE = 100
"""In one statement; SQLite takes 32,766 values."""

_encode = msgspec.json.Encoder().encode


def insertion(engine: Engine, given: Sequence[str], constant: Mapping[str, str]) -> Insert:
    """For rows of the ``given`` columns; in the others stands what is ``constant``, in SQL."""
    if on_server(engine):
        return _on_server(given, constant)
    return _in_file(engine, given, constant)


def _in_file(engine: Engine, given: Sequence[str], constant: Mapping[str, str]) -> Insert:
    values: dict[str, ColumnElement[Any]] = {name: bindparam(name) for name in given} | {
        name: literal_column(constant[name]) for name in constant
    }
    statement = sqlite.insert(entries).values(values)
    # Compiled once and handed to the driver as it is: SQLAlchemy would look at every value of every row.
    compiled = statement.compile(dialect=engine.dialect)
    one = str(compiled)
    many = re.sub(r"(?<=VALUES )(\([^()]*\))", lambda found: ", ".join([found[1]] * ROWS_AT_ONCE), one)
    arranged = itemgetter(*map(given.index, compiled.positiontup or ()))

    def insert(connection: Connection, rows: Sequence[Row]) -> None:
        whole = len(rows) - len(rows) % ROWS_AT_ONCE
        for start in range(0, whole, ROWS_AT_ONCE):
            some = tuple(chain.from_iterable(map(arranged, rows[start : start + ROWS_AT_ONCE])))
            connection.exec_driver_sql(many, some)
        if whole < len(rows):
            connection.exec_driver_sql(one, list(map(arranged, rows[whole:])))

    return insert


def _on_server(given: Sequence[str], constant: Mapping[str, str]) -> Insert:
    """All rows are one value, in JSON: made by a C library in a microsecond or two each, and taken apart there. The
    driver would handle each of their forty values by itself."""
    kinds = {name: _kind(name) for name in given}
    typed = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
    columns = [f'"{name}"' for name in (*given, *constant)]
    values = [*(f'"{name}"' for name in given), *(_constant(name, constant[name]) for name in constant)]
    statement = (
        f"INSERT INTO entries ({', '.join(columns)}) SELECT {', '.join(values)} "  # noqa: S608 - our own columns
        f"FROM json_to_recordset(%s::json) AS given ({typed})"
    )

    def insert(connection: Connection, rows: Sequence[Row]) -> None:
        if rows:
            told = _encode([dict(zip(given, row, strict=True)) for row in rows])
            connection.exec_driver_sql(statement, (told.decode(),))

    return insert


def _kind(name: str) -> str:
    kind = entries.c[name].type
    return "text" if kind.python_type is str else "boolean" if isinstance(kind, Boolean) else "bigint"


def _constant(name: str, value: str) -> str:
    return (
        f"{value}::{_kind(name)}"
        if value == "NULL"
        else f"({value}::int)::boolean"
        if _kind(name) == "boolean"
        else value
    )
