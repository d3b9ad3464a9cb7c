"""What ``penstock serve`` starts with, as one process or as the parent of several."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.config.source import Source


@dataclass
class Start:
    """What the command line and the configuration say."""

    settings: "Settings"
    source: "Source"
    demo: bool


def cannot_listen(start: Start, error: OSError) -> click.ClickException:
    """The error of an address that is taken, or is not this machine's."""
    return click.ClickException(f"can't listen on {start.settings.listen}: {error.strerror or error}")
