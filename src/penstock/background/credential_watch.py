"""Sees when a stored credential is put anew, so that the gateway uses it within a second, as it does with keys.

Looks at the database on a timer, never on the path of a request; SQLite's only where a provider's row says that its
credential is stored. What PostgreSQL holds is read by a thread and kept, sealed as it is, so that a configuration that
is read again waits for no server. What to do with a change is the composition root's.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from penstock.config.mistakes import ConfigError
from penstock.stores.credentials import Sealed, seals
from penstock.stores.credentials import sealed as read
from penstock.stores.keys import StoreError
from penstock.stores.turns import ChangeListener

log = logging.getLogger(__name__)

SECONDS = 0.5
# What can't be used is tried again, more slowly: it may be the database that is in trouble.
RETRY_SECONDS = 5.0


def _first(error: Exception) -> str:
    """A driver's own first sentence."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0]


class CredentialWatch:
    """Watches until it is closed."""

    def __init__(
        self,
        engine: Engine,
        wanted: Callable[[], bool],
        renew: Callable[[], None],
        changes: ChangeListener | None = None,
    ) -> None:
        """``wanted``: whether any row asks for it now. ``renew`` takes what is stored over; ConfigError or OSError, and
        nothing has changed. ``changes`` says when to look; None: twice a second."""
        self._engine = engine
        self._wanted = wanted
        self._renew = renew
        self._changes = changes
        self._trouble = ""
        self._asked: list[asyncio.Future[None]] = []
        """Who waits for a look that has not begun."""
        self._waking = asyncio.Event()
        # Before the credentials are read for the first time, so that none slips in between.
        self._number = None if changes is None else changes.number("credentials")
        self.kept: Sealed | None = None if changes is None else read(engine)
        """What PostgreSQL holds; None: SQLite's file is to be read."""
        self._seals: Mapping[str, bytes] = {}
        if changes is not None or wanted():
            self._seals = self._found()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        wait = SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waking.wait(), wait)
            self._waking.clear()
            asked, self._asked, wait = self._asked, [], SECONDS
            try:
                await self._look()
            except (ConfigError, StoreError, OSError) as error:
                words = str(error) if isinstance(error, ConfigError) else _first(error)
                if words != self._trouble:
                    log.error(
                        "what has changed in the stored credentials can't be used, the known ones stay: %s", words
                    )
                self._trouble, wait = words, RETRY_SECONDS
            for one in asked:
                if not one.done():
                    one.set_result(None)

    async def look(self) -> None:
        """Look now; returns when what has changed until now is used, or can't be."""
        asked = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        self._waking.set()
        await asked

    async def _look(self) -> None:
        number = None if self._changes is None else self._changes.number("credentials")
        if self._changes is not None and number != self._number:
            self.kept = await asyncio.to_thread(read, self._engine)
            self._number = number
        found = self._found() if self.kept is not None or self._wanted() else self._seals
        if found != self._seals and self._wanted():
            self._renew()
            log.info("a stored credential has changed; it is used from now on")
        self._seals, self._trouble = found, ""

    def _found(self) -> Mapping[str, bytes]:
        return seals(self._engine) if self.kept is None else {name: row.nonce for name, row in self.kept.items()}

    def close(self) -> None:
        """Look no more."""
        self._task.cancel()
