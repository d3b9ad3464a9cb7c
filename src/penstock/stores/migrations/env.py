"""What Alembic runs to apply revisions: on the connection that it is handed, inside the caller's transaction."""

from alembic import context

from penstock.stores.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
context.run_migrations()
