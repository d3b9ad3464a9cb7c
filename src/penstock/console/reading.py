"""Reads a request into the one struct that an act takes: path, query and body, each field from one place.

Strict: a field that the act does not know, or one that is said twice, is refused with its name. Nothing of a request is
ever copied into anything but that struct.
"""

import datetime
import functools
import re
import typing
from collections.abc import Mapping, Sequence

import msgspec

from penstock.console.problem import Mistake

# How msgspec says where: "Expected `int`, got `str` - at `$.holdout`".
_AT = re.compile(r" - at `\$?\.?([^`]*)`$")
_UNKNOWN = re.compile(r"^Object contains unknown field `([^`]*)`")
_MISSING = re.compile(r"^Object missing required field `([^`]*)`")

PLACE = "after"
"""The field of a list's struct that the API fills itself, from a cursor."""

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
) -> T:
    """The struct; Misread. ``body``: None for methods that have none, else JSON."""
    said = _gathered(wanted, query, path) if body is None else _object(body)
    if PLACE in said:
        raise Misread(Mistake(PLACE, "There is no such field; lists go on with `cursor`."))
    if body is None:
        return _convert({**said, **path}, wanted, strict=False)
    if query:
        raise Misread(Mistake(query[0][0], "This request takes everything in its body, and no query."))
    twice = next((name for name in path if name in said), None)
    if twice is not None:
        raise Misread(Mistake(twice, "It stands in the path already; leave it out of the body."))
    return _convert({**said, **path}, wanted, strict=True)


def _object(body: bytes) -> dict[str, object]:
    if not body.strip():
        return {}
    try:
        return _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Misread(Mistake("", f"The body is no JSON object: {error}")) from None


def _gathered(wanted: type, query: Sequence[tuple[str, str]], path: Mapping[str, str]) -> dict[str, object]:
    lists, moments = many(wanted), _moments(wanted)
    found: dict[str, object] = {}
    several: dict[str, list[str]] = {}
    for name, value in query:
        if name in lists:
            several.setdefault(name, []).append(value)
        elif name in found or name in path:
            raise Misread(Mistake(name, "It is said twice."))
        else:
            found[name] = _moment(name, value) if name in moments else value
    return {**found, **several}


@functools.lru_cache(maxsize=256)
def many(wanted: type) -> frozenset[str]:
    """The fields that may be said several times."""
    hints = typing.get_type_hints(wanted)
    return frozenset(name for name, hint in hints.items() if _is_list(hint))


def _moments(wanted: type) -> frozenset[str]:
    hints = typing.get_type_hints(wanted)
    return frozenset(name for name, hint in hints.items() if datetime.datetime in (hint, *typing.get_args(hint)))


def _moment(name: str, value: str) -> datetime.datetime:
    """As it is written in a body: what takes texts for numbers would take seconds, too."""
    try:
        return msgspec.convert(value, datetime.datetime)
    except msgspec.ValidationError as error:
        raise Misread(Mistake(name, str(error))) from None


def _is_list(hint: object) -> bool:
    if typing.get_origin(hint) in {tuple, list}:
        return True
    return any(_is_list(one) for one in typing.get_args(hint)) if _is_union(hint) else False


def _is_union(hint: object) -> bool:
    return typing.get_origin(hint) in {typing.Union, typing.get_origin(int | None)}


def _convert(said: Mapping[str, object], wanted: type[T], *, strict: bool) -> T:
    try:
        return msgspec.convert(said, wanted, strict=strict)
    except msgspec.ValidationError as error:
        raise Misread(mistake(str(error))) from None


def mistake(words: str) -> Mistake:
    """What msgspec says, with the field apart."""
    at = _AT.search(words)
    where, what = ("", words) if at is None else (at[1], words[: at.start()])
    for pattern, told in ((_UNKNOWN, "There is no such field."), (_MISSING, "It is missing.")):
        found = pattern.match(what)
        if found is not None:
            return Mistake(f"{where}.{found[1]}" if where else found[1], told)
    return Mistake(where, what)
