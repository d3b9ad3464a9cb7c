"""``penstock vault``: what is kept of private values whose tokens a provider holds, without ever showing one; and how
all of a tenant's goes, for good.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import moments
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import PROBLEM, existing
from penstock.cli.printing import Table, columns, json_option, legible, print_json, print_table

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.stores.keys import KeyStore
    from penstock.stores.vault import Rows

_BACKUPS = "Backups made before still hold them; they open with the pepper alone."


@click.group(short_help="Private values that are kept for stored objects.")
def vault() -> None:
    """The vault of private values, if `scrub.vault` is set."""


@vault.command("list", short_help="List whose values are kept.")
@config_option
@json_option
def list_vault(config: Path | None, *, as_json: bool) -> None:
    """List whose values are kept: for how many stored objects, and until when. No value is shown, nor opened.

    \b
    Examples:
      penstock vault list
    """
    with _opened(config) as (settings, store, rows):
        names = {tenant: name for name, tenant in reversed(list(_tenants(settings, store)))}
        found = rows.standing()
    if as_json:
        told = [
            {"tenant": one.tenant, "name": names.get(one.tenant), "sets": one.sets, "objects": one.objects,
             "ends": moments.stamped(one.ends)}
            for one in found
        ]  # fmt: skip
        print_json({"tenants": told})
        return
    lines = tuple(
        (legible(names.get(one.tenant, one.tenant)), str(one.objects), str(one.sets), moments.shown(one.ends))
        for one in found
    )
    if not lines:
        click.echo("Nothing is kept. What would be, and how long: `scrub.vault` in the configuration.")
        return
    print_table(Table(columns("=whose", "#objects", "#sets of values", "the last ends (UTC)"), lines))


@vault.command(short_help="Remove all values of a key or a team.")
@config_option
@click.argument("whose")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def empty(config: Path | None, whose: str, *, yes: bool, as_json: bool) -> None:
    """Remove all values that are kept for WHOSE: the name of a key, `team:NAME`, or as `penstock vault list --json`
    spells a tenant. Keys of a team have their values in common.

    What its stored objects show from then on are tokens. On a terminal it asks first; elsewhere it wants --yes.

    \b
    Examples:
      penstock vault empty team:support --yes
      penstock vault empty laptop
    """
    with _opened(config) as (settings, store, rows):
        known = dict(_tenants(settings, store))
        tenant = known.get(whose, whose)
        if not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"This removes all values that are kept for {whose!r}, for good; say --yes.")
            click.confirm(f"Remove all values that are kept for {legible(whose)}, for good?", abort=True)
        count = rows.empty(tenant)
    if as_json:
        print_json({"tenant": tenant, "removed": count})
    elif count:
        click.echo(f"{count} set{'' if count == 1 else 's'} of values removed.")
        click.echo(_BACKUPS, err=True)
    if not count:
        click.echo(
            legible(f"Nothing is kept for {whose!r}; `penstock vault list` shows for whom something is."), err=True
        )
        raise SystemExit(PROBLEM)


def _tenants(settings: "Settings", store: "KeyStore") -> Iterator[tuple[str, str]]:
    """What keys and teams are called, and how their tenants are spelt."""
    from penstock.assembly import composing  # noqa: PLC0415 - keeps --help instant

    for key in composing.in_force(settings, store):
        yield (key.name if key.team is None else f"team:{key.team}"), key.tenant
        yield key.name, key.tenant


@contextlib.contextmanager
def _opened(config: Path | None) -> "Iterator[tuple[Settings, KeyStore, Rows]]":
    from penstock.stores.keys import KeyStore  # noqa: PLC0415 - keeps --help instant
    from penstock.stores.vault import Rows  # noqa: PLC0415

    settings = load_settings(config)
    with existing(settings, new=False) as site, contextlib.closing(KeyStore(*site)) as store:
        yield settings, store, Rows(store.engine)
