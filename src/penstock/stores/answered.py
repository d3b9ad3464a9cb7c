"""What writes through the admin API were answered, so that one that is sent again changes nothing more.

Bodies are sealed under the caller's own token and ``Idempotency-Key``, of which the database keeps hashes only: an
answer may show a new key, this once, and nobody but who asked can open it. Forgotten after a day.
"""

import hashlib
import os
import time
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from penstock.stores.schema import admin_answers

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEPT_SECONDS = 86_400
UNDER_WAY_SECONDS = 60
"""One that was begun and never ended, because its process died, may be tried again then."""
_NONCE_BYTES = 12


class Repeat(NamedTuple):
    """Who repeats what."""

    token: str
    """The id of the token, empty for the local operator."""
    secret: str
    """The token itself, or any other secret that goes with it."""
    key: str
    """The ``Idempotency-Key``."""
    request: bytes
    """Method, path and body."""


class Answered(NamedTuple):
    """What was answered before."""

    status: int
    body: bytes


class OtherRequestError(ValueError):
    """The key was used with another request."""


class UnderWayError(ValueError):
    """The same request is being worked on."""


class Answers:
    """The answers of one database."""

    def __init__(self, engine: Engine, pepper: bytes) -> None:
        self._engine = engine
        self._writing = engine.execution_options(writes=True)
        self._pepper = pepper[:64]

    def begin(self, repeat: Repeat) -> Answered | None:
        """What was answered before; None: nothing was, and it is under way from now on. OtherRequestError,
        UnderWayError."""
        now = int(time.time())
        column = admin_answers.c
        name, request = self._hashed(b"key", repeat), self._hashed(b"request", repeat, repeat.request)
        row = {"token": repeat.token, "key": name, "request": request, "at": now}
        over = (column.at < now - KEPT_SECONDS) | (column.status.is_(None) & (column.at < now - UNDER_WAY_SECONDS))
        try:
            with self._writing.begin() as connection:
                connection.execute(delete(admin_answers).where(over))
                connection.execute(insert(admin_answers).values(row))
        except IntegrityError:
            return self._before(repeat, name, request)
        return None

    def end(self, repeat: Repeat, answered: Answered) -> None:
        """From now on this is the answer."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher(repeat).encrypt(nonce, answered.body, None)
        values = {"status": answered.status, "nonce": nonce, "ciphertext": sealed}
        self._change(repeat, values)

    def give_up(self, repeat: Repeat) -> None:
        """It has changed nothing, and may be sent again."""
        self._change(repeat, None)

    def _change(self, repeat: Repeat, values: dict[str, object] | None) -> None:
        column = admin_answers.c
        mine = (column.token == repeat.token) & (column.key == self._hashed(b"key", repeat))
        with self._writing.begin() as connection:
            changing = delete(admin_answers) if values is None else update(admin_answers).values(values)
            connection.execute(changing.where(mine))

    def _before(self, repeat: Repeat, name: str, request: str) -> Answered:
        column = admin_answers.c
        with self._engine.connect() as connection:
            query = select(admin_answers).where(column.token == repeat.token, column.key == name)
            row = connection.execute(query).mappings().first()
        if row is None or row["status"] is None:
            raise UnderWayError
        if row["request"] != request:
            raise OtherRequestError
        return Answered(row["status"], self._cipher(repeat).decrypt(row["nonce"], row["ciphertext"], None))

    def _hashed(self, purpose: bytes, repeat: Repeat, *more: bytes) -> str:
        parts = (purpose, repeat.token.encode(), repeat.key.encode(), *more)
        return hashlib.blake2b(_joined(parts), key=self._pepper, digest_size=32).hexdigest()

    def _cipher(self, repeat: Repeat) -> "AESGCM":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - heavy, and rarely wanted

        parts = (b"seal", repeat.secret.encode("utf-8", "surrogateescape"), repeat.key.encode())
        return AESGCM(hashlib.blake2b(_joined(parts), key=self._pepper, digest_size=32).digest())


def _joined(parts: tuple[bytes, ...]) -> bytes:
    """Unambiguous: lengths are spelt out."""
    return b"".join(b"%d\0%b" % (len(part), part) for part in parts)
