"""``penstock savings judge`` and ``resume``, and how ``penstock savings`` shows what is suspended."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from penstock.cli import moments
from penstock.cli.acting import acting, completing, key_names
from penstock.cli.books import opened_books, standing
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import json_option, legible, print_json

if TYPE_CHECKING:
    from penstock.stores.suspensions import Suspension

LEVELS = ("lite", "full", "ultra")
Level = Literal["lite", "full", "ultra"]


@click.command(short_help="Suspend what should be, now.")
@config_option
@json_option
def judge(config: Path | None, *, as_json: bool) -> None:
    """Suspend what surely loses money, or makes answers worse by a margin, and say what it is: intensities, each for a
    key and a model. New conversations do not get them any more.

    The gateway does this by itself, five minutes after it started, every hour, and on SIGHUP. What begins in the 90 to
    180 days before is judged; of levels that were resumed, only what began since.

    \b
    Examples:
      penstock savings judge
      penstock savings judge --config penstock.yaml --json
    """
    settings = load_settings(config)
    with opened_books(settings, "judged") as engine:
        from penstock.background import suspending  # noqa: PLC0415 - keeps --help instant

        found = suspending.judged(engine, settings, time.time())
    if as_json:
        print_json({"suspended": [described(one) for one in found]})
        return
    if not found:
        click.echo("Nothing is suspended that was not before.")
    for one in found:
        click.echo(suspending.announced(one))


@click.command(short_help="Give a suspended level back.")
@config_option
@click.argument("key", shell_complete=completing(key_names))
@click.argument("model")
@click.argument("intensity", type=click.Choice(LEVELS, case_sensitive=False), metavar="INTENSITY")
@json_option
def resume(config: Path | None, key: str, model: str, intensity: str, *, as_json: bool) -> None:
    """Give back a level that the gateway suspended: INTENSITY (lite, full, ultra) for the KEY (name or id) and the
    MODEL, as clients ask for it. New conversations get it within a second.

    What was measured so far is not held against it again: only conversations that begin from now on are judged. To
    leave a level out for good, set another: penstock keys set KEY --intensity lite.

    \b
    Examples:
      penstock savings resume laptop claude-sonnet-4-5 full
      penstock savings resume key_6f1d2c3b4a596877 gpt-5 ultra
    """
    from penstock.administering.books import Lift, ListSuspensions  # noqa: PLC0415 - keeps --help instant
    from penstock.administering.errors import ConflictError  # noqa: PLC0415

    standing(load_settings(config))
    found: Sequence[Suspension]
    with acting(config) as act:
        try:
            found = act.do("suspensions.lift", Lift(key, model, cast("Level", intensity))).items
        except ConflictError:
            rows = act.do("suspensions.list", ListSuspensions()).items
            there = "; ".join(_level(one) for one in rows if one.lifted is None)
            words = f"What is suspended: {there}." if there else "Nothing is."
            words = f"{intensity} is not suspended for {model} with the key {key}. {words}"
            raise click.ClickException(legible(words)) from None
    if as_json:
        print_json({"resumed": [described(one) for one in found]})
        return
    for one in found:
        click.echo(legible(f"{_level(one)} is given to new conversations again, within a second."))


def notes(suspended: "Sequence[Suspension]") -> Iterator[str]:
    """What is suspended, why, and how to reverse it; and what an operator wanted back."""
    from penstock.background.suspending import reversing, told  # noqa: PLC0415 - keeps --help instant

    for one in suspended:
        since = f"since {moments.shown(one.since)} UTC"
        if one.lifted is None:
            yield legible(f"{_level(one)} is suspended {since}: {told(one)}. To reverse it: {reversing(one)}")
        else:
            yield legible(
                f"{_level(one)} was suspended {since}, and resumed {moments.shown(one.lifted)} UTC: only what began "
                "after that is held against it."
            )


def described(one: "Suspension") -> dict[str, object]:
    """For scripts."""
    found = one.found
    return {
        "key": one.key,
        "key_name": one.key_name,
        "model": one.model,
        "intensity": one.intensity,
        "since": moments.stamped(one.since),
        "reason": one.reason,
        "guard": one.guard,
        "found": {
            "point": found.point,
            "low": found.low,
            "high": found.high,
            "treated": found.treated,
            "control": found.control,
            "first": moments.stamped(found.first),
            "last": moments.stamped(found.last),
            "rules": found.rules,
        },
        "lifted": moments.stamped(one.lifted),
    }


def _level(one: "Suspension") -> str:
    return f"{one.intensity} for {one.model} with the key {one.key_name}"
