"""Values for JSON schemas: valid, and made of the prompt's own words and numbers where they fit."""

import json
import re
from typing import Any

import pytest

from penstock.simulator.pattern_values import matching
from penstock.simulator.schema_values import value_for
from penstock.simulator.string_values import hints_of
from tests.unit.simulator.schema_checker import wrong

WORDS = "What is the weather in Tokyo and New York on 3 and 12.5 days, says 'the boss'?"


def made(schema: object, *, full: bool = False, words: str = WORDS, part: int = 0, parts: int = 1) -> Any:
    hints = hints_of(words, "the weather", "A sentence.", part, parts)
    return value_for(json.dumps(schema).encode(), hints, full=full)


def thing(*required: str, **properties: object) -> dict[str, object]:
    return {"type": "object", "properties": properties, "required": list(required)}


TEXT = {"type": "string"}
TREE = {
    "$defs": {"node": thing("children", name=TEXT, children={"type": "array", "items": {"$ref": "#/$defs/node"}})},
    "$ref": "#/$defs/node",
}
ENDLESS = {"$defs": {"node": thing("next", next={"$ref": "#/$defs/node"})}, "$ref": "#/$defs/node"}

SCHEMAS: list[dict[str, object]] = [
    TEXT,
    {"type": "STRING"},
    {"type": "string", "minLength": 60},
    {"type": "string", "minLength": "60"},
    {"type": "string", "maxLength": 2},
    {"type": "string", "enum": ["a", "b"]},
    {"type": "string", "pattern": r"^[A-Z]{2}-\d{4}$"},
    {"type": "string", "pattern": r"^a+$", "minLength": 7, "maxLength": 9},
    {"enum": [None, 3]},
    {"const": {"a": [1]}},
    {"type": ["null", "integer"]},
    {"type": "integer", "minimum": 5, "maximum": 5},
    {"type": "integer", "exclusiveMinimum": 10, "multipleOf": 7},
    {"type": "integer", "maximum": -4},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": "number", "minimum": 2, "exclusiveMinimum": True, "maximum": 4},
    {"type": "number", "multipleOf": 0.5, "minimum": 0.2},
    {"type": "boolean"},
    {"type": "null"},
    {"type": "array", "items": TEXT, "minItems": 3},
    {"type": "array", "items": {"type": "integer"}, "minItems": 4, "uniqueItems": True},
    {"type": "array", "items": {"enum": ["x", "y", "z"]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": TEXT, "maxItems": 0},
    {"type": "array", "prefixItems": [TEXT, {"type": "integer"}]},
    thing("a", "b", a=TEXT, b={"type": "array", "items": thing("c", c={"type": "boolean"})}),
    thing(a=TEXT, b=TEXT),
    {**thing("a", a=TEXT), "additionalProperties": False},
    {"type": "object", "minProperties": 2},
    {"type": "object", "required": ["x"], "additionalProperties": {"type": "integer"}},
    {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
    {"anyOf": [{"type": "null"}, thing("a", a={"type": "integer"})]},
    {"oneOf": [{"type": "integer"}, TEXT]},
    {"allOf": [thing("a", a=TEXT), thing("b", b={"type": "integer"})]},
    {"allOf": [{"$ref": "#/$defs/x"}], "$defs": {"x": {"type": "integer", "minimum": 9}}},
    TREE,
]


@pytest.mark.parametrize("full", [False, True], ids=["sparing", "full"])
@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: json.dumps(schema)[:60])
def test_a_value_is_valid(schema: dict[str, object], full: bool) -> None:
    """Whatever is asked for, with few properties and with all."""
    assert wrong(schema, made(schema, full=full)) == []


def test_what_is_optional() -> None:
    """A tool's arguments hold what is required; a structured answer holds everything."""
    schema = thing("a", a=TEXT, b=TEXT)
    assert list(made(schema)) == ["a"]
    assert list(made(schema, full=True)) == ["a", "b"]


@pytest.mark.parametrize(
    "schema", [ENDLESS, {"$ref": "#"}, {"$ref": "#/nowhere"}, {"$ref": "other.json"}, True, 7, "x"]
)
def test_nonsense_ends(schema: object) -> None:
    """A schema that no finite value fits, or that is none, still gets some value, and soon."""
    assert json.dumps(made(schema, full=True))


@pytest.mark.parametrize(
    ("properties", "arguments"),
    [
        ({"city": TEXT}, {"city": "Tokyo"}),
        ({"here": TEXT, "there": TEXT}, {"here": "Tokyo", "there": "New York"}),
        ({"x": {"type": "integer"}, "y": {"type": "number"}}, {"x": 3, "y": 12.5}),
        ({"query": TEXT}, {"query": "the weather"}),
        ({"userEmail": TEXT, "due_date": TEXT}, {"userEmail": "ada@example.com", "due_date": "2026-06-15"}),
        ({"when": {"type": "string", "format": "date-time"}}, {"when": "2026-06-15T09:30:00Z"}),
        ({"unit": {"enum": ["kelvin", "celsius"]}}, {"unit": "kelvin"}),
        ({"topic": {"enum": ["news", "weather"]}}, {"topic": "weather"}),
    ],
)
def test_the_prompts_words_are_used(properties: dict[str, object], arguments: dict[str, object]) -> None:
    """Names, numbers and the topic go where they fit; what nobody said is plausible."""
    schema = thing(*properties, **properties)
    assert made(schema, words="What is the weather in Tokyo and New York on 3 and 12.5 days?") == arguments


def test_quoted_words_come_first() -> None:
    """What the prompt puts in quotes is meant literally."""
    assert made(thing("person", person=TEXT)) == {"person": "the boss"}


def test_parallel_calls_share_the_words() -> None:
    """Each of two calls gets its own name and its own numbers."""
    schema = thing("city", "a", "b", city=TEXT, a={"type": "integer"}, b={"type": "integer"})
    words = "Tokyo with 1 and 2, and Paris with 3 and 4"
    both = [made(schema, words=words, part=part, parts=2) for part in (0, 1)]
    assert both == [{"city": "Tokyo", "a": 1, "b": 2}, {"city": "Paris", "a": 3, "b": 4}]


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{3}-\d{4}$", r"[a-f0-9]{8}", r"^(foo|bar)+$", r"^[^a-z]$", r"^\w+@\w+\.(com|org)$", r"^v\d+(\.\d+){2}$",
        r"^(?:a|b)?c*$", r"^(?P<year>\d{4})$", r"^[\w.-]{5,}$", r"^\S\D\W$", r"^\x41\u0042$", r"^[]a]$", r"^[a\-z]$",
        r"^a{2,3}?b$", r"",
    ],
)  # fmt: skip
def test_a_pattern_is_matched(pattern: str) -> None:
    """The text that is built fits the expression."""
    built = matching(pattern, 0, 200)
    assert built is not None
    assert re.search(pattern, built)


@pytest.mark.parametrize(
    "pattern", [r"(?=.*\d)x", r"(a)\1", r"\p{Lu}", r"a{9999}", r"(", r"[a", r"*", r"(((a{99}){99}){99}){99}"]
)
def test_what_is_beyond_is_said(pattern: str) -> None:
    """Where no text can be built, none is claimed."""
    assert matching(pattern, 0, 200) is None
