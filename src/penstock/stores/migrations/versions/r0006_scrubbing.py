"""Scrubbing: what keys want of it, and what was found in each exchange."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import TEXT

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add two columns; rows that are there say nothing of it."""
    op.add_column("keys", sa.Column("scrub", TEXT))
    op.add_column("entries", sa.Column("scrubbed", TEXT))


def downgrade() -> None:
    """Take them away again."""
    op.drop_column("entries", "scrubbed")
    op.drop_column("keys", "scrub")
