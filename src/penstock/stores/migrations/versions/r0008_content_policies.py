"""Content policies: what they have met in each exchange."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import TEXT

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a column; rows that are there say nothing of it."""
    op.add_column("entries", sa.Column("rulings", TEXT))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("entries", "rulings")
