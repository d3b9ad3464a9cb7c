"""Exit codes, and the errors that carry them: 0 good, 1 a problem was found, 2 a mistake in the call or the
configuration, 3 what the gateway keeps can't be reached. Every message says what to do next.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from penstock.config.settings import Settings
    from penstock.stores.site import Site

PROBLEM = 1
MISTAKE = 2
UNREACHABLE = 3


class MistakeError(click.ClickException):
    """The command was called wrongly, or the configuration is wrong."""

    exit_code = MISTAKE


class UnreachableError(click.ClickException):
    """The database, or another file that the gateway keeps, can't be read or written."""

    exit_code = UNREACHABLE


def site_of(settings: "Settings") -> "Site":
    """Where the gateway of these settings keeps its state."""
    from penstock.stores.site import Site  # noqa: PLC0415 - keeps --help instant

    return Site(Path(settings.data_dir), settings.database, settings.pepper)


@contextlib.contextmanager
def reaching(site: "Site") -> Iterator[None]:
    """Turns what the stores of a site raise into words and exit code 3."""
    from penstock.stores.keys import StoreError  # noqa: PLC0415 - keeps --help instant
    from penstock.stores.migrating import DatabaseTooNewError, UnfitDatabaseError  # noqa: PLC0415

    folder, setting = site.folder, "data_dir" if site.server is None else "database"
    try:
        yield
    except DatabaseTooNewError as error:
        raise UnreachableError(f"{error} Run that release, or name another {setting}.") from None
    except UnfitDatabaseError as error:
        raise UnreachableError(str(error)) from None
    except StoreError as error:
        where = f"the database in {folder}" if site.server is None else site.name
        raise UnreachableError(f"{where} can't be used: {reason(error)}. Try `penstock doctor`.") from None
    except BrokenPipeError:
        # Whoever read has seen enough, as under ``| head``.
        raise
    except OSError as error:
        words = f"{error.filename or folder} can't be used: {error.strerror}."
        raise UnreachableError(f"{words} Is data_dir right, and may this user write there?") from None
    except ValueError as error:
        raise UnreachableError(str(error)) from None


@contextlib.contextmanager
def existing(settings: "Settings", *, new: bool) -> "Iterator[Site]":
    """Where the state is, as ``reaching``. To look into what nobody has made is not to make it: without ``new`` an
    empty folder stands in for it."""
    site = site_of(settings)
    with contextlib.ExitStack() as undo:
        undo.enter_context(reaching(site))
        if new and site.server is None and not site.exists():
            words = f"No gateway has run in {site.folder} yet; what it keeps is made there now."
            click.echo(f"{words} If you mean one that runs, name its configuration with --config.", err=True)
        if new or site.exists():
            yield site
        else:
            yield site._replace(folder=Path(undo.enter_context(tempfile.TemporaryDirectory())), server=None)


def reason(error: Exception) -> str:
    """The driver's own first sentence: statement and values stand apart from it."""
    return str(getattr(error, "orig", None) or type(error).__name__).partition("\n")[0]
