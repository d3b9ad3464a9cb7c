"""``penstock admin``: the admin API of a gateway."""

import asyncio
import logging
import socket
from pathlib import Path

import click

from penstock.cli.configuration import config_option, load_settings
from penstock.cli.printing import print_json


@click.group(short_help="The admin API: who may use it.")
def admin() -> None:
    """The admin API: who may use it, and what it is."""


@admin.command(hidden=True)
@config_option
@click.option("--sockets", required=True, help="Descriptors that `penstock serve` has opened.")
def serve(config: Path | None, sockets: str) -> None:
    """Answer on these sockets, until nobody has asked for long."""
    from penstock.console.serving import serve as serving  # noqa: PLC0415 - heavy, and only this command needs it
    from penstock.console.site import furnished  # noqa: PLC0415

    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s admin %(name)s: %(message)s")
    settings = load_settings(config)
    opened = [socket.socket(fileno=int(number)) for number in sockets.split(",")]
    with furnished(settings) as site:
        tls = settings.admin.tls
        files = None if tls is None else (tls.certificate, tls.key)
        asyncio.run(serving(site.application(), opened, hosts=settings.admin.hosts, tls=files))


@admin.command()
def openapi() -> None:
    """Print the OpenAPI document of the admin API."""
    from penstock.administering.table import ACTS  # noqa: PLC0415
    from penstock.console.doors import doors  # noqa: PLC0415
    from penstock.console.openapi import document  # noqa: PLC0415

    print_json(document(doors(ACTS)))
