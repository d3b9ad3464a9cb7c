"""The first tables: gateway keys, and whose the objects are that providers keep.

Spelt out here and not taken from ``schema.py``: a revision says what it did, whatever the schema becomes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "keys",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("team", sa.String),
        sa.Column("owner", sa.String),
        sa.Column("label", sa.String),
        sa.Column("prefix", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False, unique=True),
        sa.Column("require_provider_key", sa.Boolean, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("expires", sa.Integer),
        sa.Column("revoked", sa.Integer),
    )
    op.create_table(
        "objects",
        sa.Column("dialect", sa.String, primary_key=True),
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("tenant", sa.String, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("objects_tenant", "objects", ["tenant"])


def downgrade() -> None:
    """Drop both tables."""
    op.drop_table("objects")
    op.drop_table("keys")
