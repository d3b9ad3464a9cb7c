"""Scrubbing: what keys want of it, and what was found in each exchange."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add two columns; rows that are there say nothing of it."""
    op.add_column("keys", sa.Column("scrub", sa.String))
    op.add_column("entries", sa.Column("scrubbed", sa.String))


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("entries", "scrubbed")
    op.drop_column("keys", "scrub")
