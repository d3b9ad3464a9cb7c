"""Why an act was not done: words for whoever asked, and the field that they are about."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Self

MOST_TOLD = 50
"""Mistakes of one request. To look for what was meant takes time, and nobody reads a thousand."""


class ActError(Exception):
    """Nothing was changed."""

    def __init__(self, words: str, field: str = "", more: tuple[Self, ...] = ()) -> None:
        super().__init__(words)
        self.words = words
        self.field = field
        """Of the act's struct, where one is to blame."""
        self.every: tuple[Self, ...] = (self, *more)
        """This one and what else is wrong, each by itself."""


class InvalidError(ActError):
    """What is wanted makes no sense."""


def together(*checks: Callable[[], object]) -> None:
    """Make every check; one InvalidError that tells all that they find."""
    tell(error for check in checks for error in _found(check))


def tell(found: Iterable[InvalidError]) -> None:
    """One InvalidError for all of them, if there are any."""
    some = tuple(islice(found, MOST_TOLD))
    if some:
        raise InvalidError(some[0].words, some[0].field, some[1:])


def _found(check: Callable[[], object]) -> tuple[InvalidError, ...]:
    try:
        check()
    except InvalidError as error:
        return error.every
    return ()


class DeniedError(ActError):
    """Whoever asks may not do this."""


class NotFoundError(ActError):
    """There is no such thing, or none that may be seen by whoever asks."""


class ConflictError(ActError):
    """It contradicts what is there, such as a name that is taken."""


class InFileError(ConflictError):
    """It stands in the configuration file, and is changed there."""


class UnavailableError(ActError):
    """What it takes does not answer now, such as the database."""
