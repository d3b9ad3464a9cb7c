"""Bytes on the way to being read: events in any framing, bodies in any pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.dialects.collecting import TAIL, Collected, WholeLines, elements, endings, event_data

LINES = (
    b"data: {1}", b"data:{2}", b"data:   3 ", b"data:", b"data", b"event: x", b"event: data: 4", b"event:data:5",
    b": comment", b"id: data: 6", b" data: 7", b"xdata: 8", b"",
)  # fmt: skip


@given(st.lists(st.sampled_from(LINES), max_size=6), st.sampled_from([b"\n", b"\r\n"]))
@settings(max_examples=400, deadline=None)
def test_events_are_what_their_lines_say(lines: list[bytes], end: bytes) -> None:
    """One event of one line or many of many: the data of each is its data lines, joined."""
    expected: list[bytes] = []
    event: list[bytes] = []
    for line in [*lines, b""]:
        if line.startswith(b"data:"):
            event.append(line[5:].lstrip(b" "))
        elif not line and event:
            expected.append(b"\n".join(event))
            event = []
    frames = b"".join(line + end for line in [*lines, b""])
    assert list(event_data(frames, b"")) == expected


@pytest.mark.parametrize(
    ("frames", "data"),
    [
        (b"event: message_start\ndata: {k}\n\n", [b"{k}"]),
        (b"data: {k}\n\n", [b"{k}"]),
        (b"data: {k}\r\n\r\n", [b"{k}"]),
        (b"data: {k}\r\r", [b"{k}"]),
        (b"data: {k}\n\ndata: {}\n\ndata: {k2}\n\n", [b"{k}", b"{k2}"]),
        (b"data: {k}\ndata: {}\n\n", [b"{k}\n{}"]),
        (b"data: {k}\rdata: {}\n\n", [b"{k}\n{}"]),
        (b"data: {k}\r\n\n", [b"{k}"]),
        (b"data: {k}\n\rdata: {k2}\n\r", [b"{k}", b"{k2}"]),
        (b"data: {k}\r\n\rdata: {k2}\n\r\n", [b"{k}", b"{k2}"]),
        (b"data: {k}", [b"{k}"]),
        (b"data: {}\n\n", []),
        (b": k\n\n", []),
        (b"data: Xk\n\n", [b"Xk"]),
        (b"data: Xk\r\n\r\ndata: Xk\n\n", [b"Xk", b"Xk"]),
        (b"event: data:\ndata: {k}\n\n", [b"{k}"]),
        (b"event: k\nxdata: 1\n\n", []),
        (b"\ndata: {k}\n\n", [b"{k}"]),
        (b"", []),
    ],
)
def test_only_events_with_the_piece_are_read(frames: bytes, data: list[bytes]) -> None:
    """However their lines end."""
    assert list(event_data(frames, b"k")) == data


@pytest.mark.parametrize("first", [0, 1, 40, 200_000, 600_000])
@pytest.mark.parametrize("opening", [b'{"a":"', b' \n [{"a":"', b"ID3"])
def test_a_body_in_one_piece_and_in_two(first: int, opening: bytes) -> None:
    """Up to the cap it is held whole, beyond it its end; what is no JSON is not held once a second piece shows it."""
    body = opening + b"x" * 500_000
    cap = 400_000
    one, two = Collected(body, cap), Collected(body[:first], cap)
    two.add(body[first:])
    assert (one.over, one.text) == (two.over, two.text)
    assert one.over is (opening != b"ID3")
    assert one.text == (body[-TAIL:] if one.over else b"")
    small = Collected(body, len(body))
    assert (small.over, small.text) == (False, body)


def test_the_end_of_a_large_body_is_held() -> None:
    """In small pieces: so much that its last 64 KiB are there, and never twice as much for long."""
    body = b"[" + b"".join(b"%09d," % number for number in range(40_000))
    held = Collected(body[:1000], 100_000)
    for start in range(1000, len(body), 1000):
        held.add(body[start : start + 1000])
        assert len(held.text) <= max(100_000, 2 * TAIL)
        assert held.over is (start + 1000 > 100_000)
    assert TAIL <= len(held.text) <= 2 * TAIL
    assert body.endswith(held.text)
    small = Collected(b"{", 10)
    small.add(b'"a":1234}')
    assert (small.over, small.text) == (False, b'{"a":1234}')
    small.add(b" ")
    assert (small.over, small.text) == (True, b'{"a":1234} ')


@pytest.mark.parametrize(("first", "second", "text"), [
    (b" \r\n\t", b"{1", b" \r\n\t{1"), (b"", b"[1", b"[1"), (b"", b"ID3", b""), (b" ", b"ID3", b" "),
    (b"ID3", b"{", b""),
])  # fmt: skip
def test_only_json_is_held(first: bytes, second: bytes, text: bytes) -> None:
    """Once its first letter has come that is no space."""
    held = Collected(first)
    assert held.text == first
    held.add(second)
    held.add(b"")
    assert held.text == text
    assert not held.over


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b'[{"a":1},{"b":[{}]} , {"c":"}"}]', [b'{"a":1}', b'{"b":[{}]}', b'{"c":"}"}']),
        (b'[{"a":1},{"b":', [b'{"a":1}']),
        (b'[{"a":1},{"b":"cut', [b'{"a":1}']),
        (b'[{"a":"\\"]"},{"b":{}}', [b'{"a":"\\"]"}', b'{"b":{}}']),
        (b"[]", []), (b"", []), (b"[", []), (b'{"a":{"b":1}}', [b'{"b":1}']), (b'["a",{}]', [b"{}"]),
    ],
)  # fmt: skip
def test_elements_of_an_array_that_was_cut(text: bytes, found: list[bytes]) -> None:
    """Those that are whole."""
    assert list(elements(text)) == found


def test_ends_of_an_object_that_began_before() -> None:
    """From each place of the name, the last first, and no more than eight of them."""
    found = list(endings(b'x"usage":1,"usage":{"a":2}}', b'"usage":'))
    assert found == [b'{"usage":{"a":2}}', b'{"usage":1,"usage":{"a":2}}']
    assert list(endings(b"x", b'"usage":')) == []
    assert list(endings(b"k1", b"k")) == [b"{k1"]
    assert list(endings(b"k" * 9, b"k")) == [b"{" + b"k" * number for number in range(1, 9)]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_lines_are_whole(size: int) -> None:
    """However they come; the last one without an end is the rest."""
    body = b"a\n\nbcd\r\n  e\nf"
    lines = WholeLines()
    found = [line for start in range(0, len(body), size) for line in lines.feed(body[start : start + size])]
    assert found == [b"a", b"", b"bcd\r", b"  e"]
    assert (lines.rest(), lines.lost) == (b"f", False)


def test_a_line_that_is_too_large_is_left_out() -> None:
    """And said to be; the next one is told."""
    lines = WholeLines(5)
    assert lines.feed(b"12345") == []
    assert lines.feed(b"\n1") == [b"12345"]
    assert not lines.lost
    assert lines.feed(b"23456") == []
    assert lines.lost
    assert lines.rest() == b""
    assert lines.feed(b"78\nab") == []
    assert lines.feed(b"c\n12\n") == [b"abc", b"12"]
    assert lines.rest() == b""
