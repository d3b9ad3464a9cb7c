"""Where settings come from, so that they can be read again while the gateway runs."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from penstock.config.settings import Settings


class SettingsSource(msgspec.Struct, frozen=True):
    """The file and the environment of this process's start."""

    path: Path | None
    """The configuration file; without one there is nothing to watch."""
    read: Callable[[], Settings]
    """Reads and checks all of it; ConfigError with every mistake."""
