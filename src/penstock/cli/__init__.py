"""The command line: one module per command group. It parses, calls ``app`` or a store, and prints; nothing else.

Commands load what they need when they run, so that ``--help`` and completion are instant.
"""

import click

from penstock import __version__
from penstock.cli.admin import admin
from penstock.cli.audit import audit
from penstock.cli.backup import backup
from penstock.cli.completion import completion
from penstock.cli.config import config
from penstock.cli.credentials import credential
from penstock.cli.database import db
from penstock.cli.doctor import doctor
from penstock.cli.explain import explain
from penstock.cli.keys import keys
from penstock.cli.log import log, show
from penstock.cli.models import models
from penstock.cli.people import teams, users
from penstock.cli.providers import providers
from penstock.cli.quotas import quotas
from penstock.cli.savings import savings
from penstock.cli.scrub import scrub
from penstock.cli.serve import serve
from penstock.cli.simulate import simulate
from penstock.cli.trying import try_prompt
from penstock.cli.usage import usage
from penstock.cli.vault import vault


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="penstock")
def main() -> None:
    """Penstock, a self-hosted gateway for LLM APIs: clients change their base URL and nothing else."""


COMMANDS = (
    *(serve, keys, teams, users, providers, models, config),
    *(usage, quotas, savings, log, show, explain, try_prompt, scrub),
    *(doctor, admin, audit, backup, db, vault, completion, simulate),
)

for command in COMMANDS:
    main.add_command(command)
providers.add_command(credential)
