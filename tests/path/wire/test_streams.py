"""Streams through the running gateway: the same bytes, whole frames, signs of life, and an ending after every cut."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.path.wire.house import House
from tests.path.wire.raw import LAST_CHUNK, RawClient, Script, Visit, chunk, head, sized, split
from tests.path.wire.streams import ANTHROPIC, ARRAY, CHAT, EVENTS, GEMINI, RESPONSES, STREAMS, Stream, unchunked
from tests.support.waiting import until

each = pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
each_of_events = pytest.mark.parametrize("stream", EVENTS, ids=lambda stream: stream.name)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    limits = {"sse_frame": "64kB"}
    with House(tmp_path_factory.mktemp("house"), stream_keepalive=1, limits=limits) as running:
        yield running
        assert running.trouble == []


@pytest.fixture
def client(house: House) -> Iterator[RawClient]:
    with house.client() as connected:
        yield connected


def streaming(start: bytes, *pieces: bytes, pause: float = 0.0, whole: bool = True) -> Script:
    """Sends these pieces as chunks for each request; without ``whole`` the connection closes after them."""

    async def script(visit: Visit) -> None:
        while await visit.request() is not None:
            await visit.send(start)
            await visit.send(*map(chunk, pieces), pause=pause)
            if not whole:
                return
            await visit.send(LAST_CHUNK)

    return script


# --- the same bytes -----------------------------------------------------------------------------------------------


@each
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 700), max_size=30))
def test_any_split_by_the_provider_gives_the_client_the_same_bytes(
    house: House, stream: Stream, cuts: list[int]
) -> None:
    """Whatever stands between two writes."""
    house.provider.play(streaming(stream.answer_head(), *split(stream.whole, cuts)))
    with house.client() as client:
        client.send(stream.request())
        answer = client.answer()
        assert (answer.status, answer.body) == (200, stream.whole)


@each
def test_byte_by_byte_it_is_the_same(house: House, client: RawClient, stream: Stream) -> None:
    """Every boundary, split at every place."""
    house.provider.play(streaming(stream.answer_head(), *split(stream.whole, range(len(stream.whole)))))
    for _ in range(2):
        client.send(stream.request())
        assert client.answer().body == stream.whole
    assert len(house.provider.visits) == 1


ODD = [
    ("CR alone", b"data: {}\r\rdata: {}\r\rdata: [DONE]\r\r"),
    ("mixed line ends", b"data: {}\r\n\ndata: {}\n\r\ndata: [DONE]\n\n"),
    ("comments and unknown fields", b": c\nid: 1\nretry: 5\ncolour: red\ndata: {}\n\n\n\n: c\n\ndata: [DONE]\n\n"),
    ("several data lines", b"data: {\ndata: }\n\ndata: [DONE]\n\n"),
    ("a byte order mark", b"\xef\xbb\xbfdata: {}\n\ndata: [DONE]\n\n"),
    ("no last blank line", b"data: {}\n\ndata: [DONE]"),
    ("no ending", b"data: {}\n\n"),
    ("blank lines", b"\n\n\r\n\n"),
    ("bytes that are no text", b"data: \xff\xfe\x00\n\ndata: [DONE]\n\n"),
]


@pytest.mark.parametrize("body", [row[1] for row in ODD], ids=[row[0] for row in ODD])
def test_what_is_odd_in_a_stream_stays(house: House, client: RawClient, body: bytes) -> None:
    """The gateway frames a stream; it does not correct it."""
    house.provider.play(streaming(CHAT.answer_head(), *split(body, range(0, len(body), 3))))
    client.send(CHAT.request())
    assert client.answer().body == body


@pytest.mark.parametrize("stream", [CHAT, GEMINI], ids=lambda stream: stream.name)
def test_a_stream_of_nothing_is_none(house: House, client: RawClient, stream: Stream) -> None:
    """Its client is told, though the stream has begun by the time that it ends."""

    async def script(visit: Visit) -> None:
        while await visit.request() is not None:
            await visit.send(stream.answer_head())
            await asyncio.sleep(0.2)
            await visit.send(LAST_CHUNK)

    house.provider.play(script)
    client.send(stream.request())
    assert b"stopped before its end" in client.answer().body


def test_a_compressed_stream_passes_as_it_is(house: House, client: RawClient) -> None:
    """It was not asked for, and can't be framed; its bytes are the client's."""
    start = head(
        "HTTP/1.1 200 OK", "content-type: text/event-stream", "content-encoding: gzip", "transfer-encoding: chunked"
    )
    house.provider.play(streaming(start, b"\x1f\x8b\x08\n\n", b"\x00\x01"))
    client.send(ANTHROPIC.request())
    answer = client.answer()
    assert (answer.header("content-encoding"), answer.body) == (b"gzip", b"\x1f\x8b\x08\n\n\x00\x01")


# --- only whole frames --------------------------------------------------------------------------------------------


@each
def test_at_every_moment_only_whole_frames_are_out(house: House, client: RawClient, stream: Stream) -> None:
    """After each piece that the provider sends, the client has what was whole, all of it, and not a byte more."""
    pieces = split(stream.whole, range(0, len(stream.whole), len(stream.whole) // 12))
    turns = threading.Semaphore(0)

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(stream.answer_head())
        for piece in pieces:
            await asyncio.get_running_loop().run_in_executor(None, turns.acquire)
            await visit.send(chunk(piece))
        await visit.send(LAST_CHUNK)
        await visit.left()

    house.provider.play(script)
    client.send(stream.request())
    came = b""
    for piece in pieces:
        came += piece
        turns.release()
        expected = max(place for place in stream.boundaries() if place <= len(came))
        while (out := unchunked(client.heard)[0]) != came[:expected]:
            assert came.startswith(out)
            assert len(out) < expected, "more than whole frames went out"
            client.more()
        time.sleep(0.005)
    assert client.answer().body == stream.whole


def test_a_frame_beyond_the_cap_is_let_through(house: House, client: RawClient) -> None:
    """It is not held for its end, so memory is bounded; the bytes stay the same."""
    body = b"data: " + b"x" * 300_000 + b"\n\ndata: [DONE]\n\n"
    house.provider.play(streaming(CHAT.answer_head(), *split(body, range(0, len(body), 5000))))
    client.send(CHAT.request())
    assert client.answer().body == body


# --- signs of life ------------------------------------------------------------------------------------------------


def test_a_silent_stream_shows_signs_of_life_between_frames(house: House) -> None:
    """In each dialect's own way, after each second of silence: before the first frame, in the middle of one, between
    two; never within a frame, never after the ending."""

    async def script(visit: Visit) -> None:
        asked = await visit.request()
        assert asked is not None
        stream = next(one for one in EVENTS if one.target.removeprefix("/gemini").encode() in asked.start)
        first = len(stream.frames[0])
        await visit.send(stream.answer_head(), pause=1.6)
        await visit.send(chunk(stream.whole[: first + 9]), pause=1.6)
        await visit.send(chunk(stream.whole[first + 9 :]), pause=1.6)
        await visit.send(LAST_CHUNK)

    house.provider.play(script)
    clients = [(stream, house.client()) for stream in EVENTS]
    for stream, client in clients:
        client.send(stream.request())
    for stream, client in clients:
        with client:
            body = client.answer().body
        # A response's first event is held until its id has been written down; nothing may go before it.
        before = b"" if stream is RESPONSES else stream.keep_alive
        after = stream.keep_alive if stream is GEMINI else b""
        assert body == before + stream.frames[0] + stream.keep_alive + b"".join(stream.frames[1:]) + after


def test_no_sign_of_life_stands_within_a_torn_frame(house: House, client: RawClient) -> None:
    """A frame beyond the cap that pauses is not interrupted."""
    body = b"data: " + b"x" * 200_000

    async def script(visit: Visit) -> None:
        await visit.request()
        await visit.send(CHAT.answer_head() + chunk(body), pause=1.5)
        await visit.send(chunk(b"y\n\n"), LAST_CHUNK)

    house.provider.play(script)
    client.send(CHAT.request())
    assert client.answer().body == body + b"y\n\n"


# --- endings ------------------------------------------------------------------------------------------------------


@each
def test_a_cut_at_every_byte_ends_in_the_dialects_own_words(house: House, stream: Stream) -> None:
    """Whole frames, then the error, and no rule of the dialect is broken; after the stream's own ending, nothing."""
    house.provider.play(cutting(stream))
    with house.client() as client:
        for cut in range(len(stream.whole) + 1):
            client.send(stream.request(f"X-Cut: {cut}"))
            answer = client.answer()
            if stream is ARRAY and answer.status == 502:
                # The cut was known before the answer's head went out, and is told as for any JSON.
                assert answer.header("x-should-retry") == b"false"
                continue
            assert answer.status == 200
            if cut >= stream.ended_at:
                assert answer.body == stream.whole[:cut]
                continue
            out = max(place for place in stream.boundaries() if place <= cut)
            assert answer.body.startswith(stream.whole[:out])
            ending = answer.body[out:]
            assert ending.count(b"error") >= 1
            assert ending.count(b"closed the connection") == 1
            assert stream.judge(answer.body) == [], (cut, ending)


def cutting(stream: Stream) -> Script:
    """Sends as much of the stream as the request says, and closes the connection."""

    async def script(visit: Visit) -> None:
        asked = await visit.request()
        if asked is not None:
            await visit.send(stream.answer_head() + chunk(stream.whole[: int(asked.header("x-cut") or 0)] or b"\n"))

    return script


@each_of_events
def test_a_stream_that_ends_without_its_ending(house: House, client: RawClient, stream: Stream) -> None:
    """Anthropic's and Responses never do, so the client is told; Chat and Gemini may, and stay as they are."""
    for count in range(len(stream.frames)):
        body = b"".join(stream.frames[:count])
        house.provider.play(streaming(stream.answer_head(), body or b"\n"))
        client.send(stream.request())
        got = client.answer().body
        if stream.needs_ending:
            assert got.startswith(body)
            assert b"stopped before its end" in got[len(body) :]
            assert stream.judge(got) == []
        else:
            assert got == (body or b"\n")


@each_of_events
def test_a_last_frame_without_its_blank_line_is_an_ending(house: House, client: RawClient, stream: Stream) -> None:
    """The stream ended in order and said so: nothing is added."""
    body = stream.whole.rstrip(b"\r\n")
    house.provider.play(streaming(stream.answer_head(), body))
    client.send(stream.request())
    assert client.answer().body == body


@pytest.mark.parametrize(
    "last", [b'"error"', b'{"type": "error", "error": {"type": "overloaded_error", "message": "no"}}']
)
def test_an_error_of_the_providers_own_is_an_ending(house: House, client: RawClient, last: bytes) -> None:
    """An error event is passed on, and no second one follows; the word alone in a text is none."""
    body = b"".join(ANTHROPIC.frames[:2]) + b"event: error\ndata: " + last + b"\n\n"
    house.provider.play(streaming(ANTHROPIC.answer_head(), body, whole=False))
    client.send(ANTHROPIC.request())
    assert client.answer().body == body


@pytest.mark.parametrize("step", [1, 50, 10_000])
def test_the_error_of_a_responses_stream_has_the_next_number(house: House, client: RawClient, step: int) -> None:
    """However the provider cut its bytes, and though comments and a huge frame came last."""
    huge = b'event: response.x\ndata: {"type":"response.x","sequence_number":1,"image":"' + b"x" * 70_000 + b'"}\n\n'
    huge = huge if step == 10_000 else huge.replace(b"x" * 70_000, b"x" * 70)
    body = RESPONSES.frames[0] + huge + b": a comment\n\n"
    house.provider.play(streaming(RESPONSES.answer_head(), *split(body, range(0, len(body), step)), whole=False))
    client.send(RESPONSES.request())
    got = client.answer().body
    assert got.startswith(body)
    assert b'"sequence_number":2' in got[len(body) :]


def test_a_cut_within_a_torn_frame_still_ends_in_an_error(house: House, client: RawClient) -> None:
    """What is out of the frame can't be taken back; the error stands in a frame of its own behind it."""
    body = b'data: {"a": "' + b"x" * 200_000
    house.provider.play(streaming(CHAT.answer_head(), body, whole=False))
    client.send(CHAT.request())
    got = client.answer().body
    assert got.startswith(body + b"\n\ndata: {")
    assert b'"error"' in got[len(body) :]


def test_an_array_with_a_length_is_never_lengthened(house: House, client: RawClient) -> None:
    """Where the provider announced how long it would be, a cut can only break the transfer."""

    async def script(visit: Visit) -> None:
        await visit.request()
        start = head("HTTP/1.1 200 OK", "content-type: application/json", f"content-length: {len(ARRAY.whole)}")
        await visit.send(start + ARRAY.whole[:-50], pause=0.1)

    house.provider.play(script)
    client.send(ARRAY.request())
    with pytest.raises(EOFError):
        client.answer()


UNARY = sized(b'{"id":"msg_1","content":[{"type":"text","text":"one two three"}]}')


@pytest.mark.parametrize("framing", ["sized", "chunked"])
@pytest.mark.parametrize("pause", [0, 0.05])
@pytest.mark.parametrize("manner", ["close", "reset"])
def test_a_cut_answer_never_looks_whole(house: House, framing: str, pause: float, manner: str) -> None:
    """A unary answer that the provider broke off is a 502, or a transfer that visibly breaks: at each byte of it."""
    start, _, body = UNARY.partition(b"\r\n\r\n")
    if framing == "chunked":
        start = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked"
        body = chunk(body[:20]) + chunk(body[20:]) + LAST_CHUNK
    for cut in range(0, len(body), 1 if not pause else 20):

        async def script(visit: Visit, cut: int = cut) -> None:
            await visit.request()
            await visit.send(start + b"\r\n\r\n" + body[:cut], pause=pause)
            getattr(visit, manner)()

        house.provider.play(script)
        with house.client() as client:
            client.send(ANTHROPIC.request())
            try:
                answer = client.answer()
            except (EOFError, ConnectionError):
                continue
            assert (answer.status, answer.header("x-should-retry")) == (502, b"false"), cut


def test_http_1_0_sees_a_cut_too(house: House, client: RawClient) -> None:
    """Without chunks an orderly end would be the end of the answer, so the connection is reset."""

    async def script(visit: Visit) -> None:
        await visit.request()
        start = head("HTTP/1.1 200 OK", "content-type: application/json", "transfer-encoding: chunked")
        await visit.send(start, chunk(b'{"id": '), pause=0.05)

    house.provider.play(script)
    client.send(ANTHROPIC.request().replace(b"HTTP/1.1", b"HTTP/1.0", 1))
    with pytest.raises(ConnectionResetError):
        client.rest()


# --- the pace of the slowest --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["stream", "unary", "file"])
def test_a_client_that_does_not_read_stalls_the_provider(house: House, kind: str) -> None:
    """Its writes wait, and the gateway holds little, however much there is to come; then all of it arrives."""
    frame = b"data: " + b"x" * 2000 + b"\n\n"
    total = 60_000_000 // len(frame) * len(frame)
    sent = [0]

    async def script(visit: Visit) -> None:
        await visit.request()
        content = {"stream": "text/event-stream", "unary": "application/json", "file": "audio/mpeg"}[kind]
        await visit.send(head("HTTP/1.1 200 OK", f"content-type: {content}", f"content-length: {total}"))
        while sent[0] < total:
            await visit.send(frame * min(500, (total - sent[0]) // len(frame)))
            sent[0] += len(frame) * min(500, (total - sent[0]) // len(frame))

    house.provider.play(script)
    target = "/v1/audio/speech" if kind == "file" else CHAT.target
    before = house.memory
    with house.client(receive_buffer=8192) as client:
        client.send(CHAT.request().replace(CHAT.target.encode(), target.encode()))
        client.until(b"\r\n\r\n")
        until(lambda: settled(sent))
        assert sent[0] < 25_000_000
        assert house.memory - before < 12_000_000
        time.sleep(1.2)
        assert settled(sent)
        received = len(client.heard)
        while data := client.socket.recv(1 << 20):
            received += len(data)
            if received >= total and (data.endswith(LAST_CHUNK) or kind != "stream"):
                break
        assert received >= total


def settled(count: list[int]) -> bool:
    """It has begun, and does not grow any more."""
    before = count[0]
    time.sleep(0.2)
    return count[0] == before > 0


def test_a_connection_whose_last_answer_was_read_slowly_serves_the_next(house: House) -> None:
    """An answer that was complete while its client lagged behind leaves the provider's connection in order."""
    large = sized(b'{"a":"' + b"x" * 3_000_000 + b'"}')
    small = sized(b'{"b":1}')

    async def script(visit: Visit) -> None:
        while (asked := await visit.request()) is not None:
            await visit.send(large if asked.header("x-large") else small)

    house.provider.play(script)
    for _ in range(3):
        with house.client(receive_buffer=4096) as slow:
            slow.send(ANTHROPIC.request("X-Large: 1"))
            slow.until(b"\r\n\r\n")
            time.sleep(0.1)
        for _ in range(3):
            with house.client() as client:
                client.send(ANTHROPIC.request())
                assert client.answer().body == b'{"b":1}'
