"""How commands do acts: as the local operator, in the database of the configuration; mistakes become messages."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from penstock.cli.configuration import load_settings
from penstock.cli.exits import MistakeError, existing

if TYPE_CHECKING:
    import msgspec

    from penstock.administering.acting import Actor
    from penstock.administering.house import House
    from penstock.config.settings import Settings

OPERATOR = "local operator"
"""Who does what is done at the command line, as the audit log has it."""

_OPTIONS = {"models": "--model", "routes": "--route", "quotas": "--quota"}

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


class Acting:
    """Does acts in one house."""

    def __init__(self, house: "House", actor: "Actor", settings: "Settings") -> None:
        self.house = house
        self.settings = settings
        """As they were read: the house's name another folder where there is none yet."""
        self._actor = actor

    def do(self, name: str, wanted: "msgspec.Struct") -> Any:
        """What the act tells; ActError."""
        from penstock.administering.table import ACTS  # noqa: PLC0415 - keeps --help instant

        return ACTS.do(self.house, self._actor, name, wanted)


@contextlib.contextmanager
def acting(config: Path | None, *, new: bool = False) -> Iterator[Acting]:
    """``new``: the database is made, where there is none."""
    import msgspec  # noqa: PLC0415 - keeps --help instant

    from penstock.administering.acting import Actor, Role  # noqa: PLC0415
    from penstock.administering.errors import ActError  # noqa: PLC0415
    from penstock.administering.house import opened  # noqa: PLC0415

    settings = load_settings(config)
    try:
        with existing(settings, new=new) as site:
            there = msgspec.structs.replace(settings, data_dir=str(site.folder), database=site.server)
            with opened(there) as house:
                yield Acting(house, Actor(OPERATOR, Role.OWNER), settings)
    except ActError as error:
        raise _said(error.words, error.field, type(error).__name__, config) from None


def _said(words: str, field: str, kind: str, config: Path | None) -> click.ClickException:
    words = words[0].lower() + words[1:]
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
            with acting(None if given is None else Path(given)) as act:
                return [CompletionItem(name) for name in sorted(set(names(act.house))) if name.startswith(begun)]
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
