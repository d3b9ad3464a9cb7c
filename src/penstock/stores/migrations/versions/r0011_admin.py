"""Who may use the admin API, and what its writes were answered."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import TEXT

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add two tables, empty."""
    op.create_table(
        "admin_tokens",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("digest", TEXT, nullable=False, unique=True),
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("team", TEXT),
        sa.Column("setup", sa.Boolean, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("expires", sa.BigInteger),
        sa.Column("revoked", sa.BigInteger),
    )
    op.create_table(
        "admin_answers",
        sa.Column("token", TEXT, primary_key=True),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("request", TEXT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("nonce", sa.LargeBinary),
        sa.Column("ciphertext", sa.LargeBinary),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("admin_answers_at", "admin_answers", ["at"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_table("admin_answers")
    op.drop_table("admin_tokens")
