"""What is wrong with a value, by its JSON schema: a checker that shares no code with what makes the values."""

import math
import re
from collections.abc import Mapping
from typing import Any

_KINDS: dict[str, Any] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None),
    "object": dict, "array": list,
}  # fmt: skip


def wrong(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any] | None = None) -> list[str]:
    """Each rule that the value breaks."""
    root = schema if root is None else root
    found: list[str] = []
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].split("/")[1:]:
            target = target[part]
        return wrong(target, value, root)
    kinds = schema.get("type", [])
    kinds = [kind.lower() for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if kinds and not any(_is(kind, value) for kind in kinds):
        return [f"{value!r} is no {kinds}"]
    if "const" in schema and value != schema["const"]:
        found.append(f"{value!r} is not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{value!r} is none of {schema['enum']}")
    for part in schema.get("allOf", []):
        found += wrong(part, value, root)
    for name in ("anyOf", "oneOf"):
        if name in schema and all(wrong(part, value, root) for part in schema[name]):
            found.append(f"{value!r} fits no {name}")
    return found + _inside(schema, value, root)


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    return isinstance(value, _KINDS[kind]) or (kind == "integer" and isinstance(value, float) and value.is_integer())


def _inside(schema: Mapping[str, Any], value: Any, root: Mapping[str, Any]) -> list[str]:
    if isinstance(value, str):
        return _text(schema, value)
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return _number(schema, value)
    if isinstance(value, list):
        return _array(schema, value, root)
    return _object(schema, value, root) if isinstance(value, dict) else []


def _text(schema: Mapping[str, Any], value: str) -> list[str]:
    low, high = int(schema.get("minLength", 0)), int(schema.get("maxLength", 1 << 30))
    found = [] if low <= len(value) <= high else [f"{len(value)} characters"]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{value!r} does not match {schema['pattern']!r}")
    return found


def _number(schema: Mapping[str, Any], value: float) -> list[str]:
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    above, below = (low if above is True else above), (high if below is True else below)
    found = [] if low <= value <= high and above < value < below else [f"{value} is out of bounds"]
    if "multipleOf" in schema and not math.isclose(value / schema["multipleOf"], round(value / schema["multipleOf"])):
        found.append(f"{value} is off the grid")
    return found


def _array(schema: Mapping[str, Any], value: list[Any], root: Mapping[str, Any]) -> list[str]:
    found = [] if schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 1 << 30) else ["the size"]
    if schema.get("uniqueItems") and any(value.count(one) > 1 for one in value):
        found.append("repeats")
    rows = schema.get("prefixItems", [])
    for place, one in enumerate(value):
        found += wrong(rows[place] if place < len(rows) else schema.get("items", {}), one, root)
    return found


def _object(schema: Mapping[str, Any], value: dict[str, Any], root: Mapping[str, Any]) -> list[str]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    found = [f"{name} is missing" for name in schema.get("required", []) if name not in value]
    if len(value) < schema.get("minProperties", 0):
        found.append("too few properties")
    for name, one in value.items():
        if name not in properties and others is False:
            found.append(f"{name} is too much")
        found += wrong(properties.get(name, others if isinstance(others, dict) else {}), one, root)
    return found
