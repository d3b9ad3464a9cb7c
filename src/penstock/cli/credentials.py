"""``penstock providers credential``: puts the operator's credentials into the database, where they stand encrypted.

A secret comes from a prompt or from standard input, never from the command line: other users of the machine can read
that, and shells remember it. None is ever printed.
"""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import moments
from penstock.cli.acting import acting, completing, provider_names
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import PROBLEM, MistakeError, existing
from penstock.cli.printing import Table, columns, json_option, print_json, print_table

if TYPE_CHECKING:
    from penstock.administering.credentials import ProviderCredential
    from penstock.stores.credentials import CredentialStore

# Far more than a header can hold.
_MOST_CHARACTERS = 16 * 1024

_WHEN = "A running gateway uses it within a second."

_STILL = (
    "A running gateway goes on with it, and none can start: take `api_key_stored` away from providers.{name}, too, or "
    "set another."
)


@click.group(short_help="Credentials in the database, encrypted.")
def credential() -> None:
    """Providers' credentials in the database, encrypted."""


@credential.command("set", short_help="Keep the credential of a provider.")
@config_option
@click.argument("name", shell_complete=completing(provider_names))
@json_option
def put(config: Path | None, name: str, *, as_json: bool) -> None:
    """Keep the credential of provider NAME, in place of the one before.

    It is asked for, or read from standard input. A running gateway uses it within a second.

    \b
    Examples:
      penstock providers credential set anthropic --config penstock.yaml
      penstock providers credential set anthropic -c penstock.yaml < key.txt
    """
    from penstock.administering.credentials import PutCredential  # noqa: PLC0415 - keeps --help instant
    from penstock.administering.errors import NotFoundError  # noqa: PLC0415

    with acting(config, new=True) as act:
        try:
            told: ProviderCredential = act.do("credentials.put", PutCredential(name, _asked(name)))
        except NotFoundError as error:
            raise MistakeError(error.words[0].lower() + error.words[1:]) from None
    if as_json:
        print_json({"provider": name, "used": told.used})
        return
    click.echo(f"The credential of {name!r} is stored.")
    hint = _WHEN if told.used else f"It is not used yet: write `api_key_stored: true` under providers.{name}."
    click.echo(hint, err=True)


@credential.command("list", short_help="List whose credentials are stored.")
@config_option
@json_option
def list_credentials(config: Path | None, *, as_json: bool) -> None:
    """List whose credentials are stored, and since when.

    \b
    Examples:
      penstock providers credential list
    """
    from penstock.administering.credentials import ListCredentials  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        found: Sequence[ProviderCredential] = act.do("credentials.list", ListCredentials()).items
    if as_json:
        print_json(
            [{"provider": row.provider, "created": moments.stamped(row.created), "used": row.used} for row in found]
        )
        return
    lines = tuple((row.provider, moments.shown(row.created), "yes" if row.used else "no") for row in found)
    print_table(Table(columns("provider", "stored", "used"), lines))


@credential.command(short_help="Forget the credential of a provider.")
@config_option
@click.argument("name", shell_complete=completing(provider_names))
@json_option
def remove(config: Path | None, name: str, *, as_json: bool) -> None:
    """Forget the credential of provider NAME.

    \b
    Examples:
      penstock providers credential remove anthropic
    """
    from penstock.administering.credentials import NamedCredential  # noqa: PLC0415 - keeps --help instant
    from penstock.administering.errors import NotFoundError  # noqa: PLC0415

    told: ProviderCredential | None = None
    with acting(config) as act, contextlib.suppress(NotFoundError):
        told = act.do("credentials.remove", NamedCredential(name))
    if as_json:
        print_json({"provider": name, "removed": told is not None})
    elif told is not None:
        click.echo(f"The credential of {name!r} is forgotten.")
        if told.used:
            click.echo(_STILL.format(name=name), err=True)
    if told is None:
        click.echo(f"No credential of {name!r} is stored.", err=True)
        raise SystemExit(PROBLEM)


@credential.command(short_help="Encrypt all of them under a new key.")
@config_option
@json_option
def rotate(config: Path | None, *, as_json: bool) -> None:
    """Encrypt all stored credentials under a new master key, and forget the old one.

    May be interrupted at any time and run again. A running gateway goes on. Where `master_key` gives the key, put the
    new one before the old one, `NEW,OLD`, run this, then take the old one away.

    \b
    Examples:
      penstock providers credential rotate
    """
    from penstock.stores.credentials import CredentialError  # noqa: PLC0415 - keeps --help instant

    with _credentials(config) as store:
        try:
            count = store.rotate()
        except CredentialError as error:
            words = f"{error}. Nothing was changed; restore the master key, or set that credential anew or remove it."
            raise click.ClickException(words) from None
    if as_json:
        print_json({"rotated": count})
    else:
        click.echo(f"{count} credential{'' if count == 1 else 's'} encrypted anew. Back the new master key up.")


@contextlib.contextmanager
def _credentials(config: Path | None) -> "Iterator[CredentialStore]":
    from penstock.stores.credentials import CredentialStore  # noqa: PLC0415 - keeps --help instant

    settings = load_settings(config)
    with existing(settings, new=False) as site:
        engine = site.open()
        try:
            yield CredentialStore(engine, site.folder, settings.master_key)
        finally:
            engine.dispose()


def _asked(name: str) -> str:
    from penstock.config.forms import provider_key  # noqa: PLC0415 - keeps --help instant
    from penstock.config.mistakes import MisfitError  # noqa: PLC0415

    if sys.stdin.isatty():
        text: str = click.prompt(f"Credential of {name}", hide_input=True)
    else:
        text = sys.stdin.read(_MOST_CHARACTERS)
    try:
        return provider_key(text.strip())
    except MisfitError as misfit:
        raise MistakeError(f"what was given as the credential {misfit.what}") from None
