"""Which requests ask again for what the answer before them left out."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; rows that are there say nothing of it."""
    op.add_column("entries", sa.Column("reasked", sa.Boolean))


def downgrade() -> None:
    """Take it away again."""
    op.drop_column("entries", "reasked")
