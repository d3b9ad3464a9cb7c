"""Whose the objects are that providers keep behind the operator's credential: id → tenant.

The one part of the record that requests wait for. Its calls block, so they run in threads of their own, SQLite's one at
a time; what the database cannot do in time is a fault that a retry can help, never an unrecorded id.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import SQLAlchemyError

from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.stores.schema import objects
from penstock.stores.turns import at_once, inserting, writing

_T = TypeVar("_T")

# Longer than SQLite itself waits for another process's lock.
DEADLINE_SECONDS = 8.0
# SQLite takes 32766 variables in a statement; a list's page names far fewer objects.
_AT_ONCE = 1000


def _text(ids: Sequence[str]) -> list[str]:
    """Those that UTF-8 can hold. Half a surrogate pair, which JSON can spell, is no part of an id in the record; a NUL,
    which PostgreSQL can't hold, neither."""
    return [name for name in ids if name.encode("utf-8", "ignore").decode() == name and "\0" not in name]


class Objects:
    """Remembers owners. Safe to use from one event loop."""

    def __init__(self, engine: Engine, *, deadline: float = DEADLINE_SECONDS) -> None:
        self._engine = engine
        self._writing = writing(engine, None)
        self._deadline = deadline
        self._thread = ThreadPoolExecutor(at_once(engine), thread_name_prefix="objects")

    async def owners(self, dialect: str, ids: Sequence[str]) -> dict[str, str]:
        """The tenants of those ids that have one."""
        return await self._run(lambda: self._owners(dialect, _text(ids)))

    async def keep(self, dialect: str, tenant: str, *, made: Sequence[str], along: Sequence[str]) -> None:
        """Write down that ``made`` are the tenant's from now on, and ``along`` too where they are nobody's."""
        await self._run(lambda: self._keep(dialect, tenant, made, along))

    async def forget(self, dialect: str, ids: Sequence[str]) -> None:
        """These are gone at the provider."""
        await self._run(lambda: self._forget(dialect, _text(ids)))

    def close(self) -> None:
        """Let what is under way finish; nothing may be asked any more."""
        self._thread.shutdown()

    def _owners(self, dialect: str, ids: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(ids), _AT_ONCE):
                wanted = ids[start : start + _AT_ONCE]
                query = select(objects.c.id, objects.c.tenant).where(
                    objects.c.dialect == dialect, objects.c.id.in_(wanted)
                )
                found.update((row.id, row.tenant) for row in connection.execute(query))
        return found

    def _keep(self, dialect: str, tenant: str, made: Sequence[str], along: Sequence[str]) -> None:
        now = int(time.time())

        def rows(ids: Sequence[str]) -> list[dict[str, str | int]]:
            return [{"dialect": dialect, "id": name, "tenant": tenant, "created": now} for name in sorted(ids)]

        # An id that the provider has just given out is this tenant's, whoever had it once: names that clients choose
        # (Gemini's files) come back after they expired.
        taking = inserting(self._engine, objects)
        taking = taking.on_conflict_do_update(
            index_elements=["dialect", "id"],
            set_={"tenant": taking.excluded.tenant, "created": taking.excluded.created},
            where=objects.c.tenant != taking.excluded.tenant,
        )
        with self._writing.begin() as connection:
            if made:
                connection.execute(taking, rows(made))
            if along:
                connection.execute(inserting(self._engine, objects).on_conflict_do_nothing(), rows(along))

    def _forget(self, dialect: str, ids: Sequence[str]) -> None:
        with self._writing.begin() as connection:
            connection.execute(delete(objects).where(objects.c.dialect == dialect, objects.c.id.in_(ids)))

    async def _run(self, work: Callable[[], _T]) -> _T:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._deadline):
                return await loop.run_in_executor(self._thread, work)
        except (SQLAlchemyError, TimeoutError) as error:
            raise FaultError(
                Fault(
                    kind=FaultKind.OVERLOADED,
                    words="The gateway cannot reach its record of stored objects; try again in a moment.",
                    # A driver's message can quote the values of a statement; its class cannot.
                    detail=type(error).__name__,
                    retry_after=5,
                )
            ) from None
