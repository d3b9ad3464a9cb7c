"""``penstock teams`` and ``penstock users``: what holds for all keys of a team, or of a user."""

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Unpack

import click

from penstock.cli import moments, terms
from penstock.cli.acting import Acting, acting, completing, team_names, user_names
from penstock.cli.configuration import config_option
from penstock.cli.printing import Table, columns, json_option, legible, print_json, print_table
from penstock.cli.terms import Terms, terms_options

if TYPE_CHECKING:
    from penstock.administering.subjects import Subject

_AT_ONCE = 1000


@click.group(short_help="Teams: what holds for all of their keys.")
def teams() -> None:
    """Teams: what holds for all keys of a team, and how much they may use together.

    A key is of a team because it names it (`penstock keys create NAME --team TEAM`).
    """


@click.group(short_help="Users: what holds for all of their keys.")
def users() -> None:
    """Users: what holds for all keys of one person or program, and how much they may use together.

    A key is a user's because it names the user (`penstock keys create NAME --user USER`).
    """


def _create(kind: str) -> Callable[..., None]:
    @config_option
    @click.argument("name")
    @terms_options
    @json_option
    def create(config: Path | None, name: str, *, as_json: bool, **given: Unpack[Terms]) -> None:
        from penstock.administering.checking import ScrubWanted  # noqa: PLC0415 - keeps --help instant

        with acting(config, new=True) as act:
            told = _do(act, kind, "create", name=name, **terms.wanted(given, ScrubWanted))
        _done(told, kind, "is made", as_json=as_json)

    return create


def _set(kind: str) -> Callable[..., None]:
    @config_option
    @_named(kind)
    @terms_options
    @json_option
    def set_terms(config: Path | None, name: str, *, as_json: bool, **given: Unpack[Terms]) -> None:
        if terms.nothing_given(given):
            raise click.UsageError("Say what to change, for example --quota '5M output tokens per month'.")
        with acting(config) as act:
            scrub = _do(act, kind, "show", **{kind: name}).scrub
            told = _do(act, kind, "change", **{kind: name}, **terms.wanted(given, lambda: scrub))
        _done(told, kind, "is changed", as_json=as_json)

    return set_terms


def _list(kind: str) -> Callable[..., None]:
    @config_option
    @json_option
    def list_all(config: Path | None, *, as_json: bool) -> None:
        with acting(config) as act:
            listed = list(_all(act, kind))
        if as_json:
            print_json([_described(told) for told in listed])
        elif listed:
            print_table(Table(columns("=name", "#keys", "quotas", "may use", "kept"), tuple(map(_line, listed))))
        else:
            click.echo(f"No {kind} has terms of its own. Make one: penstock {kind}s create NAME")

    return list_all


def _show(kind: str) -> Callable[..., None]:
    @config_option
    @_named(kind)
    @json_option
    def show(config: Path | None, name: str, *, as_json: bool) -> None:
        with acting(config) as act:
            told = _do(act, kind, "show", **{kind: name})
        if as_json:
            print_json(_described(told))
            return
        for heading, value in _particulars(told):
            click.echo(legible(f"{heading + ':' if heading else '':<22}{value}"))

    return show


def _remove(kind: str) -> Callable[..., None]:
    @config_option
    @_named(kind)
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @json_option
    def remove(config: Path | None, name: str, *, yes: bool, as_json: bool) -> None:
        with acting(config) as act:
            told = _do(act, kind, "show", **{kind: name})
            if not yes:
                if not sys.stdin.isatty():
                    raise click.UsageError(f"This takes the terms of the {kind} {name!r} away; say --yes.")
                words = f"Take the terms of the {kind} {name!r} away from its keys, of which there are {told.keys}?"
                click.confirm(words, abort=True)
            told = _do(act, kind, "remove", **{kind: name})
        if as_json:
            print_json(_described(told))
        else:
            click.echo(f"The {kind} {name!r} has no terms of its own any more; its keys stay.")

    return remove


class _Described(NamedTuple):
    """A command, for both kinds: ``{kind}`` stands for the one."""

    name: str
    made: Callable[[str], Callable[..., None]]
    short: str
    words: str
    examples: tuple[str, ...]


_COMMANDS = (
    _Described(
        "create", _create, "Make a {kind}.",
        "Make a {kind}, with terms that all its keys inherit.\n\n"
        "Models and operations narrow what a key may use; of the rest what the key itself says comes first; quotas "
        "hold for all keys together. A running gateway follows within a second.",
        ("NAME", "NAME --quota '5M output tokens per month' --quota '$9 per day'", "NAME --model 'claude-*' --scrub"),
    ),
    _Described(
        "list", _list, "List the {kind}s, the file's too.",
        "List the {kind}s that have terms of their own, the file's too.", ("", "--json"),
    ),
    _Described(
        "show", _show, "Show all that is known of a {kind}.", "Show all that is known of a {kind}.",
        ("NAME", "NAME --json"),
    ),
    _Described(
        "set", _set, "Change what holds for a {kind}.",
        "Change what holds for a {kind}; what is not named stays. A running gateway follows within a second.",
        ("NAME --quota '10M output tokens per month'", "NAME --no-quotas --model any"),
    ),
    _Described(
        "remove", _remove, "Take a {kind}'s terms away.",
        "Take a {kind}'s terms away. Its keys stay, as they are without them.", ("NAME", "NAME --yes"),
    ),
)  # fmt: skip


def _furnish(group: click.Group, kind: str, example: str) -> None:
    """Gives a group its commands."""
    for one in _COMMANDS:
        made = one.made(kind)
        calls = (f"  penstock {kind}s {one.name} {call}".rstrip().replace("NAME", example) for call in one.examples)
        made.__doc__ = "\n".join([one.words.format(kind=kind), "", "\b", "Examples:", *calls])
        group.command(one.name, short_help=one.short.format(kind=kind))(made)


def _named(kind: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.argument("name", shell_complete=completing(team_names if kind == "team" else user_names))


_furnish(teams, "team", "research")
_furnish(users, "user", "ada")


def _do(act: Acting, kind: str, verb: str, **wanted: object) -> "Subject":
    from penstock.administering.table import ACTS  # noqa: PLC0415 - keeps --help instant

    name = f"{kind}s.{verb}"
    told: Subject = act.do(name, ACTS[name].wanted(**wanted))
    return told


def _all(act: Acting, kind: str) -> "Iterator[Subject]":
    from penstock.administering.table import ACTS  # noqa: PLC0415 - keeps --help instant

    after = None
    while True:
        page = act.do(f"{kind}s.list", ACTS[f"{kind}s.list"].wanted(most=_AT_ONCE, after=after))
        yield from page.items
        if page.next is None:
            return
        after = page.next


def _done(told: "Subject", kind: str, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_described(told))
    else:
        click.echo(f"The {kind} {told.name!r} {words}. See it: penstock {kind}s show {shlex.quote(told.name)}")


def _described(told: "Subject") -> dict[str, object]:
    given = {name: getattr(told, name) for name in told.__struct_fields__}
    return {**given, "created": moments.stamped(told.created)}


def _line(told: "Subject") -> tuple[str, ...]:
    kept = "in the file" if told.in_file else f"since {moments.shown(told.created, absent='?')}"
    return told.name, str(told.keys), "; ".join(told.quotas) or "-", terms.allowed(told), kept


def _particulars(told: "Subject") -> Iterator[tuple[str, str]]:
    yield "name", told.name
    if told.in_file:
        yield "kept", "in the configuration file, and changed there"
    yield "label", told.label or "none"
    yield "keys", str(told.keys)
    yield from terms.particulars(told)
    if told.created is not None:
        yield "made", f"{moments.shown(told.created)} UTC"
