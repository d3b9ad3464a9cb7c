"""A key's secrets apart from the key, so that an old one can work on while its successor does; what a key may use.

SQLite cannot drop a column's own UNIQUE, so the table of keys is made anew.
"""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import MOMENT, TEXT

revision = "0002"
down_revision = "0001"

_KEPT = "id, name, team, owner, label, require_provider_key, created, expires, revoked"


def upgrade() -> None:
    """Make the new tables from the old one."""
    op.rename_table("keys", "keys_before")
    op.create_table(
        "keys",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("team", TEXT),
        sa.Column("owner", TEXT),
        sa.Column("label", TEXT),
        sa.Column("require_provider_key", sa.Boolean, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT),
        sa.Column("revoked", MOMENT),
        sa.Column("models", TEXT),
        sa.Column("routes", TEXT),
    )
    in_force = sa.text("revoked IS NULL")
    op.create_index("keys_name", "keys", ["name"], unique=True, sqlite_where=in_force, postgresql_where=in_force)
    op.execute(f"INSERT INTO keys ({_KEPT}) SELECT {_KEPT} FROM keys_before")  # noqa: S608 - our own columns
    op.create_table(
        "key_secrets",
        sa.Column("digest", TEXT, primary_key=True),
        sa.Column("key", TEXT, sa.ForeignKey("keys.id"), nullable=False),
        sa.Column("prefix", TEXT, nullable=False),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT),
        sqlite_with_rowid=False,
    )
    op.create_index("key_secrets_key", "key_secrets", ["key"])
    op.execute(
        "INSERT INTO key_secrets (digest, key, prefix, created) SELECT digest, id, prefix, created FROM keys_before"
    )
    op.drop_table("keys_before")


def downgrade() -> None:
    """The table as it was: of each key its newest secret alone, and no key that was revoked."""
    op.rename_table("keys", "keys_before")
    op.drop_index("keys_name", "keys_before")
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
    op.execute(
        f"INSERT INTO keys ({_KEPT}, prefix, digest) SELECT {_KEPT}, "  # noqa: S608 - our own columns
        "(SELECT prefix FROM key_secrets WHERE key = keys_before.id ORDER BY expires IS NULL DESC LIMIT 1), "
        "(SELECT digest FROM key_secrets WHERE key = keys_before.id ORDER BY expires IS NULL DESC LIMIT 1) "
        "FROM keys_before WHERE revoked IS NULL"
    )
    op.drop_table("key_secrets")
    op.drop_table("keys_before")
