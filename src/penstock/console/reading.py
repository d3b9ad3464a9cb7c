"""Reads a request into the one struct that an act takes: path, query and body, each field from one place.

Strict: a field that the act does not know, or one that is said twice, is refused with its name. All that is wrong is
told at once. Nothing of a request is ever copied into anything but that struct.
"""

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from penstock.administering.errors import MOST_TOLD, InvalidError
from penstock.console.fitting import Fitting, hints_of, is_list
from penstock.console.problem import Mistake

T = typing.TypeVar("T")


def _number(text: str) -> float:
    """To JSON Schema a number without a rest is whole, however it is written."""
    found = float(text)
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


_DECODER = msgspec.json.Decoder(dict[str, object], float_hook=_number)


class Misread(ValueError):  # noqa: N818 - as it is asked for
    """What is wrong, field by field."""

    def __init__(self, *mistakes: Mistake) -> None:
        super().__init__("; ".join(f"{one.field}: {one.detail}" for one in mistakes))
        self.mistakes = mistakes


def read(
    wanted: type[T],
    path: Mapping[str, str],
    query: Sequence[tuple[str, str]],
    body: bytes | None,
    check: Callable[[T], None] = lambda _: None,
    amiss: Sequence[Mistake] = (),
) -> T:
    """The struct; Misread. ``body``: None for methods that have none, else JSON.

    ``check``: the act's own, for what is wrong beside what can't be read; ``amiss``: what is known to be wrong already.
    """
    fitting = Fitting(amiss, strict=body is not None)
    said = _gathered(wanted, query, path, fitting) if body is None else _object(body, fitting)
    if body is not None:
        for name, _ in query[:MOST_TOLD]:
            fitting.note(name, "This request takes everything in its body, and no query.")
        for name in [name for name in path if name in said]:
            fitting.note(name, "It stands in the path already; leave it out of the body.")
            del said[name]
    found = typing.cast("T", fitting.struct(said, wanted, given=path))
    if fitting.mistakes:
        raise Misread(*[*fitting.mistakes, *_beside(fitting, found, check)][:MOST_TOLD])
    return found


def _beside(fitting: Fitting, found: T, check: Callable[[T], None]) -> Iterator[Mistake]:
    """What the act finds wrong with the rest."""
    try:
        check(found)
    except InvalidError as error:
        yield from (Mistake(one.field, one.words) for one in error.every if one.field not in fitting.stood_in)


def _object(body: bytes, fitting: Fitting) -> dict[str, object]:
    if not body.strip():
        return {}
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Of what can't be read nothing more can be said.
        raise Misread(*fitting.mistakes, Mistake("", f"The body is no JSON object: {error}")) from None


def _gathered(
    wanted: type, query: Sequence[tuple[str, str]], path: Mapping[str, str], fitting: Fitting
) -> dict[str, object]:
    hints = hints_of(wanted)
    found: dict[str, object] = {}
    several: dict[str, list[str]] = {}
    for name, value in query:
        if name in hints and is_list(hints[name]):
            several.setdefault(name, []).append(value)
        elif name in found or name in path:
            if len(fitting.mistakes) < MOST_TOLD:
                fitting.note(name, "It is said twice.")
        else:
            found[name] = value
    return {**found, **several}
