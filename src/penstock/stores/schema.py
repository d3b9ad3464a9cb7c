"""The tables of the database of record."""

from sqlalchemy import Boolean, Column, Integer, MetaData, String, Table

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("team", String),
    Column("owner", String),
    Column("label", String),
    Column("prefix", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("require_provider_key", Boolean, nullable=False),
    Column("created", Integer, nullable=False),
    Column("expires", Integer),
    Column("revoked", Integer),
)
