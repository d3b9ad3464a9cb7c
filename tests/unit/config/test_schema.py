"""The JSON Schema, and the definition that it is printed from."""

import re
from typing import Any

from msgspec import inspect

from penstock.config import Settings, kinds
from penstock.config.describe import docstrings, groups
from penstock.config.schema import schema


def structs(kind: inspect.Type) -> list[inspect.StructType]:
    """Every struct that a file's settings are made of."""
    inner = kinds.bare(kind)
    if isinstance(inner, inspect.DictType):
        return structs(inner.value_type)
    if isinstance(inner, inspect.VarTupleType):
        return structs(inner.item_type)
    if not isinstance(inner, inspect.StructType):
        return []
    return [inner, *(found for field in kinds.settable(inner) for found in structs(field.type))]


def at(node: Any, *steps: str) -> Any:
    """The schema of one setting; mappings and lists are entered by ``*``."""
    for step in steps:
        node = next((option for option in node.get("anyOf", [node]) if option.get("type") != "null"), node)
        if step == "*":
            node = node["items"] if node["type"] == "array" else node["additionalProperties"]
        else:
            node = node["properties"][step]
    return node


def test_every_setting_has_words() -> None:
    """A setting without documentation can't be added: the reference is the text under the field."""
    words = docstrings()
    for struct in structs(inspect.type_info(Settings)):
        for field in kinds.settable(struct):
            text = words[struct.cls.__name__].get(field.name, "")
            assert len(text) > 30, f"{struct.cls.__name__}.{field.name}"
            assert text.endswith("."), f"{struct.cls.__name__}.{field.name}"


def test_every_setting_is_described_once() -> None:
    """The reference names every setting of every struct, by the path that mistakes name it by."""
    described = [setting.path for group in groups() for setting in group.settings]
    assert len(set(described)) == len(described)
    assert len(described) == sum(len(kinds.settable(struct)) for struct in structs(inspect.type_info(Settings)))
    assert {"listen", "limits.body", "keys[].key", "providers.NAME.timeouts.idle", "tls.key"} <= set(described)
    assert "proxies" not in described


def test_the_schema_says_what_the_reader_accepts() -> None:
    """Names, types, bounds, defaults and needed settings are in the schema; nothing else may be written."""
    whole = schema()
    assert whole["additionalProperties"] is False
    assert "proxies" not in at(whole)["properties"]
    assert at(whole, "listen")["default"] == "127.0.0.1:8080"
    assert at(whole, "providers", "*")["required"] == ["dialect", "base_url"]
    assert {"enum": ["anthropic", "gemini", "openai"]} in at(whole, "providers", "*", "dialect")["anyOf"]
    number, size, reference = at(whole, "limits", "body")["anyOf"]
    assert number == {"type": "integer", "minimum": 1}
    assert [bool(re.match(size["pattern"], text)) for text in ("32MB", "1.5 kB", "8", "8 Mbit")] == [
        True,
        True,
        True,
        False,
    ]
    assert reference["pattern"].startswith(r"\$\{")
    assert at(whole, "models", "*")["required"] == ["match", "provider"]
    assert at(whole, "providers", "*", "timeouts", "total")["anyOf"][1] == {"type": "null"}
    assert at(whole, "terser", "when", "*")["required"] == ["name", "match", "intensity"]
    assert at(whole, "terser", "when", "*", "match")["type"] == ["string", "number"]
    assert at(whole, "limits", "body")["description"].startswith("Largest request body")
