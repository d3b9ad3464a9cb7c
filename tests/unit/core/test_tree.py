"""A JSON text as a tree that knows where everything stands, and edits of its strings."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.finding import Matter
from penstock.core.legible import NotReadableError
from penstock.core.text import Edit, Text, placed, spliced
from penstock.core.tree import JsonForm, Node, string, tree

WORDS = st.text(st.sampled_from('aé😀"\\\n/x@\u2028'), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 10**6) | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS, inner, max_size=4)
        | inner.map(lambda value: json.dumps(value, ensure_ascii=False))
    ),
    max_leaves=12,
)


def edited(piece: bytes, *edits: Edit) -> bytes:
    return spliced(piece, placed(piece, edits))


def value(text: bytes, node: Node) -> Any:
    if node.form is JsonForm.OBJECT:
        return {name: value(text, one) for name, one in node.members(text)}
    if node.form is JsonForm.LIST:
        return [value(text, one) for one in node.items]
    return string(text, node) if node.form is JsonForm.STRING else json.loads(text[node.start : node.end])


def texts(piece: bytes, node: Node, within: Text | None = None) -> Iterator[Text]:
    """Every string, also of a JSON text in a string, however deep."""
    if node.form is JsonForm.STRING:
        here = Text(node.start, node.end, string(piece, node), Matter.USER, within=within)
        yield here
        try:
            inner = tree(here.value.encode())
        except NotReadableError:
            return
        yield from texts(here.value.encode(), inner, here)
    for one in node.items:
        yield from texts(piece, one, within)


@given(JSON, st.booleans(), st.sampled_from([None, 1]))
def test_a_tree_says_what_a_decoder_says(wanted: Any, plain: bool, indent: int | None) -> None:
    """Values, names and order are those of Python's decoder, however the text is written."""
    text = json.dumps(wanted, ensure_ascii=plain, indent=indent).encode()
    assert value(text, tree(text)) == json.loads(text)


@given(JSON, st.booleans(), st.data())
def test_an_edit_changes_what_it_names_and_nothing_else(wanted: Any, plain: bool, data: st.DataObject) -> None:
    """Other words stand in the string afterwards, at any depth of JSON in strings; every byte outside stays."""
    piece = json.dumps(wanted, ensure_ascii=plain).encode()
    found = [text for text in texts(piece, tree(piece)) if text.value]
    if not found:
        return
    number = data.draw(st.integers(0, len(found) - 1))
    text = found[number]
    start = data.draw(st.integers(0, len(text.value) - 1))
    end = data.draw(st.integers(start + 1, len(text.value)))
    put = data.draw(WORDS)
    changed = edited(piece, Edit(text, start, end, put))
    outer = text
    while outer.within is not None:
        outer = outer.within
    assert changed.startswith(piece[: outer.start + 1])
    assert changed.endswith(piece[outer.end - 1 :])
    expected = text.value[:start] + put + text.value[end:]
    after = [one for one in texts(changed, tree(changed)) if depth(one) == depth(text)]
    assert expected in [one.value for one in after]
    kept = edited(piece, Edit(text, start, end, text.value[start:end]))
    assert value(kept, tree(kept)) == value(piece, tree(piece))


def depth(text: Text) -> int:
    return 0 if text.within is None else 1 + depth(text.within)


def test_half_a_character_counts_as_one() -> None:
    """What stands behind the half of a surrogate pair is edited where it stands."""
    piece = rb'["\ud83d x@y \ud83d\ude00 end"]'
    text = next(texts(piece, tree(piece)))
    assert text.value == "\ufffd x@y \U0001f600 end"
    assert edited(piece, Edit(text, 2, 5, "Z")) == rb'["\ud83d Z \ud83d\ude00 end"]'


def test_a_number_gives_way_whole() -> None:
    """Digits stand in a number's place, inside of a string's JSON too."""
    piece = rb'["{\"card\": 4111111111111111}"]'
    outer = next(texts(piece, tree(piece)))
    inner = tree(outer.value.encode()).items[0]
    text = Text(inner.start, inner.end, "4111111111111111", Matter.INPUT, number=True, within=outer)
    assert edited(piece, Edit(text, 0, 16, "999")) == rb'["{\"card\": 999}"]'


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[1}", b'{"a"}', b'{"a":1,"b"}', b"[1] [2]", b'["a]', b"nul", b"[" * 300 + b"]" * 300, b"[01x]"],
)
def test_what_is_no_json_is_not_read(text: bytes) -> None:
    """A text that is none, or is nested without end, is told as such."""
    with pytest.raises(NotReadableError):
        tree(text)
