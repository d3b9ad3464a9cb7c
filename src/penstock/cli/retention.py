"""``penstock books``: what is done to the books as a whole. So far that is to take old exchanges out of them.

Nothing is ever taken out by itself: how long books have to be kept is for the people who run the gateway to know.
"""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from penstock.cli import moments
from penstock.cli.books import dollars, off, opened_books, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import json_option, print_json

if TYPE_CHECKING:
    from penstock.stores.retention import Removable

LEAST_SECONDS = 86_400
"""What is younger stays: it may stand in a journal still, and would come in again from there."""


@click.group(short_help="Take old exchanges out of the books.")
def books() -> None:
    """The books as a whole."""


@books.command(short_help="Take old exchanges out, for good.")
@config_option
@click.option("--before", type=moments.Since(), metavar="DATE", help="What began before then: 2026-01-01 (UTC).")
@click.option("--older-than", type=moments.Span(), metavar="SPAN", help="What began so long ago, or longer: 400d, 52w.")
@click.option("--dry-run", is_flag=True, help="Remove nothing: say what would go.")
@json_option
def prune(config: Path | None, before: int | None, older_than: int | None, *, dry_run: bool, as_json: bool) -> None:
    """Take exchanges out of the books, for good; what they used and cost is in no report any more.

    A gateway may go on writing meanwhile. Exchanges of the last 24 hours always stay. Nothing but exchanges is removed:
    keys, credentials, stored objects and what was counted of batches stay. The file keeps its size, and the room is
    used for what comes.

    \b
    Examples:
      penstock books prune --older-than 400d --dry-run
      penstock books prune --before 2026-01-01
    """
    moment = _moment(before, older_than)
    settings = load_settings(config)
    with opened_books(settings, "changed") as engine:
        from penstock.stores.retention import Retention  # noqa: PLC0415 - keeps --help instant

        retention = Retention(engine)
        found = retention.removable(moment)
        if found.exchanges and not dry_run:
            found = msgspec.structs.replace(found, exchanges=sum(retention.remove(moment)))
    if as_json:
        print_json(_described(found, moment, dry_run=dry_run))
    else:
        click.echo(_told(found, moment, dry_run=dry_run) + ("" if found.exchanges else off(settings)))


def _moment(before: int | None, older_than: int | None) -> int:
    """Before when; a mistake where that is not said, or is not long ago enough."""
    now = int(time.time())
    if before is not None and older_than is None:
        moment = before
    elif older_than is not None and before is None:
        moment = now - older_than
    else:
        raise click.UsageError("Say what is old, in one way: --before 2026-01-01, or --older-than 400d.")
    if moment > now - LEAST_SECONDS:
        raise click.UsageError(
            f"{moments.shown(moment)} UTC is less than a day ago: the exchanges of the last 24 hours stay."
        )
    return moment


def _told(found: "Removable", moment: int, *, dry_run: bool) -> str:
    if not found.exchanges:
        return f"The books hold nothing from before {moments.shown(moment)} UTC; nothing was removed."
    counted = f"{whole(found.exchanges)} exchange{'' if found.exchanges == 1 else 's'}"
    span = (
        f"from {moments.shown(found.first)} to {moments.shown(found.last)} UTC, ${dollars(found.cost)} at list prices"
    )
    return f"Would remove {counted}: {span}." if dry_run else f"Removed {counted}: {span}."


def _described(found: "Removable", moment: int, *, dry_run: bool) -> dict[str, object]:
    return {
        "before": moments.stamped(moment),
        "dry_run": dry_run,
        "exchanges": found.exchanges,
        "first": moments.stamped(found.first),
        "last": moments.stamped(found.last),
        "cost_micro_dollars": found.cost,
    }
