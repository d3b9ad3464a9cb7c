"""Keeps the key ring as the file and the database have it: a key made or revoked elsewhere is known within a second.

Looks at the database on a timer, never on the path of a request; what has changed is read in a thread, and put in force
at once.
"""

import asyncio
import functools
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.inheriting import Heritage, Owned, Terms
from penstock.core.quota_text import QuotaError
from penstock.policies.authenticate import KeyRing
from penstock.stores.key_table import Renewal
from penstock.stores.keys import KeyStore, StoreError
from penstock.stores.migrating import UnfitDatabaseError

log = logging.getLogger(__name__)

SECONDS = 0.5

Declared = Mapping[str, tuple[Owned, float | None]]
"""Keys that stand in the file, by digest, each with the time at which it ends."""


class _Read(msgspec.Struct, frozen=True):
    """What a look has found."""

    stored: Renewal | None
    """None: the database can't be read; what is known of it stays."""
    trouble: str
    in_file: dict[str, KeyProfile]
    """Those of the file that are in force."""
    until: float | None
    """When the next of them ends."""
    subjects: tuple[Mapping[str, Terms], Mapping[str, Terms]]
    """Teams and users of the database."""
    identities: dict[str, KeyProfile]
    """All keys, where all were read."""


class KeyWatch:
    """Watches until it is closed."""

    def __init__(
        self,
        store: KeyStore,
        ring: KeyRing,
        declared: Declared,
        heritage: Heritage,
        renewed: Callable[[Collection[KeyProfile]], None],
    ) -> None:
        """``heritage``: what stands in the file. ``renewed`` is told of keys that are about to be in force, in a thread
        of its own."""
        self._store = store
        self._ring = ring
        self._declared = declared
        self._heritage = heritage
        self._renewed = renewed
        self._in_file: Collection[str] = ()
        self._until: float | None = None
        self._subjects: tuple[Mapping[str, Terms], Mapping[str, Terms]] = ({}, {})
        """Teams and users of the database, as last known."""
        self._trouble = ""
        self._reading = False
        self._due = False
        self._anew = False
        """All keys are to be told of."""
        self._asked: list[asyncio.Future[None]] = []
        """Who waits for a look that has not begun."""
        self._thread = ThreadPoolExecutor(1, "keys")
        self._loop = asyncio.get_running_loop()
        self._notice()
        # Here and now: there is no request yet that would wait.
        self._take(self._read(declared, heritage, ()))
        self._timer = self._loop.call_later(SECONDS, self._look)

    def declare(self, declared: Declared, heritage: Heritage) -> None:
        """From now on this is what stands in the file; in force as soon as it is worked out for all keys."""
        self._declared = declared
        if not heritage.same(self._heritage):
            self._heritage = heritage
        self._due = self._anew = True
        self._start()

    async def look(self) -> None:
        """Look now; returns when what has changed until now is in force, or can't be read."""
        asked = self._loop.create_future()
        self._asked.append(asked)
        self._due = True
        self._start()
        await asked

    def _look(self) -> None:
        if not self._reading:
            self._due = self._notice() or self._due or (self._until is not None and time.time() >= self._until)
            self._start()
        self._timer = self._loop.call_later(SECONDS, self._look)

    def _notice(self) -> bool:
        """On the loop: a pragma of a third of a millisecond, or a look into memory."""
        try:
            return self._store.changed()
        except (StoreError, UnfitDatabaseError, OSError) as error:
            self._say(_words(error))
            return False

    def _start(self) -> None:
        if self._reading or not self._due:
            return
        told = tuple(self._ring.profiles) if self._anew else ()
        self._reading, self._due, self._anew = True, False, False
        reading = self._loop.run_in_executor(self._thread, self._read, self._declared, self._heritage, told)
        asked, self._asked = self._asked, []
        reading.add_done_callback(functools.partial(self._arrived, asked))

    def _arrived(self, asked: "Sequence[asyncio.Future[None]]", reading: "asyncio.Future[_Read]") -> None:
        self._reading = False
        self._take(reading.result())
        for one in asked:
            if not one.done():
                one.set_result(None)
        self._due = self._due or bool(self._asked)
        if self._anew or self._asked:
            self._start()

    def _read(self, declared: Declared, heritage: Heritage, told: Collection[KeyProfile]) -> _Read:
        """In the thread. ``told``: keys that are told of, besides those that have become different."""
        stored, trouble, subjects = None, "", self._subjects
        try:
            stored = self._store.renew(heritage)
            subjects = stored.teams, stored.users
        except (StoreError, UnfitDatabaseError, OSError) as error:
            trouble = _words(error)
        except QuotaError as error:
            trouble = f"a quota {error.what}"
        now = time.time()
        alive = {name: (key, ends) for name, (key, ends) in declared.items() if ends is None or ends > now}
        inherited = heritage.beside(*subjects)
        in_file = {name: inherited.profile(key) for name, (key, _) in alive.items()}
        until = min((ends for _, ends in alive.values() if ends is not None), default=None)
        different = () if stored is None else stored.profiles.values()
        self._renewed((*told, *different, *in_file.values()))
        identities: dict[str, KeyProfile] = {}
        if stored is not None and stored.whole:
            identities = {profile.id: profile for some in (different, in_file.values()) for profile in some}
        return _Read(stored, trouble, in_file, until, subjects, identities)

    def _take(self, read: _Read) -> None:
        """Put it in force, between two requests."""
        stored, gone = read.stored, [name for name in self._in_file if name not in read.in_file]
        if stored is not None and stored.whole:
            self._ring.replace({**stored.profiles, **read.in_file}, read.identities)
        else:
            changed = {} if stored is None else stored.profiles
            self._ring.change({**changed, **read.in_file}, [*gone, *(() if stored is None else stored.gone)])
            if gone:
                # One of them may stand in the database, too.
                self._store.forget()
                self._due = True
        self._in_file, self._until, self._subjects = tuple(read.in_file), read.until, read.subjects
        self._due = self._due or stored is None
        self._say(read.trouble)

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
        self._thread.shutdown(wait=True)


def _words(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
