"""What went wrong, as RFC 9457 says it, and how mistakes of acts are said so: from a mistake to a problem and back.

Values alone: whoever asks the API reads what whoever answers writes.
"""

from collections.abc import Sequence
from http import HTTPStatus

import msgspec

from penstock.administering.errors import (
    ActError,
    ConflictError,
    DeniedError,
    InFileError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)

MEDIA_TYPE = "application/problem+json"
PLACE = "/v1/problems/"

UNAVAILABLE = "unavailable"
KINDS: dict[type[ActError], tuple[str, int]] = {
    InvalidError: ("invalid", 400),
    DeniedError: ("denied", 403),
    NotFoundError: ("not-found", 404),
    InFileError: ("in-file", 409),
    ConflictError: ("conflict", 409),
    UnavailableError: (UNAVAILABLE, 503),
}
"""How each kind of mistake is called, and its status."""
_NAMED = 5
_MISTAKES = {kind: error for error, (kind, _) in KINDS.items()}


class Mistake(msgspec.Struct, frozen=True):
    """One field that is wrong."""

    field: str
    """Where it stands: a dotted path in the body, or the parameter's name."""
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457, section 3.1."""

    type: str
    """Stays the same for each kind of problem; an address relative to the API's own."""
    title: str
    """The same for each kind, too."""
    status: int
    detail: str = ""
    """What to do about this one."""
    mistakes: tuple[Mistake, ...] = ()
    """All that is wrong, field by field; of very many the first."""


def problem(kind: str, status: int, detail: str, mistakes: tuple[Mistake, ...] = ()) -> Problem:
    """``kind`` is one word or several with hyphens, such as ``not-found``."""
    title = kind.replace("-", " ").capitalize() if kind else HTTPStatus(status).phrase
    return Problem(f"{PLACE}{kind}", title, status, detail, mistakes)


def problem_of(error: ActError) -> Problem:
    """An act's mistake."""
    kind, status = KINDS[type(error)]
    mistakes = tuple(Mistake(one.field, one.words) for one in error.every if one.field)
    told = summed(mistakes) if mistakes and isinstance(error, InvalidError) else error.words
    return problem(kind, status, told, mistakes)


def summed(mistakes: Sequence[Mistake]) -> str:
    """All of them in a sentence, for whoever prints that alone."""
    if len(mistakes) == 1:
        (one,) = mistakes
        return f"{one.field}: {one.detail}" if one.field else one.detail
    names = ", ".join(f"`{one.field}`" for one in mistakes[:_NAMED])
    rest = " and more" if len(mistakes) > _NAMED else ""
    return f"{len(mistakes)} things are wrong: {names}{rest}; `mistakes` says what to write for each."


def error_of(told: Problem) -> ActError:
    """The act's mistake that was told. What is told of no act is what keeps it from being done."""
    raised = _MISTAKES.get(told.type.removeprefix(PLACE), UnavailableError)
    first, *more = told.mistakes or (Mistake("", told.detail or told.title),)
    return raised(first.detail, first.field, tuple(raised(one.detail, one.field) for one in more))
