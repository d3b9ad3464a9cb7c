"""Opens the database of record."""

from pathlib import Path

from sqlalchemy import Engine, create_engine

from penstock.stores.schema import metadata

DATABASE = "penstock.db"


def open_database(path: Path) -> Engine:
    """The database at ``path``, made when it is missing."""
    engine = create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    return engine
