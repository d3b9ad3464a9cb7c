"""The operator's provider credentials, encrypted under a key that stands outside the database."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import MOMENT, TEXT

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "credentials",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("credentials")
