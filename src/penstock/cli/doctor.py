"""``penstock doctor``: looks at everything that the gateway stands on, and says what to do about what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import PROBLEM
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from penstock.cli.examining import Finding
    from penstock.config.settings import Settings


@click.command(short_help="Find what is wrong, and say what to do.")
@config_option
@click.option("--online", is_flag=True, help="Call the providers, too, and compare their clocks with this machine's.")
@json_option
def doctor(config: Path | None, *, online: bool, as_json: bool) -> None:
    """Look at environment, clock, disk, database, quotas, books, secrets, address, certificate and providers.

    It changes nothing, and works while the gateway runs and when it does not. Exit code 1 when there is a problem; a
    warning is none.

    \b
    Examples:
      penstock doctor --config penstock.yaml
      penstock doctor --online --json
    """
    settings = load_settings(config)
    findings = list(_findings(settings, config, online=online))
    bad = [finding for finding in findings if finding.state == "problem"]
    if as_json:
        print_json({"ok": not bad, "findings": findings})
    else:
        lines = [(finding.about, finding.state, finding.what, finding.action) for finding in findings]
        print_table(Table(columns("about", "", "what", "what to do"), tuple(lines)))
        warnings = sum(finding.state == "warning" for finding in findings)
        click.echo(f"{_counted(len(bad), 'problem')}, {_counted(warnings, 'warning')}.")
    if bad:
        raise SystemExit(PROBLEM)


def _findings(settings: "Settings", config: Path | None, *, online: bool) -> "Iterator[Finding]":
    from penstock.cli.examining import certificates, data, journal, machine, quotas, running, upstream  # noqa: PLC0415 - keeps --help instant

    yield from machine.environment()
    yield from machine.clocks()
    yield from machine.descriptors(settings)
    yield from machine.address(settings)
    yield from data.folder(settings)
    yield from data.database(settings)
    yield from data.vault(settings)
    yield from quotas.quotas(settings)
    yield from journal.journal(settings)
    yield from running.books(settings)
    yield from data.permissions(settings, config)
    yield from certificates.certificates(settings)
    yield from upstream.providers(settings, online=online)


def _counted(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"
