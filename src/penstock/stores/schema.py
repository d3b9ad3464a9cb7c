"""The tables of the database of record. Definitions only; ``migrations`` brings a database file to them.

Times are whole seconds since the epoch, UTC. Tenants are written as ``KeyProfile.tenant`` spells them.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
    Column("id", String, primary_key=True, comment="The key's identity; survives rotation"),
    Column("name", String, nullable=False),
    Column("team", String),
    Column("owner", String),
    Column("label", String),
    Column("require_provider_key", Boolean, nullable=False),
    Column("created", Integer, nullable=False),
    Column("expires", Integer),
    Column("revoked", Integer),
    Column("models", String, comment="Glob patterns of allowed models, a JSON list; NULL: all"),
    Column("routes", String, comment="Glob patterns of allowed operations, a JSON list; NULL: all"),
)

# A name that was revoked may be given again: the books know keys by their id.
Index("keys_name", keys.c.name, unique=True, sqlite_where=keys.c.revoked.is_(None))

key_secrets = Table(
    "key_secrets",
    metadata,
    Column("digest", String, primary_key=True, comment="The keyed hash that stands for the key"),
    Column("key", String, ForeignKey("keys.id"), nullable=False),
    Column("prefix", String, nullable=False, comment="The key's first characters, to tell keys apart by"),
    Column("created", Integer, nullable=False),
    Column("expires", Integer, comment="When a secret that was rotated out stops working; NULL: with its key"),
    sqlite_with_rowid=False,
)

Index("key_secrets_key", key_secrets.c.key)

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

credentials = Table(
    "credentials",
    metadata,
    Column("name", String, primary_key=True, comment="The provider row's name"),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False, comment="The operator's credential, encrypted"),
    Column("key_id", String, nullable=False, comment="Which master key opens it"),
    Column("created", Integer, nullable=False),
    sqlite_with_rowid=False,
)
