"""The configuration, read again when it changes: the whole of it is taken over, or nothing.

Looks twice a second whether the file, or a file that it names, is another one than before, and at once when asked to.
What to do with new settings is the composition root's; nothing here knows what they mean.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator

import msgspec

from penstock.config.mistakes import ConfigError
from penstock.config.settings import Settings
from penstock.config.source import SettingsSource

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
# Editors and renewals write in several steps: a file is read once it has been still for so long.
SETTLE_SECONDS = 0.1
SETTLE_MOST = 10
# A refused configuration is tried again now and then: what it lacked may be a file that has come since.
RETRY_SECONDS = 5.0

FIXED = ("listen", "workers", "data_dir", "database", "pepper", "shared", "books", "journal")
"""Settings that hold from the start to the end of the process."""

Stamp = tuple[tuple[int, int, int] | None, ...]


class Reloading:
    """Hands new settings to ``apply``, which takes them over whole or raises ConfigError."""

    def __init__(
        self, source: SettingsSource, settings: Settings, apply: Callable[[Settings], None], *, aloud: bool = True
    ) -> None:
        """``aloud`` False: another process that reads the same file says what is wrong with it."""
        self.settings = settings
        self._source = source
        self._apply = apply
        self._level = logging.INFO if aloud else logging.DEBUG
        self._aloud = aloud
        self._asked = asyncio.Event()
        self._stamp = self._look()
        self._refusal = ""
        self._waiting: tuple[str, ...] = ()

    def now(self) -> None:
        """Read the configuration again, whether or not it looks changed."""
        self._asked.set()

    async def run(self) -> None:
        """Watches until it is cancelled."""
        loop = asyncio.get_running_loop()
        refused_at = 0.0
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), LOOK_SECONDS)
            asked = self._asked.is_set()
            again = bool(self._refusal) and loop.time() - refused_at > RETRY_SECONDS
            if not asked and not again and self._look() == self._stamp:
                continue
            self._asked.clear()
            await self._settled()
            await self._reload(asked=asked, again=again and not asked)
            refused_at = loop.time()

    async def _settled(self) -> None:
        for _ in range(SETTLE_MOST):
            before = self._stamp = self._look()
            await asyncio.sleep(SETTLE_SECONDS)
            if self._look() == before:
                return

    async def _reload(self, *, asked: bool, again: bool) -> None:
        try:
            # In a thread: a large file takes a while, and running streams must not wait for it.
            found = await asyncio.to_thread(self._source.read)
            settings, waiting = self._reachable(found)
            changed = [name for name in Settings.__struct_fields__ if _differ(self.settings, settings, name)]
            if changed:
                self._refuse_emptied()
            self._apply(settings)
        except (ConfigError, OSError) as error:
            if str(error) != self._refusal or not again:
                log.log(logging.ERROR if self._aloud else logging.DEBUG, "%s\n%s", _REFUSED, error)
            self._refusal = str(error)
            return
        self.settings, self._refusal = settings, ""
        self._stamp = self._look()
        if changed:
            log.log(self._level, "the configuration was read again; changed: %s", ", ".join(changed))
        elif asked or not waiting:
            log.log(self._level, "the configuration was read again; no setting has changed")
        if waiting and waiting != self._waiting and self._aloud:
            log.warning("a restart is needed for what has changed in: %s; all else is in force", ", ".join(waiting))
        self._waiting = waiting

    def _refuse_emptied(self) -> None:
        """A full disk leaves an empty file, which is a right one by itself: all defaults, and nobody's key."""
        path = self._source.path
        if path is not None and os.stat(path).st_size == 0:
            raise OSError(f"{path} is empty: it was probably not written to its end. If it is meant, restart.")

    def _reachable(self, found: Settings) -> tuple[Settings, tuple[str, ...]]:
        """What of the settings can be had without a restart, and the names of the others."""
        fixed = [*FIXED, "tls"] if (found.tls is None) is not (self.settings.tls is None) else FIXED
        waiting = tuple(name for name in fixed if _differ(self.settings, found, name))
        kept = {name: getattr(self.settings, name) for name in fixed}
        return msgspec.structs.replace(found, **kept), waiting

    def _look(self) -> Stamp:
        return tuple(stamp(path) for path in self._files())

    def _files(self) -> Iterator[str]:
        if self._source.path is not None:
            yield str(self._source.path)
        if self.settings.tls is not None:
            yield self.settings.tls.certificate
            yield self.settings.tls.key
        for row in self.settings.providers.values():
            yield from filter(None, (row.ca_file, row.api_key_file))
        yield from (row.file for row in self.settings.scrub.terms.values() if row.file is not None)


_REFUSED = "the configuration was not taken over; the one before stays in force."


def _differ(one: Settings, other: Settings, name: str) -> bool:
    return bool(getattr(one, name) != getattr(other, name))


def stamp(path: str) -> tuple[int, int, int] | None:
    """Changes when the file does, also when another is moved into its place."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
