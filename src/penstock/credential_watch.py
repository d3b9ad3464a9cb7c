"""Sees when a stored credential is put anew, so that the gateway uses it within a second, as it does with keys.

Looks at the database on a timer, never on the path of a request, and only where a provider's row says that its
credential is stored. What to do then is the composition root's.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from sqlalchemy import Engine

from penstock.config.mistakes import ConfigError
from penstock.stores.credentials import seals
from penstock.stores.keys import StoreError

log = logging.getLogger(__name__)

SECONDS = 0.5
# What can't be used is tried again, more slowly: it may be the database that is in trouble.
RETRY_SECONDS = 5.0


class CredentialWatch:
    """Watches until it is closed."""

    def __init__(self, engine: Engine, wanted: Callable[[], bool], renew: Callable[[], None]) -> None:
        """``wanted``: whether any row asks for it now. ``renew`` takes what is stored over; ConfigError or OSError, and
        nothing has changed."""
        self._engine = engine
        self._wanted = wanted
        self._renew = renew
        self._trouble = ""
        self._loop = asyncio.get_running_loop()
        # Before the credentials are read for the first time, so that none slips in between.
        self._seals: Mapping[str, bytes] = seals(engine) if wanted() else {}
        self._timer = self._loop.call_later(SECONDS, self._look)

    def _look(self) -> None:
        wait = SECONDS
        try:
            found = seals(self._engine) if self._wanted() else self._seals
            if found != self._seals:
                self._renew()
                log.info("a stored credential has changed; it is used from now on")
            self._seals, self._trouble = found, ""
        except (ConfigError, StoreError, OSError) as error:
            words = str(getattr(error, "orig", None) or error)
            if words != self._trouble:
                log.error("what has changed in the stored credentials can't be used, the known ones stay: %s", words)
            self._trouble, wait = words, RETRY_SECONDS
        self._timer = self._loop.call_later(wait, self._look)

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()
