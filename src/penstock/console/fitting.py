"""Fits what was said into the types of an act's fields, and notes all that does not fit: where, and what to write.

Strict for JSON; of a query, where everything is a text, numbers and truths are taken from their spellings.
"""

import datetime
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum

import msgspec
from msgspec import Meta, UnsetType

from penstock.administering.errors import MOST_TOLD
from penstock.config.mistakes import listed, nearest
from penstock.console.problem import Mistake

PLACE = "after"
"""The field of a list's struct that the API fills itself, from a cursor."""


class Nothing(Enum):
    """What a value becomes that does not fit."""

    BROKEN = "broken"


class Fitting:
    """What one request says, as far as it fits."""

    def __init__(self, mistakes: Sequence[Mistake], *, strict: bool) -> None:
        self.mistakes = list(mistakes)
        self.stood_in = set[str]()
        """Where something else stands than was said."""
        self._strict = strict

    def note(self, field: str, words: str) -> None:
        """Note what is wrong."""
        self.mistakes.append(Mistake(field, words))

    def struct(
        self, said: Mapping[str, object], kind: type, place: str = "", given: Mapping[str, str] | None = None
    ) -> object:
        """The struct. What is needed and does not fit is an empty text in it, what may be left out is.

        ``given``: fields that are known from elsewhere, and are not to be said.
        """
        given = given or {}
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        known = [name for name in fields if name not in given and name != PLACE]
        hints, values = hints_of(kind), dict[str, object](given)
        meant: set[str] = set()
        for name, value in said.items():
            if len(self.mistakes) >= MOST_TOLD:
                break
            if name not in known:
                meant |= self._unknown(place + name, name, [one for one in known if one not in said])
                continue
            found = self.value(value, hints[name], place + name)
            if found is Nothing.BROKEN:
                self.stood_in.add(place + name)
            else:
                values[name] = found
        for name in known:
            if fields[name].required and name not in values:
                if name not in said and name not in meant:
                    self.note(place + name, "It is missing.")
                self.stood_in.add(place + name)
                values[name] = ""
        return kind(**values)

    def value(self, said: object, hint: object, place: str) -> object:
        """The value of a field or of an item; BROKEN."""
        member, nullable = _member(hint)
        inner, _ = _bare(member)
        if said is None and nullable:
            return None
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct) and isinstance(said, Mapping):
            return self.struct(said, inner, f"{place}.")
        if typing.get_origin(inner) is tuple and isinstance(said, list):
            item = typing.get_args(inner)[0]
            return tuple(self._item(one, item, f"{place}.{at}") for at, one in enumerate(said))
        if typing.get_origin(inner) is dict and isinstance(said, Mapping):
            item = typing.get_args(inner)[1]
            return {name: self._item(one, item, f"{place}.{name}") for name, one in said.items()}
        try:
            # A number is no time, whatever it is written in.
            strict = self._strict or inner is datetime.datetime
            found: object = msgspec.convert(said, member | None if nullable else member, strict=strict)
        except msgspec.ValidationError:
            self.note(place, _wanted(said, member, nullable=nullable and self._strict))
            return Nothing.BROKEN
        return found

    def _item(self, said: object, hint: object, place: str) -> object:
        """An item keeps its place: what is wrong with those behind it is told by number."""
        found = Nothing.BROKEN if len(self.mistakes) >= MOST_TOLD else self.value(said, hint, place)
        if found is not Nothing.BROKEN:
            return found
        self.stood_in.add(place)
        return ""

    def _unknown(self, place: str, name: str, free: Sequence[str]) -> set[str]:
        """The field that was probably meant, which is then not missing as well."""
        if name == PLACE:
            self.note(place, "There is no such field; lists go on with `cursor`.")
            return set()
        guess = nearest(name, free)
        hint = f"; did you mean `{guess}`?" if guess else f"; write one of {listed(free)}." if free else "."
        self.note(place, f"There is no such field{hint}")
        return {guess} if guess else set()


@functools.lru_cache(maxsize=256)
def hints_of(kind: type) -> Mapping[str, object]:
    """The types of a struct's fields."""
    return typing.get_type_hints(kind, include_extras=True)


def is_list(hint: object) -> bool:
    """Whether there may be several."""
    return typing.get_origin(_bare(_member(hint)[0])[0]) is tuple


def _member(hint: object) -> tuple[typing.Any, bool]:
    """The type that a value has where there is one, and whether it may be null."""
    if typing.get_origin(hint) not in {typing.Union, types.UnionType}:
        return hint, False
    some = typing.get_args(hint)
    (member,) = (one for one in some if one not in (type(None), UnsetType))
    return member, type(None) in some


def _bare(member: object) -> tuple[object, Sequence[object]]:
    """The type without what it is annotated with, and that."""
    if typing.get_origin(member) is typing.Annotated:
        inner, *more = typing.get_args(member)
        return inner, more
    return member, ()


def _wanted(said: object, member: object, *, nullable: bool) -> str:
    inner, more = _bare(member)
    if typing.get_origin(inner) is typing.Literal:
        choices = typing.get_args(inner)
        guess = nearest(said, choices) if isinstance(said, str) else None
        return f"There is no such choice; did you mean `{guess}`?" if guess else f"Write one of {listed(choices)}."
    return f"Write {_noun(inner, more)}{', or null' if nullable else ''}."


def _noun(inner: object, more: Sequence[object]) -> str:
    if inner is bool:
        return "true or false"
    if inner is int:
        least = next((one.ge for one in more if isinstance(one, Meta) and one.ge is not None), None)
        most = next((one.le for one in more if isinstance(one, Meta) and one.le is not None), None)
        return "a whole number" + (f" from {least} to {most}" if least is not None and most is not None else "")
    if inner is datetime.datetime:
        return "a time with its zone, such as `2026-11-01T00:00:00Z`"
    if inner is str:
        return "a text"
    return "a list" if typing.get_origin(inner) is tuple else "an object"
