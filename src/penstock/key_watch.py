"""Keeps the key ring as the file and the database have it: a key made or revoked elsewhere is known within a second.

Looks at the database on a timer, never on the path of a request.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping

from penstock.core.caller import KeyProfile
from penstock.policies.authenticate import KeyRing
from penstock.stores.database import DatabaseTooNewError
from penstock.stores.keys import KeyStore, StoreError

log = logging.getLogger(__name__)

SECONDS = 0.5

Declared = Mapping[str, tuple[KeyProfile, float | None]]
"""Keys that stand in the file, by digest, each with the time at which it ends."""


class KeyWatch:
    """Watches until it is closed."""

    def __init__(self, store: KeyStore, ring: KeyRing, declared: Declared, renewed: Callable[[], None]) -> None:
        """``renewed`` is called whenever the ring may hold other keys than before."""
        self._store = store
        self._ring = ring
        self._declared = declared
        self._renewed = renewed
        self._until: float | None = None
        """When the next of them ends."""
        self._kept: Mapping[str, KeyProfile] = {}
        self._due = False
        self._trouble = ""
        self._loop = asyncio.get_running_loop()
        # Whatever the database is like: these do not stand in it.
        self._renew()
        self._look()

    def declare(self, declared: Declared) -> None:
        """From now on these are the keys that stand in the file."""
        self._declared = declared
        self._renew()

    def _renew(self) -> None:
        now = time.time()
        alive = {
            name: (profile, ends) for name, (profile, ends) in self._declared.items() if ends is None or ends > now
        }
        self._until = min((ends for _, ends in alive.values() if ends is not None), default=None)
        self._ring.replace({**self._kept, **{name: profile for name, (profile, _) in alive.items()}})
        self._renewed()

    def _look(self) -> None:
        try:
            # On the loop: a pragma of a third of a millisecond; the rows are read only after a change.
            self._due = self._store.changed() or self._due
            if self._due:
                self._kept = self._store.profiles()
                self._due = False
                self._renew()
            self._say("")
        except (StoreError, DatabaseTooNewError, OSError) as error:
            self._say(str(getattr(error, "orig", None) or error))
        if self._until is not None and time.time() >= self._until:
            self._renew()
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
