"""Examines a PostgreSQL database of record, and changes nothing in it. PostgreSQL's own programs copy it.

Loaded only where a server is configured.
"""

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from penstock.stores.migrating import VERSION, columns, lacking, revision_on
from penstock.stores.migrations import HEAD
from penstock.stores.refused import words
from penstock.stores.site import Site
from penstock.stores.upkeep import DamagedError, Examined

_COUNTED_MOST = 100_000
"""Of a table with more rows the server's own estimate is told: to count them takes a while."""


def examine_server(site: Site) -> Examined:
    """What is in it, and whether it is what this release leaves behind. DamagedError where nobody can look."""
    try:
        engine = site.connect()
        try:
            with engine.connect() as connection:
                found = revision_on(connection)
                lacks = lacking(connection) if found == HEAD else []
                problems = [f"{name} is missing" for name in lacks[:5]]
                problems += _forbidden(connection)
                rows = tuple((name, _count(connection, name)) for name in sorted(columns(connection)))
        finally:
            engine.dispose()
    except SQLAlchemyError as error:
        raise DamagedError(words(error)) from None
    return Examined(found, HEAD, tuple(problems), tuple((name, count) for name, count in rows if name != VERSION))


def server_version(site: Site) -> str:
    """As the server calls itself; DamagedError."""
    try:
        engine = site.connect()
        try:
            with engine.connect() as connection:
                return str(connection.exec_driver_sql("SHOW server_version").scalar_one())
        finally:
            engine.dispose()
    except SQLAlchemyError as error:
        raise DamagedError(words(error)) from None


def _forbidden(connection: Connection) -> list[str]:
    """What a gateway does and this user may not: who makes a table for each day has to own the whole."""
    query = (
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') "
        "AND NOT relispartition AND NOT pg_has_role(relowner, 'USAGE') ORDER BY relname LIMIT 3"
    )
    foreign = [f"another user owns {name}" for name in connection.exec_driver_sql(query).scalars()]
    may = connection.exec_driver_sql("SELECT has_schema_privilege(current_schema(), 'CREATE')").scalar()
    return foreign if may else [*foreign, "this user may not make tables"]


def _count(connection: Connection, table: str) -> int:
    # A table's name is no parameter in SQL; these are the database's own, and quoted.
    quoted = '"' + table.replace('"', '""') + '"'
    about = connection.exec_driver_sql(
        "SELECT sum(reltuples) FROM pg_class WHERE reltuples > 0 AND (oid = %(name)s::regclass OR oid IN "
        "(SELECT inhrelid FROM pg_inherits WHERE inhparent = %(name)s::regclass))",
        {"name": quoted},
    ).scalar()
    if about is not None and about > _COUNTED_MOST:
        return int(about)
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {quoted}").scalar_one())  # noqa: S608 - see above
