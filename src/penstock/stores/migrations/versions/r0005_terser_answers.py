"""Terser answers: what keys want, what was decided for each exchange and how its answer ended, conversations that are
under way, and which levels are suspended."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

DECIDED = ("intensity", "arm", "reason", "rules", "beginning", "kind")


def upgrade() -> None:
    """Add columns and tables; rows that are there say nothing of it."""
    op.add_column("keys", sa.Column("intensity", sa.String))
    op.add_column("keys", sa.Column("smart", sa.Boolean))
    op.add_column("keys", sa.Column("holdout", sa.Integer))
    for name in DECIDED:
        op.add_column("entries", sa.Column(name, sa.String))
    op.add_column("entries", sa.Column("with_tools", sa.Boolean))
    op.add_column("entries", sa.Column("added", sa.Integer))
    op.add_column("entries", sa.Column("holdout", sa.Integer))
    op.add_column("entries", sa.Column("later", sa.Boolean))
    op.add_column("entries", sa.Column("ending", sa.String))
    op.create_table(
        "conversations",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("beginning", sa.String, nullable=False, unique=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("decided", sa.String, nullable=False),
        sa.Column("used", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("conversations_used", "conversations", ["used"])
    op.create_table(
        "words",
        sa.Column("rules", sa.String, primary_key=True),
        sa.Column("text", sa.String, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suspensions",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("model", sa.String, primary_key=True),
        sa.Column("intensity", sa.String, primary_key=True),
        sa.Column("key_name", sa.String, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("guard", sa.String),
        sa.Column("found", sa.String, nullable=False),
        sa.Column("lifted", sa.Integer),
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
