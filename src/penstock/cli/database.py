"""``penstock db``: what is done to the database as a whole."""

import click

from penstock.cli.exporting import export
from penstock.cli.migrating import check, migrate
from penstock.cli.pruning import prune


@click.group(short_help="Check, migrate, prune and export the database.")
def db() -> None:
    """The database as a whole."""


for command in (check, migrate, prune, export):
    db.add_command(command)
