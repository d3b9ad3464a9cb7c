"""``penstock providers``: adds rows to the configuration file, lists them, and asks each whether it answers.

The file is the only place where hosts stand: ``add`` edits it, and nothing else here writes.
"""

import asyncio
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from penstock.cli.configuration import config_option, load_settings, saying_mistakes
from penstock.cli.exits import PROBLEM, MistakeError
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.checking import Checked
    from penstock.config.settings import ProviderSettings, Settings

_BASES = {
    "anthropic": "https://api.anthropic.com",
    "openai": "https://api.openai.com/v1",
    "gemini": "https://generativelanguage.googleapis.com",
}

_CREDENTIALS = {
    None: "the callers' own",
    "api_key": "in the configuration",
    "api_key_file": "in a file",
    "api_key_stored": "in the database",
}


class Row(TypedDict):
    """What ``add`` writes, as far as it was given."""

    dialect: str
    base_url: str | None
    api_key_env: str | None
    auth: str | None
    ca_file: str | None
    proxy: str | None
    insecure: bool


@click.group(short_help="Providers: add, list, check them.")
def providers() -> None:
    """Providers: where requests go."""


@providers.command(short_help="Add a provider to the configuration file.")
@config_option
@click.argument("name")
@click.option("--dialect", type=click.Choice(["anthropic", "openai", "gemini"]), required=True, help="What it speaks.")
@click.option("--base-url", help="Where its API begins. Without it: the dialect's own maker.")
@click.option("--api-key-env", metavar="VARIABLE", help="The environment variable that holds the credential.")
@click.option("--auth", type=click.Choice(["none", "bearer", "x-api-key", "x-goog-api-key"]), help="How it is shown.")
@click.option("--ca-file", help="Certificate authorities to trust beside the system's.")
@click.option("--proxy", help="The HTTP proxy to go through, or none.")
@click.option("--insecure", is_flag=True, help="Allow http:// to another machine though a key goes with it.")
@json_option
def add(config: Path | None, name: str, *, as_json: bool, **given: Unpack[Row]) -> None:
    """Add provider NAME to the configuration file; comments and order stay.

    The credential itself is never written, only the name of the variable that holds it. The file changes only if what
    it would become is right as a whole.

    \b
    Examples:
      penstock providers add groq --config penstock.yaml --dialect openai \\
        --base-url https://api.groq.com/openai/v1 --api-key-env GROQ_API_KEY
      penstock providers add local -c penstock.yaml --dialect openai --base-url http://127.0.0.1:11434/v1 --auth none
    """
    from penstock.config.editing import CannotInsertError, add_provider  # noqa: PLC0415 - keeps --help instant
    from penstock.config.mistakes import ConfigError  # noqa: PLC0415

    if config is None:
        raise click.UsageError("Say which file to change: --config FILE (a new one is made).")
    row = _written(given)
    try:
        added = add_provider(config, name, row, dict(os.environ))
    except ConfigError as error:
        raise MistakeError(f"{config} stays as it is. {error}") from None
    except CannotInsertError as error:
        raise MistakeError(f"{config} stays as it is: {error}") from None
    except OSError as error:
        raise MistakeError(f"{config} can't be changed: {error.strerror}. May this user write there?") from None
    variable = given["api_key_env"]
    if as_json:
        print_json({"provider": name, "file": str(config), "line": added.line, **row})
        return
    tried = f"penstock providers check {name} --config {shlex.quote(str(config))}"
    click.echo(f"{config}:{added.line}: provider {name!r} added. Try it: {tried}")
    if added.first:
        words = "From now on only the providers in the file are called; the public three need rows of their own."
        click.echo(words, err=True)
    if variable and not os.environ.get(variable):
        click.echo(f"{variable} is not set here; without it callers must bring their own credential.", err=True)


@providers.command("list", short_help="List the providers.")
@config_option
@json_option
def list_providers(config: Path | None, *, as_json: bool) -> None:
    """List the providers, each dialect's default first among its own.

    \b
    Examples:
      penstock providers list --config penstock.yaml
    """
    settings = load_settings(config)
    described = [_described(name, row, settings) for name, row in settings.providers.items()]
    if as_json:
        print_json(described)
        return
    headings = columns("=name", "dialect", "=base URL", "credential", "default")
    lines = [
        (row["name"], row["dialect"], row["base_url"], row["credential"], "yes" if row["default"] else "")
        for row in described
    ]
    table = Table(headings, tuple(tuple(str(cell) for cell in line) for line in lines))
    print_table(table, spare=("default", "credential", "dialect"))


@providers.command(short_help="Ask each provider whether it answers.")
@config_option
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--timeout", type=click.FloatRange(0.1, 300), default=20.0, show_default=True, metavar="SECONDS")
@json_option
def check(config: Path | None, names: tuple[str, ...], timeout: float, *, as_json: bool) -> None:
    """Ask each provider, or those that are named, for its list of models, and say what is wrong.

    The call takes the way that requests take: proxy, certificates, credential. It costs nothing. Exit code 1 when any
    fails.

    \b
    Examples:
      penstock providers check
      penstock providers check groq --json
    """
    settings = load_settings(config)
    for name in names:
        if name not in settings.providers:
            raise click.UsageError(f"There is no provider {name!r}; there is {', '.join(settings.providers)}.")
    with saying_mistakes():
        checked = asyncio.run(_check(settings, names, patience=timeout))
    if as_json:
        print_json(checked)
    else:
        headings = columns("provider", "", "what", "#seconds")
        lines = [(row.provider, row.state, _sentence(row), _seconds(row.seconds)) for row in checked]
        print_table(Table(headings, tuple(lines)))
    if any(row.state == "bad" for row in checked):
        raise SystemExit(PROBLEM)


async def _check(settings: "Settings", names: "Sequence[str]", *, patience: float) -> "Sequence[Checked]":
    from penstock.checking import check_providers  # noqa: PLC0415 - keeps --help instant

    return await check_providers(settings, names, patience=patience)


def _sentence(row: "Checked") -> str:
    return f"{row.words}; {row.action}" if row.action else row.words


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f}"


def _written(given: Row) -> dict[str, object]:
    """The row as the file gets it: what differs from the defaults."""
    row: dict[str, object] = {"dialect": given["dialect"], "base_url": given["base_url"] or _BASES[given["dialect"]]}
    if given["api_key_env"]:
        row["api_key"] = f"${{{given['api_key_env']}}}"
    for name in ("auth", "ca_file", "proxy"):
        if given[name]:
            row[name] = given[name]
    if given["insecure"]:
        row["insecure"] = True
    return row


def _described(name: str, row: "ProviderSettings", settings: "Settings") -> dict[str, object]:
    first = next(other for other, found in settings.providers.items() if found.dialect == row.dialect)
    credential = "none wanted" if row.auth == "none" else _CREDENTIALS[row.credential_setting]
    return {
        "name": name,
        "dialect": row.dialect,
        "base_url": row.base_url,
        "credential": credential,
        "default": first == name,
    }
