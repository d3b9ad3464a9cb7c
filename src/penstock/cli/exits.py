"""Exit codes, and the errors that carry them: 0 good, 1 a problem was found, 2 a mistake in the call or the
configuration, 3 what the gateway keeps can't be reached. Every message says what to do next.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click

PROBLEM = 1
MISTAKE = 2
UNREACHABLE = 3


class MistakeError(click.ClickException):
    """The command was called wrongly, or the configuration is wrong."""

    exit_code = MISTAKE


class UnreachableError(click.ClickException):
    """The database, or another file that the gateway keeps, can't be read or written."""

    exit_code = UNREACHABLE


@contextlib.contextmanager
def reaching(folder: Path) -> Iterator[None]:
    """Turns what the stores of a data folder raise into words and exit code 3."""
    from penstock.stores.database import DatabaseTooNewError  # noqa: PLC0415 - keeps --help instant
    from penstock.stores.keys import StoreError  # noqa: PLC0415

    try:
        yield
    except DatabaseTooNewError as error:
        raise UnreachableError(f"{error} Run that release, or name another data_dir.") from None
    except StoreError as error:
        # A statement's values stand in the whole message; the driver's own sentence has none.
        reason = getattr(error, "orig", None) or type(error).__name__
        raise UnreachableError(f"the database in {folder} can't be used: {reason}. Try `penstock doctor`.") from None
    except BrokenPipeError:
        # Whoever read has seen enough, as under ``| head``.
        raise
    except OSError as error:
        words = f"{error.filename or folder} can't be used: {error.strerror}."
        raise UnreachableError(f"{words} Is data_dir right, and may this user write there?") from None
    except ValueError as error:
        raise UnreachableError(str(error)) from None


@contextlib.contextmanager
def existing(folder: Path, *, new: bool) -> Iterator[Path]:
    """The data folder, as ``reaching``. To look into one that nobody has made is not to make it: without ``new`` an
    empty one stands in for it."""
    from penstock.stores.database import DATABASE  # noqa: PLC0415 - keeps --help instant

    with contextlib.ExitStack() as undo:
        undo.enter_context(reaching(folder))
        if new or (folder / DATABASE).exists():
            yield folder
        else:
            yield Path(undo.enter_context(tempfile.TemporaryDirectory()))
