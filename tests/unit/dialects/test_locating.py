"""Places in JSON texts: what is found there is what a decoder says of it, whatever else the text holds."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.dialects.locating import elements, members
from penstock.dialects.spans import member

NAMES = st.sampled_from(["a", "b", "system", "é", 'q"', ""])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text('{}[]":,\\ asystem\n', max_size=12) | st.just('"system":{}') | st.just('\\"system": [')
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)
STYLES = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])


@given(value=st.dictionaries(NAMES, VALUES, max_size=6), style=STYLES, far=st.sampled_from([0, 150_000]))
def test_members_stand_where_they_are_found(value: dict[str, Any], style: dict[str, Any], far: int) -> None:
    """Each member of the outermost object, and none that stands deeper down, however long what follows is."""
    value = {**value, "z": "z" * far}
    text = json.dumps(value, **style).encode()
    spans = members(text)
    assert spans is not None
    assert {name: json.loads(text[start:end]) for name, (start, end) in spans.items()} == value
    assert member(text, "a") == spans.get("a")
    assert member(text, "system") == spans.get("system")


@given(value=st.lists(VALUES, max_size=6), style=STYLES)
def test_elements_stand_where_they_are_found(value: list[Any], style: dict[str, Any]) -> None:
    """All of them, in order."""
    text = json.dumps(value, **style).encode()
    spans = elements(text)
    assert spans is not None
    assert [json.loads(text[start:end]) for start, end in spans] == value


NESTED = b'{"x":[' + b",".join([b'{"n":1}'] * 20) + b"]%b}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (NESTED % b"", None),
        (NESTED % b',"n":2', b"2"),
        (b'{"n":2,' + (NESTED % b"")[1:], b"2"),
        (b'{"n":1,"n":2}', b"2"),
        (b'{"n" : {"n":[1]} }', b'{"n":[1]}'),
        (b'{"n":-1.5e+3}', b"-1.5e+3"),
        (b'["n",{"n":1}]', None),
        (b'"n":1', None),
        (b'"n"', None),
        (b"", None),
    ],
)
def test_a_name_that_is_met_often(text: bytes, value: bytes | None) -> None:
    """The outermost object's own counts, of two the last."""
    span = member(text, "n")
    assert (None if span is None else text[slice(*span)]) == value


@pytest.mark.parametrize("text", [b"", b"[]", b'{"a":1,"a":2}', b'{"a":', b"1", b'{"a":1}x'])
def test_no_members(text: bytes) -> None:
    """What is no object, and an object that says two things under one name, has none that can be told."""
    assert members(text) is None


@pytest.mark.parametrize("text", [b"", b"{}", b"[1", b"1", b"[1]x"])
def test_no_elements(text: bytes) -> None:
    """What is no list."""
    assert elements(text) is None


def test_empty_ones() -> None:
    """None is not nothing."""
    assert members(b" { } ") == {}
    assert elements(b" [ ] ") == ()
