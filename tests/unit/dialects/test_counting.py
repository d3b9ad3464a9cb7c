"""What answers tell of counts, however odd they are written."""

from typing import Any

import msgspec
import pytest

from penstock.dialects.counting import calls, inner, merged, plainly, read, table, word


class Told(msgspec.Struct):
    """Something with a count."""

    count: int | None = None
    name: str = ""


LONG = b"9" * 5000
decode = msgspec.json.Decoder(Told).decode


@pytest.mark.parametrize(
    ("text", "careful", "usual"),
    [
        (b'{"count":7,"name":"n"}', Told(7, "n"), Told(7, "n")),
        (b'{"count":%b,"name":"n"}' % LONG, Told(None, "n"), None),
        (b'{"count":-%b,"name":"n"}' % LONG, Told(None, "n"), None),
        (b'{"count":7,"x":1e400,"name":"n"}', Told(7, "n"), Told(7, "n")),
        (b'{"count":%b,"x":1234567890123456789,"name":"n","y":NaN}' % LONG, Told(None, "n"), None),
        (b'{"count":7,"x":NaN}', None, None),
        (b'{"count":"7"}', None, None), (b"{", None, None), (b"\xff", None, None), (b"[" * 100_000, None, None),
        (b'{"name":"\xff"}', None, None),
    ],
)  # fmt: skip
def test_a_number_beyond_all_bounds_says_nothing(text: bytes, careful: Told | None, usual: Told | None) -> None:
    """What stands beside it still does, where it is read with care."""
    assert read(decode, text) == careful
    assert read(decode, msgspec.Raw(text)) == careful
    assert plainly(decode, text) == usual


@pytest.mark.parametrize(
    ("before", "after", "both"),
    [
        ({}, {"a": 0}, {"a": 0}),
        ({"a": 7}, {"a": 8}, {"a": 8}), ({"a": 7}, {"a": 0}, {"a": 7}), ({"a": 7}, {"a": None}, {"a": 7}),
        ({"a": 7}, {"b": 0}, {"a": 7, "b": 0}), ({"a": 7}, {"b": None}, {"a": 7, "b": None}),
        ({"a": 7}, {"a": -1}, {"a": 7}), ({"a": 7}, {"a": 10**15}, {"a": 7}), ({"a": 0}, {"a": 10**15}, {"a": 10**15}),
        ({"a": 7}, {"a": "x"}, {"a": 7}), ({"a": None}, {"a": "x"}, {"a": "x"}), ({"a": 7}, {"a": 1}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3, "d": 4}}, {"a": {"b": 3, "c": 2, "d": 4}}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}), ({"a": 7}, {"a": {"b": 1}}, {"a": 7}),
        ({"a": 0}, {"a": {"b": 1}}, {"a": {"b": 1}}), ({"a": {"b": 1}}, {"a": 3}, {"a": 3}),
        ({"a": "s"}, {"a": "t"}, {"a": "t"}), ({"a": 7}, {"a": True}, {"a": 7}),
    ],
)  # fmt: skip
def test_later_counters_over_earlier_ones(before: dict[str, Any], after: dict[str, Any], both: dict[str, Any]) -> None:
    """What is nothing later does not undo what was told; neither of the two changes."""
    told = dict(before), dict(after)
    assert merged(before, after) == both
    assert (before, after) == told


def test_what_is_none_is_empty() -> None:
    """Objects, words, and the first member that holds an object."""
    assert [table(one) for one in ({"a": 1}, [], None)] == [{"a": 1}, {}, {}]
    assert [word(one) for one in ("a", 1, None)] == ["a", "", ""]
    told = {"a": {}, "b": [1], "c": {"d": 1}, "e": {"f": 1}}
    assert inner(told, "x", "a", "b", "c", "e") == {"d": 1}
    assert inner(told, "a", "b") == {}


def test_calls_by_name() -> None:
    """Those that were made, in order."""
    told = {"web_search_requests": 2, "web_fetch_requests": 0, "a_requests": 1, "b_calls": 3, "c_requests": "x"}
    assert calls(told, "_requests") == (("a", 1), ("web_search", 2))
