"""Counters in PostgreSQL, for several machines without a Valkey, at low rates: each batch takes three round trips, and
batches of all processes take turns.

Loaded only where it is used. ``synchronous_commit`` is off here: a server that dies may forget the last moments, which
the ledger's sums bring back, and nobody waits for its disk. The server's clock is the only one.
"""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from penstock.core.counting import BEGINNING, KEPT_SECONDS, TICKS
from penstock.stores.counting.database import CounterJob, DatabaseCounters
from penstock.stores.counting.desk import DEADLINE, AwayError
from penstock.stores.counting.sheet import DONE, HOLDS, OVER, CounterSheet, Writes

Connect = Callable[[], "psycopg.Connection[tuple[Any, ...]]"]

SERVER_TIME = f"floor((extract(epoch FROM clock_timestamp()) - {BEGINNING}) * {TICKS})::bigint"
"""Ticks since the beginning."""

_TURN = 7_316_402_118_530_911
"""Of the advisory lock that batches take turns by."""
_FORGETTING_SECONDS = 30
_PATIENCE = "2s"

_TABLES = """
CREATE TABLE IF NOT EXISTS counting_buckets
  (counter text PRIMARY KEY, "full" bigint, part bigint, forgotten bigint);
CREATE TABLE IF NOT EXISTS counting_spans
  (counter text PRIMARY KEY, settled bigint, reserved bigint, adjusted smallint, forgotten bigint);
CREATE TABLE IF NOT EXISTS counting_hours
  (counter text, hour bigint, amount bigint, PRIMARY KEY (counter, hour));
CREATE TABLE IF NOT EXISTS counting_leases
  (lease text PRIMARY KEY, state smallint, expires bigint, parts bytea);
CREATE INDEX IF NOT EXISTS counting_leases_over ON counting_leases (state, expires);
"""
_LEASES = """
SELECT lease, state, expires, parts FROM counting_leases WHERE lease = ANY(%s::text[])
UNION SELECT lease, state, expires, parts FROM counting_leases WHERE state = %s AND expires <= %s
"""
_BUCKETS = 'SELECT counter, "full", part, forgotten FROM counting_buckets WHERE counter = ANY(%s::text[])'
_SPANS = """
SELECT counter, settled, reserved, adjusted, forgotten FROM counting_spans WHERE counter = ANY(%s::text[])
"""
_HOURS = """
SELECT counter, hour, amount FROM counting_hours
WHERE (counter, hour) IN (SELECT * FROM unnest(%s::text[], %s::bigint[]))
"""
_WRITE = (
    (
        "buckets",
        """INSERT INTO counting_buckets SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
        ON CONFLICT (counter) DO UPDATE SET "full" = excluded."full", part = excluded.part,
        forgotten = excluded.forgotten""",
    ),
    (
        "spans",
        """INSERT INTO counting_spans
        SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[])
        ON CONFLICT (counter) DO UPDATE SET settled = excluded.settled, reserved = excluded.reserved,
        adjusted = excluded.adjusted, forgotten = excluded.forgotten""",
    ),
    (
        "hours",
        """INSERT INTO counting_hours AS there SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[])
        ON CONFLICT (counter, hour) DO UPDATE SET amount = there.amount + excluded.amount""",
    ),
    (
        "leases",
        """INSERT INTO counting_leases SELECT * FROM unnest(%s::text[], %s::smallint[], %s::bigint[], %s::bytea[])
        ON CONFLICT (lease) DO UPDATE SET state = excluded.state, expires = excluded.expires,
        parts = excluded.parts""",
    ),
    ("gone", "DELETE FROM counting_leases WHERE lease = ANY(%s::text[])"),
)
# A little at a time: whoever asks for a counter meanwhile waits for it.
_FORGET = (
    """DELETE FROM counting_buckets WHERE counter IN
    (SELECT counter FROM counting_buckets WHERE forgotten < %s LIMIT 500)""",
    """DELETE FROM counting_spans WHERE counter IN
    (SELECT counter FROM counting_spans WHERE forgotten < %s AND reserved = 0 LIMIT 500)""",
    """DELETE FROM counting_hours WHERE (counter, hour) IN
    (SELECT counter, hour FROM counting_hours one WHERE hour * 3600 < %s
    AND NOT EXISTS (SELECT FROM counting_spans WHERE counter = one.counter) LIMIT 500)""",
)


class _Server:
    """The server, in the desk's thread."""

    def __init__(self, connect: Connect, clock: str) -> None:
        self._connect = connect
        self._clock = f"SELECT {clock}".encode()
        self._open: psycopg.Connection[tuple[Any, ...]] | None = None
        self._forgotten = 0

    def carry_out(self, jobs: Sequence[CounterJob]) -> list[object]:
        """All of them in one transaction."""
        try:
            connection = self._open = self._open or self._opened()
            with connection.transaction():
                now = self._begin(connection)
                sheet = CounterSheet(jobs, now)
                self._lay(connection, sheet, now)
                answers = sheet.carried_out()
                with connection.pipeline():
                    self._write(connection, sheet.changes())
                    self._forget(connection, now)
        except psycopg.Error as error:
            self.close()
            raise AwayError(str(error).strip().partition("\n")[0] or type(error).__name__) from None
        return answers

    def close(self) -> None:
        """The next job connects anew."""
        connection, self._open = self._open, None
        if connection is not None:
            connection.close()

    def _opened(self) -> "psycopg.Connection[tuple[Any, ...]]":
        connection = self._connect()
        try:
            connection.autocommit = True
            for name, value in (("lock_timeout", _PATIENCE), ("statement_timeout", _PATIENCE)):
                connection.execute("SELECT set_config(%s, %s, false)", (name, value))
            connection.execute("SELECT set_config('synchronous_commit', 'off', false)")
            with connection.transaction():
                # Processes that meet at a new database would trip over each other.
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TURN,))
                found = connection.execute("SELECT to_regclass('counting_leases')").fetchone()
                if found == (None,):
                    connection.execute(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, connection: "psycopg.Connection[tuple[Any, ...]]") -> int:
        with connection.pipeline():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TURN,))
            found = connection.execute(self._clock).fetchone()
        return int(found[0]) if found else 0

    @staticmethod
    def _lay(connection: "psycopg.Connection[tuple[Any, ...]]", sheet: CounterSheet, now: int) -> None:
        sheet.lay_leases(connection.execute(_LEASES, (sorted(sheet.leases), HOLDS, now)).fetchall())
        counters = (sheet.counters,)
        with connection.pipeline():
            buckets = connection.execute(_BUCKETS, counters)
            spans = connection.execute(_SPANS, counters)
            hours = connection.execute(_HOURS, _columns(sheet.hours)) if sheet.hours else None
            sheet.lay_buckets(buckets.fetchall())
            sheet.lay_spans(spans.fetchall())
            if hours is not None:
                sheet.lay_hours(hours.fetchall())

    @staticmethod
    def _write(connection: "psycopg.Connection[tuple[Any, ...]]", changes: Writes) -> None:
        for name, statement in _WRITE:
            rows = getattr(changes, name)
            if rows:
                connection.execute(statement, _columns(rows))

    def _forget(self, connection: "psycopg.Connection[tuple[Any, ...]]", now: int) -> None:
        seconds = now // TICKS + BEGINNING
        if seconds < self._forgotten + _FORGETTING_SECONDS:
            return
        self._forgotten = seconds
        for statement in _FORGET:
            connection.execute(statement, (seconds,))
        connection.execute(
            "DELETE FROM counting_leases WHERE state IN (%s, %s) AND expires < %s",
            (OVER, DONE, now - KEPT_SECONDS * TICKS),
        )


class PostgresqlCounters(DatabaseCounters):
    """Counters in the database that ``connect`` leads to, in tables of their own, made if need be."""

    def __init__(
        self, connect: Connect, store: str = "postgresql", *, deadline: float = DEADLINE, clock: str = SERVER_TIME
    ) -> None:
        """``store``: the place in words. ``clock``: the SQL expression of the time in ticks."""
        self._server = _Server(connect, clock)
        super().__init__(store, self._server.carry_out, deadline=deadline)

    async def close(self) -> None:
        """One last try for what waits."""
        await super().close()
        self._server.close()


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]
