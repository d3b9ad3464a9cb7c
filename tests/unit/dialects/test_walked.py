"""Shapes: what is said of words, of things attached, and of whatever no table knows."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.finding import Matter
from penstock.core.text import Edit, Line, Sort, placed, spliced
from penstock.core.tree import Node, tree
from penstock.dialects.placed import Place, Row, Tabled, apart
from penstock.dialects.walked import (
    Shape,
    Walk,
    address,
    encoded,
    leaves,
    listed,
    members,
    nothing,
    part,
    sort_of,
    typed,
    under,
    unknown,
    values,
    words,
)
from tests.support.walked import leaves as strings
from tests.support.walked import told
from tests.unit.dialects.seen import seen

WORDS = st.text(st.sampled_from('aé😀"\\\n/@ '), min_size=1, max_size=6)
JSON = st.recursive(
    WORDS | st.integers(-(10**12), 10**12) | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=10,
)


def walked(shape: Shape, value: Any) -> Walk:
    piece = json.dumps(value, ensure_ascii=False).encode()
    walk = Walk(piece)
    shape(walk, tree(piece), Matter.INPUT)
    return walk


def everything(value: Any) -> list[str]:
    """All strings, names and long numbers of a value, in order."""
    if isinstance(value, dict):
        return [one for name, inner in value.items() for one in [name, *everything(inner)]]
    if isinstance(value, list):
        return [one for inner in value for one in everything(inner)]
    if isinstance(value, bool) or value is None:
        return []
    written = value if isinstance(value, str) else str(value)
    return [written] if isinstance(value, str) or (written.isdigit() and len(written) >= 6) else []


@given(JSON)
def test_leaves_are_all_there_is(value: Any) -> None:
    """No string, no name and no long number is left out, whatever the value is made of."""
    assert [text.value for text in walked(leaves, value).reading().texts] == everything(value)


@given(JSON)
def test_json_in_a_string_is_walked_in_it(value: Any) -> None:
    """The same leaves, at places inside of the string; and edits go there."""
    quoted = walked(encoded, json.dumps(value))
    texts = quoted.reading().texts
    if not isinstance(value, dict | list):
        assert [text.value for text in texts] == [json.dumps(value)]
        return
    assert [text.value for text in texts] == everything(value)
    for text in texts:
        put = "123456789" if text.number else "T_b"
        after = spliced(quoted.piece, placed(quoted.piece, [Edit(text, 0, len(text.value), put)]))
        assert put in everything(json.loads(json.loads(after)))


@given(JSON)
def test_what_nobody_knows_is_looked_into(value: Any) -> None:
    """Every string of it is told; but ids and types by their names."""
    walk = walked(unknown, {"of": value, "type": "t", "id": "i"})
    assert [text.value for text in walk.reading().texts] == ["of", *everything(value)]
    assert all(text.matter in {Matter.OTHER, Matter.NAME} for text in walk.reading().texts)
    assert len(walk.strange) == 1


def test_long_base64_in_what_nobody_knows_may_be_anything() -> None:
    """It is attached, of an unknown sort; words, short keys and long texts with spaces are words."""
    long = "QUJD" * 300
    reading = walked(
        unknown, {"a": long, "b": long[:800], "c": "words " * 300, "d": "data:x/y;base64," + long}
    ).reading()
    assert [one.sort for one in reading.attached] == [Sort.UNKNOWN, Sort.UNKNOWN]
    assert [text.value for text in reading.texts] == ["a", "b", long[:800], "c", "words " * 300, "d"]


def test_a_member_that_a_table_does_not_name_is_unknown() -> None:
    """By its name and by what it holds; a plain one of a form of its own is not looked into, nor is a null."""
    shape = members({"text": words, "gone": words}, ("size",))
    walk = walked(shape, {"text": "a", "size": "big", "id": "i", "gone": None, "new": {"deep": "b"}})
    assert [(text.matter, text.value) for text in walk.reading().texts] == [
        (Matter.INPUT, "a"),
        (Matter.NAME, "new"),
        (Matter.NAME, "deep"),
        (Matter.OTHER, "b"),
    ]
    assert [walk.piece[one.start : one.end] for one in walk.strange] == [b'{"deep": "b"}']


@pytest.mark.parametrize(
    ("mime", "sort"),
    [("image/png", Sort.IMAGE), ("audio/wav", Sort.AUDIO), ("application/pdf; v=1", Sort.PDF), ("", Sort.FILE)],
)
def test_media_types(mime: str, sort: Sort) -> None:
    """Pictures, sounds, PDFs, and files of any other kind."""
    assert sort_of(mime) is sort


def test_one_kind_is_one_shape() -> None:
    """Two shapes under one name would walk each other's blocks."""
    rows = {"a": Row(apart(x=words)), "b": Row({"y": Place(Line.APART, "x", leaves)})}
    with pytest.raises(ValueError, match="x"):
        Tabled(rows, frozenset())


@given(st.dictionaries(WORDS, JSON, max_size=4), JSON)
def test_no_string_of_a_body_passes_unseen(others: dict[str, Any], content: Any) -> None:
    """Whatever stands in a body that no table names is told; in every dialect."""
    for dialect, path, turns in (
        ("anthropic", "/v1/messages", "messages"),
        ("openai", "/v1/chat/completions", "messages"),
        ("openai", "/v1/responses", "input"),
        ("gemini", "/v1beta/models/m:generateContent", "contents"),
    ):
        body = {**others, turns: [{"role": "user", "content": content, "parts": content}]}
        lines = "\n".join(told(dialect, path, body))
        found = [leaf for leaf in strings(json.dumps(body, ensure_ascii=False).encode()) if leaf.path[-1] != "role"]
        for leaf in found:
            text = json.dumps(body, ensure_ascii=False).encode()[leaf.node.start : leaf.node.end]
            assert json.loads(text) in lines


def address_of_all(walk: Walk, node: Node, matter: Matter) -> None:
    """The list is the part, its element the address."""
    del matter
    address(walk, node, node.items[0])


def listing(shape: Shape) -> Shape:
    return values(listed(under(Matter.RESULT, shape)))


@pytest.mark.parametrize(
    ("shape", "value", "expected"),
    [
        (lambda: values(words), '{"a":"b","c":[1]}', ["name: a", "user: b", "name: c"]),
        (lambda: values(words), '"a"', ["user: a"]),
        (lambda: values(words), "1234567", ["user: 1234567"]),
        (lambda: values(words), '["a"]', ["other: a", 'unknown: ["a"]']),
        (lambda: listing(words), '{"a":["b","c"]}', ["name: a", "tool-result: b", "tool-result: c"]),
        (lambda: part(Sort.STATE), '{"a":"b"}', ['state in {"a":"b"}']),
        (lambda: members({"a": words}), '"b"', ["user: b"]),
        (lambda: members({"a": words}, rest=words), '{"a":"b","c":"d"}', ["user: b", "name: c", "user: d"]),
        (lambda: members({}, ("a",)), '{"a":{"b":"c"}}', []),
        (
            lambda: members({}),
            '{"type":{"b":"c"},"id":["d"],"model":"m"}',
            ["name: type", "name: b", "other: c", "name: id", "other: d", 'unknown: {"b":"c"}', 'unknown: ["d"]'],
        ),
        (
            lambda: typed({"x": words, "y": nothing}, usual="y"),
            '{"type":"z","a":"b"}',
            ["name: a", "other: b", 'unknown: {"type":"z","a":"b"}'],
        ),
        (lambda: typed({"y": leaves}, usual="y"), '{"a":"b"}', ["name: a", "user: b"]),
        (lambda: typed({"y": leaves}), '{"a":"b"}', ["name: a", "other: b", 'unknown: {"a":"b"}']),
        (lambda: typed({"y": leaves}, usual="y"), '{"type":"y","type":"y"}', []),
        (lambda: typed({"y": leaves}, "kind"), '{"kind":"y"}', ["name: kind", "user: y"]),
        (lambda: typed({"y": leaves}), '"a"', ["user: a"]),
        (lambda: encoded, '{"a":"b"}', ["name: a", "user: b"]),
        (lambda: address_of_all, '"https://x.org"', ['elsewhere in ["https://x.org"]']),
        (
            lambda: address_of_all,
            '"DATA:image/png;charset=x;BASE64,iVBO"',
            ['image in ["DATA:image/png;charset=x;BASE64,iVBO"] of which "DATA:image/png;charset=x;BASE64,iVBO"'],
        ),
        (
            lambda: address_of_all,
            '"data:image\\/png;base64,iVBO"',
            ['image in ["data:image\\/png;base64,iVBO"] of which "data:image\\/png;base64,iVBO"'],
        ),
        (lambda: address_of_all, '"data:;base64,iVBO"', ['file in ["data:;base64,iVBO"] of which "data:;base64,iVBO"']),
        (lambda: address_of_all, '"data:text/plain,a b"', ["document: data:text/plain,a b"]),
        (lambda: address_of_all, '"data:image/png;base64"', ['elsewhere in ["data:image/png;base64"]']),
        (lambda: address_of_all, '{"a":"b"}', ["name: a", "other: b", 'unknown: {"a":"b"}']),
        (lambda: address_of_all, "null", ["elsewhere in [null]"]),
        (lambda: address_of_all, "7", ["elsewhere in [7]"]),
    ],
)
def test_what_a_shape_finds(shape: Callable[[], Shape], value: str, expected: list[str]) -> None:
    """Names, words and parts, each once."""
    found = shape()
    assert seen(found, f"[{value}]" if found is address_of_all else value) == expected


def test_a_leaf_knows_the_name_that_it_stands_under() -> None:
    """Of strings and of numbers, in lists and in JSON in a string too; the nearest name counts."""
    value = {"password": "a", "phone": [1234567, {"b": ["c"]}], "quoted": "d"}
    texts = walked(leaves, value).reading().texts
    found = [(text.label, text.value, text.number) for text in texts if text.matter is not Matter.NAME]
    assert found == [("password", "a", False), ("phone", "1234567", True), ("b", "c", False), ("quoted", "d", False)]
    for text in walked(encoded, json.dumps(value)).reading().texts:
        assert text.within is not None
        assert (text.within.value, text.within.matter, text.within.within) == (json.dumps(value), Matter.INPUT, None)
    twice = walked(listed(encoded), [json.dumps({"a": "b"}), "c", json.dumps({"d": "e"})])
    inner = [None if text.within is None else text.within.start for text in twice.reading().texts]
    assert inner == [1, 1, None, 24, 24]
