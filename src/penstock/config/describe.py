"""The settings described from their own definition: what the reference page and the JSON Schema are printed from.

Words come from the docstrings in ``settings`` and the files beside it, types and defaults from
``msgspec.inspect``. Prints nothing itself.
"""

import ast
import inspect as source
from collections.abc import Iterator

import msgspec
from msgspec import inspect

from penstock.config import admin, content, kinds, own_rules, people, scrub, terser_settings
from penstock.config import settings as definitions
from penstock.config.forms import Form
from penstock.config.settings import Settings

_UNITS = ((1024**3, "GB"), (1024**2, "MB"), (1024, "kB"))

_WORDS = {
    Form.LISTEN: "host:port", Form.FOLDER: "folder", Form.CERTIFICATE: "PEM file", Form.PRIVATE_KEY: "PEM file",
    Form.AUTHORITIES: "PEM file", Form.BASE_URL: "URL", Form.PUBLIC_URL: "URL", Form.PROXY: "URL or `none`",
    Form.NAME: "name", Form.PROVIDER_KEY: "secret", Form.GATEWAY_KEY: "secret", Form.HEADER_NAME: "header name",
    Form.HEADER_VALUE: "text, kept secret", Form.HEADER_PREFIX: "header prefix", Form.KEY_PREFIX: "text",
    Form.KEY_FILE: "file", Form.MASTER_KEY: "secret", Form.DOLLARS: "US dollars", Form.FACTOR: "number",
    Form.PEPPER: "secret", Form.DATABASE: "URL, kept secret",
    Form.SHARED: "URL, kept secret",
    Form.PATTERN: "pattern", Form.SIZE: "size", Form.SECONDS: "seconds", Form.OUTPUT: "file",
    Form.NAMES: "pattern", Form.EXPRESSION: "regular expression",
    Form.OPERATION: "pattern", Form.WORDS: "text", Form.RULE_TEXT: "text", Form.MOMENT: "date or time",
    Form.OWN_KIND: "name", Form.QUOTA: "quota", Form.TERM_FILE: "file",
}  # fmt: skip


class Described(msgspec.Struct, frozen=True):
    """One setting: its full name, what may be written, its default ("" when it must be given), and its words."""

    path: str
    kind: str
    default: str
    words: str


class Group(msgspec.Struct, frozen=True):
    """Settings that stand together under one name (the outermost has none)."""

    path: str
    words: str
    settings: tuple[Described, ...]


def groups() -> tuple[Group, ...]:
    """Every setting, in the order of its definition; what is nested comes after what it is nested in."""
    return tuple(_groups(kinds.struct(Settings), ""))


def docstrings() -> dict[str, dict[str, str]]:
    """The words under each field, by struct and field; the struct's own under an empty name."""
    parts = (admin, own_rules, scrub, content, terser_settings, people, definitions)
    modules = [ast.parse(source.getsource(module)) for module in parts]
    classes = [node for module in modules for node in module.body if isinstance(node, ast.ClassDef)]
    words: dict[str, dict[str, str]] = {}
    for node in classes:
        inherited = (words.get(base.id, {}) for base in node.bases if isinstance(base, ast.Name))
        words[node.name] = {
            **{name: text for found in inherited for name, text in found.items()},
            "": ast.get_docstring(node) or "",
            **dict(_field_words(node)),
        }
    return words


def size_words(value: int) -> str:
    """``33554432`` as ``32 MB``."""
    unit, name = next(((unit, name) for unit, name in _UNITS if value % unit == 0), (1, "bytes"))
    return f"{value // unit} {name}"


def _groups(kind: inspect.StructType, path: str) -> Iterator[Group]:
    words = docstrings()[kind.cls.__name__]
    fields = kinds.settable(kind)
    described = tuple(
        Described(_join(path, field.name), _kind_words(field.type), _default_words(field), words[field.name])
        for field in fields
    )
    yield Group(path, words[""], described)
    for field in fields:
        inner, suffix = kinds.bare(field.type), ""
        if isinstance(inner, inspect.DictType):
            inner, suffix = kinds.bare(inner.value_type), ".NAME"
        elif isinstance(inner, inspect.VarTupleType):
            inner, suffix = kinds.bare(inner.item_type), "[]"
        if isinstance(inner, inspect.StructType):
            yield from _groups(inner, _join(path, field.name) + suffix)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _field_words(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, following in zip(node.body, node.body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            yield field.target.id, " ".join(str(following.value.value).split())


def _kind_words(kind: inspect.Type) -> str:
    form = kinds.form_of(kinds.without_null(kind))
    if form is not None:
        return _WORDS[form]
    inner = kinds.bare(kind)
    if isinstance(inner, inspect.LiteralType):
        return "one of " + ", ".join(f"`{value}`" for value in _written_order(inner))
    if isinstance(inner, inspect.DictType):
        return f"mapping, {_kind_words(inner.key_type)} to {_kind_words(inner.value_type)}"
    if isinstance(inner, inspect.VarTupleType):
        return f"list, each a {_kind_words(inner.item_type)}"
    if isinstance(inner, inspect.StructType):
        return "mapping"
    return {inspect.BoolType: "true or false", inspect.IntType: "number"}.get(type(inner), "text")


def _written_order(kind: inspect.LiteralType) -> list[str]:
    return sorted((str(value) for value in kind.values), key=lambda value: (value != "default", value))


def _default_words(field: inspect.Field) -> str:
    value = kinds.default_of(field)
    if isinstance(field.type, inspect.Metadata) and "default" in (field.type.extra or {}):
        return str((field.type.extra or {})["default"])
    if value is msgspec.NODEFAULT:
        return ""
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, (int, float)):
        return f"`{size_words(int(value)) if kinds.form_of(field.type) is Form.SIZE else f'{value:g}'}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`" if value else "none"
    if isinstance(value, msgspec.Struct):
        return "as below"
    return "none" if value == {} else f"`{value}`"
