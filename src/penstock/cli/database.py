"""``penstock db``: what is done to the database as a whole."""

import click

from penstock.cli.exporting import export
from penstock.cli.migrating import check, migrate
from penstock.cli.moving import move
from penstock.cli.pruning import prune
from penstock.cli.summing import summing


@click.group(short_help="Check, migrate, prune, sum, export and move the database.")
def db() -> None:
    """The database as a whole."""


for command in (check, migrate, prune, summing, export, move):
    db.add_command(command)
