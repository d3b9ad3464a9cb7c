"""Private values that a provider holds the tokens of: AES-256-GCM, under a key of each tenant's own.

The key is derived from the pepper, which stands outside of the database; sets of values are bound to their tenant and
their name. Who reads the database sees how many there are, whose, and for which stored objects. Opt-in; every row ends
by itself. The path waits for it only where a request names or makes a stored object.
"""

import asyncio
import hmac
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, bindparam, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.vault import HeldValues, Kept, Whose
from penstock.stores.schema import vault_objects, vault_sets
from penstock.stores.turns import at_once, inserting, on_server, writing

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

log = logging.getLogger(__name__)

DAY = 86_400
DEADLINE_SECONDS = 8.0
NONCE_BYTES = 12
MOST_SETS = 8
"""Of one object; more become one. A conversation that learns something in each turn has a set for each."""
_PRUNE_SECONDS = 600
_AT_ONCE = 1000

_T = TypeVar("_T")
_decode = msgspec.json.Decoder(tuple[Kept, ...]).decode
_S, _O = vault_sets.c, vault_objects.c


class Holdings(msgspec.Struct, frozen=True):
    """What is kept for one tenant, without any of it."""

    tenant: str
    sets: int
    objects: int
    ends: int
    """When the last of it does, in seconds since the epoch."""


class Vault:
    """``core.vault.Vault``. Safe to use from one event loop."""

    def __init__(self, engine: Engine, secret: bytes, *, clock: Callable[[], float] = time.time) -> None:
        self._rows = Rows(engine)
        self._secret = secret
        self._clock = clock
        self._pruned = 0.0
        self._thread = ThreadPoolExecutor(at_once(engine), thread_name_prefix="vault")

    async def find(self, whose: Whose, ids: Sequence[str]) -> HeldValues:
        """As ``core.vault`` says."""
        try:
            return await self._run(lambda: self._find(whose, ids))
        except (SQLAlchemyError, TimeoutError) as error:
            words = "The gateway cannot reach its vault of private values; try again in a moment."
            detail = type(error).__name__
            raise FaultError(Fault(kind=FaultKind.OVERLOADED, words=words, detail=detail, retry_after=5)) from None

    async def keep(self, whose: Whose, ids: Sequence[str], held: HeldValues, more: Sequence[Kept], days: int) -> None:
        """As ``core.vault`` says."""
        try:
            await self._run(lambda: self._keep(whose, ids, held, more, days))
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("values of %d stored objects can't be kept: %s", len(ids), type(error).__name__)

    async def forget(self, whose: Whose, ids: Sequence[str]) -> None:
        """As ``core.vault`` says."""
        try:
            await self._run(lambda: self._rows.forget(whose, ids))
        except (SQLAlchemyError, TimeoutError) as error:
            log.warning("the vault can't forget %d stored objects yet: %s", len(ids), type(error).__name__)

    def close(self) -> None:
        """Let what is under way finish; nothing may be asked any more."""
        self._thread.shutdown()

    def _find(self, whose: Whose, ids: Sequence[str]) -> HeldValues:
        rows, tenant = self._rows.sets_of(whose, ids, self._clock()), whose.tenant
        if not rows:
            return HeldValues()
        cipher = _cipher(self._secret, tenant)
        values: dict[str, Kept] = {}
        for name, nonce, ciphertext in rows:
            values.update((one.token, one) for one in _opened(cipher, tenant, name, nonce, ciphertext))
        return HeldValues(tuple(name for name, _, _ in rows), tuple(values.values()))

    def _keep(self, whose: Whose, ids: Sequence[str], held: HeldValues, more: Sequence[Kept], days: int) -> None:
        now, tenant = self._clock(), whose.tenant
        known = {one.token for one in held.values}
        new = [one for one in more if one.token not in known]
        if new and len(held.sets) >= MOST_SETS:
            new, held = [*held.values, *new], HeldValues()
        names = list(held.sets)
        sealed: Mapping[str, str | bytes] | None = None
        if new:
            name = _name(self._secret, tenant, new)
            names.append(name)
            nonce = os.urandom(NONCE_BYTES)
            plain = msgspec.json.encode(sorted(new, key=lambda one: one.token))
            ciphertext = _cipher(self._secret, tenant).encrypt(nonce, plain, _bound_to(tenant, name))
            sealed = {"tenant": tenant, "name": name, "nonce": nonce, "ciphertext": ciphertext}
        if names:
            self._rows.keep(whose, ids, names, sealed, int(now) + days * DAY)
        if now - self._pruned > _PRUNE_SECONDS:
            self._pruned = now
            self._rows.prune(now)

    async def _run(self, work: Callable[[], _T]) -> _T:
        async with asyncio.timeout(DEADLINE_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)


class Rows:
    """The rows themselves, which nobody needs a key to count or to remove."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # What is kept meanwhile must not lose its set to those who sweep.
        self._keeping = writing(engine, "vault", shared=True)
        self._writing = writing(engine, "vault")

    def sets_of(self, whose: Whose, ids: Sequence[str], now: float) -> list[tuple[str, bytes, bytes]]:
        """The sets of these objects, as they are kept."""
        found: dict[str, tuple[str, bytes, bytes]] = {}
        with self._engine.connect() as connection:
            for some in _some(_text(ids)):
                query = (
                    select(_S.name, _S.nonce, _S.ciphertext)
                    .join(vault_objects, (_O.tenant == _S.tenant) & (_O.name == _S.name))
                    .where(*_these(whose, some), _O.ends > now)
                )
                found.update((row.name, (row.name, row.nonce, row.ciphertext)) for row in connection.execute(query))
        return [found[name] for name in sorted(found)]

    def keep(
        self,
        whose: Whose,
        ids: Sequence[str],
        names: Sequence[str],
        sealed: Mapping[str, str | bytes] | None,
        ends: int,
    ) -> None:
        """These objects have these sets, one of which may be new, until then."""
        rows = [
            {"tenant": whose.tenant, "dialect": whose.dialect, "id": one, "name": name, "ends": ends}
            for one in sorted(_text(ids))
            for name in sorted(names)
        ]
        taking = inserting(self._engine, vault_objects)
        keys = ["tenant", "dialect", "id", "name"]
        taking = taking.on_conflict_do_update(index_elements=keys, set_={"ends": taking.excluded.ends})
        with self._keeping.begin() as connection:
            if sealed is not None:
                new = inserting(self._engine, vault_sets).on_conflict_do_nothing()
                connection.execute(new, {**sealed, "ends": ends})
            if names:
                longer = update(vault_sets).where(
                    _S.tenant == whose.tenant, _S.name == bindparam("set"), _S.ends < ends
                )
                # One by one, in an order: two that change the same rows then never wait for each other for good.
                connection.execute(longer.values(ends=ends), [{"set": name} for name in sorted(names)])
            if rows:
                connection.execute(taking, rows)

    def forget(self, whose: Whose, ids: Sequence[str]) -> None:
        """These objects have none any more."""
        with self._writing.begin() as connection:
            for some in _some(_text(ids)):
                connection.execute(delete(vault_objects).where(*_these(whose, some)))
            _sweep(connection)

    def prune(self, now: float) -> None:
        """Remove what has ended."""
        with self._writing.begin() as connection:
            connection.execute(delete(vault_objects).where(_O.ends <= now))
            _sweep(connection)

    def empty(self, tenant: str) -> int:
        """Remove all of a tenant's; how many sets that were. What stood in SQLite's file is overwritten; PostgreSQL
        gives the room to other rows in its own time."""
        with self._writing.connect() as connection:
            driver = None if on_server(self._engine) else connection.connection.driver_connection
            if driver is not None:
                # Before the transaction begins: within one it would change nothing.
                driver.execute("PRAGMA secure_delete=ON")
            with connection.begin():
                connection.execute(delete(vault_objects).where(_O.tenant == tenant))
                count = connection.execute(delete(vault_sets).where(_S.tenant == tenant)).rowcount
            if driver is not None:
                # Readers may keep some of it: then it goes with the next checkpoint.
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return count

    def standing(self) -> Sequence[Holdings]:
        """Of each tenant, by name."""
        sets = select(_S.tenant, func.count(), func.max(_S.ends)).group_by(_S.tenant).order_by(_S.tenant)
        objects = select(_O.tenant, func.count(_O.id.distinct())).group_by(_O.tenant)
        with self._engine.connect() as connection:
            counted = {row[0]: row[1] for row in connection.execute(objects)}
            found = connection.execute(sets).all()
        return [Holdings(tenant, count, counted.get(tenant, 0), ends) for tenant, count, ends in found]


def _these(whose: Whose, ids: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return _O.tenant == whose.tenant, _O.dialect == whose.dialect, _O.id.in_(ids)


def _sweep(connection: Connection) -> None:
    """Sets that no object has any more."""
    named = select(1).where(_O.tenant == _S.tenant, _O.name == _S.name).exists()
    connection.execute(delete(vault_sets).where(~named))


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _text(ids: Sequence[str]) -> list[str]:
    """Those that UTF-8 and PostgreSQL can hold, each once."""
    return [name for name in dict.fromkeys(ids) if name.encode("utf-8", "ignore").decode() == name and "\0" not in name]


def _key(secret: bytes, tenant: str) -> bytes:
    return hmac.digest(secret, b"penstock vault\0" + tenant.encode(), "sha256")


def _name(secret: bytes, tenant: str, values: Sequence[Kept]) -> str:
    """The same values make the same set, and nobody without the key can tell which."""
    said = msgspec.json.encode(sorted((one.token, one.value, one.kind, one.number) for one in values))
    return hmac.digest(_key(secret, tenant), b"set\0" + said, "sha256")[:16].hex()


def _cipher(secret: bytes, tenant: str) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - loaded only where it is used

    return AESGCM(_key(secret, tenant))


def _opened(cipher: "AESGCM", tenant: str, name: str, nonce: bytes, ciphertext: bytes) -> tuple[Kept, ...]:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - see above

    try:
        return _decode(cipher.decrypt(nonce, ciphertext, _bound_to(tenant, name)))
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        log.warning("a set of values in the vault does not open: was the pepper replaced, or the row changed?")
        return ()


def _bound_to(tenant: str, name: str) -> bytes:
    return msgspec.json.encode(("penstock vault", 1, tenant, name))
