"""``penstock audit``: who changed what, and how it was before."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import moments
from penstock.cli.acting import acting
from penstock.cli.configuration import config_option
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from penstock.stores.audit import AuditRow

_KINDS = ("key", "team", "user", "token", "credential", "suspension")


@click.command(short_help="Who changed what of keys, teams, users.")
@config_option
@click.option("--kind", type=click.Choice(_KINDS), help="Only changes of these.")
@click.option("--of", "subject", metavar="NAME", help="Only of what has this name or id.")
@click.option("--who", metavar="NAME", help="Only what this one did.")
@click.option("-n", "--lines", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many, at most.")
@json_option
def audit(
    config: Path | None, kind: str | None, subject: str | None, who: str | None, lines: int, *, as_json: bool
) -> None:
    """List who changed what, the newest first. Nothing is ever taken out of this log.

    What is done at the command line was done by "local operator", and the first key was made by "the gateway itself".
    --json has each thing before and after.

    \b
    Examples:
      penstock audit
      penstock audit --kind key --of laptop --json
      penstock audit --who olga -n 10
    """
    from penstock.administering.log import ListChanges  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        page = act.do("audit.list", ListChanges(lines, kind, subject, who))
    if as_json:
        print_json([_described(row) for row in page.items])
        return
    if not page.items:
        click.echo("Nothing was changed yet." if (kind, subject, who) == (None, None, None) else "No such change.")
        return
    shown = tuple(
        (moments.shown(row.at / 1000), row.who, row.act, row.name, ", ".join(_differences(row))) for row in page.items
    )
    print_table(Table(columns("when (UTC)", "who", "act", "=name", "what"), shown), spare=("what",))
    if page.next is not None:
        click.echo(f"There are more; -n {lines * 2} shows some of them.", err=True)


def _described(row: "AuditRow") -> dict[str, object]:
    given = {name: getattr(row, name) for name in row.__struct_fields__}
    return {**given, "at": moments.exact(row.at / 1000)}


def _differences(row: "AuditRow") -> Iterator[str]:
    """The names of what is other than before."""
    before, after = row.before, row.after
    if isinstance(before, dict) and isinstance(after, dict):
        yield from (name for name in after if name not in before or before[name] != after[name])
