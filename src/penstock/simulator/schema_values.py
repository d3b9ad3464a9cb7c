"""A value that a JSON schema accepts, with the prompt's own words and numbers where they fit.

Follows type, enum, const, properties, required, items, prefixItems, bounds, lengths, pattern, format, anyOf,
oneOf, allOf and local ``$ref``, in JSON Schema's spelling and in Gemini's (upper-case types). Conditions (``if``,
``not``, ``dependentSchemas``) and names (``propertyNames``, ``patternProperties``) are not looked at.
"""

from collections.abc import Iterator, Mapping

import msgspec

from penstock.simulator.number_values import number_within
from penstock.simulator.string_values import Hints, text_for

_DEEPEST = 12
# From this depth on only what must be there is made, so that recursive schemas end.
_SPARING = 4

_SIGNS = {
    "object": ("properties", "additionalProperties", "required", "minProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}

Schema = Mapping[str, object]


def value_for(schema: bytes, hints: Hints, *, full: bool) -> object:
    """A value for the schema; ``full`` fills optional properties too. An unreadable schema accepts anything."""
    try:
        root = msgspec.json.decode(schema) if schema else {}
    except msgspec.DecodeError:
        root = {}
    return _Maker(_schema(root), hints, full=full).make(_schema(root), "", 0)


def _schema(value: object) -> Schema:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _whole(value: object, fallback: int) -> int:
    # Gemini's schemas write lengths as strings (proto int64).
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return int(value) if isinstance(value, int | float) else fallback


class _Maker:
    """One walk over one schema."""

    def __init__(self, root: Schema, hints: Hints, *, full: bool) -> None:
        self._root = root
        self._hints = hints
        self._full = full
        self._names = hints.names_in_turn()
        self._numbers: Iterator[float] = hints.numbers_in_turn()

    def make(self, schema: Schema, name: str, depth: int) -> object:
        """A value for ``schema``, which stands under the property ``name``."""
        schema = self._plain(schema, depth)
        if "const" in schema:
            return schema["const"]
        choices = [one for one in _list(schema.get("enum")) if one is not None]
        if choices:
            return self._hints.fitting(choices)
        kind = self._kind(schema, depth)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind in {"integer", "number"}:
            return number_within(schema, self._numbers, name, whole=kind == "integer")
        if kind == "boolean":
            return True
        if kind == "null":
            return None
        return text_for(schema, name, self._hints, self._names)

    def _plain(self, schema: Schema, depth: int) -> Schema:
        """The schema with references followed, ``allOf`` merged, and one branch of ``anyOf`` or ``oneOf`` taken."""
        for _ in range(_DEEPEST):
            reference = schema.get("$ref")
            parts = _list(schema.get("allOf"))
            branches = _list(schema.get("anyOf")) or _list(schema.get("oneOf"))
            if isinstance(reference, str):
                schema = _merged(_without(schema, "$ref"), self._lookup(reference))
            elif parts:
                schema = _without(schema, "allOf")
                for part in parts:
                    schema = _merged(schema, self._plain(_schema(part), depth))
            elif branches:
                schema = _merged(_without(schema, "anyOf", "oneOf"), self._branch(branches, depth))
            else:
                break
        return schema

    def _branch(self, branches: list[object], depth: int) -> Schema:
        nothing = [one for one in branches if _schema(one).get("type") in {"null", "NULL"}]
        if nothing and depth > _SPARING:
            return _schema(nothing[0])
        return _schema(next((one for one in branches if one not in nothing), branches[0]))

    def _lookup(self, reference: str) -> Schema:
        place: object = self._root
        if not reference.startswith("#"):
            return {}
        for part in reference[1:].split("/")[1:]:
            part = part.replace("~1", "/").replace("~0", "~")  # noqa: PLW2901 - the pointer's own unescaping
            place = _schema(place).get(part, {})
        return _schema(place)

    def _kind(self, schema: Schema, depth: int) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            kinds = [str(one).lower() for one in kind]
            if "null" in kinds and depth > _SPARING:
                return "null"
            return next((one for one in kinds if one != "null"), "null")
        if isinstance(kind, str):
            return kind.lower()
        for guess, signs in _SIGNS.items():
            if any(sign in schema for sign in signs):
                return guess
        return "string"

    def _object(self, schema: Schema, depth: int) -> dict[str, object]:
        properties = _schema(schema.get("properties"))
        required = [str(one) for one in _list(schema.get("required"))]
        wanted = required
        if self._full and depth <= _SPARING:
            wanted = [*properties, *(one for one in required if one not in properties)]
        elif not required and depth == 0 and not self._full:
            wanted = list(properties)[:1]
        if depth > _DEEPEST:
            wanted = []
        missing = _whole(schema.get("minProperties"), 0) - len(wanted)
        if missing > 0:
            spare = [one for one in properties if one not in wanted]
            wanted = [*wanted, *spare[:missing]]
            wanted += [f"field_{number + 1}" for number in range(missing - len(spare))]
        others = _schema(schema.get("additionalProperties"))
        made = {name: self.make(_schema(properties.get(name, others)), name, depth + 1) for name in wanted}
        return {name: made[name] for name in (*properties, *wanted) if name in made}

    def _array(self, schema: Schema, name: str, depth: int) -> list[object]:
        items = schema.get("items")
        rows = _list(schema.get("prefixItems")) or _list(items)
        least = _whole(schema.get("minItems"), 0)
        most = _whole(schema.get("maxItems"), max(least, 2))
        usual = 0 if depth > _SPARING else 2 if self._full and depth <= 2 else 1
        size = max(least, min(max(usual, len(rows) if depth <= _SPARING else 0), most))
        kinds = [_schema(rows[place] if place < len(rows) else items) for place in range(min(size, 1000))]
        made: list[object] = []
        for kind in kinds:
            value = self.make(kind, name.removesuffix("s"), depth + 1)
            if schema.get("uniqueItems") and value in made:
                value = self._another(kind, value, made)
            if not schema.get("uniqueItems") or value not in made:
                made.append(value)
        return made

    def _another(self, kind: Schema, value: object, made: list[object]) -> object:
        rest = [one for one in _list(self._plain(kind, 0).get("enum")) if one not in made]
        if rest:
            return rest[0]
        if isinstance(value, str):
            return f"{value} {len(made) + 1}"
        if isinstance(value, int) and not isinstance(value, bool):
            return next((value + step for step in range(1, 1000) if value + step not in made), value)
        return value


def _without(schema: Schema, *names: str) -> Schema:
    return {name: value for name, value in schema.items() if name not in names}


def _merged(one: Schema, other: Schema) -> Schema:
    merged = {**other, **one}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**_schema(other["properties"]), **_schema(one["properties"])}
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys((*_list(other["required"]), *_list(one["required"]))))
    return merged
