"""``penstock db sum``: makes the sums that reports of all keys, teams or users read, where some are missing."""

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.books import opened_books, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import json_option, print_json
from penstock.cli.progress import bar

if TYPE_CHECKING:
    from sqlalchemy import Engine

_LOWEST_PRIORITY = 19


@click.command("sum", short_help="Make the sums that reports of all keys read, where some are missing.")
@config_option
@json_option
def summing(config: Path | None, *, as_json: bool) -> None:
    """Make the sums by day and month that reports of all keys, teams or users read, where some are missing.

    They are missing after an upgrade, for exchanges of before. A gateway has this done beside itself soon after its
    start, and reports are right meanwhile, but slower. Who stops it loses nothing: it goes on with the next day.

    \b
    Examples:
      penstock db sum --config penstock.yaml
    """
    settings = load_settings(config)
    # It has time. Those who wait for an answer do not.
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_LOWEST_PRIORITY)
    with opened_books(settings, "summed up") as engine:
        days = filled(engine)
    if as_json:
        print_json({"days": days})
        return
    click.echo(f"Summed up {whole(days)} day{'' if days == 1 else 's'}." if days else "No sum is missing.")


def filled(engine: "Engine") -> int:
    """How many days' sums were made."""
    from penstock.stores.filling import Filling  # noqa: PLC0415 - keeps --help instant

    filling = Filling(engine)
    count = 0
    months = filling.missing()
    with bar("Summing up months", len(months)) as advance:
        for month in months:
            count += sum(1 for _ in filling.fill(month))
            advance(1)
    return count
