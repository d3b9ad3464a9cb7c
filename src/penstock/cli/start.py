"""What ``penstock serve`` starts with, as one process or as the parent of several."""

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.config.source import SettingsSource


@dataclass
class Start:
    """What the command line and the configuration say."""

    settings: "Settings"
    source: "SettingsSource"
    demo: bool


def cannot_listen(listen: str, error: OSError) -> click.ClickException:
    """The error of an address that is taken, or is not this machine's."""
    # Event loops put words of their own, and the address once more, into ``strerror``.
    what = _NO_ADDRESS.get(error.errno or 0) or error.strerror or str(error)
    return click.ClickException(f"can't listen on {listen}: {what}")


_NO_ADDRESS = {
    errno.EADDRINUSE: "another program does already; stop it, or choose another port with --listen",
    errno.EADDRNOTAVAIL: "this machine has no such address; 127.0.0.1 is the machine itself, 0.0.0.0 all that it has",
    errno.EACCES: "this user may not; ports below 1024 need a right of their own",
}
