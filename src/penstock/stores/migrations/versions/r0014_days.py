"""On PostgreSQL the entries stand in a table for each day, and are told apart by id and time: a day's table knows only
its own. SQLite has one table, as before."""

import datetime

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import on_server

revision = "0014"
down_revision = "0013"

DAY = 86_400_000
INDEXES = {"entries_at": "at", "entries_tenant": "tenant, at", "entries_key": "key, at"}


def upgrade() -> None:
    """Put a table of days in the place of the one there is, with all that is in it."""
    if not on_server():
        return
    connection = op.get_bind()
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    op.execute("ALTER TABLE entries RENAME TO entries_before")
    op.execute("CREATE TABLE entries (LIKE entries_before INCLUDING DEFAULTS) PARTITION BY RANGE (at)")
    op.execute("ALTER TABLE entries ADD CONSTRAINT entries_once PRIMARY KEY (id, at)")
    op.execute("CREATE INDEX entries_number ON entries (number)")
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON entries ({columns})")
    sequence = connection.execute(sa.text("SELECT pg_get_serial_sequence('entries_before', 'number')")).scalar_one()
    op.execute(f"ALTER SEQUENCE {sequence} OWNED BY entries.number")
    days = sa.text("SELECT DISTINCT at / :day FROM entries_before ORDER BY 1")
    for day in connection.execute(days, {"day": DAY}).scalars().all():
        name = f"entries_{datetime.date(1970, 1, 1) + datetime.timedelta(days=day):%Y%m%d}"
        op.execute(f"CREATE TABLE {name} PARTITION OF entries FOR VALUES FROM ({day * DAY}) TO ({(day + 1) * DAY})")
    op.execute("INSERT INTO entries SELECT * FROM entries_before")
    op.execute("DROP TABLE entries_before")


def downgrade() -> None:
    """Put one table in their place again."""
    if not on_server():
        return
    op.execute("CREATE TABLE entries_after (LIKE entries INCLUDING DEFAULTS)")
    op.execute("INSERT INTO entries_after SELECT * FROM entries")
    sequence = op.get_bind().execute(sa.text("SELECT pg_get_serial_sequence('entries', 'number')")).scalar_one()
    op.execute(f"ALTER SEQUENCE {sequence} OWNED BY entries_after.number")
    op.execute("DROP TABLE entries")
    op.execute("ALTER TABLE entries_after RENAME TO entries")
    op.execute("ALTER TABLE entries ADD PRIMARY KEY (number)")
    op.execute("ALTER TABLE entries ADD UNIQUE (id)")
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON entries ({columns})")
