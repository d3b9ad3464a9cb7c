"""The types of settings, as ``msgspec.inspect`` gives them: what is nested, annotated, optional or not for the file.

Pure, and about types alone: values are read in ``reading``, words are found in ``describe``.
"""

import functools
from collections.abc import Iterator

import msgspec
from msgspec import inspect

from penstock.config.forms import Form


def settable(kind: inspect.StructType) -> tuple[inspect.Field, ...]:
    """The fields that a file may give."""
    return tuple(
        field
        for field in kind.fields
        if not (isinstance(field.type, inspect.Metadata) and "given_by" in (field.type.extra or {}))
    )


@functools.cache
def struct(settings: type) -> inspect.StructType:
    """The type of a struct of settings. Worked out once: it takes ten times as long as to read a file by it."""
    kind = inspect.type_info(settings)
    if not isinstance(kind, inspect.StructType):
        raise TypeError(f"{settings!r} is not a struct")
    return kind


def single(kind: inspect.StructType) -> Iterator[tuple[str, ...]]:
    """The settings with one value each, those inside of a group of settings too; nothing of lists and mappings."""
    for field in settable(kind):
        inner = bare(field.type)
        if isinstance(inner, inspect.StructType):
            yield from ((field.name, *path) for path in single(inner))
        elif not isinstance(inner, (inspect.DictType, inspect.VarTupleType)):
            yield (field.name,)


def form_of(kind: inspect.Type) -> Form | None:
    """The form that a type was annotated with."""
    found = (kind.extra or {}).get("form") if isinstance(kind, inspect.Metadata) else None
    return found if isinstance(found, Form) else None


def bare(kind: inspect.Type) -> inspect.Type:
    """The type without annotation and without "or null"."""
    if isinstance(kind, inspect.Metadata):
        return bare(kind.type)
    if isinstance(kind, inspect.UnionType):
        return bare(without_null(kind))
    return kind


def without_null(kind: inspect.Type) -> inspect.Type:
    """The type's other half, where it is "something or null"."""
    if isinstance(kind, inspect.UnionType):
        (kind,) = (member for member in kind.types if not isinstance(member, inspect.NoneType))
    return kind


def default_of(field: inspect.Field) -> object:
    """The value when the setting is not given; NODEFAULT when it has to be."""
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
