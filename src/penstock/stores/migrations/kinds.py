"""What columns are made of, on both databases; as revisions have always meant it, so it never changes.

Beside them ``watch``, which makes PostgreSQL tell whoever holds a table's rows in memory that they have changed.
"""

import sqlalchemy as sa
from alembic import op

TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")
MOMENT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NUMBER = MOMENT


def on_server() -> bool:
    """Whether PostgreSQL is being migrated."""
    return op.get_bind().dialect.name == "postgresql"


def watch(table: str, topic: str) -> None:
    """From now on changes of this table count as changes of the topic. Nothing on SQLite, where a pragma tells."""
    if on_server():
        op.execute(
            f"CREATE TRIGGER {table}_changed AFTER INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION penstock_changed('{topic}')"
        )
