"""How commands do acts: as the local operator, in the gateway that runs or else in its database; mistakes become
messages, the same ones either way."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from penstock.cli.configuration import load_settings
from penstock.cli.exits import MistakeError, UnreachableError, existing

if TYPE_CHECKING:
    from penstock.administering.acting import Administration
    from penstock.administering.house import House
    from penstock.config.settings import Settings

OPERATOR = "local operator"
"""Who does what is done at the command line, as the audit log has it."""

_OPTIONS = {"models": "--model", "routes": "--route", "quotas": "--quota", "scrub": "--scrub-kind"}

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


class Acting:
    """Does acts: in the gateway that runs, or in this process."""

    def __init__(self, administration: "Administration", settings: "Settings") -> None:
        self.do = administration.do
        self.settings = settings
        """As this command was told them."""


@contextlib.contextmanager
def acting(config: Path | None, *, new: bool = False, patience: float | None = None) -> Iterator[Acting]:
    """Acts are done by the gateway that runs with this data folder, else here. It is one of them for the whole command,
    so that nothing is done twice.

    ``new``: the database is made, where there is none. ``patience``: seconds for the gateway to answer.
    """
    from penstock.administering.acting import Actor, Role  # noqa: PLC0415 - keeps --help instant
    from penstock.administering.errors import ActError  # noqa: PLC0415
    from penstock.administering.table import ACTS  # noqa: PLC0415
    from penstock.console.asking import NotToldError, SilentError  # noqa: PLC0415

    settings = load_settings(config)
    try:
        gateway = _running(settings, patience)
        if gateway is not None:
            yield Acting(gateway, settings)
            return
        with _housed(settings, new=new) as house:
            yield Acting(ACTS.by(Actor(OPERATOR, Role.OWNER), house), settings)
    except ActError as error:
        lines = [_said(one.words, one.field, type(error).__name__, config) for one in error.every]
        # One kind of mistake, so one exit code.
        raise type(lines[0])("\n".join(line.message for line in lines)) from None
    except SilentError as error:
        raise UnreachableError(
            f"the gateway does not answer any more ({error}); nothing was changed, try again"
        ) from None
    except NotToldError:
        words = "the gateway was asked and did not say what became of it; `penstock audit` shows whether it was done"
        raise UnreachableError(words) from None


def _running(settings: "Settings", patience: float | None) -> "Administration | None":
    """The gateway of this data folder, where one runs and answers."""
    from penstock.administering.table import ACTS  # noqa: PLC0415 - keeps --help instant
    from penstock.background.attending import SOCKET  # noqa: PLC0415
    from penstock.console.asking import PATIENCE_SECONDS, Asking, SilentError  # noqa: PLC0415

    folder = Path(settings.data_dir)
    if not (folder / SOCKET).exists():
        return None
    asking = Asking(folder, ACTS, patience=PATIENCE_SECONDS if patience is None else patience)
    try:
        return asking if asking.reached() else None
    except SilentError as error:
        # Nothing was asked for: it can't be done twice.
        click.echo(f"The gateway that runs here does not answer: {error}. Its database is used without it.", err=True)
        return None


@contextlib.contextmanager
def _housed(settings: "Settings", *, new: bool) -> "Iterator[House]":
    import msgspec  # noqa: PLC0415 - keeps --help instant

    from penstock.administering.house import opened  # noqa: PLC0415

    with existing(settings, new=new) as site:
        there = msgspec.structs.replace(settings, data_dir=str(site.folder), database=site.server)
        with opened(there) as house:
            yield house


def _said(words: str, field: str, kind: str, config: Path | None) -> click.ClickException:
    words = words[0].lower() + words[1:]
    if kind == "UnavailableError":
        return UnreachableError(words)
    if kind == "InFileError":
        return MistakeError(words.replace("the configuration file", f"the configuration file, {config}", 1))
    if kind == "InvalidError":
        part = field.partition(".")[0]
        option = _OPTIONS.get(part, f"--{part.replace('_', '-')}")
        return MistakeError(f"{option}: {words}" if field and part != "name" else words)
    return click.ClickException(words)


def completing(names: Callable[["House"], "list[str]"]) -> Complete:
    """Completes an argument by names that stand in the database and the file."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
        del parameter
        given = context.params.get("config")
        # A shell that completes must not show an error; without names there is nothing to offer.
        try:
            # From the database: no gateway is asked to start a process because somebody has pressed a key.
            with _housed(load_settings(None if given is None else Path(given)), new=False) as house:
                return [CompletionItem(name) for name in sorted(set(names(house))) if name.startswith(begun)]
        except (click.ClickException, OSError, ValueError):
            return []

    return complete


def key_names(house: "House") -> list[str]:
    """Of keys that were not revoked, as many as anybody would read."""
    return [*(row.name for row in house.settings.keys), *(row.name for row in house.store.page(1000))]


def team_names(house: "House") -> list[str]:
    """Of teams, those that have no row too."""
    from penstock.stores.subjects import Subjects  # noqa: PLC0415 - keeps --help instant

    return [*house.settings.teams, *Subjects(house.store.engine, "team").names()]


def user_names(house: "House") -> list[str]:
    """Of users, those that have no row too."""
    from penstock.stores.subjects import Subjects  # noqa: PLC0415 - keeps --help instant

    return [*house.settings.users, *Subjects(house.store.engine, "user").names()]


def token_names(house: "House") -> list[str]:
    """Of admin tokens that were not revoked."""
    return [row.name for row in house.admins.rows() if row.revoked is None]


def provider_names(house: "House") -> list[str]:
    """Of providers in the file."""
    return list(house.settings.providers)
