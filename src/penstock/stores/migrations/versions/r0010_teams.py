"""Teams and users with their terms, quotas of keys, what was changed last, and the log of who changed what."""

import sqlalchemy as sa
from alembic import op

from penstock.stores.migrations.kinds import MOMENT, NUMBER, TEXT

revision = "0010"
down_revision = "0009"

_REFUSED = "the audit log is only added to"


def upgrade() -> None:
    """Add four tables and two columns; the count of changes begins."""
    op.add_column("keys", sa.Column("quotas", TEXT))
    op.add_column("keys", sa.Column("changed", sa.BigInteger, nullable=False, server_default="0"))
    for column in ("changed", "team", "owner"):
        op.create_index(f"keys_{column}", "keys", [column])
    for name in ("teams", "users"):
        op.create_table(
            name,
            sa.Column("name", TEXT, primary_key=True),
            sa.Column("label", TEXT),
            sa.Column("models", TEXT),
            sa.Column("routes", TEXT),
            sa.Column("intensity", TEXT),
            sa.Column("smart", sa.Boolean),
            sa.Column("holdout", sa.Integer),
            sa.Column("scrub", TEXT),
            sa.Column("quotas", TEXT),
            sa.Column("created", MOMENT, nullable=False),
            sqlite_with_rowid=False,
        )
    changes = op.create_table(
        "changes",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.bulk_insert(changes, [{"name": "keys", "number": 0}, {"name": "subjects", "number": 0}])
    op.create_table(
        "audit",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("who", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.Column("act", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("before", TEXT),
        sa.Column("after", TEXT),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_subject", "audit", ["kind", "subject"])
    _only_added_to(op.get_bind().dialect.name)


def _only_added_to(dialect: str) -> None:
    if dialect == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSED}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_refused() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSED}'; END $$"
    )
    # TRUNCATE goes by no row.
    op.execute(
        "CREATE TRIGGER audit_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refused()"
    )


def downgrade() -> None:
    """Take them away again, and with them who changed what."""
    for table in ("audit", "changes", "users", "teams"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION audit_refused()")
    for column in ("changed", "team", "owner"):
        op.drop_index(f"keys_{column}", "keys")
    op.drop_column("keys", "changed")
    op.drop_column("keys", "quotas")
