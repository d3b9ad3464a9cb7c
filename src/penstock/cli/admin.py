"""``penstock admin``: the admin API of a gateway, and the tokens of those who may use it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import moments
from penstock.cli.acting import acting, completing, team_names, token_names
from penstock.cli.configuration import config_option, load_settings, source_of
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from penstock.administering.tokens import NewToken
    from penstock.stores.admins import AdminToken

# As `penstock.administering.acting.Role` spells them, which is not loaded for --help.
ROLES = ("owner", "admin", "lead", "viewer")


@click.group(short_help="The admin API, and who may use it.")
def admin() -> None:
    """The admin API: what it offers, and who may use it."""


@admin.command(hidden=True)
@config_option
@click.option("--sockets", required=True, help="Descriptors that `penstock serve` has opened.")
def serve(config: Path | None, sockets: str) -> None:
    """Answer on sockets that are open already, until nobody has asked for long. `penstock serve` starts it.

    \b
    Examples:
      penstock admin serve --sockets 7,8
    """
    import asyncio  # noqa: PLC0415 - these are heavy, and only this command needs them
    import logging  # noqa: PLC0415
    import socket  # noqa: PLC0415

    from penstock.console.serving import serve as serving  # noqa: PLC0415
    from penstock.console.site import furnished  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s admin %(name)s: %(message)s")
    settings = load_settings(config)
    opened = [socket.socket(fileno=int(number)) for number in sockets.split(",")]
    with furnished(settings, source_of(config)) as site:
        tls = settings.admin.tls
        files = None if tls is None else (tls.certificate, tls.key)
        asyncio.run(serving(site.application(), opened, hosts=settings.admin.hosts, tls=files))


@admin.command(short_help="Print the OpenAPI document.")
@json_option
def openapi(*, as_json: bool) -> None:
    """Print the OpenAPI document of the admin API. It is JSON, with and without --json.

    \b
    Examples:
      penstock admin openapi
    """
    del as_json
    from penstock.administering.table import ACTS  # noqa: PLC0415
    from penstock.console.doors import doors  # noqa: PLC0415
    from penstock.console.openapi import document  # noqa: PLC0415

    print_json(document(doors(ACTS)))


@admin.group(short_help="Who may use the admin API.")
def tokens() -> None:
    """Tokens for the admin API: make, list, revoke them."""


@tokens.command()
@config_option
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True, help="What it may do.")
@click.option("--team", metavar="NAME", shell_complete=completing(team_names), help="Of a lead: the team.")
@click.option("--expires", type=moments.Expiry(), help="When it ends: 90d, 2027-01-01 (UTC) or never.")
@json_option
def create(config: Path | None, name: str, role: str, team: str | None, expires: int | None, *, as_json: bool) -> None:
    """Make a token and print it, this once.

    \b
    Examples:
      penstock admin tokens create ann --role owner
      penstock admin tokens create bob --role lead --team research --expires 90d
    """
    from penstock.administering.tokens import CreateToken  # noqa: PLC0415 - keeps --help instant

    with acting(config, new=True) as act:
        made: NewToken = act.do("tokens.create", CreateToken(name, role, team, expires or None))
    if as_json:
        print_json({"secret": made.secret, **_told(made.token)})
    else:
        click.echo(made.secret)
        click.echo(f"The token of {made.token.name}, {made.token.role}; it is shown this once.", err=True)


@tokens.command("list")
@config_option
@json_option
def list_tokens(config: Path | None, *, as_json: bool) -> None:
    """List all tokens.

    \b
    Examples:
      penstock admin tokens list
    """
    from penstock.administering.tokens import ListTokens  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        rows: Sequence[AdminToken] = act.do("tokens.list", ListTokens()).items
    if as_json:
        print_json([_told(row) for row in rows])
        return
    lines = tuple((row.name, row.role, row.team or "", row.prefix + "…", _state(row)) for row in rows)
    print_table(Table(columns("=name", "role", "team", "token", "state"), lines))


@tokens.command()
@config_option
@click.argument("name", shell_complete=completing(token_names))
@json_option
def revoke(config: Path | None, name: str, *, as_json: bool) -> None:
    """Refuse a token from now on. NAME is its name or id.

    \b
    Examples:
      penstock admin tokens revoke bob
    """
    from penstock.administering.tokens import NamedToken  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        row: AdminToken = act.do("tokens.revoke", NamedToken(name))
    if as_json:
        print_json(_told(row))
    else:
        click.echo(f"The token of {row.name} is refused from now on.", err=True)


def _told(row: "AdminToken") -> dict[str, object]:
    return {**{name: getattr(row, name) for name in row.__struct_fields__}, "state": _state(row)}


def _state(row: "AdminToken") -> str:
    import time  # noqa: PLC0415

    if row.revoked is not None:
        return "revoked"
    return "expired" if row.expires is not None and row.expires <= time.time() else "active"
