"""The tables of the database of record. Definitions only; ``migrations`` brings a database file to them.

Times are whole seconds since the epoch, UTC. Tenants are written as ``KeyProfile.tenant`` spells them.
"""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, String, Table

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True, comment="The key's identity; survives rotation"),
    Column("name", String, nullable=False, unique=True),
    Column("team", String),
    Column("owner", String),
    Column("label", String),
    Column("prefix", String, nullable=False, comment="The key's first characters, to tell keys apart by"),
    Column("digest", String, nullable=False, unique=True, comment="The keyed hash that stands for the key"),
    Column("require_provider_key", Boolean, nullable=False),
    Column("created", Integer, nullable=False),
    Column("expires", Integer),
    Column("revoked", Integer),
)

objects = Table(
    "objects",
    metadata,
    Column("dialect", String, primary_key=True),
    Column("id", String, primary_key=True, comment="As the provider spells it"),
    Column("tenant", String, nullable=False),
    Column("created", Integer, nullable=False),
    sqlite_with_rowid=False,
)

Index("objects_tenant", objects.c.tenant)
