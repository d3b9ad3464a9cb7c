"""The house with the settings that stand in the configuration file now, looked at for each act.

The gateway itself takes a changed file over within a second. Whoever adds a provider and then its credential, one
command after the other, must not be told that there is no such provider.
"""

import dataclasses
import logging
import threading

import msgspec

from penstock.administering.house import House
from penstock.background.reloading import FIXED, stamp
from penstock.config.mistakes import ConfigError
from penstock.config.source import SettingsSource

log = logging.getLogger(__name__)


class Following:
    """Follows one configuration file; may be asked from any thread."""

    def __init__(self, house: House, source: SettingsSource) -> None:
        """``house``: with the settings of the start, of which some hold until the end."""
        self._house = house
        self._source = source
        self._stamp = self._look()
        self._taking = threading.Lock()

    def __call__(self) -> House:
        """The house as it is now. A file that is wrong changes nothing."""
        with self._taking:
            found = self._look()
            if found != self._stamp:
                self._stamp = found
                self._take()
            return self._house

    def _look(self) -> object:
        return None if self._source.path is None else stamp(str(self._source.path))

    def _take(self) -> None:
        try:
            read = self._source.read()
        except (ConfigError, OSError) as error:
            log.warning("the configuration was not taken over; the one before stays in force.\n%s", error)
            return
        kept = {name: getattr(self._house.settings, name) for name in FIXED}
        self._house = dataclasses.replace(self._house, settings=msgspec.structs.replace(read, **kept))
