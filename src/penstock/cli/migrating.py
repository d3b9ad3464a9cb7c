"""``penstock db check`` and ``penstock db migrate``: is the database right, and bring it to this release's schema."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import PROBLEM, UnreachableError, reaching, site_of
from penstock.cli.printing import json_option, print_json
from penstock.cli.summing import filled

if TYPE_CHECKING:
    from penstock.stores.migrating import Condition
    from penstock.stores.site import Site


@click.command(short_help="Say whether a gateway can use the database as it is.")
@config_option
@json_option
def check(config: Path | None, *, as_json: bool) -> None:
    """Say which schema the database has, and whether it is whole. Nothing is changed.

    Exit code 1 where a gateway of this release would refuse it, or would have to migrate it first.

    \b
    Examples:
      penstock db check --config penstock.yaml
      penstock db check --json
    """
    site = site_of(load_settings(config))
    with reaching(site):
        found = _condition(site)
    if as_json:
        print_json({"database": site.name, **_described(found)})
    else:
        click.echo(f"{site.name}: {found.words}")
    if not found.usable:
        raise SystemExit(PROBLEM)


@click.command(short_help="Bring the database to this release's schema.")
@config_option
@json_option
def migrate(config: Path | None, *, as_json: bool) -> None:
    """Bring the database to this release's schema, as the start of a gateway does; make it where there is none.

    Forward only, in one transaction: it is done whole, or not at all. Of several that begin at once one does it. Make a
    backup before. Sums that are new in this release are made day by day behind it, as `penstock db sum` does.

    \b
    Examples:
      penstock db migrate --config penstock.yaml
    """
    from penstock.core.books import BooksError  # noqa: PLC0415 - keeps --help instant

    site = site_of(load_settings(config))
    with reaching(site):
        before = _condition(site)
        engine = site.open()
        try:
            filled(engine)
        except BooksError as error:
            raise UnreachableError(f"the sums of the books can't be made: {error}. Try `penstock db sum`.") from None
        finally:
            engine.dispose()
        after = _condition(site)
    if as_json:
        print_json({"database": site.name, "before": before.revision, "after": after.revision})
    elif before.revision == after.revision:
        click.echo(f"{site.name} has schema {after.revision} already.")
    else:
        was = "it was empty" if before.revision is None else f"it was {before.revision}"
        click.echo(f"{site.name} has schema {after.revision} now; {was}.")


def _condition(site: "Site") -> "Condition":
    from penstock.stores.migrating import EMPTY, condition  # noqa: PLC0415 - keeps --help instant

    if site.server is None and not site.exists():
        return EMPTY
    engine = site.connect()
    try:
        return condition(engine)
    finally:
        engine.dispose()


def _described(found: "Condition") -> dict[str, object]:
    return {
        "schema": found.revision,
        "expected": found.expected,
        "usable": found.usable,
        "what": found.words,
    }
