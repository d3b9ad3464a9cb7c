"""``penstock quotas``: how much of what may be used has been."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import moments
from penstock.cli.acting import acting, completing, key_names, team_names, user_names
from penstock.cli.configuration import config_option
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from penstock.administering.quotas import QuotaStanding

_LATE = "From the books, which are some seconds late; what requests under way have reserved is not in them."


@click.command(short_help="How much of each quota is used.")
@config_option
@click.option("--key", metavar="NAME", shell_complete=completing(key_names), help="All that hold for this key.")
@click.option("--team", metavar="NAME", shell_complete=completing(team_names), help="Those of this team.")
@click.option("--user", metavar="NAME", shell_complete=completing(user_names), help="Those of this user.")
@json_option
def quotas(config: Path | None, key: str | None, team: str | None, user: str | None, *, as_json: bool) -> None:
    """Show how quotas stand: used, reserved, and when they begin anew. Without a name, those that hold for everyone
    together.

    Where several processes count together it is what they have counted. One process alone counts in its memory; then it
    is what the books say, and what is not counted by days is not known here.

    \b
    Examples:
      penstock quotas
      penstock quotas --key laptop
      penstock quotas --team research --json
    """
    from penstock.administering.quotas import ListQuotas  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        told: Sequence[QuotaStanding] = act.do("quotas.list", ListQuotas(key, team, user)).items
    if as_json:
        print_json([_described(one) for one in told])
        return
    if not told:
        whose = next((f"for {name!r}" for name in (key, team, user) if name is not None), "for everyone together")
        click.echo(f"No quota holds {whose}.")
        return
    headings = columns("quota", "of", "#used", "#reserved", "#left", "begins anew (UTC)")
    print_table(Table(headings, tuple(_line(one, key) for one in told)), spare=("reserved", "of"))
    if any(one.source == "books" for one in told):
        click.echo(_LATE, err=True)


def _line(one: "QuotaStanding", key: str | None) -> tuple[str, ...]:
    whose = {"installation": "everyone", "key": f"key {key}"}.get(one.level, f"{one.level} {one.subject}")
    left = None if one.used is None else max(0, one.limit - one.used - (one.reserved or 0))
    resets = moments.shown(one.resets, absent="-")
    return (
        one.quota,
        whose,
        _amount(one.unit, one.used),
        _amount(one.unit, one.reserved),
        _amount(one.unit, left),
        resets,
    )


def _amount(unit: str, amount: int | None) -> str:
    if amount is None:
        return "-"
    return f"${amount / 1_000_000:,.2f}" if unit == "micro-dollars" else f"{amount:,}"


def _described(one: "QuotaStanding") -> dict[str, object]:
    given = {name: getattr(one, name) for name in one.__struct_fields__}
    return {**given, "resets": moments.stamped(one.resets)}
