"""Opens a PostgreSQL database as the database of record, and says of it what may be said.

Loaded only where one is configured, for the driver takes some ten megabytes. The URL is libpq's own, so all that libpq
knows can stand in it (postgresql.org/docs/current/libpq-connect.html). Its password goes to the driver alone.
"""

from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import URL, Engine, create_engine, event

from penstock.core.caller import Secret
from penstock.stores.migrating import UnfitDatabaseError, bring_up_to_date
from penstock.stores.turns import take_turn

CONNECTIONS, CONNECTIONS_MORE = 4, 8
"""That a process keeps, and how many more it opens under load."""

_DEFAULTS = {
    "application_name": "penstock",
    "connect_timeout": "4",
    # A server that vanished is noticed within half a minute, not within the hours that TCP allows.
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "client_encoding": "UTF8",
}
_WAIT_SECONDS = 5.0
_RECYCLE_SECONDS = 1800


def open_server(server: Secret, *, migrate: bool = True) -> Engine:
    """An engine on the database that the URL names, at the newest schema."""
    given = _parameters(server)
    name = URL.create("postgresql+psycopg", host=given.get("host"), database=given.get("dbname"))
    engine = create_engine(
        # Whatever prints an engine prints this, and no credential is in it.
        name,
        creator=lambda: connect(server),
        hide_parameters=True,
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS_MORE,
        pool_timeout=_WAIT_SECONDS,
        pool_recycle=_RECYCLE_SECONDS,
        # After the server was restarted nobody is handed a connection to the one before.
        pool_pre_ping=True,
    )
    event.listen(engine, "begin", take_turn)
    try:
        if migrate:
            _must_be_utf8(engine)
            bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect(server: Secret, *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of one's own."""
    # Prepared statements belong to a session, which poolers before the server do not always keep for us.
    return psycopg.connect(**{**_DEFAULTS, **_parameters(server)}, autocommit=autocommit, prepare_threshold=None)


def named(server: Secret) -> str:
    """The database in words, without any credential."""
    given = _parameters(server)
    port = f":{given['port']}" if given.get("port") else ""
    return f"postgresql://{given.get('host') or 'localhost'}{port}/{given.get('dbname') or ''}"


def _parameters(server: Secret) -> dict[str, Any]:
    try:
        return dict(conninfo_to_dict(server.reveal()))
    except psycopg.ProgrammingError:
        # The driver's words quote what they can't read.
        raise UnfitDatabaseError(
            "The URL of the database can't be read: is a password in it percent-encoded?"
        ) from None


def _must_be_utf8(engine: Engine) -> None:
    with engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        words = f"{engine.url.database} is encoded as {encoding}, and names of models and keys are UTF-8."
        raise UnfitDatabaseError(
            f"{words} Make a database with `CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0`."
        )
