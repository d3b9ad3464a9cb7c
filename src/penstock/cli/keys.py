"""``penstock keys``: makes gateway keys. A key is shown once, when it is made; what is kept is a keyed hash."""

from pathlib import Path

import click

from penstock.cli.configuration import config_option, load_settings


@click.group()
def keys() -> None:
    """Gateway keys: what clients use in place of a provider's key."""


@keys.command()
@config_option
@click.option("--name", required=True, help="Who or what the key is for.")
@click.option("--team", help="Keys of one team share what they store at a provider.")
@click.option("--require-provider-key", is_flag=True, help="The key must always bring its own provider credential.")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON.")
def create(config: Path | None, name: str, team: str | None, *, require_provider_key: bool, as_json: bool) -> None:
    """Make a key and print it, this once.

    A running gateway knows it within a second.

    \b
    Examples:
      penstock keys create --name laptop
      penstock keys create --name ci --team platform --json
    """
    import msgspec  # noqa: PLC0415 - keeps --help instant

    from penstock.stores.keys import KeyStore, NameTakenError  # noqa: PLC0415

    settings = load_settings(config)
    store = KeyStore(Path(settings.data_dir))
    try:
        made = store.create(name, prefix=settings.key_prefix, team=team, require_provider_key=require_provider_key)
    except NameTakenError as error:
        raise click.ClickException(f"there is a key called {error.name!r} already; choose another name") from None
    finally:
        store.close()
    if as_json:
        profile = made.profile
        shown = {"id": profile.id, "name": profile.name, "team": profile.team, "key": made.key.reveal()}
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
    else:
        click.echo(made.key.reveal())
        click.echo(f"This is the key for {name!r}. It is shown this once.", err=True)
