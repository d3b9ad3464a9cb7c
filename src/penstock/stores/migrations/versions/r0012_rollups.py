"""Sums of the books by hour and by day, filled from the entries that are there; and whose key each exchange had."""

import hashlib
import logging
import time
from collections.abc import Iterator, Mapping

import msgspec
import sqlalchemy as sa
from alembic import op

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


def upgrade() -> None:
    """Add the column and three tables."""
    op.add_column("entries", sa.Column("owner", sa.String, nullable=False, server_default=""))
    op.create_table(
        "rollup_subjects",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
        *(sa.Column(name, sa.String, nullable=False) for name in TEXTS),
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
        sa.Column("tool", sa.String, primary_key=True),
        sa.Column("calls", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    _fill(op.get_bind())


def downgrade() -> None:
    """Drop them again; the entries can be summed anew as long as they are there."""
    op.drop_table("rollup_tools")
    op.drop_table("rollups")
    op.drop_table("rollup_subjects")
    op.drop_column("entries", "owner")


def _fill(connection: sa.Connection) -> None:
    """Day by day; what takes long is told in the log."""
    first, last = connection.execute(sa.text("SELECT min(at), max(at) FROM entries")).one()
    if first is None:
        return
    subjects: dict[tuple[str | int, ...], int] = {}
    began = said = time.monotonic()
    days = range(first // DAY, last // DAY + 1)
    for done, day in enumerate(_days(connection, days)):
        _fill_day(connection, day, subjects)
        if time.monotonic() - said >= SAID_SECONDS:
            said = time.monotonic()
            log.warning("summing up the books: day %d of at most %d, %.0f s", done + 1, len(days), said - began)


def _days(connection: sa.Connection, days: range) -> Iterator[int]:
    """Those with entries: an exchange of 1970 must not cost a look at each day since."""
    day: int | None = days.start
    following = sa.text("SELECT min(at) FROM entries WHERE at >= :after")
    while day is not None:
        yield day
        found = connection.execute(following, {"after": (day + 1) * DAY}).scalar()
        day = None if found is None else found // DAY


def _fill_day(connection: sa.Connection, day: int, subjects: dict[tuple[str | int, ...], int]) -> None:
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
        for kind, start, number in _places(connection, subject, hour, subjects):
            sums_there = found.setdefault((kind, start, number), [0] * len(values))
            for at, value in enumerate(values[:-1]):
                sums_there[at] = min(MOST, sums_there[at] + int(value))
            sums_there[-1] = max(sums_there[-1], values[-1])
    _insert(connection, "rollups", ("exchanges", *SUMMED, "last"), found)
    called: dict[tuple[int | str, ...], list[int]] = {}
    query = sa.text(f"SELECT {grouped}, tools, count(*) {within} AND tools IS NOT NULL GROUP BY {grouped}, tools")
    for *subject_hour, tools, times in connection.execute(query, span):
        for kind, start, number in _places(connection, tuple(subject_hour[:-1]), subject_hour[-1], subjects):
            for tool, calls in msgspec.json.decode(tools, type=list[tuple[str, int]]):
                called.setdefault((kind, start, number, tool), [0])[0] += calls * times
    _insert(connection, "rollup_tools", ("calls",), called)


def _places(
    connection: sa.Connection, subject: tuple[str | int, ...], hour: int, subjects: dict[tuple[str | int, ...], int]
) -> list[tuple[int, int, int]]:
    whose = _number(connection, subject, subjects)
    all_together = _number(connection, ("",) * WHOSE + subject[WHOSE:], subjects)
    day = hour // 24
    return [(0, hour, all_together), (1, hour, whose), (2, day, all_together), (3, day, whose)]


def _number(
    connection: sa.Connection, subject: tuple[str | int, ...], subjects: dict[tuple[str | int, ...], int]
) -> int:
    if subject not in subjects:
        digest = hashlib.blake2b(msgspec.msgpack.encode(subject), digest_size=16).digest()
        names = ("digest", *TEXTS, "status", "priced")
        places = ", ".join(f":{name}" for name in names)
        inserting = f"INSERT INTO rollup_subjects ({', '.join(names)}) VALUES ({places}) RETURNING number"  # noqa: S608
        values = dict(zip(names, (digest, *subject), strict=True))
        subjects[subject] = connection.execute(sa.text(inserting), values).scalar_one()
    return subjects[subject]


def _insert(
    connection: sa.Connection, table: str, names: tuple[str, ...], found: Mapping[tuple[int | str, ...], list[int]]
) -> None:
    if not found:
        return
    keys = ("kind", "start", "subject", "tool")[: len(next(iter(found)))]
    columns = (*keys, *names)
    places = ", ".join(f":{name}" for name in columns)
    inserting = sa.text(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})")  # noqa: S608 - see above
    rows = [dict(zip(columns, (*place, *values), strict=True)) for place, values in found.items()]
    connection.execute(inserting, rows)
