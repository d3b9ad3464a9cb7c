"""Warnings of quotas wait in the database until somebody was told: a process that ends in between loses none.

Of those that are there already somebody was told.
"""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import TEXT

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add columns, and what finds the few that wait."""
    op.add_column("warnings", sa.Column("message", TEXT))
    op.add_column("warnings", sa.Column("tries", sa.Integer, nullable=False, server_default="0"))
    op.add_column("warnings", sa.Column("due", sa.BigInteger))
    op.create_index("warnings_due", "warnings", ["due"])


def downgrade() -> None:
    """Take them away again; what still waits is told to nobody."""
    op.drop_index("warnings_due", "warnings")
    for name in ("due", "tries", "message"):
        op.drop_column("warnings", name)
