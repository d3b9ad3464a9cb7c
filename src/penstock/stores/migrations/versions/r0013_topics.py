"""On PostgreSQL, for the many gateways of one database: what has changed, and what must be the same for all of them.

A change is counted in the transaction that makes it, and told when it is over. SQLite needs none of it.
"""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import TEXT, on_server, watch

revision = "0013"
down_revision = "0012"

TOPICS = {
    "keys": "keys",
    "key_secrets": "keys",
    "teams": "keys",
    "users": "keys",
    "credentials": "credentials",
    "suspensions": "suspensions",
    "conversations": "conversations",
}

# As it is found from wherever the statement comes: whose path of schemas it was made with is written into it.
_FUNCTION = """
CREATE FUNCTION penstock_changed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO topics VALUES (TG_ARGV[0], 1) ON CONFLICT (topic) DO UPDATE SET number = topics.number + 1;
    PERFORM pg_notify('penstock', TG_ARGV[0]);
    RETURN NULL;
END
$$
"""


def upgrade() -> None:
    """Add two tables, and a trigger to each table whose rows gateways hold in memory."""
    if not on_server():
        return
    op.create_table(
        "topics",
        sa.Column("topic", TEXT, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "installation",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("value", TEXT, nullable=False),
    )
    op.execute(_FUNCTION)
    for table, topic in TOPICS.items():
        watch(table, topic)


def downgrade() -> None:
    """Take them away again."""
    if not on_server():
        return
    for table in TOPICS:
        op.execute(f"DROP TRIGGER {table}_changed ON {table}")
    op.execute("DROP FUNCTION penstock_changed()")
    op.drop_table("installation")
    op.drop_table("topics")
