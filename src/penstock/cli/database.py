"""``penstock db``: what is done to the database as a whole."""

import click

from penstock.cli.exporting import export
from penstock.cli.pruning import prune


@click.group(short_help="Prune, export and move the database.")
def db() -> None:
    """The database as a whole."""


for command in (prune, export):
    db.add_command(command)
