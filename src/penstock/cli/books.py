"""What the commands that read the books share: opening them, choosing exchanges, and how money and names are shown.

Before anything is told, journals that no living process will bring in are brought in; a running gateway brings in its
own, half a second behind.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from penstock.cli import moments
from penstock.cli.exits import UnreachableError, reaching, site_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from penstock.config.settings import Settings
    from penstock.core.books import Filter
    from penstock.core.entry import Entry, Opened
    from penstock.ledger.recovery import Killed
    from penstock.stores.reports import Reports
    from penstock.stores.site import Site

_Command = TypeVar("_Command", bound=Callable[..., None])

if TYPE_CHECKING:
    Range = click.ParamType[tuple[int, int]]
else:
    # Generic only in click's later releases.
    Range = click.ParamType

MICRO = 1_000_000
NOBODY = "(no key)"
SIMULATOR = "simulator"
"""What the books call the one that is built in."""


class Status(Range):
    """A status, or a range of them."""

    name = "status"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """The least and the greatest."""
        if isinstance(value, tuple):
            return value
        first, dash, last = value.strip().lower().partition("-")
        if len(first) == 3 and first[0].isdigit() and first.endswith("xx") and not dash:
            return int(first[0]) * 100, int(first[0]) * 100 + 99
        if not first.isdigit() or (dash and not last.isdigit()):
            self.fail(f"{value!r} is no status; write it like 429, 5xx or 400-499", param, ctx)
        if int(last or first) < int(first):
            self.fail(f"{value!r} ends before it begins; write it like 400-499", param, ctx)
        return int(first), int(last or first)


class Choice(TypedDict):
    """The options that choose exchanges; None where one was not given."""

    since: int | None
    until: int | None
    key: str | None
    team: str | None
    owner: str | None
    provider: str | None
    model: str | None
    status: tuple[int, int] | None


_CHOICE = (
    click.option("--since", type=moments.Since(), help="From then on: 24h, 7d, today, 2026-11-01 (UTC)."),
    click.option("--until", type=moments.Since(), help="Before then, written in the same ways."),
    click.option("--key", metavar="NAME", help="Of this key, by name or id."),
    click.option("--team", help="Of this team."),
    click.option("--user", "owner", help="Of this owner's keys."),
    click.option("--provider", help="That this provider got."),
    click.option("--model", help="For this model, as asked or as served."),
    click.option("--status", type=Status(), help="With this status: 429, 5xx, 400-499."),
)


def choosing(command: _Command) -> _Command:
    """The options that choose exchanges."""
    for option in reversed(_CHOICE):
        command = option(command)
    return command


def choosing_beforehand(command: _Command) -> _Command:
    """The same but for the status: nobody may choose by how things came out who wants to compare them."""
    for option in reversed(_CHOICE[:-1]):
        command = option(command)
    return command


def chosen(given: Choice) -> "Filter":
    """The same as the books take it."""
    from penstock.core.books import Filter  # noqa: PLC0415 - keeps --help instant

    if given["since"] is not None and given["until"] is not None and given["until"] <= given["since"]:
        since, until = moments.shown(given["since"]), moments.shown(given["until"])
        raise click.UsageError(f"--until ({until}) is not after --since ({since}); nothing lies between them.")
    return Filter(**given)


@contextlib.contextmanager
def reports(settings: "Settings") -> "Iterator[Reports]":
    """The books of these settings, to be read; exit code 3 where they can't be."""
    from penstock.stores.reports import Reports  # noqa: PLC0415 - keeps --help instant

    with opened_books(settings, "read") as engine:
        yield Reports(engine)


def standing(settings: "Settings") -> "Site":
    """Where the books of these settings are; exit code 3 where nobody has made any."""
    site = site_of(settings)
    with reaching(site):
        if site.exists():
            return site
    place = site.folder if site.server is None else site.name
    words = f"there are no books in {place}: no gateway has run there yet."
    raise UnreachableError(f"{words} Name the configuration that it runs with (--config).{off(settings)}")


@contextlib.contextmanager
def opened_books(settings: "Settings", done: str) -> "Iterator[Engine]":
    """The database with the books of these settings; exit code 3 where what is to be ``done`` to them can't be."""
    from penstock.core.books import BooksError  # noqa: PLC0415 - keeps --help instant

    site = standing(settings)
    with reaching(site):
        engine = site.open()
        try:
            _settle(settings, engine)
            yield engine
        except BooksError as error:
            raise UnreachableError(f"the books can't be {done}: {error}. Try `penstock doctor`.") from None
        finally:
            engine.dispose()


def _settle(settings: "Settings", engine: Any) -> None:
    from penstock.core.books import BooksError  # noqa: PLC0415 - keeps --help instant
    from penstock.ledger.journal import FOLDER  # noqa: PLC0415
    from penstock.ledger.recovery import settle  # noqa: PLC0415
    from penstock.stores.ledger import Ledger  # noqa: PLC0415

    try:
        settle(Path(settings.data_dir) / FOLDER, Ledger(engine), _killed(settings))
    except (BooksError, OSError) as error:
        # What can be read is worth more than nothing; that it is not all is said.
        reason = error.strerror if isinstance(error, OSError) else str(error)
        click.echo(f"What a gateway that ended left behind is not in these books yet: {reason}.", err=True)


def _killed(settings: "Settings") -> "Killed":
    """As a gateway would write them down. What that takes is loaded only where something was killed."""

    @functools.cache
    def ended() -> "Killed":
        from penstock.app import DIALECTS  # noqa: PLC0415 - heavy
        from penstock.assembly.bookkeeping import counted, ending  # noqa: PLC0415
        from penstock.assembly.composing import catalog  # noqa: PLC0415
        from penstock.ledger.estimates import Estimates  # noqa: PLC0415

        return ending(settings, catalog(settings), counted(DIALECTS), Estimates())

    def entry_of(opened: "Opened") -> "Entry":
        return ended()(opened)

    return entry_of


def off(settings: "Settings") -> str:
    """What to add where there is nothing to tell: with the books off there never will be, but in the demo."""
    return "" if settings.books else " The books are off here: take `books: false` out of the configuration."


def hint(books: "Reports", settings: "Settings") -> str:
    """What to add where nothing fits: what there is."""
    span = books.span()
    if span is None:
        return f" The books are empty.{off(settings)}"
    return f" The books hold exchanges from {moments.shown(span[0])} to {moments.shown(span[1])} UTC."


def is_simulators(provider: str, settings: "Settings") -> bool:
    """Whether this is the simulator that is built in, and no provider of the operator's with its name."""
    return provider == SIMULATOR and SIMULATOR not in settings.providers


def dollars(cost: int | None) -> str:
    """Micro-dollars as dollars, exactly: nothing is rounded, so that what is shown adds up."""
    if cost is None:
        return "unpriced"
    sign, amount = ("-", -cost) if cost < 0 else ("", cost)
    return f"{sign}{amount // MICRO:,}.{amount % MICRO:06d}"


def whole(number: int) -> str:
    """``1,234,567``."""
    return f"{number:,}"
