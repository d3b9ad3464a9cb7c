"""One client's connection: what is read of it, in which turn it is answered, and when it ends. On both event loops."""

import time

import pytest

from tests.path.wire.raw import LAST_CHUNK, RawClient, at_least_once_within, chunk, head, split
from tests.path.wire.serving import Served
from tests.support.waiting import until


def get(path: str = "/echo", *lines: str) -> bytes:
    return head(f"GET {path} HTTP/1.1", "Host: gateway", *lines)


def post(body: bytes, path: str = "/echo", *lines: str) -> bytes:
    return head(f"POST {path} HTTP/1.1", "Host: gateway", *lines, f"Content-Length: {len(body)}") + body


def post_chunks(*chunks: bytes, path: str = "/echo", lines: tuple[str, ...] = ()) -> bytes:
    start = head(f"POST {path} HTTP/1.1", "Host: gateway", *lines, "Transfer-Encoding: chunked")
    return start + b"".join(map(chunk, chunks)) + LAST_CHUNK


# --- requests, one after another --------------------------------------------------------------------------------


def test_a_connection_serves_one_request_after_another(client: RawClient) -> None:
    """Keepalive, with and without bodies."""
    for sent, said in [(get("/a"), b"GET /a "), (post(b"one", "/b"), b"POST /b one"), (get("/c"), b"GET /c ")]:
        client.send(sent)
        answer = client.answer()
        assert (answer.status, answer.body, answer.header("connection")) == (200, said, None)


def test_pipelined_requests_are_answered_in_order(client: RawClient) -> None:
    """Slow ones, quick ones and bodies of all kinds, sent at once, come back in the order in which they were sent."""
    client.send(
        get("/slow/0.1"), post(b"x" * 3000, "/b"), post_chunks(b"ab", b"c", path="/late/0.05"), get("/pieces/d/e"),
        head("HEAD /f HTTP/1.1", "Host: gateway") + get("/g"),
    )  # fmt: skip
    assert client.answer().body == b"GET /slow/0.1 "
    assert client.answer().body == b"POST /b " + b"x" * 3000
    assert client.answer().body == b"POST /late/0.05 abc"
    assert client.answer().body == b"de"
    assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert client.answer().body == b"GET /g "


def test_pipelined_requests_in_one_write_and_byte_by_byte(client: RawClient, served: Served) -> None:
    """The turns do not depend on how the bytes were cut."""
    stream = get("/slow/0.02") + post(b"body", "/b") + post_chunks(b"a", b"bc", path="/c") + get("/d")
    for pieces in ([stream], split(stream, range(len(stream))), split(stream, range(0, len(stream), 7))):
        client.send(*pieces)
        assert [client.answer().body for _ in range(4)] == [
            b"GET /slow/0.02 ", b"POST /b body", b"POST /c abc", b"GET /d ",
        ]  # fmt: skip


def test_a_request_that_waits_its_turn_ends_when_its_client_leaves(served: Served) -> None:
    """A client that pipelined and left is noticed while the first answer is still being worked on."""
    served.requests.clear()

    def leave() -> float:
        with RawClient(*served.address) as another:
            served.begun.clear()
            another.send(get("/forever") + get("/a") + get("/b"))
            until(lambda: served.begun == ["/forever"])
            served.left.clear()
            left_at = time.perf_counter()
        until(lambda: bool(served.left))
        return served.left[0] - left_at

    at_least_once_within(0.1, leave)
    assert served.requests == []


def test_the_second_of_two_pipelined_requests_ends_when_its_client_leaves(client: RawClient, served: Served) -> None:
    """The handler that runs now is the one that is told, not the one before it."""
    client.send(get("/a") + get("/forever"))
    assert client.answer().body == b"GET /a "
    client.socket.close()
    until(lambda: bool(served.left))


def test_a_flood_of_pipelined_requests_is_refused(client: RawClient) -> None:
    """Beyond a hundred that wait, the connection is refused more; those that came first are answered."""
    client.send(get("/slow/0.1") + get("/a") * 150)
    assert client.answer().body == b"GET /slow/0.1 "
    assert [client.answer().body for _ in range(100)] == [b"GET /a "] * 100
    last = client.answer()
    assert (last.status, last.header("connection")) == (503, b"close")
    assert client.ended()


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize("lines", [(), ("Connection: close",), ("Connection: keep-alive",)], ids=str)
def test_the_connection_ends_when_the_client_says_so(client: RawClient, version: str, lines: tuple[str, ...]) -> None:
    """HTTP/1.1 stays unless told to close, HTTP/1.0 closes unless told to stay."""
    client.send(head(f"POST /a {version}", "Host: gateway", *lines, "Content-Length: 2") + b"hi")
    answer = client.answer()
    stays = "Connection: keep-alive" in lines if version == "HTTP/1.0" else "Connection: close" not in lines
    assert (answer.body, answer.header("connection")) == (b"POST /a hi", None if stays else b"close")
    if stays:
        client.send(get("/b"))
        assert client.answer().body == b"GET /b "
    else:
        assert client.ended()


def test_http_1_0_gets_no_chunks(client: RawClient) -> None:
    """There the end of the connection is the end of the body, and a broken answer breaks the connection."""
    client.send(head("GET /pieces/a/b/c HTTP/1.0"))
    assert client.rest().partition(b"\r\n\r\n")[2] == b"abc"


@pytest.mark.parametrize("version", ["HTTP/1.0", "HTTP/1.1"])
def test_an_answer_that_is_broken_off_never_looks_whole(client: RawClient, version: str) -> None:
    """With chunks the last one is missing; without, the connection is reset."""
    client.send(head(f"GET /broken {version}", "Host: gateway"))
    if version == "HTTP/1.0":
        with pytest.raises(ConnectionResetError):
            client.rest()
    else:
        heard = client.rest()
        assert b"half" in heard
        assert LAST_CHUNK not in heard


@pytest.mark.parametrize(
    ("path", "status"), [("/echo", 200), ("/pieces/a", 200), ("/status/404", 404), ("/status/304", 304)]
)
def test_an_answer_to_head_has_no_body(client: RawClient, path: str, status: int) -> None:
    """Only its head, and the next answer follows at once."""
    client.send(head(f"HEAD {path} HTTP/1.1", "Host: gateway") + get("/next"))
    assert client.until(b"\r\n\r\n").startswith(b"HTTP/1.1 %d " % status)
    assert client.answer().body == b"GET /next "


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_say_so(client: RawClient, status: int) -> None:
    """Neither length nor chunks, which would make a client wait."""
    client.send(get(f"/status/{status}") + get("/next"))
    answer = client.until(b"\r\n\r\n").lower()
    assert b"content-length" not in answer
    assert b"transfer-encoding" not in answer
    assert client.answer().body == b"GET /next "


# --- bodies -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("request_bytes", [post(b"some words", "/a"), post_chunks(b"some", b" ", b"words", path="/a")])
def test_a_body_is_the_same_however_it_is_cut(client: RawClient, request_bytes: bytes, step: int) -> None:
    """Sized and chunked, from single bytes to one piece."""
    client.send(*split(request_bytes, range(0, len(request_bytes), step)))
    assert client.answer().body == b"POST /a some words"


def test_chunk_extensions_and_trailers_are_dropped(client: RawClient) -> None:
    """They are no part of the body, and a trailer is no header of the next request."""
    start = head("POST /a HTTP/1.1", "Host: gateway", "Transfer-Encoding: chunked")
    client.send(start + b'3;name="v"\r\nabc\r\n0\r\nX-Late: 1\r\n\r\n' + get("/b"))
    assert [client.answer().body, client.answer().body] == [b"POST /a abc", b"GET /b "]


@pytest.mark.parametrize(
    "padding", [b"0\r\n" + b"X: y\r\n" * 20_000, b"1;" + b"e" * 100_000, b"0\r\nX: " + b"v" * 100_000]
)
@pytest.mark.parametrize("path", ["/echo", "/refuse", "/sink"])
def test_padding_without_end_is_refused(client: RawClient, padding: bytes, path: str) -> None:
    """Trailers and chunk extensions are not a way to send for ever what no limit counts."""
    client.send(head(f"POST {path} HTTP/1.1", "Host: gateway", "Transfer-Encoding: chunked"))
    client.send(*split(padding, range(0, len(padding), 4000)))
    assert client.answer().status == (401 if path == "/refuse" else 400)
    assert client.ended()


def test_tiny_chunks_are_no_padding(client: RawClient) -> None:
    """The smallest chunks that there are, thousands of them, are an honest body."""
    stream = post_chunks(*[b"x"] * 20_000, path="/sink")
    client.send(*split(stream, range(0, len(stream), 8192)))
    assert client.answer().body == b"20000"


@pytest.mark.parametrize("path", ["/echo", "/sink", "/late/0.05"])
@pytest.mark.parametrize("pause", [0, 0.02])
def test_a_body_with_broken_framing_is_never_taken_for_whole(
    client: RawClient, served: Served, path: str, pause: float
) -> None:
    """Not when it breaks while the handler reads, and not when it broke before the handler began."""
    client.send(head(f"POST {path} HTTP/1.1", "Host: gateway", "Transfer-Encoding: chunked") + chunk(b"abc"))
    time.sleep(pause)
    client.send(b"nonsense\r\n")
    answer = client.answer()
    assert (answer.status, answer.body) == (400, f"malformed {path}".encode())
    assert client.ended()
    assert served.requests == []


@pytest.mark.parametrize("path", ["/echo", "/sink"])
def test_a_body_that_stalls_is_answered_408(client: RawClient, path: str) -> None:
    """And the connection ends; as long as bytes come, it does not."""
    start = head(f"POST {path} HTTP/1.1", "Host: gateway", "Content-Length: 9")
    client.send(start, b"abc", b"def", pause=0.25)
    answer = client.answer()
    assert (answer.status, answer.header("connection")) == (408, b"close")
    assert client.ended()


def test_a_body_that_stalls_while_another_is_answered_waits_for_its_turn(client: RawClient) -> None:
    """The fault of a later request is told after the answer to the earlier one."""
    client.send(get("/slow/0.9") + head("POST /echo HTTP/1.1", "Host: gateway", "Content-Length: 9") + b"abc")
    assert client.answer().body == b"GET /slow/0.9 "
    assert client.answer().status == 408
    assert client.ended()


# --- Expect: 100-continue -----------------------------------------------------------------------------------------


def test_a_client_that_expects_is_told_to_go_on_when_the_body_is_wanted(client: RawClient) -> None:
    """The interim answer comes once, before the body, and only then."""
    client.send(head("POST /a HTTP/1.1", "Host: gateway", "Expect: 100-Continue", "Content-Length: 2"))
    assert client.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"hi")
    assert client.answer().body == b"POST /a hi"


def test_a_client_that_expects_and_is_refused_sends_no_body(client: RawClient) -> None:
    """The refusal comes at once and ends the connection, because the client may or may not send its body now."""
    client.send(head("POST /refuse HTTP/1.1", "Host: gateway", "Expect: 100-continue", "Content-Length: 2"))
    answer = client.answer()
    assert (answer.status, answer.header("connection")) == (401, b"close")
    assert client.ended()


@pytest.mark.parametrize("start", ["POST /a HTTP/1.0", "POST /a HTTP/1.1"])
def test_no_interim_answer_where_none_is_wanted(client: RawClient, start: str) -> None:
    """Not to HTTP/1.0 (RFC 9110 10.1.1), and not when the body came along."""
    sent = head(start, "Host: gateway", "Expect: 100-continue", "Content-Length: 2") + b"hi"
    client.send(*([sent] if "1.1" in start else [sent[:-2], sent[-2:]]))
    assert client.answer().body == b"POST /a hi"


# --- refusals that a client can read ------------------------------------------------------------------------------


@pytest.mark.parametrize("framing", ["sized", "chunked"])
def test_a_refusal_reaches_a_client_that_sends_all_of_its_body_first(client: RawClient, framing: str) -> None:
    """Four megabytes that nobody reads do not cost the answer: the client sends to the end, then reads it."""
    body = bytes(4 << 20)
    if framing == "sized":
        client.send(post(body, "/refuse"))
    else:
        client.send(post_chunks(*[bytes(65536)] * 64, path="/refuse"))
    assert client.answer().status == 401
    assert client.ended()


@pytest.mark.parametrize("framing", ["sized", "chunked"])
def test_a_body_over_the_limit_is_answered_413(client: RawClient, framing: str) -> None:
    """As soon as it is known; the answer can be read while the client is still sending."""
    sent = post(bytes(3 << 20), "/echo") if framing == "sized" else post_chunks(*[bytes(65536)] * 48)
    client.send(sent)
    answer = client.answer()
    assert (answer.status, answer.body, answer.header("connection")) == (413, b"too_large /echo", b"close")
    assert client.ended()


def test_a_short_body_that_nobody_wanted_costs_no_connection(client: RawClient) -> None:
    """It is read and dropped, and the next request is served."""
    client.send(post(b"x" * 100_000, "/refuse"), get("/next"))
    assert client.answer().status == 401
    assert client.answer().body == b"GET /next "


def test_a_short_body_that_never_comes_ends_the_connection_without_a_second_answer(client: RawClient) -> None:
    """The request was answered; what is missing is only what nobody wanted."""
    client.send(head("POST /refuse HTTP/1.1", "Host: gateway", "Content-Length: 10") + b"abc")
    assert client.answer().status == 401
    assert client.ended()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_a_client_that_never_stops_sending_is_cut_off(loop: str) -> None:
    """What nobody wants is read for a while, ten times as long as a silence may be, and not for ever."""
    with Served(loop, linger_seconds=0.1) as served, RawClient(*served.address) as client:
        client.send(head("POST /refuse HTTP/1.1", "Host: gateway", "Content-Length: 1000000000"))
        began = time.perf_counter()
        with pytest.raises(ConnectionError):
            client.send(*[bytes(1000)] * 300, pause=0.02)
        assert time.perf_counter() - began > 0.8


# --- limits on heads ----------------------------------------------------------------------------------------------

LARGE = [
    ("many headers", head("GET /a HTTP/1.1", "Host: gateway", *[f"X-{n}: 1" for n in range(20)])),
    ("a long header", head("GET /a HTTP/1.1", "Host: gateway", "X: " + "v" * 4096)),
    ("a long target", head("GET /" + "a" * 4096 + " HTTP/1.1", "Host: gateway")),
    ("a header without end", b"GET /a HTTP/1.1\r\nHost: gateway\r\nX: " + b"v" * 400_000),
    ("a target without end", b"GET /" + b"a" * 400_000),
    ("headers without end", b"GET /a HTTP/1.1\r\n" + b"X: y\r\n" * 60_000),
]


@pytest.mark.parametrize("large", [row[1] for row in LARGE], ids=[row[0] for row in LARGE])
@pytest.mark.parametrize("step", [1000, 1 << 20])
def test_a_head_over_the_limits_is_answered_431(client: RawClient, served: Served, large: bytes, step: int) -> None:
    """Whether it comes at once or in pieces, and however long it would go on."""
    client.send(*split(large, range(0, len(large), step)))
    answer = client.answer()
    assert (answer.status, answer.header("connection")) == (431, b"close")
    assert client.ended()
    assert served.requests == []


def test_a_head_just_within_the_limits_is_served_after_a_large_body(client: RawClient) -> None:
    """What came before it in the same read does not count against it."""
    second = head("GET /b HTTP/1.1", "Host: gateway", *[f"X-{n}: {'v' * 150}" for n in range(19)])
    client.send(post(b"x" * 50_000, "/a") + second[:100])
    assert client.answer().status == 200
    client.send(second[100:])
    assert client.answer().body == b"GET /b "


def test_a_slow_head_is_answered_408(client: RawClient) -> None:
    """Trickling bytes does not hold a place."""
    for piece in (b"GET /a HT", b"TP/1.1\r\nHo", b"st: gateway\r\n"):
        client.send(piece, pause=0.1)
    answer = client.answer()
    assert (answer.status, answer.header("connection")) == (408, b"close")
    assert client.ended()


@pytest.mark.parametrize("first", [b"", get("/a"), b"\r\n\r\n"], ids=["nothing sent", "after an answer", "line ends"])
def test_an_idle_connection_is_closed(client: RawClient, first: bytes) -> None:
    """Without a word: there is no request to answer."""
    began = time.perf_counter()
    client.send(first)
    if first.startswith(b"GET"):
        assert client.answer().status == 200
    assert client.rest() == b""
    assert 0.2 < time.perf_counter() - began < 20


# --- what can't be read -------------------------------------------------------------------------------------------


def test_what_came_whole_is_answered_before_what_can_not_be_read(client: RawClient, served: Served) -> None:
    """Answers first, in their turn; then the refusal, and nothing after it is served."""
    client.send(get("/slow/0.05") + post(b"b", "/b") + b"NONSENSE\r\n\r\n" + get("/c"))
    assert client.answer().body == b"GET /slow/0.05 "
    assert client.answer().body == b"POST /b b"
    assert client.answer().status == 400
    assert client.ended()
    assert served.requests == ["GET /slow/0.05 ", "POST /b b"]


def test_a_refusal_is_spoken_to_the_path_that_was_asked_for(client: RawClient) -> None:
    """As far as the head was read, the words fit the client."""
    client.send(b"GET /v1/messages HTTP/1.1\r\nHost: gateway\r\nBad Header: x\r\n\r\n")
    assert client.answer().body == b"malformed /v1/messages"


@pytest.mark.parametrize("framing", ["sized", "chunked", "none"])
@pytest.mark.parametrize("step", [1, 1000])
def test_an_offer_to_upgrade_is_passed_over(client: RawClient, framing: str, step: int) -> None:
    """Java's client offers h2c with its first request: it is answered as if it had not, body and all."""
    lines = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    sent = {
        "sized": post(b"some words", "/a", *lines),
        "chunked": post_chunks(b"some", b" words", path="/a", lines=lines),
        "none": get("/a", *lines),
    }[framing] + post(b"more", "/b")
    client.send(*split(sent, range(0, len(sent), step)))
    assert client.answer().body == (b"GET /a " if framing == "none" else b"POST /a some words")
    assert client.answer().body == b"POST /b more"


def test_a_handler_that_forgets_to_answer_breaks_the_connection(client: RawClient) -> None:
    """A client waits for no answer that will never come."""
    client.send(get("/bug"))
    assert client.ended()


# --- clients that leave, and clients that are slow ----------------------------------------------------------------


@pytest.mark.parametrize("manner", ["close", "reset", "half"])
def test_a_client_that_leaves_ends_its_request_at_once(served: Served, manner: str) -> None:
    """However it leaves: an orderly end, a reset, or only its sending side shut."""

    def leave() -> float:
        with RawClient(*served.address) as another:
            served.begun.clear()
            another.send(get("/forever"))
            until(lambda: served.begun == ["/forever"])
            served.left.clear()
            left_at = time.perf_counter()
            {"close": another.socket.close, "reset": another.reset, "half": lambda: another.socket.shutdown(1)}[
                manner
            ]()
            until(lambda: bool(served.left))
        return served.left[0] - left_at

    at_least_once_within(0.1, leave)


def test_a_slow_reader_slows_its_source(served: Served, client: RawClient) -> None:
    """What it does not read is not made: the source stops, and goes on when it reads again."""
    served.flow.clear()
    with RawClient(*served.address, receive_buffer=4096) as slow:
        slow.send(get("/flood/30000000"))
        until(lambda: served.flow == ["pause"])
        time.sleep(0.3)
        assert served.flow == ["pause"]
        slow.until(b"\r\n\r\n")
        left = 30_000_000 - len(slow.heard)
        while left:
            left -= len(slow.socket.recv(1 << 20))
    assert served.flow.count("resume") >= 1


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
@pytest.mark.parametrize("path", ["/flood/30000000", "/echo"])
def test_a_client_that_reads_nothing_is_cut_off(loop: str, path: str) -> None:
    """In the middle of an answer, and with a whole one that is never taken; one that reads slowly is not."""
    times = {"write_stall_seconds": 0.5, "keepalive_seconds": 0.3, "linger_seconds": 0.3}
    with Served(loop, **times) as served:
        with RawClient(*served.address, receive_buffer=4096) as dead, RawClient(*served.address) as slow:
            for one in (dead, slow):
                one.socket.settimeout(30)
            dead.send((post(b"x" * 90_000, path) if path == "/echo" else get(path)) * 40)
            slow.send(get("/flood/3000000"))
            slow.until(b"\r\n\r\n")
            left = 3_000_000 - len(slow.heard)
            while left:
                left -= len(slow.socket.recv(100_000))
                time.sleep(0.05)
            until(lambda: len(served.listener._connections) <= 1)
        assert served.trouble == []
