"""Members and elements of one level of a JSON text, with their places."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.legible import NotReadableError
from penstock.dialects.outline import MOST, elements, members, outermost

NAMES = st.sampled_from(["a", "b", 'q"', "é", "\n", "", "\\", "a:", '{"a"', "a,"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
WAYS = st.sampled_from([{}, {"separators": (",", ":"), "ensure_ascii": False}, {"indent": 2}])


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), WAYS, st.sampled_from(["", " \n"]))
def test_members_stand_where_they_are_told(told: list[tuple[str, Any]], way: Any, space: str) -> None:
    """Names and values in order, those that stand twice too, however the text is written."""
    inner = ",".join(f"{space}{json.dumps(name, **way)}{space}:{space}{json.dumps(one, **way)}" for name, one in told)
    text = f"{space}{{{inner}{space}}}{space}".encode()
    found = members(text, outermost(text))
    assert [(name, json.loads(text[slice(*value)])) for name, _, value in found] == told
    assert [json.loads(text[slice(*named)]) for _, named, _ in found] == [name for name, _ in told]


@given(st.lists(VALUES, max_size=5), WAYS)
def test_elements_stand_where_they_are_told(told: list[Any], way: Any) -> None:
    """Elements in order; what is no list is its own only element."""
    text = b"x" + json.dumps(told, **way).encode() + b"y"
    found = elements(text, (1, len(text) - 1))
    assert [json.loads(text[slice(*one)]) for one in found] == told
    assert all(end < start for (_, end), (start, _) in pairwise(found))
    assert elements(b"{}", (0, 2)) == [(0, 2)]


@given(st.binary(max_size=30) | st.text('{}[]",:\\u1a ', max_size=30).map(str.encode))
def test_any_bytes_are_read_or_refused(text: bytes) -> None:
    """Nothing else is raised, and what is read is what a decoder reads."""
    try:
        found = members(text, outermost(text))
    except NotReadableError:
        return
    assert {name: json.loads(text[slice(*value)]) for name, _, value in found} == json.loads(text)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (b'{"a":1,"a":2}', [("a", 4, 5, 6), ("a", 10, 11, 12)]),
        (b'{"a":1,"a":11}', [("a", 4, 5, 6), ("a", 10, 11, 13)]),
        (b'{"a":11,"a":1}', [("a", 4, 5, 7), ("a", 11, 12, 13)]),
        (b'{"a":"x","a":["x"]}', [("a", 4, 5, 8), ("a", 12, 13, 18)]),
        (b'{"\\u0061" : 1 , "b":{}}', [("a", 9, 12, 13), ("b", 19, 20, 22)]),
    ],
)
def test_a_name_that_stands_twice_is_told_twice(text: bytes, places: list[tuple[str, int, int, int]]) -> None:
    """Each where it stands, the longer value first or last; also behind other bytes."""
    for before in (b"", b"[1,"):
        found = members(before + text + b"]", (len(before), len(before) + len(text)))
        ends = [(name, named[1], *value) for name, named, value in found]
        assert ends == [(name, *(one + len(before) for one in place)) for name, *place in places]


@pytest.mark.parametrize("text", [b"", b"[]", b"1", b'{"a":}', b'{"a":1}}', b'{"a" 1}', b'{"a":1,}', b'{"a":[1}'])
def test_what_is_no_object_is_refused(text: bytes) -> None:
    """It is told as such."""
    with pytest.raises(NotReadableError):
        members(text, outermost(text))


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":[' + b"0," * 120_000 + b"0]}",
        b'{"a":[' + b"0," * 2_000_000 + b"0]}",
        b'{"a":[[' + b"0," * 2_000_000 + b"0]]}",
    ],
    ids=["many", "far too many", "far too many in one"],
)
def test_what_would_fill_the_memory_is_refused(text: bytes) -> None:
    """A list of more elements than any provider takes; a million values are not even made."""
    with pytest.raises(NotReadableError, match="too many"):
        elements(text, members(text, outermost(text))[0][2])


def test_a_long_text_is_not_taken_for_many_values() -> None:
    """Commas of sentences are none between values."""
    text = json.dumps({"a": ["one, two, three, " * 60_000, '",' * 60_000]}).encode()
    assert len(elements(text, members(text, outermost(text))[0][2])) == 2


def test_so_many_elements_are_taken() -> None:
    """As many as Anthropic takes messages, and not one more."""
    text = b"[" + b"0," * (MOST - 1) + b"0]"
    assert len(elements(text, (0, len(text)))) == MOST
    text = b"[0," + text[1:]
    with pytest.raises(NotReadableError, match=r"^the request body holds too many values$"):
        elements(text, (0, len(text)))


def test_so_many_values_are_taken_at_any_depth() -> None:
    """Of a large text; commas behind it are not its own."""
    rows = b",".join([b"[" + b"1000000," * 999 + b"0]"] * 500)
    text = b"[" + rows + b"]"
    assert len(elements(text, (0, len(text)))) == 500
    text = b'{"a":"' + b"x" * 2_000_000 + b'"}'
    assert len(members(text + b"," * 2_000_000, (0, len(text)))) == 1


@pytest.mark.parametrize(("text", "words"), [
    (b"[1", "the request body is not valid JSON"),
    (b"[" * 100_000 + b"]" * 100_000, "the request body is nested too deeply"),
])  # fmt: skip
def test_why_it_is_refused(text: bytes, words: str) -> None:
    """In words for the client."""
    with pytest.raises(NotReadableError, match=rf"^{words}$"):
        elements(text, (0, len(text)))
    with pytest.raises(NotReadableError, match=r"^the request body must be a JSON object$"):
        outermost(text)
