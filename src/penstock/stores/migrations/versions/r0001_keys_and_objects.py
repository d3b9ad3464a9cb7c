"""The first tables: gateway keys, and whose the objects are that providers keep.

Spelt out here and not taken from ``schema.py``: a revision says what it did, whatever the schema becomes.
"""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import MOMENT, TEXT

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "keys",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False, unique=True),
        sa.Column("team", TEXT),
        sa.Column("owner", TEXT),
        sa.Column("label", TEXT),
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False, unique=True),
        sa.Column("require_provider_key", sa.Boolean, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT),
        sa.Column("revoked", MOMENT),
    )
    op.create_table(
        "objects",
        sa.Column("dialect", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("tenant", TEXT, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("objects_tenant", "objects", ["tenant"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("objects")
    op.drop_table("keys")
