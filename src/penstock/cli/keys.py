"""``penstock keys``: makes, shows and ends gateway keys. A key is shown once, when it is made; what is kept is a keyed
hash. What the configuration file declares is listed here and changed there.
"""

import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import click

from penstock.cli import moments, terms
from penstock.cli.acting import Acting, acting, completing, key_names, team_names, user_names
from penstock.cli.configuration import config_option
from penstock.cli.exits import site_of
from penstock.cli.printing import Table, columns, json_option, legible, print_json, print_table
from penstock.cli.terms import terms_options

if TYPE_CHECKING:
    from penstock.administering.checking import ScrubWanted
    from penstock.administering.keys import Key, NewKey, SeenKey
    from penstock.config.settings import Settings

_Command = TypeVar("_Command", bound=Callable[..., None])

_AT_ONCE = 1000


class Terms(terms.Terms, total=False):
    """The options that say what a key may do; None where one was not given."""

    team: str | None
    owner: str | None
    expires: int | None
    require_provider_key: bool | None


_TERMS = (
    click.option(
        "--team", metavar="NAME", shell_complete=completing(team_names),
        help="Keys of one team share what they store at a provider, and have its terms and quotas.",
    ),
    click.option(
        "--user", "--owner", "owner", metavar="NAME", shell_complete=completing(user_names),
        help="Whose key it is; the user's terms and quotas hold for all keys of the user.",
    ),
    click.option("--expires", type=moments.Expiry(), help="When it ends: 90d, 2027-01-01 (UTC) or never."),
    click.option(
        "--require-provider-key/--no-require-provider-key", default=None,
        help="The key must always bring its own provider credential.",
    ),
)  # fmt: skip
_named = click.argument("name", shell_complete=completing(key_names))


def _terms_options(command: _Command) -> _Command:
    command = terms_options(command)
    for option in reversed(_TERMS):
        command = option(command)
    return command


@click.group(short_help="Gateway keys: make, list, change, end them.")
def keys() -> None:
    """Gateway keys: what clients use in place of a provider's key."""


@keys.command()
@config_option
@click.argument("name", required=False)
@click.option("--name", "named", metavar="NAME", help="The same as the argument.")
@_terms_options
@json_option
def create(config: Path | None, name: str | None, named: str | None, *, as_json: bool, **given: Unpack[Terms]) -> None:
    """Make a key and print it, this once.

    NAME says who or what the key is for. A running gateway knows the key within a second.

    \b
    Examples:
      penstock keys create laptop --user Ada
      penstock keys create ci --team platform --expires 90d --json
      penstock keys create notebook --model 'claude-haiku-*' --quota '1M tokens per day' --quota '60 rpm'
    """
    name = name or named
    if not name:
        raise click.UsageError("Say who or what the key is for: a NAME, or --name NAME.")
    if (name, named).count(None) == 0 and name != named:
        raise click.UsageError("Give the name once.")
    from penstock.administering.checking import ScrubWanted  # noqa: PLC0415 - keeps --help instant
    from penstock.administering.errors import ConflictError, InFileError  # noqa: PLC0415
    from penstock.administering.keys import CreateKey  # noqa: PLC0415

    wanted = CreateKey(name=name, **_wanted(given, ScrubWanted))
    with acting(config, new=True) as act:
        try:
            made = act.do("keys.create", wanted)
        except InFileError:
            raise
        except ConflictError:
            instead = f"`penstock keys rotate {shlex.quote(name)}`"
            words = f"there is a key called {name!r} already; choose another name, or {instead}"
            raise click.ClickException(words) from None
    _show_made(made, as_json=as_json)


@keys.command("list", short_help="List the keys, the file's too.")
@config_option
@click.option("--all", "everything", is_flag=True, help="Those that were revoked, too.")
@click.option("--team", metavar="NAME", shell_complete=completing(team_names), help="Only this team's.")
@json_option
def list_keys(config: Path | None, team: str | None, *, everything: bool, as_json: bool) -> None:
    """List the keys, those in the configuration file too.

    \b
    Examples:
      penstock keys list
      penstock keys list --team platform
      penstock keys list --all --json
    """
    with acting(config) as act:
        listed = list(_all(act, team, everything=everything))
    if as_json:
        print_json([_seen(key) for key in listed])
        return
    if not listed:
        site = site_of(act.settings)
        where = site.folder if site.server is None else site.name
        click.echo(f"There is no key in {where} yet. Make one: penstock keys create NAME")
        return
    lines = [(*_line(key), moments.shown(key.last_used, absent="-")) for key in listed]
    headings = columns("=name", "team", "owner", "state", "begins with", "may use", "expires (UTC)", "last used (UTC)")
    print_table(Table(headings, tuple(lines)), spare=("begins with", "owner", "team", "may use", "last used (UTC)"))


@keys.command(short_help="Show all that is known of a key.")
@config_option
@_named
@json_option
def show(config: Path | None, name: str, *, as_json: bool) -> None:
    """Show everything known of a key, by NAME or id; never the key itself.

    \b
    Examples:
      penstock keys show laptop
      penstock keys show key_6f1d2c3b4a596877 --json
    """
    with acting(config) as act:
        key = _shown(act, name, used=True)
    if as_json:
        print_json(_seen(key))
        return
    for heading, value in (*_particulars(key), ("last used", _when(key.last_used, act.settings))):
        click.echo(legible(f"{heading + ':' if heading else '':<22}{value}"))


@keys.command("set", short_help="Change what a key may do.")
@config_option
@_named
@_terms_options
@json_option
def set_terms(config: Path | None, name: str, *, as_json: bool, **given: Unpack[Terms]) -> None:
    """Change what a key may do, by NAME or id; what is not named stays. A running gateway follows within a second.

    An empty text takes a team, user or label away.

    \b
    Examples:
      penstock keys set laptop --expires 30d
      penstock keys set laptop --model 'claude-*' --model 'gpt-*'
      penstock keys set laptop --quota '5M output tokens per month' --quota '$20 per day'
      penstock keys set laptop --model any --no-quotas --user ''
    """
    if terms.nothing_given(given):
        raise click.UsageError("Say what to change, for example --expires 30d.")
    from penstock.administering.keys import ChangeKey  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        key: Key = _shown(act, name)
        if key.state == "revoked":
            raise click.ClickException(
                f"the key {key.name!r} is revoked for good; make a new one: penstock keys create"
            )
        key = act.do("keys.change", ChangeKey(key=key.id, **_wanted(given, lambda: key.scrub)))
    if as_json:
        print_json(_described(key))
    else:
        click.echo(f"The key {key.name!r} is changed. See it: penstock keys show {shlex.quote(key.name)}")


@keys.command(short_help="Make a new key for the same identity.")
@config_option
@_named
@click.option(
    "--grace", type=moments.Span(), default="24h", show_default=True, help="How long the old key still works; 0s: not."
)
@json_option
def rotate(config: Path | None, name: str, grace: int, *, as_json: bool) -> None:
    """Make a new key for the same identity, by NAME or id, and print it, this once.

    The old key works until the grace is over; team, quotas and books stay the same.

    \b
    Examples:
      penstock keys rotate laptop
      penstock keys rotate ci --grace 7d --json
    """
    from penstock.administering.keys import RotateKey  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        made = act.do("keys.rotate", RotateKey(_shown(act, name).id, grace))
    _show_made(made, as_json=as_json)
    if not as_json:
        ending = f"until {moments.shown(time.time() + grace)} UTC" if grace else "no longer"
        click.echo(f"The old key works {ending}.", err=True)


@keys.command(short_help="End a key for good.")
@config_option
@_named
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def revoke(config: Path | None, name: str, *, yes: bool, as_json: bool) -> None:
    """End a key for good, by NAME or id. A running gateway refuses it within a second.

    On a terminal it asks first; elsewhere it wants --yes.

    \b
    Examples:
      penstock keys revoke laptop
      penstock keys revoke key_6f1d2c3b4a596877 --yes
    """
    from penstock.administering.keys import NamedKey  # noqa: PLC0415 - keeps --help instant

    with acting(config) as act:
        key: Key = _shown(act, name)
        if key.revoked is None and not key.in_file and not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"This ends the key {key.name!r} for good; say --yes.")
            click.confirm(f"End the key {key.name!r} ({key.id}) for good?", abort=True)
        key = act.do("keys.revoke", NamedKey(key.id))
    if as_json:
        print_json(_described(key))
    else:
        click.echo(f"The key {key.name!r} is revoked since {moments.shown(key.revoked)} UTC.")


def _shown(act: Acting, name: str, *, used: bool = False) -> "SeenKey":
    from penstock.administering.errors import NotFoundError  # noqa: PLC0415 - keeps --help instant
    from penstock.administering.keys import ShowKey  # noqa: PLC0415

    try:
        found: SeenKey = act.do("keys.show", ShowKey(name, used))
    except NotFoundError as error:
        hint = "" if error.words.endswith("?") else " `penstock keys list` shows what there is."
        raise click.ClickException(f"{error.words}{hint}") from None
    return found


def _all(act: Acting, team: str | None, *, everything: bool) -> "Iterator[SeenKey]":
    from penstock.administering.keys import ListKeys  # noqa: PLC0415 - keeps --help instant

    after = None
    while True:
        page = act.do("keys.list", ListKeys(_AT_ONCE, team, everything, used=True, after=after))
        yield from page.items
        if page.next is None:
            return
        after = page.next


def _when(used: float | None, settings: "Settings") -> str:
    if used is not None:
        return f"{moments.shown(used)} UTC"
    return "not in the books" if settings.books else "not in the books, which are off here"


def _wanted(given: Terms, scrub: "Callable[[], ScrubWanted]") -> dict[str, Any]:
    """What the options ask for, as the acts take it."""
    found = terms.wanted(given, scrub)
    found |= {name: given[name] or None for name in ("team", "owner") if given[name] is not None}
    if given["expires"] is not None:
        found["expires"] = None if given["expires"] == moments.NEVER else given["expires"]
    if given["require_provider_key"] is not None:
        found["require_provider_key"] = given["require_provider_key"]
    return found


def _show_made(made: "NewKey", *, as_json: bool) -> None:
    if as_json:
        print_json({**_described(made.key), "key": made.secret})
        return
    click.echo(made.secret)
    click.echo(f"This is the key for {made.key.name!r}. It is shown this once.", err=True)


def _described(key: "Key") -> dict[str, object]:
    times = {name: moments.stamped(getattr(key, name)) for name in ("created", "expires", "revoked")}
    secrets = [
        {
            "begins_with": secret.prefix,
            "created": moments.stamped(secret.created),
            "expires": moments.stamped(secret.expires),
        }
        for secret in key.secrets
    ]
    told = {name: getattr(key, name) for name in key.__struct_fields__ if name != "last_used"}
    return {**told, **times, "secrets": secrets}


def _seen(key: "SeenKey") -> dict[str, object]:
    return {**_described(key), "last_used": moments.stamped(key.last_used)}


def _line(key: "Key") -> tuple[str, ...]:
    state = key.state
    if state == "active" and len(key.secrets) > 1:
        state = "rotating"
    if state == "active" and key.in_file:
        state = "in the file"
    begins = key.secrets[0].prefix + "…" if key.secrets else "-"
    return key.name, key.team or "-", key.owner or "-", state, begins, terms.allowed(key), moments.shown(key.expires)


def _particulars(key: "Key") -> Iterator[tuple[str, str]]:
    yield "name", key.name
    yield "id", key.id
    yield "state", key.state
    if key.in_file:
        yield "kept", "in the configuration file, and changed there"
    yield "team", key.team or "none"
    yield "user", key.owner or "nobody is named"
    yield "label", key.label or "none"
    yield from terms.particulars(key)
    yield "own provider key", "required" if key.require_provider_key else "not required"
    if key.created is not None:
        yield "made", f"{moments.shown(key.created)} UTC"
    yield "expires", "never" if key.expires is None else f"{moments.shown(key.expires)} UTC"
    if key.revoked is not None:
        yield "revoked", f"{moments.shown(key.revoked)} UTC"
    for secret in key.secrets:
        ending = "" if secret.expires is None else f", works until {moments.shown(secret.expires)} UTC"
        yield "secret", f"{secret.prefix}…, made {moments.shown(secret.created)} UTC{ending}"
