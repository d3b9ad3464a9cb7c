"""Examines a PostgreSQL database of record, and changes nothing in it. PostgreSQL's own programs copy it.

Loaded only where a server is configured.
"""

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from penstock.stores.ledger import words
from penstock.stores.migrating import VERSION, columns, lacking, revision_on
from penstock.stores.migrations import HEAD
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
                problems += [f"{right} is not allowed" for right in _forbidden(connection)]
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
    """What a gateway does and this user may not."""
    query = (
        "SELECT relname, kind FROM pg_class CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS kind "
        "WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') "
        "AND relname NOT IN (%s, 'audit') AND NOT has_table_privilege(pg_class.oid, kind) "
        "ORDER BY relname, kind LIMIT 5"
    )
    return [f"{kind} on {name}" for name, kind in connection.exec_driver_sql(query, (VERSION,))]


def _count(connection: Connection, table: str) -> int:
    # A table's name is no parameter in SQL; these are the database's own, and quoted.
    quoted = '"' + table.replace('"', '""') + '"'
    about = connection.exec_driver_sql("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", (quoted,)).scalar()
    if about is not None and about > _COUNTED_MOST:
        return int(about)
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM {quoted}").scalar_one())  # noqa: S608 - see above
