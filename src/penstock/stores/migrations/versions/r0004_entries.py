"""The books: one row per finished exchange, and how much of each batch has been counted."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import NUMBER, TEXT

revision = "0004"
down_revision = "0003"

TEXTS = ("tenant", "key", "key_name", "team", "provider", "credential", "dialect", "operation", "model")
ENDS = ("outcome", "fault", "blame", "source", "price", "batch")
TOKENS = (
    "input", "input_audio", "input_image", "cache_write_5m", "cache_write_1h", "cache_read",
    "output", "output_audio", "output_image", "reasoning",
)  # fmt: skip


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _string(name: str) -> sa.Column[str]:
    return sa.Column(name, TEXT, nullable=False)


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "entries",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("id", TEXT, nullable=False, unique=True),
        _integer("at"),
        *(_string(name) for name in TEXTS),
        _string("served"),
        _string("tier"),
        sa.Column("stream", sa.Boolean, nullable=False),
        *(_string(name) for name in ("client", "conversation", "trace")),
        sa.Column("status", sa.Integer, nullable=False),
        *(_string(name) for name in ENDS),
        sa.Column("missing", sa.Boolean, nullable=False),
        *(_integer(name) for name in TOKENS),
        sa.Column("tools", TEXT),
        sa.Column("shares", TEXT),
        sa.Column("cost", sa.BigInteger),
        *(_integer(name) for name in ("bytes_in", "bytes_out", "first_byte", "duration", "overhead")),
        sqlite_autoincrement=True,
    )
    op.create_index("entries_at", "entries", ["at"])
    op.create_index("entries_tenant", "entries", ["tenant", "at"])
    op.create_index("entries_key", "entries", ["key", "at"])
    op.create_table(
        "batches",
        sa.Column("provider", TEXT, primary_key=True),
        sa.Column("batch", TEXT, primary_key=True),
        sa.Column("usage", TEXT, nullable=False),
        sa.Column("cost", sa.BigInteger),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("batches")
    op.drop_table("entries")
