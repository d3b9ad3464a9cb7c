"""Terser answers: what keys want, what was decided for each exchange and how its answer ended, conversations that are
under way, and which levels are suspended."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import MOMENT, NUMBER, TEXT

revision = "0005"
down_revision = "0004"

DECIDED = ("intensity", "arm", "reason", "rules", "beginning", "kind")


def upgrade() -> None:
    """Add columns and tables; rows that are there say nothing of it."""
    op.add_column("keys", sa.Column("intensity", TEXT))
    op.add_column("keys", sa.Column("smart", sa.Boolean))
    op.add_column("keys", sa.Column("holdout", sa.Integer))
    for name in DECIDED:
        op.add_column("entries", sa.Column(name, TEXT))
    op.add_column("entries", sa.Column("with_tools", sa.Boolean))
    op.add_column("entries", sa.Column("added", sa.Integer))
    op.add_column("entries", sa.Column("holdout", sa.Integer))
    op.add_column("entries", sa.Column("later", sa.Boolean))
    op.add_column("entries", sa.Column("ending", TEXT))
    op.create_table(
        "conversations",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("beginning", TEXT, nullable=False, unique=True),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("decided", TEXT, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("conversations_used", "conversations", ["used"])
    op.create_table(
        "words",
        sa.Column("rules", TEXT, primary_key=True),
        sa.Column("text", TEXT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suspensions",
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("model", TEXT, primary_key=True),
        sa.Column("intensity", TEXT, primary_key=True),
        sa.Column("key_name", TEXT, nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("guard", TEXT),
        sa.Column("found", TEXT, nullable=False),
        sa.Column("lifted", MOMENT),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take them away again; conversations under way are forgotten, and so is what was suspended."""
    op.drop_table("suspensions")
    op.drop_table("words")
    op.drop_table("conversations")
    for name in ("ending", "later", "holdout", "added", "with_tools", *reversed(DECIDED)):
        op.drop_column("entries", name)
    for name in ("holdout", "smart", "intensity"):
        op.drop_column("keys", name)
