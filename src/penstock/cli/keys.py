"""``penstock keys``: makes, shows and ends gateway keys. A key is shown once, when it is made; what is kept is a keyed
hash. What the configuration file declares is listed here and changed there.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar, Unpack

import click

from penstock.cli import moments
from penstock.cli.configuration import config_option, load_settings
from penstock.cli.exits import MistakeError, UnreachableError, existing
from penstock.cli.printing import Table, columns, json_option, legible, print_json, print_table

if TYPE_CHECKING:
    from penstock.config.settings import KeySettings, Settings
    from penstock.core.scrubbed import Wish
    from penstock.stores.keys import KeyRow, KeyStore, KeyTerms, MadeKey

_Command = TypeVar("_Command", bound=Callable[..., None])

ANY = "any"
UNSET = "unset"
_INSTALLATION = "as the installation has it"
# As `penstock.core.terseness.Intensity` spells them, which is not loaded for --help.
INTENSITIES = ("off", "lite", "full", "ultra")
# As `penstock.policies.scrub.rules.Action` spells them.
SCRUB_ACTIONS = ("mask", "redact", "flag", "block", "allow")
IN_FILE = "file:"
"""How the identity of a key begins that stands in the configuration file."""


class Terms(TypedDict):
    """The options that say what a key may do; None where one was not given."""

    team: str | None
    owner: str | None
    label: str | None
    expires: int | None
    models: tuple[str, ...]
    routes: tuple[str, ...]
    require_provider_key: bool | None
    intensity: str | None
    smart: bool | None
    holdout: int | None
    scrub: bool | None
    scrub_kinds: tuple[str, ...]


_TERMS = (
    click.option("--team", help="Keys of one team share what they store at a provider."),
    click.option("--owner", help="Whom to ask about the key."),
    click.option("--label", help="Words of your own."),
    click.option("--expires", type=moments.Expiry(), help="When it ends: 90d, 2027-01-01 (UTC) or never."),
    click.option(
        "--model", "models", multiple=True, metavar="GLOB",
        help="A model that the key may use, such as 'claude-*'; may be repeated. Without any, or with 'any': all.",
    ),
    click.option(
        "--route", "routes", multiple=True, metavar="GLOB",
        help="An operation that the key may use, such as 'messages.*' or 'openai.*' (docs/reference/routes.md names "
        "them); may be repeated. Without any, or with 'any': all.",
    ),
    click.option(
        "--require-provider-key/--no-require-provider-key", default=None,
        help="The key must always bring its own provider credential.",
    ),
    click.option(
        "--intensity", type=click.Choice([*INTENSITIES, UNSET]),
        help="How tersely its conversations are answered, from the next one on; unset: as the installation has it.",
    ),
    click.option(
        "--smart/--no-smart", "smart", default=None,
        help="Let detection choose the intensity by how a conversation begins.",
    ),
    click.option(
        "--holdout", type=click.IntRange(0, 50), metavar="PERCENT",
        help="Of the eligible conversations, how many are left alone to measure against.",
    ),
    click.option(
        "--scrub/--no-scrub", "scrub", default=None,
        help="Look for private values in its requests, and let tokens go out in their places.",
    ),
    click.option(
        "--scrub-kind", "scrub_kinds", multiple=True, metavar="KIND=ACTION",
        help="What becomes of one kind: mask, redact, flag, block or allow, or unset: as the installation has it; may "
        "be repeated.",
    ),
)  # fmt: skip


def _terms_options(command: _Command) -> _Command:
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
      penstock keys create laptop
      penstock keys create ci --team platform --expires 90d --json
      penstock keys create notebook --model 'claude-haiku-*' --route 'messages.*'
    """
    from penstock.stores.keys import NameTakenError  # noqa: PLC0415 - keeps --help instant

    name = name or named
    if not name:
        raise click.UsageError("Say who or what the key is for: a NAME, or --name NAME.")
    if (name, named).count(None) == 0 and name != named:
        raise click.UsageError("Give the name once.")
    from penstock.stores.keys import ORDINARY  # noqa: PLC0415

    terms = _changed(ORDINARY, given)
    _on_one_line("the name", name)
    with _keys(config, new=True) as (settings, store):
        if any(row.name == name for row in settings.keys):
            raise MistakeError(f"the configuration file declares a key called {name!r}; choose another name")
        try:
            made = store.create(name, prefix=settings.key_prefix, terms=terms)
        except NameTakenError:
            words = f"there is a key called {name!r} already; choose another name, or `penstock keys rotate {name}`"
            raise click.ClickException(words) from None
        _show_made(made, store.find(made.id), as_json=as_json)


@keys.command("list", short_help="List the keys, the file's too.")
@config_option
@click.option("--all", "everything", is_flag=True, help="Those that were revoked, too.")
@json_option
def list_keys(config: Path | None, *, everything: bool, as_json: bool) -> None:
    """List the keys, those in the configuration file too.

    \b
    Examples:
      penstock keys list
      penstock keys list --all --json
    """
    now = time.time()
    with _keys(config) as (settings, store):
        rows = [row for row in store.rows() if everything or row.revoked is None]
        listed = [*map(_declared, settings.keys), *rows]
        used = _last_used(store, listed)
    if as_json:
        print_json([{**_described(row), "last_used": moments.stamped(used.get(row.id))} for row in listed])
        return
    if not listed:
        click.echo("There is no key yet. Make one: penstock keys create NAME")
        return
    lines = [(*_line(row, now), moments.shown(used.get(row.id), absent="-")) for row in listed]
    headings = columns("=name", "team", "owner", "state", "begins with", "may use", "expires (UTC)", "last used (UTC)")
    print_table(Table(headings, tuple(lines)), spare=("begins with", "owner", "team", "may use", "last used (UTC)"))


@keys.command(short_help="Show all that is known of a key.")
@config_option
@click.argument("name")
@json_option
def show(config: Path | None, name: str, *, as_json: bool) -> None:
    """Show everything known of a key, by NAME or id; never the key itself.

    \b
    Examples:
      penstock keys show laptop
      penstock keys show key_6f1d2c3b4a596877 --json
    """
    from penstock.stores.keys import UnknownKeyError  # noqa: PLC0415 - keeps --help instant

    with _keys(config) as (settings, store), _known(settings, config, name):
        try:
            row = store.find(name)
        except UnknownKeyError:
            declared = _in_file(settings, name)
            if declared is None:
                raise
            row = _declared(declared)
        used = _last_used(store, [row]).get(row.id)
    if as_json:
        print_json({**_described(row), "last_used": moments.stamped(used)})
        return
    for heading, value in (*_particulars(row), ("last used", _when(used, settings))):
        click.echo(legible(f"{heading + ':':<22}{value}"))


@keys.command("set", short_help="Change what a key may do.")
@config_option
@click.argument("name")
@_terms_options
@json_option
def set_terms(config: Path | None, name: str, *, as_json: bool, **given: Unpack[Terms]) -> None:
    """Change what a key may do, by NAME or id; what is not named stays. A running gateway follows within a second.

    An empty text takes a team, owner or label away.

    \b
    Examples:
      penstock keys set laptop --expires 30d
      penstock keys set laptop --model 'claude-*' --model 'gpt-*'
      penstock keys set laptop --model any --owner ''
    """
    if all(value is None or value == () for value in given.values()):
        raise click.UsageError("Say what to change, for example --expires 30d.")
    with _keys(config) as (settings, store), _known(settings, config, name):
        row = store.find(name)
        if row.revoked is not None:
            raise click.ClickException(
                f"the key {row.name!r} is revoked for good; make a new one: penstock keys create"
            )
        row = store.change(row.id, _changed(row.terms, given))
    if as_json:
        print_json(_described(row))
    else:
        click.echo(f"The key {row.name!r} is changed. See it: penstock keys show {row.name}")


@keys.command(short_help="Make a new key for the same identity.")
@config_option
@click.argument("name")
@click.option(
    "--grace", type=moments.Span(), default="24h", show_default=True, help="How long the old key still works; 0s: not."
)
@json_option
def rotate(config: Path | None, name: str, grace: int, *, as_json: bool) -> None:
    """Make a new key for the same identity, by NAME or id, and print it, this once.

    The old key works until the grace is over; team, limits and books stay the same.

    \b
    Examples:
      penstock keys rotate laptop
      penstock keys rotate ci --grace 7d --json
    """
    with _keys(config) as (settings, store), _known(settings, config, name):
        row = store.find(name)
        if row.state(time.time()) != "active":
            state = row.state(time.time())
            raise click.ClickException(f"the key {row.name!r} is {state}; a new secret would not make it work")
        made = store.rotate(row.id, prefix=settings.key_prefix, grace=grace)
        _show_made(made, store.find(row.id), as_json=as_json)
    if not as_json:
        ending = f"until {moments.shown(time.time() + grace)} UTC" if grace else "no longer"
        click.echo(f"The old key works {ending}.", err=True)


@keys.command(short_help="End a key for good.")
@config_option
@click.argument("name")
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
    with _keys(config) as (settings, store), _known(settings, config, name):
        row = store.find(name)
        if row.revoked is None and not yes:
            if not sys.stdin.isatty():
                raise click.UsageError(f"This ends the key {row.name!r} for good; say --yes.")
            click.confirm(f"End the key {row.name!r} ({row.id}) for good?", abort=True)
        row = store.revoke(row.id)
    if as_json:
        print_json(_described(row))
    else:
        click.echo(f"The key {row.name!r} is revoked since {moments.shown(row.revoked)} UTC.")


@contextlib.contextmanager
def _keys(config: Path | None, *, new: bool = False) -> "Iterator[tuple[Settings, KeyStore]]":
    """``new``: the first key makes the database."""
    from penstock.stores.keys import KeyStore  # noqa: PLC0415 - keeps --help instant

    settings = load_settings(config)
    with existing(settings, new=new) as site, contextlib.closing(KeyStore(*site)) as store:
        yield settings, store


@contextlib.contextmanager
def _known(settings: "Settings", config: Path | None, name: str) -> Iterator[None]:
    """Says what to do where there is no key of this name in the database."""
    from penstock.config.mistakes import nearest  # noqa: PLC0415 - keeps --help instant
    from penstock.stores.keys import UnknownKeyError  # noqa: PLC0415

    try:
        yield
    except UnknownKeyError as error:
        if _in_file(settings, name) is not None:
            words = f"the key {name!r} stands in the configuration file, {config}; change it there"
            raise MistakeError(words) from None
        guess = nearest(name, [*error.known, *(row.name for row in settings.keys)])
        words = f"did you mean {guess!r}?" if guess else "`penstock keys list` shows what there is."
        raise click.ClickException(f"there is no key {name!r}; {words}") from None


def _in_file(settings: "Settings", name: str) -> "KeySettings | None":
    return next((row for row in settings.keys if name in {row.name, f"{IN_FILE}{row.name}"}), None)


def _last_used(store: "KeyStore", rows: "Sequence[KeyRow]") -> "Mapping[str, float]":
    """As the books tell, by identity; who is not in them is left out."""
    from penstock.core.books import BooksError  # noqa: PLC0415 - keeps --help instant
    from penstock.stores.reports import Reports  # noqa: PLC0415

    try:
        return Reports(store.engine).last_used([row.id for row in rows])
    except BooksError as error:
        raise UnreachableError(f"the books can't be read: {error}. Try `penstock doctor`.") from None


def _when(used: float | None, settings: "Settings") -> str:
    if used is not None:
        return f"{moments.shown(used)} UTC"
    return "not in the books" if settings.books else "not in the books, which are off here"


def _declared(row: "KeySettings") -> "KeyRow":
    """A key of the file as those in the database are shown."""
    from penstock.stores.keys import KeyRow, KeyTerms  # noqa: PLC0415 - keeps --help instant

    expires = None if row.expires is None else int(row.expires.timestamp())
    terms = KeyTerms(
        row.team, row.owner, row.label, row.models, row.routes, row.require_provider_key, expires,
        row.intensity, row.smart, row.holdout, row.scrub.wish,
    )  # fmt: skip
    return KeyRow(f"{IN_FILE}{row.name}", row.name, terms, None, None, ())


def _changed(terms: "KeyTerms", given: Terms) -> "KeyTerms":
    """The terms with what was given in place of what was."""
    import msgspec  # noqa: PLC0415 - keeps --help instant

    changes: dict[str, object] = {}
    for name in ("team", "owner", "label"):
        if given[name] is not None:
            changes[name] = _on_one_line(f"the {name}", given[name]) if given[name] else None
    if given["expires"] is not None:
        changes["expires"] = None if given["expires"] == moments.NEVER else given["expires"]
    if given["models"]:
        changes["models"] = () if given["models"] == (ANY,) else given["models"]
    if given["routes"]:
        changes["routes"] = () if given["routes"] == (ANY,) else _operations(given["routes"])
    if given["require_provider_key"] is not None:
        changes["require_provider_key"] = given["require_provider_key"]
    if given["intensity"] is not None:
        changes["intensity"] = None if given["intensity"] == UNSET else given["intensity"]
    changes |= {name: given[name] for name in ("smart", "holdout") if given[name] is not None}
    if given["scrub"] is not None or given["scrub_kinds"]:
        changes["scrub"] = _wished(terms.scrub, given["scrub"], given["scrub_kinds"])
    return msgspec.structs.replace(terms, **changes)


def _wished(wish: "Wish", wanted: bool | None, kinds: tuple[str, ...]) -> "Wish":  # noqa: FBT001 - as it was given
    from penstock.core.scrubbed import Wish  # noqa: PLC0415 - keeps --help instant

    changed = dict(wish.kinds)
    for given in kinds:
        kind, _, action = given.partition("=")
        if not kind or action not in {*SCRUB_ACTIONS, UNSET}:
            hint = f"write one like email=mask, with one of {', '.join(SCRUB_ACTIONS)} or {UNSET}"
            raise click.BadParameter(f"{given!r} says no kind and action; {hint}", param_hint="--scrub-kind")
        changed[kind] = action
    kept = tuple(sorted((kind, action) for kind, action in changed.items() if action != UNSET))
    return Wish(wish.wanted if wanted is None else wanted, kept)


def _on_one_line(what: str, text: str | None) -> str | None:
    """Names and words stand in tables, logs and messages to clients."""
    from penstock.config import forms  # noqa: PLC0415 - keeps --help instant
    from penstock.config.mistakes import MisfitError  # noqa: PLC0415

    try:
        return None if text is None else forms.words(text)
    except MisfitError as misfit:
        raise MistakeError(f"{what} {misfit.what}; {misfit.suggestion}") from None


def _operations(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """The patterns, each of which some operation must meet."""
    from penstock.config import forms  # noqa: PLC0415 - keeps --help instant
    from penstock.config.mistakes import MisfitError  # noqa: PLC0415

    for pattern in patterns:
        try:
            forms.operation(pattern)
        except MisfitError as misfit:
            raise click.BadParameter(f"{pattern!r} {misfit.what}; {misfit.suggestion}", param_hint="--route") from None
    return patterns


def _show_made(made: "MadeKey", row: "KeyRow", *, as_json: bool) -> None:
    if as_json:
        print_json({**_described(row), "key": made.key.reveal()})
        return
    click.echo(made.key.reveal())
    click.echo(f"This is the key for {row.name!r}. It is shown this once.", err=True)


def _described(row: "KeyRow") -> dict[str, object]:
    terms = row.terms
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state(time.time()),
        "team": terms.team,
        "owner": terms.owner,
        "label": terms.label,
        "models": terms.models,
        "routes": terms.routes,
        "require_provider_key": terms.require_provider_key,
        "intensity": terms.intensity,
        "smart": terms.smart,
        "holdout": terms.holdout,
        "scrub": {"wanted": terms.scrub.wanted, "kinds": dict(terms.scrub.kinds)},
        "in_file": row.id.startswith(IN_FILE),
        "created": moments.stamped(row.created),
        "expires": moments.stamped(terms.expires),
        "revoked": moments.stamped(row.revoked),
        "secrets": [
            {
                "begins_with": secret.prefix,
                "created": moments.stamped(secret.created),
                "expires": moments.stamped(secret.expires),
            }
            for secret in row.secrets
        ],
    }


def _line(row: "KeyRow", now: float) -> tuple[str, ...]:
    terms = row.terms
    state = row.state(now)
    if state == "active" and len(row.secrets) > 1:
        state = "rotating"
    if state == "active" and row.id.startswith(IN_FILE):
        state = "in the file"
    begins = row.secrets[0].prefix + "…" if row.secrets else "-"
    allowed = ", ".join((*terms.models, *terms.routes)) or "everything"
    return row.name, terms.team or "-", terms.owner or "-", state, begins, allowed, moments.shown(terms.expires)


def _particulars(row: "KeyRow") -> Iterator[tuple[str, str]]:
    terms = row.terms
    yield "name", row.name
    yield "id", row.id
    yield "state", row.state(time.time())
    if row.id.startswith(IN_FILE):
        yield "kept", "in the configuration file, and changed there"
    yield "team", terms.team or "none"
    yield "owner", terms.owner or "nobody is named"
    yield "label", terms.label or "none"
    yield "models", ", ".join(terms.models) or "all"
    yield "operations", ", ".join(terms.routes) or "all"
    yield "own provider key", "required" if terms.require_provider_key else "not required"
    yield "intensity", terms.intensity or _INSTALLATION
    yield "detection", _INSTALLATION if terms.smart is None else "on" if terms.smart else "off"
    yield "holdout", _INSTALLATION if terms.holdout is None else f"{terms.holdout} %"
    yield "scrubbing", _INSTALLATION if terms.scrub.wanted is None else "on" if terms.scrub.wanted else "off"
    if terms.scrub.kinds:
        yield "private values", ", ".join(f"{kind}: {action}" for kind, action in terms.scrub.kinds)
    if row.created is not None:
        yield "made", f"{moments.shown(row.created)} UTC"
    yield "expires", "never" if terms.expires is None else f"{moments.shown(terms.expires)} UTC"
    if row.revoked is not None:
        yield "revoked", f"{moments.shown(row.revoked)} UTC"
    for secret in row.secrets:
        ending = "" if secret.expires is None else f", works until {moments.shown(secret.expires)} UTC"
        yield "secret", f"{secret.prefix}…, made {moments.shown(secret.created)} UTC{ending}"
