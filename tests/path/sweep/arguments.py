"""Arguments for an SDK's method, made up from its annotations: enough for a call that says something.

The values are deterministic, so that two calls of one method send the same request.
"""

import collections.abc
import datetime
import inspect
import io
import os
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typing_extensions
from pydantic import BaseModel

# How deep made-up values go: beyond it, optional fields are left out and recursion ends.
DEPTH = 6

# What the SDKs let a caller add to any call; not part of the API.
_EXTRAS = frozenset({"extra_headers", "extra_query", "extra_body", "timeout", "stream"})


class UnmakeableError(Exception):
    """No value of this annotation can be made up."""


def of(method: Callable[..., Any], *, optional: bool) -> dict[str, Any]:
    """Keyword arguments: the required ones, and with ``optional`` all others for which a value can be made up."""
    implementation = inspect.unwrap(method)
    hints = typing.get_type_hints(implementation, include_extras=True)
    made: dict[str, Any] = {}
    for name, parameter in inspect.signature(implementation).parameters.items():
        if name == "self" or name in _EXTRAS or parameter.kind in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}:
            continue
        required = parameter.default is inspect.Parameter.empty
        if not required and not optional:
            continue
        try:
            made[name] = value_of(hints[name], name)
        except UnmakeableError:
            if required:
                raise
    return made


def value_of(hint: Any, name: str, depth: int = 0) -> Any:
    """A value of this annotation; ``name`` is what it stands for, and shows in strings."""
    if depth > DEPTH:
        raise UnmakeableError(name)
    origin = get_origin(hint)
    if origin is Annotated or origin in {typing_extensions.Required, typing_extensions.NotRequired}:
        return value_of(get_args(hint)[0], name, depth)
    if origin is Literal:
        return get_args(hint)[0]
    if origin in {Union, types.UnionType}:
        return _one_of(get_args(hint), name, depth)
    if typing_extensions.is_typeddict(hint):
        return _mapping(hint, depth)
    if origin in {dict, collections.abc.Mapping}:
        return {"key": value_of(get_args(hint)[1], name, depth + 1)}
    if _is_sequence(hint, origin):
        return [value_of(get_args(hint)[0], name, depth + 1)]
    return _plain(hint, name)


def _one_of(options: tuple[Any, ...], name: str, depth: int) -> Any:
    for option in options:
        if option is type(None) or getattr(option, "__name__", "") in {"Omit", "NotGiven"}:
            continue
        try:
            return value_of(option, name, depth)
        except UnmakeableError:
            continue
    raise UnmakeableError(name)


def _mapping(hint: Any, depth: int) -> dict[str, Any]:
    made = {}
    for key, inner in typing_extensions.get_type_hints(hint, include_extras=True).items():
        required = get_origin(inner) is typing_extensions.Required
        if not required and depth >= 2:
            continue
        try:
            made[key] = value_of(inner, key, depth + 1)
        except UnmakeableError:
            if required:
                raise
    return made


def _is_sequence(hint: Any, origin: Any) -> bool:
    if not get_args(hint):
        return False
    if origin in {list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection}:
        return True
    return getattr(origin, "__name__", "") == "SequenceNotStr"


_PLAIN: Mapping[Any, Callable[[str], Any]] = {
    str: lambda name: f"{name}-1",
    bool: lambda _: True,
    int: lambda _: 7,
    float: lambda _: 0.5,
    bytes: lambda name: f"{name} as bytes".encode(),
    object: lambda name: {"any": name},
    datetime.datetime: lambda _: datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC),
    datetime.date: lambda _: datetime.date(2026, 11, 21),
}


def _plain(hint: Any, name: str) -> Any:
    if hint in _PLAIN:
        return _PLAIN[hint](name)
    if inspect.isclass(hint) and issubclass(hint, (io.IOBase, os.PathLike, BaseModel)):
        raise UnmakeableError(name)
    if hint is Any:
        return {"any": name}
    raise UnmakeableError(f"{name}: {hint}")


def streams(method: Callable[..., Any]) -> bool:
    """Whether a method can be asked for a stream."""
    return "stream" in inspect.signature(inspect.unwrap(method)).parameters
