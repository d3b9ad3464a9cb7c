"""Where frames end, and what stands in them: the grammar of server-sent events, however the bytes are cut."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wire.sse import Decoder, Frame, Frames, FrameTooLargeError, boundary
from tests.path.wire.raw import split

LINES = st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"data: x", b"data:", b"event: e", b": c", b"\xef\xbb\xbf"])
STREAMS = st.lists(LINES, max_size=16).map(b"".join) | st.binary(max_size=24)
CUTS = st.lists(st.integers(0, 60), max_size=12)


def frames(*pieces: bytes) -> tuple[list[Frame], bytes]:
    decoder = Decoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)], decoder.rest


def beginning(stream: bytes) -> int:
    """Where the last frame begins, by the letter of the grammar: behind the last line that is empty."""
    found = at = line = 0
    while at < len(stream):
        if stream[at : at + 1] not in {b"\r", b"\n"}:
            at += 1
            continue
        if stream[at:] == b"\r":
            return found
        length = 2 if stream[at : at + 2] == b"\r\n" else 1
        found = at + length if at == line else found
        at = line = at + length
    return found


@given(STREAMS, CUTS)
def test_any_split_gives_the_same_frames_and_the_same_bytes(stream: bytes, cuts: list[int]) -> None:
    """However the bytes were cut: the same frames, which joined are the bytes that came."""
    found, rest = frames(*split(stream, cuts))
    assert (found, rest) == frames(stream)
    assert b"".join(frame.raw for frame in found) + rest == stream


@given(STREAMS)
def test_both_readers_see_the_same_end(stream: bytes) -> None:
    """The relay's quick search and the decoder agree with the grammar on where the last frame begins."""
    _, rest = frames(stream)
    assert max(0, boundary(stream)) == len(stream) - len(rest) == beginning(stream)


@given(STREAMS, CUTS, st.integers(0, 8) | st.just(1000))
def test_only_whole_frames_go_out(stream: bytes, cuts: list[int], cap: int) -> None:
    """What is let through ends where a frame ends, or says that it is torn; nothing is lost, or held beyond the cap."""
    held = Frames(cap)
    out = came = b""
    for piece in split(stream, cuts):
        came += piece
        out += held.feed(piece)
        assert came == out + held.held()
        assert len(held.held()) <= cap
        if not held.torn:
            # Another byte must begin a new frame: a CR at the end could still be half of a line's end.
            assert beginning(out + b".") == len(out)
            assert cap < 1000 or len(out) == beginning(came)
        else:
            assert cap < 1000
    assert out + held.rest() == stream


TABLE: list[tuple[str, bytes, list[tuple[bytes, bytes | None]]]] = [
    ("LF", b"event: a\ndata: 1\n\ndata: 2\n\n", [(b"a", b"1"), (b"", b"2")]),
    ("CRLF", b"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [(b"a", b"1"), (b"", b"2")]),
    ("CR", b"event: a\rdata: 1\r\rdata: 2\r\r.", [(b"a", b"1"), (b"", b"2")]),
    ("mixed", b"event: a\r\ndata: 1\n\r\ndata: 2\r\n\ndata: 3\n\r.", [(b"a", b"1"), (b"", b"2"), (b"", b"3")]),
    ("several data lines", b"data: 1\ndata:2\ndata\ndata:  3\n\n", [(b"", b"1\n2\n\n 3")]),
    ("comment", b": keep-alive\n\n", [(b"", None)]),
    ("comment within", b": c\ndata: 1\n: c\n\n", [(b"", b"1")]),
    ("unknown fields", b"id: 7\nretry: 10\nweather: fair\ndata: 1\n\n", [(b"", b"1")]),
    ("empty data", b"data:\n\ndata\n\n", [(b"", b""), (b"", b"")]),
    ("no data", b"event: ping\n\n", [(b"ping", None)]),
    ("the last event line counts", b"event: a\nevent: b\ndata: 1\n\n", [(b"b", b"1")]),
    ("byte order mark", b"\xef\xbb\xbfdata: 1\n\ndata: 2\n\n", [(b"", b"1"), (b"", b"2")]),
    ("a mark later is a name", b"data: 1\n\n\xef\xbb\xbfdata: 2\n\n", [(b"", b"1"), (b"", None)]),
    ("rows of empty lines", b"\n\ndata: 1\n\n\n\n", [(b"", None), (b"", None), (b"", b"1"), (b"", None), (b"", None)]),
    ("no last empty line", b"data: 1\n\ndata: 2\n", [(b"", b"1")]),
    ("a CR at the end decides nothing", b"data: 1\r\n\r", []),
    ("values keep colons and spaces", b"data: a: b \n\n", [(b"", b"a: b ")]),
    ("NUL and high bytes", b"data: \x00\xff\n\n", [(b"", b"\x00\xff")]),
]


@pytest.mark.parametrize(("stream", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_grammar_by_example(stream: bytes, expected: list[tuple[bytes, bytes | None]]) -> None:
    """Line ends, comments, fields and marks as WHATWG HTML 9.2.6 has them."""
    found, _ = frames(stream)
    assert [(frame.event, frame.data) for frame in found] == expected


@pytest.mark.parametrize(
    ("before", "data", "place"),
    [
        (b"\n\n", b"a", 0),
        (b"a\n", b"a", -1),
        (b"a\n", b"\na", 1),
        (b"aa", b"\na", -1),
        (b"aa", b"a\n\nb\n\nc", 6),
        (b"aa", b"a\n\nb\r", 3),
        (b"aa", b"a\r\rb\r\rc", 6),
        (b"aa", b"a\r\rb\r\r", 3),
        (b"aa", b"a\r\rb\r\rc\r\r", 6),
        (b"aa", b"a\r\r\r", 3),
        (b"aa", b"\r\r\nb", 3),
        (b"\r\r", b"a\r\r", 0),
    ],
)
def test_a_frame_begins_behind_the_last_empty_line(before: bytes, data: bytes, place: int) -> None:
    """With what came before; a CR at the end is not yet an empty line."""
    assert boundary(data, before) == place


@pytest.mark.parametrize(
    ("pieces", "out"),
    [
        ([b"a", b"\r", b"\n", b"\r", b"\n"], [b"", b"", b"", b"", b"a\r\n\r\n"]),
        ([b"a\n", b"\n", b"b"], [b"", b"a\n\n", b""]),
        ([b"a\r\r", b"b"], [b"", b"a\r\r"]),
        ([b"a\n\nb", b"c\n\n"], [b"a\n\n", b"bc\n\n"]),
    ],
)
def test_a_frame_goes_out_as_soon_as_it_is_known_to_be_whole(pieces: list[bytes], out: list[bytes]) -> None:
    """Held back by ``Frames``, and told by ``Decoder``, from the same piece on."""
    held, decoder = Frames(1000), Decoder()
    assert not held.torn
    assert [held.feed(piece) for piece in pieces] == out
    assert not held.torn
    assert [b"".join(frame.raw for frame in decoder.feed(piece)) for piece in pieces] == out


def test_a_frame_as_large_as_the_cap_is_held_and_told() -> None:
    """Only one byte more is too much."""
    held = Frames(4)
    assert (held.feed(b"abcd"), held.held(), held.torn) == (b"", b"abcd", False)
    assert [frame.raw for frame in Decoder(4).feed(b"ab\n\n")] == [b"ab\n\n"]
    with pytest.raises(FrameTooLargeError, match="larger than 4 bytes"):
        list(Decoder(4).feed(b"abcde"))


@given(CUTS)
def test_the_cap_holds_for_any_split(cuts: list[int]) -> None:
    """A frame beyond the cap is refused, whole or not, and the frames before it are still given."""
    stream = b"data: 1\n\n" + b"data: " + b"x" * 40 + b"\n\n" + b"data: 2\n\n"
    decoder = Decoder(cap=30)
    found: list[Frame] = []

    def read() -> None:
        for piece in split(stream, cuts):
            for frame in decoder.feed(piece):
                found.append(frame)  # noqa: PERF402 - what came before the error counts

    with pytest.raises(FrameTooLargeError):
        read()
    assert [frame.data for frame in found] == [b"1"]


@pytest.mark.parametrize("cap", [10, 1000])
def test_a_frame_beyond_the_cap_is_let_through_and_the_next_is_held_again(cap: int) -> None:
    """A huge frame passes as it comes, marked as torn; from its end on only whole frames go out."""
    held = Frames(cap)
    seen = [(held.feed(piece), held.torn) for piece in (b"data: 123", b"4567", b"89\n", b"\n", b"data: 1\n", b"\n")]
    if cap == 1000:
        assert seen[3] == (b"data: 123456789\n\n", False)
    else:
        assert seen[:4] == [(b"", False), (b"data: 1234567", True), (b"89\n", True), (b"\n", False)]
    assert seen[4:] == [(b"", False), (b"data: 1\n\n", False)]


def seconds_for(pieces: int, piece: bytes, feed: object) -> float:
    assert callable(feed)
    began = time.process_time()
    for _ in range(pieces):
        feed(piece)
    return time.process_time() - began


@pytest.mark.slow
@pytest.mark.parametrize("piece", [b"x", b"\r", b"data\n", b"a\r\n"], ids=repr)
def test_small_pieces_of_a_huge_frame_cost_linear_time(piece: bytes) -> None:
    """Eight times the pieces take about eight times as long, not sixty-four times."""

    def measure(pieces: int) -> float:
        held, decoder = Frames(1 << 30), Decoder(1 << 30)
        one = seconds_for(pieces, piece, held.feed)
        return one + seconds_for(pieces, piece, lambda data: list(decoder.feed(data)))

    small = min(measure(4_000) for _ in range(3))
    assert min(measure(32_000) for _ in range(3)) < small * 8 * 3


def test_a_large_piece_of_tiny_frames_costs_linear_time() -> None:
    """Frames are cut from one large read without copying the rest each time."""

    def measure(size: int) -> float:
        stream = b"a\n\n" * size
        began = time.process_time()
        assert len(frames(stream)[0]) == size
        return time.process_time() - began

    small = min(measure(4_000) for _ in range(3))
    assert min(measure(32_000) for _ in range(3)) < small * 8 * 3
