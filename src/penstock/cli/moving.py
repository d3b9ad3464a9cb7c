"""``penstock db move``: everything that stands in the data folder's database goes into a PostgreSQL database."""

from pathlib import Path

import click
import msgspec

from penstock.cli.books import opened_books, whole
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import MistakeError, reaching, site_of
from penstock.cli.printing import json_option, print_json
from penstock.cli.progress import bar
from penstock.core.caller import Secret


@click.command(short_help="Move from SQLite to PostgreSQL.")
@config_option
@click.option("--to", "url", metavar="URL", help="postgresql://… [default: `database` in the configuration]")
@json_option
def move(config: Path | None, url: str | None, *, as_json: bool) -> None:
    """Move all that the database in the data folder holds into an empty PostgreSQL database.

    Stop the gateway first: what it would write meanwhile would be missing there. A move that was interrupted goes on
    where it was; at the end both databases are compared, table by table, by counts and sums. Nothing changes in the
    old one. Without --to no password is seen in the list of processes.

    \b
    Examples:
      penstock db move
      penstock db move --to postgresql://penstock@db.example.com/penstock
    """
    settings = load_settings(config)
    target = settings.database if url is None else Secret(url)
    if target is None:
        raise click.UsageError("Say where to: --to postgresql://…, or `database` in the configuration.")
    old, new = (msgspec.structs.replace(settings, database=database) for database in (None, target))
    with opened_books(old, "moved") as source, reaching(site_of(new)):
        from penstock.ledger.journal import FOLDER  # noqa: PLC0415 - keeps --help instant
        from penstock.ledger.recovery import living  # noqa: PLC0415
        from penstock.stores.moving import MoveError, Moving, opened_target  # noqa: PLC0415

        if living(Path(settings.data_dir) / FOLDER):
            raise MistakeError(f"A gateway runs in {settings.data_dir}: stop it, and start it when all is moved.")
        try:
            engine = opened_target(target)
            try:
                moving = Moving(source, engine, str((Path(settings.data_dir)).resolve()))
                there = moving.begin()
                with bar("Moving rows", moving.total()) as advance:
                    advance(there)
                    for some in moving.carry():
                        advance(some)
                moved = moving.end()
            finally:
                engine.dispose()
        except MoveError as error:
            raise MistakeError(str(error)) from None
    if as_json:
        print_json({"database": site_of(new).name, "rows": {one.table: one.rows for one in moved}})
        return
    rows = whole(sum(one.rows for one in moved))
    click.echo(f"Moved {rows} rows in {len(moved)} tables to {site_of(new).name}; both databases agree.")
    if settings.database is None:
        click.echo("Set `database` in the configuration to it, then start the gateway.", err=True)
