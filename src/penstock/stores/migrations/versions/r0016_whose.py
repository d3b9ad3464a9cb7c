"""Sums of the books by day and month that say no more than whose it was, so that reports of all keys read few rows.

They are made of the sums that are there (``stores.filling``), day by day beside a gateway that is at work: for large
books that takes longer than a start may. Until then reports read what they have read so far.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

SUMMED = (
    "exchanges", "not_served",
    "input", "input_audio", "input_image", "cache_write_5m", "cache_write_1h", "cache_read",
    "output", "output_audio", "output_image", "reasoning",
    "cost", "unpriced", "estimated", "estimated_tokens", "estimated_cost",
)  # fmt: skip


def upgrade() -> None:
    """Add a table, empty."""
    op.create_table(
        "rollup_whose",
        *(sa.Column(name, sa.Integer, primary_key=True, autoincrement=False) for name in ("kind", "start")),
        sa.Column("subject", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in SUMMED),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Take it away again; the other sums say the same and more."""
    op.drop_table("rollup_whose")
