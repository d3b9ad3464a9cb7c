"""``penstock config``: is the configuration right, what is in force and where does it come from, what may be written.

Secrets are never shown, wherever they come from.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import MISTAKE, MistakeError
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from penstock.config.mistakes import Path as Where

HIDDEN = "(secret)"


@click.group(short_help="Check the configuration, show it, print its schema.")
def config() -> None:
    """The configuration: check it, show what is in force, print its schema."""


@config.command(short_help="List every mistake in the configuration.")
@config_option
@json_option
def check(config: Path | None, *, as_json: bool) -> None:
    """Read the configuration whole and list every mistake: where, what, and what to write instead.

    Certificates and stored credentials that it names are opened, too, as a start would. Exit code 2 when anything is
    wrong.

    \b
    Examples:
      penstock config check --config penstock.yaml
      penstock config check -c penstock.yaml --json
    """
    from penstock.assembly import composing  # noqa: PLC0415 - keeps --help instant
    from penstock.config.load import load  # noqa: PLC0415
    from penstock.config.mistakes import ConfigError  # noqa: PLC0415

    try:
        settings = load(config, dict(os.environ))
        composing.ways(settings)
        composing.certificate(settings)
        composing.table(settings, {})
    except ConfigError as error:
        if not as_json:
            raise MistakeError(str(error)) from None
        print_json({"ok": False, "mistakes": error.mistakes})
        raise SystemExit(MISTAKE) from None
    if as_json:
        print_json({"ok": True, "mistakes": []})
        return
    names = ", ".join(settings.providers)
    where = "The defaults are" if config is None else f"{config} is"
    click.echo(f"{where} right. Providers: {names}. What is in force: penstock config show")


@config.command(short_help="Show what is in force and where it comes from.")
@config_option
@click.option("--all", "everything", is_flag=True, help="The settings that have their defaults, too.")
@json_option
def show(config: Path | None, *, everything: bool, as_json: bool) -> None:
    """Show the settings in force, and where each comes from: file and line, the environment, or the default.

    \b
    Examples:
      penstock config show --config penstock.yaml
      penstock config show --all --json
    """
    from penstock.config.load import load_traced  # noqa: PLC0415 - keeps --help instant

    # What is wrong with it is said as every command says it.
    load_settings(config)
    settings, sources = load_traced(config, dict(os.environ))
    found = [
        (name, value, source)
        for name, value, source in _flat(settings, (), sources)
        if everything or not source.startswith("default")
    ]
    if as_json:
        print_json([{"setting": name, "value": value, "from": source} for name, value, source in found])
    elif not found:
        click.echo("Every setting has its default. See them: penstock config show --all")
    else:
        lines = tuple((name, _text(value), source) for name, value, source in found)
        print_table(Table(columns("setting", "value", "from"), lines))


@config.command(short_help="Print the configuration's JSON Schema.")
def schema() -> None:
    """Print the JSON Schema of the configuration file, for editors that complete and check YAML by one.

    \b
    Examples:
      penstock config schema > penstock.schema.json
    """
    from penstock.config.schema import schema as described  # noqa: PLC0415 - keeps --help instant

    print_json(described())


def _flat(value: object, path: "Where", sources: "Mapping[Where, str]") -> Iterator[tuple[str, object, str]]:
    """Every single value: its name, what may be shown of it, and where it comes from."""
    import msgspec  # noqa: PLC0415 - keeps --help instant

    from penstock.config.mistakes import dotted  # noqa: PLC0415
    from penstock.config.proxies import Proxies  # noqa: PLC0415
    from penstock.core.caller import Secret  # noqa: PLC0415

    if isinstance(value, Proxies):
        for name, secret in (("https", value.https), ("http", value.http)):
            if secret is not None:
                yield f"proxies.{name}", HIDDEN, "environment"
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _flat(getattr(value, name), (*path, name), sources)
    elif isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, (*path, name), sources)
    elif isinstance(value, tuple) and value:
        for index, inner in enumerate(value):
            yield from _flat(inner, (*path, index), sources)
    else:
        yield dotted(path), HIDDEN if isinstance(value, Secret) else value, _source(path, sources)


def _source(path: "Where", sources: "Mapping[Where, str]") -> str:
    """A value's own place; what is inside of a list or mapping that has its default has that too."""
    found = sources.get(path)
    return "default" if found is None else found.replace("defaults", "default")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "not set" if value is None else "none" if value in ((), {}) else str(value)
