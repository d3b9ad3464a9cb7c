"""Sums of the books by hour and by day, filled from the entries that are there; and whose key each exchange had."""

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping

import msgspec
import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import NUMBER, TEXT

revision = "0012"
down_revision = "0011"

log = logging.getLogger("penstock.stores.migrations")

TEXTS = (
    "tenant", "key", "key_name", "team", "owner", "provider", "dialect", "operation", "model", "served", "outcome",
    "source",
)  # fmt: skip
WHOSE = 5
"""So many of these say whose it is; sums of all leave them empty."""
SUMMED = (
    "input", "input_audio", "input_image", "cache_write_5m", "cache_write_1h", "cache_read",
    "output", "output_audio", "output_image", "reasoning",
    "cost", "bytes_in", "bytes_out", "first_byte", "duration", "overhead",
)  # fmt: skip
MOST = 2**56
HOUR, DAY = 3_600_000, 86_400_000
SAID_SECONDS = 5.0


class Numbers:
    """Of subjects: nobody else gives any while this goes on."""

    def __init__(self) -> None:
        self._known: dict[tuple[str | int, ...], int] = {}
        self._new: list[dict[str, object]] = []

    def of(self, subject: tuple[str | int, ...]) -> int:
        """The one that it has, or gets."""
        found = self._known.get(subject)
        if found is None:
            found = self._known[subject] = len(self._known) + 1
            digest = hashlib.blake2b(msgspec.msgpack.encode(subject), digest_size=16).digest()
            said = zip((*TEXTS, "status", "priced"), subject, strict=True)
            self._new.append({"number": found, "digest": digest, **dict(said)})
        return found

    def write(self, connection: sa.Connection) -> None:
        """Those that are new."""
        if self._new:
            names = ("number", "digest", *TEXTS, "status", "priced")
            table = sa.table("rollup_subjects", *(sa.column(name) for name in names))
            connection.execute(sa.insert(table), self._new)
            self._new = []

    def leave_off(self, connection: sa.Connection) -> None:
        """The next is given by the database: SQLite goes on behind the greatest, PostgreSQL has to be told."""
        if self._known and connection.dialect.name == "postgresql":
            sequence = "pg_get_serial_sequence('rollup_subjects', 'number')"
            connection.execute(sa.text(f"SELECT setval({sequence}, {len(self._known)})"))


def upgrade() -> None:
    """Add the column and three tables."""
    op.add_column("entries", sa.Column("owner", TEXT, nullable=False, server_default=""))
    op.create_table(
        "rollup_subjects",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        *(sa.Column(name, TEXT, nullable=False) for name in TEXTS),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("priced", sa.Integer, nullable=False),
    )
    op.create_index("rollup_subjects_key", "rollup_subjects", ["key"])
    op.create_table(
        "rollups",
        *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("kind", "start")),
        sa.Column("subject", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("exchanges", *SUMMED, "last")),
        sqlite_with_rowid=False,
    )
    op.create_index("rollups_subject", "rollups", ["subject", "kind", "start"])
    op.create_table(
        "rollup_tools",
        *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("kind", "start")),
        sa.Column("subject", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tool", TEXT, primary_key=True),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    fill(op.get_bind())


def downgrade() -> None:
    """Drop them again; the entries can be summed anew as long as they are there."""
    op.drop_table("rollup_tools")
    op.drop_table("rollups")
    op.drop_table("rollup_subjects")
    op.drop_column("entries", "owner")


def fill(connection: sa.Connection) -> None:
    """Day by day; what takes long is told in the log."""
    first, last = connection.execute(sa.text("SELECT min(at), max(at) FROM entries")).one()
    if first is None:
        return
    numbers = Numbers()
    began = said = time.monotonic()
    days = range(first // DAY, last // DAY + 1)
    for done, day in enumerate(_days(connection, days)):
        _fill_day(connection, day, numbers)
        if time.monotonic() - said >= SAID_SECONDS:
            said = time.monotonic()
            log.warning("summing up the books: day %d of at most %d, %.0f s", done + 1, len(days), said - began)
    numbers.leave_off(connection)


def _days(connection: sa.Connection, days: range) -> Iterator[int]:
    """Those with entries: an exchange of 1970 must not cost a look at each day since."""
    day: int | None = days.start
    following = sa.text("SELECT min(at) FROM entries WHERE at >= :after")
    while day is not None:
        yield day
        found = connection.execute(following, {"after": (day + 1) * DAY}).scalar()
        day = None if found is None else found // DAY


def _fill_day(connection: sa.Connection, day: int, numbers: Numbers) -> None:
    named = (*TEXTS, "status")
    said = ("CASE WHEN cost IS NULL THEN 0 ELSE 1 END", f"at / {HOUR}")
    grouped = ", ".join([*named, *said])
    # A sum of what only a provider that counts nonsense tells must not end the migration.
    sums = (f"sum(CASE WHEN {name} > {2**44} THEN {2**44} ELSE coalesce({name}, 0) END)" for name in SUMMED)
    columns = f"{grouped}, count(*), {', '.join(sums)}, max(at)"
    within = "FROM entries WHERE at >= :first AND at < :end"
    span = {"first": day * DAY, "end": (day + 1) * DAY}
    found: dict[tuple[int | str, ...], list[int]] = {}
    query = sa.text(f"SELECT {columns} {within} GROUP BY {grouped}")
    for row in connection.execute(query, span):
        subject, hour, values = tuple(row[: len(named) + 1]), row[len(named) + 1], row[len(named) + 2 :]
        for kind, start, number in _places(subject, hour, numbers):
            sums_there = found.setdefault((kind, start, number), [0] * len(values))
            for at, value in enumerate(values[:-1]):
                sums_there[at] = min(MOST, sums_there[at] + int(value))
            sums_there[-1] = max(sums_there[-1], values[-1])
    numbers.write(connection)
    _insert(connection, "rollups", ("exchanges", *SUMMED, "last"), found)
    called: dict[tuple[int | str, ...], list[int]] = {}
    query = sa.text(f"SELECT {grouped}, tools, count(*) {within} AND tools IS NOT NULL GROUP BY {grouped}, tools")
    for *subject_hour, tools, times in connection.execute(query, span):
        for kind, start, number in _places(tuple(subject_hour[:-1]), subject_hour[-1], numbers):
            for tool, calls in msgspec.json.decode(tools, type=list[tuple[str, int]]):
                called.setdefault((kind, start, number, tool), [0])[0] += calls * times
    _insert(connection, "rollup_tools", ("calls",), called)


def _places(subject: tuple[str | int, ...], hour: int, numbers: Numbers) -> list[tuple[int, int, int]]:
    whose = numbers.of(subject)
    all_together = numbers.of(("",) * WHOSE + subject[WHOSE:])
    day = hour // 24
    return [(0, hour, all_together), (1, hour, whose), (2, day, all_together), (3, day, whose)]


def _insert(
    connection: sa.Connection, table: str, names: tuple[str, ...], found: Mapping[tuple[int | str, ...], list[int]]
) -> None:
    if not found:
        return
    keys = ("kind", "start", "subject", "tool")[: len(next(iter(found)))]
    columns = (*keys, *names)
    rows = [dict(zip(columns, (*place, *values), strict=True)) for place, values in found.items()]
    connection.execute(sa.insert(sa.table(table, *(sa.column(name) for name in columns))), rows)
