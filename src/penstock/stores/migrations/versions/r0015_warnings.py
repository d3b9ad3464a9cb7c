"""Which quotas somebody was told of, and at which share."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import TEXT

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Add a table, empty."""
    op.create_table(
        "warnings",
        sa.Column("counter", TEXT, primary_key=True),
        sa.Column("share", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take it away again; what was told may be told once more."""
    op.drop_table("warnings")
