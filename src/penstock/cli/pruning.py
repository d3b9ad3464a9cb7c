"""``penstock db prune``: takes old exchanges out of the books, those that somebody names or that the settings name.

Nothing is ever taken out that neither says: how long books have to be kept is for the people who run the gateway to
know.
"""

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from penstock.cli import moments
from penstock.cli.books import dollars, off, opened_books, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import json_option, print_json
from penstock.cli.progress import bar

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.stores.retention import Removable, Retention

LEAST_SECONDS = 86_400
"""What is younger stays: it may stand in a journal still, and would come in again from there."""
_LOWEST_PRIORITY = 19


@click.command(short_help="Take old exchanges out of the books, for good.")
@config_option
@click.option("--before", type=moments.Since(), metavar="DATE", help="What began before then: 2026-01-01 (UTC).")
@click.option("--older-than", type=moments.Span(), metavar="SPAN", help="What began so long ago, or longer: 400d, 52w.")
@click.option("--dry-run", is_flag=True, help="Remove nothing: say what would go.")
@json_option
def prune(config: Path | None, before: int | None, older_than: int | None, *, dry_run: bool, as_json: bool) -> None:
    """Take exchanges out of the books, for good, by whole hours. Sums by hour and day stay, and so do reports of them.

    Without --before and --older-than: what `retention` in the configuration says. A gateway may go on writing
    meanwhile. Exchanges of the last 24 hours always stay, and keys, credentials, stored objects and what was counted of
    batches. The file keeps its size, and the room is used for what comes.

    \b
    Examples:
      penstock db prune --older-than 400d --dry-run
      penstock db prune --before 2026-01-01
      penstock db prune
    """
    moment = _moment(before, older_than)
    settings = load_settings(config)
    if moment is None and not settings.retention.wanted:
        words = "Say what is old: --before 2026-01-01, --older-than 400d, or `retention` in the configuration."
        raise click.UsageError(words)
    with opened_books(settings, "changed") as engine:
        from penstock.stores.retention import Retention  # noqa: PLC0415 - keeps --help instant

        retention = Retention(engine)
        moment = moment or _configured(settings, retention)
        found = retention.removable(moment)
        if found.exchanges and not dry_run:
            found = msgspec.structs.replace(found, exchanges=_removed(retention, moment, found.exchanges))
    if as_json:
        print_json(_described(found, moment, dry_run=dry_run))
    else:
        click.echo(_told(found, moment, dry_run=dry_run) + ("" if found.exchanges else off(settings)))


def _removed(retention: "Retention", moment: int, expected: int) -> int:
    count = 0
    # It has time. Those who wait for an answer do not.
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_LOWEST_PRIORITY)
    with bar("Removing exchanges", expected) as advance:
        for some in retention.remove(moment):
            count += some
            advance(some)
    return count


def _moment(before: int | None, older_than: int | None) -> int | None:
    """Before when, None where it is not said; a mistake where that is said twice, or is not long ago enough."""
    if before is not None and older_than is not None:
        raise click.UsageError("Say what is old in one way: --before 2026-01-01, or --older-than 400d.")
    now = int(time.time())
    moment = now - older_than if older_than is not None else before
    if moment is not None and moment > now - LEAST_SECONDS:
        raise click.UsageError(
            f"{moments.shown(moment)} UTC is less than a day ago: the exchanges of the last 24 hours stay."
        )
    return moment


def _configured(settings: "Settings", retention: "Retention") -> int:
    """Before when the settings want exchanges gone: the later of what age and size say."""
    now, kept = int(time.time()), settings.retention
    too_old = 0 if kept.days is None else now - kept.days * 86_400
    too_many = None if kept.size is None else retention.too_old_for(kept.size)
    return int(retention.cheap(min(now - LEAST_SECONDS, max(too_old, int(too_many or 0)))))


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
