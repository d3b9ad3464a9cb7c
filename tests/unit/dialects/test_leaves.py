"""Words of an answer of any shape: under which names they stand, of which kind they are, and how deep."""

from typing import Any

import pytest

from penstock.core.hearing import Kind
from penstock.dialects.leaves import MOST_DEEP, decoded, inner, leaves

T, H, A = Kind.TEXT, Kind.THINKING, Kind.ARGUMENTS


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"text": "a", "id": "b", "content": [{"text": "c"}, "d"], "refusal": ""}, [(T, "a"), (T, "c"), (T, "d")]),
        ({"thinking": "a", "reasoning": [{"text": "b"}], "summary": {"text": "c"}}, [(H, "a"), (H, "b"), (H, "c")]),
        ({"text": "a", "thought": True}, [(H, "a")]), ({"text": "a", "thought": "yes"}, [(T, "a")]),
        ({"arguments": '{"a":1}', "input": {"x": ["y"]}, "args": 7}, [(A, '{"a":1}'), (A, "y")]),
        ({"input": {"thinking": "a", "text": "b"}}, [(A, "a"), (A, "b")]),
        ({"summary": {"title": "a", "id": "b"}}, [(T, "a")]), ({"output": {"id": "a"}}, []), ("a", []), (["a"], []),
        ([{"title": "a"}, {"uri": "b", "name": "c"}], [(T, "a"), (T, "b")]), (None, []),
    ],
)  # fmt: skip
def test_which_words_there_are(value: Any, expected: list[tuple[Kind, str]]) -> None:
    """Each string is a lane of its own, which ends with it."""
    said = list(leaves(value, "l"))
    assert [(one.kind, one.words) for one in said] == expected
    assert [(one.lane, one.ends) for one in said] == [(f"l/{place}", True) for place in range(len(said))]
    assert [one.ends for one in leaves(value, ends=False)] == [False] * len(said)


def test_every_string_of_a_value() -> None:
    """Whatever its names are, and up to a depth that no answer has."""
    assert list(inner({"a": "b", "c": [{"d": "e"}, 7, ""]}, Kind.ARGUMENTS)) == ["b", "e"]
    assert list(inner("a", Kind.TEXT)) == ["a"]
    for levels, found in ((MOST_DEEP - 1, ["a"]), (MOST_DEEP, ["a"]), (MOST_DEEP + 1, [])):
        value: Any = "a"
        for _ in range(levels):
            value = [value]
        assert list(inner(value, Kind.TEXT)) == found


def test_json_or_nothing() -> None:
    """Never an exception."""
    assert [decoded(text) for text in (b'{"a":1}', b"", b"{", b"\xff", b"[" * 100_000)] == [
        {"a": 1},
        None,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rb'{"a":"\ud83d b"}', {"a": "\ufffd b"}), (b'{"a":"\xff b"}', {"a": "\ufffd b"}),
        (b'\xef\xbb\xbf{"a":"b"}', {"a": "b"}), (b'{"a":1e400}', {"a": None}), (b'{"a":', None), (b"null", None),
    ],
)  # fmt: skip
def test_what_clients_can_read_is_read(text: bytes, expected: Any) -> None:
    """Half characters, bytes that are no UTF-8, a byte order mark: models' words stand beside them all the same."""
    assert decoded(text) == expected
