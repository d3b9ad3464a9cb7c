"""The vault: private values whose tokens providers keep, sealed, and the stored objects that may hold them."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import TEXT

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add two tables, empty."""
    op.create_table(
        "vault_sets",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("nonce", sa.LargeBinary, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.Column("ends", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "vault_objects",
        sa.Column("tenant", TEXT, primary_key=True),
        sa.Column("dialect", TEXT, primary_key=True),
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("ends", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("vault_objects_ends", "vault_objects", ["ends"])
    op.create_index("vault_objects_set", "vault_objects", ["tenant", "name"])


def downgrade() -> None:
    """Take them away again; what providers keep shows its tokens from then on."""
    op.drop_table("vault_objects")
    op.drop_table("vault_sets")
