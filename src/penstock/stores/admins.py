"""Tokens of those who run the gateway: made once, shown once, kept as a keyed hash; never asked on the path.

The first one is an owner's, and is made with the setup token that the gateway shows while there is no other: there is
no password that came with it.
"""

import hashlib
import secrets
import time
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Engine, RowMapping, delete, insert, select, update

from penstock.core.caller import Secret
from penstock.stores.schema import admin_tokens

TOKEN_PREFIX = "pa_"  # noqa: S105 - how every token begins, and none of them
SETUP_PREFIX = "ps_"
SETUP_SECONDS = 86_400
_BYTES = 32
_SHOWN = 6
_PURPOSE = b"admin token"

SETUP_ROLE = "owner"


class AdminToken(msgspec.Struct, frozen=True):
    """A token as it may be shown."""

    id: str
    name: str
    role: str
    team: str | None
    prefix: str
    """Its first characters."""
    created: int
    """Seconds since the epoch, like those that follow."""
    expires: int | None
    revoked: int | None


class MadeToken(msgspec.Struct, frozen=True):
    """A new token, shown this once."""

    token: Secret
    row: AdminToken


class TakenError(ValueError):
    """There is a token of this name."""


class SetupOverError(ValueError):
    """The setup token is wrong, used or too old."""


class Admins:
    """The tokens of one database."""

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._key = hashlib.blake2b(_PURPOSE, key=pepper[:64], digest_size=32).digest()

    def find(self, token: str) -> AdminToken | None:
        """Whose token this is, if it is in force. Only digests are compared, by the index."""
        now = int(time.time())
        column = admin_tokens.c
        query = select(admin_tokens).where(column.digest == self._digest(token), column.setup.is_(False))
        query = query.where(column.revoked.is_(None), column.expires.is_(None) | (column.expires > now))
        with self._engine.connect() as connection:
            found = connection.execute(query).mappings().first()
        return None if found is None else _row(found)

    def rows(self) -> Sequence[AdminToken]:
        """All of them, the newest last; those that are over too."""
        query = select(admin_tokens).where(admin_tokens.c.setup.is_(False))
        with self._engine.connect() as connection:
            order = admin_tokens.c.created, admin_tokens.c.name, admin_tokens.c.id
            return [_row(each) for each in connection.execute(query.order_by(*order)).mappings()]

    def create(
        self, connection: Connection, name: str, role: str, team: str | None = None, expires: int | None = None
    ) -> MadeToken:
        """Make a token; TakenError. ``connection`` writes."""
        column = admin_tokens.c
        taken = select(column.id).where(column.name == name, column.revoked.is_(None), column.setup.is_(False))
        if connection.execute(taken).first() is not None:
            raise TakenError(name)
        return self._make(connection, TOKEN_PREFIX, name, role, team, expires=expires, setup=False)

    def revoke(self, connection: Connection, name: str) -> AdminToken | None:
        """Refuse a token, by its name or id, from now on; None where there is none in force. ``connection`` writes."""
        column = admin_tokens.c
        mine = ((column.name == name) | (column.id == name)) & column.revoked.is_(None) & column.setup.is_(False)
        found = connection.execute(select(admin_tokens).where(mine)).mappings().first()
        if found is None:
            return None
        now = int(time.time())
        connection.execute(update(admin_tokens).where(column.id == found["id"]).values(revoked=now))
        return msgspec.structs.replace(_row(found), revoked=now)

    def setup_token(self) -> Secret | None:
        """The setup token of a database that has none yet, and no other; None for any other: it is made once."""
        with self._writing.begin() as connection:
            if connection.execute(select(admin_tokens.c.id)).first() is not None:
                return None
            until = int(time.time()) + SETUP_SECONDS
            return self._make(connection, SETUP_PREFIX, "setup", SETUP_ROLE, expires=until, setup=True).token

    def set_up(self, connection: Connection, token: str, name: str) -> MadeToken:
        """The first owner's token for the setup token, which is gone then; SetupOverError. ``connection`` writes."""
        column = admin_tokens.c
        mine = (column.digest == self._digest(token)) & column.setup.is_(True) & (column.expires > int(time.time()))
        if _has_owner(connection) or not connection.execute(delete(admin_tokens).where(mine)).rowcount:
            raise SetupOverError
        return self.create(connection, name, SETUP_ROLE)

    def _make(
        self,
        connection: Connection,
        prefix: str,
        name: str,
        role: str,
        team: str | None = None,
        *,
        expires: int | None,
        setup: bool,
    ) -> MadeToken:
        token = prefix + secrets.token_urlsafe(_BYTES)
        row = AdminToken(
            f"admin_{secrets.token_hex(8)}",
            name,
            role,
            team,
            token[: len(prefix) + _SHOWN],
            int(time.time()),
            expires,
            None,
        )
        values = {**msgspec.structs.asdict(row), "digest": self._digest(token), "setup": setup}
        connection.execute(insert(admin_tokens).values(values))
        return MadeToken(Secret(token), row)

    def _digest(self, token: str) -> str:
        return hashlib.blake2b(token.encode("utf-8", "surrogateescape"), key=self._key, digest_size=32).hexdigest()


def _has_owner(connection: Connection) -> bool:
    column, now = admin_tokens.c, int(time.time())
    owners = select(column.id).where(column.role == SETUP_ROLE, column.setup.is_(False), column.revoked.is_(None))
    owners = owners.where(column.expires.is_(None) | (column.expires > now))
    return connection.execute(owners).first() is not None


def _row(found: RowMapping) -> AdminToken:
    return msgspec.convert({name: found[name] for name in AdminToken.__struct_fields__}, AdminToken)
