"""Bytes on the way to being read: events in any framing, bodies in any pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.dialects.collecting import TAIL, Collected, event_data

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
