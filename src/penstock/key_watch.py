"""Keeps the key ring as the file and the database have it: a key made or revoked elsewhere is known within a second.

Looks at the database on a timer, never on the path of a request.
"""

import asyncio
import logging
from collections.abc import Mapping

from penstock.core.caller import KeyProfile
from penstock.policies.authenticate import KeyRing
from penstock.stores.database import DatabaseTooNewError
from penstock.stores.keys import KeyStore, StoreError

log = logging.getLogger(__name__)

SECONDS = 0.5


class KeyWatch:
    """Watches until it is closed."""

    def __init__(self, store: KeyStore, ring: KeyRing, declared: Mapping[str, KeyProfile]) -> None:
        self._store = store
        self._ring = ring
        self._declared = declared
        self._kept: Mapping[str, KeyProfile] = {}
        self._due = False
        self._trouble = ""
        self._loop = asyncio.get_running_loop()
        self._look()

    def declare(self, declared: Mapping[str, KeyProfile]) -> None:
        """From now on these are the keys that stand in the file, by digest."""
        self._declared = declared
        self._ring.replace({**self._kept, **declared})

    def _look(self) -> None:
        try:
            # On the loop: a pragma of a third of a millisecond; the rows are read only after a change.
            self._due = self._store.changed() or self._due
            if self._due:
                self._kept = self._store.profiles()
                self._ring.replace({**self._kept, **self._declared})
                self._due = False
            self._say("")
        except (StoreError, DatabaseTooNewError, OSError) as error:
            self._say(str(getattr(error, "orig", None) or error))
        self._timer = self._loop.call_later(SECONDS, self._look)

    def _say(self, trouble: str) -> None:
        """Once when it begins, and once when it is over."""
        if trouble != self._trouble:
            if trouble:
                log.warning("the keys can't be read, the known ones stay in force: %s", trouble)
            else:
                log.warning("the keys are read again")
        self._trouble = trouble

    def close(self) -> None:
        """Look no more."""
        self._timer.cancel()
