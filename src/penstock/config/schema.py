"""The JSON Schema of the configuration file, for editors that complete and check YAML by one.

Pure. It says what types can say; rules over several settings are ``check``'s alone.
"""

import msgspec
from msgspec import inspect

from penstock.config import describe, kinds
from penstock.config.forms import Form
from penstock.config.settings import Settings

# Any setting may come from the environment instead.
_REFERENCE = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"}
_NUMBERS_TOO = frozenset({Form.NAME, Form.NAMES, Form.PATTERN, Form.EXPRESSION})
_SIZE = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?([kKmMgG][iI]?)?[bB]?$"}


def schema() -> dict[str, object]:
    """The schema of the whole file."""
    words = describe.docstrings()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Penstock configuration",
        **_of(inspect.type_info(Settings), words),
    }


def _of(kind: inspect.Type, words: dict[str, dict[str, str]]) -> dict[str, object]:
    if isinstance(kind, inspect.UnionType):
        return {"anyOf": [_of(kinds.without_null(kind), words), {"type": "null"}]}
    form, inner = kinds.form_of(kind), kind.type if isinstance(kind, inspect.Metadata) else kind
    if isinstance(inner, inspect.StructType):
        return _of_struct(inner, words)
    if isinstance(inner, inspect.DictType):
        return {"type": "object", "additionalProperties": _of(inner.value_type, words)}
    if isinstance(inner, inspect.VarTupleType):
        least = {"minItems": inner.min_length} if inner.min_length else {}
        return {"type": "array", "items": _of(inner.item_type, words), **least}
    if isinstance(inner, inspect.BoolType):
        return {"anyOf": [{"type": "boolean"}, _REFERENCE]}
    if isinstance(inner, inspect.LiteralType):
        return {"anyOf": [{"enum": list(inner.values)}, _REFERENCE]}
    if isinstance(inner, (inspect.IntType, inspect.FloatType)):
        return {"anyOf": [_of_number(inner), *([_SIZE] if form is Form.SIZE else []), _REFERENCE]}
    if isinstance(inner, inspect.DecimalType):
        return {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$"},
                _REFERENCE,
            ]
        }
    # YAML reads an unquoted run of digits as a number; where a text is meant, it is one.
    return {"type": ["string", "number"]} if form in _NUMBERS_TOO else {"type": "string"}


def _of_number(kind: inspect.IntType | inspect.FloatType) -> dict[str, object]:
    bounds = {"exclusiveMinimum": kind.gt, "minimum": kind.ge, "maximum": kind.le}
    return {
        "type": "integer" if isinstance(kind, inspect.IntType) else "number",
        **{name: bound for name, bound in bounds.items() if bound is not None},
    }


def _of_struct(kind: inspect.StructType, words: dict[str, dict[str, str]]) -> dict[str, object]:
    known = words[kind.cls.__name__]
    fields = kinds.settable(kind)
    properties: dict[str, object] = {}
    for field in fields:
        value = _of(field.type, words)
        default = kinds.default_of(field)
        if isinstance(default, (str, bool, int, float)):
            value = {**value, "default": default}
        properties[field.name] = {**value, "description": known[field.name]}
    return {
        "type": "object",
        "description": known[""],
        "properties": properties,
        "required": [field.name for field in fields if field.default is msgspec.NODEFAULT and field.required],
        "additionalProperties": False,
    }
