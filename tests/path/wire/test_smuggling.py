"""Requests that two parties could read differently: the provider gets exactly one clean request, or nothing."""

from collections.abc import Iterator

import pytest

from tests.path.wire.house import House
from tests.path.wire.raw import LAST_CHUNK, Visit, answering, chunk, head, sized, split
from tests.support.gateway import KEY, OPERATOR_KEY

BODY = b'{"model":"m","max_tokens":9,"messages":[]}'
SMUGGLED = b"POST /v1/files HTTP/1.1\r\nHost: evil\r\nX-Smuggled: 1\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with House(tmp_path_factory.mktemp("house")) as running:
        running.provider.play(answering(sized(b'{"id":"msg_1"}')))
        yield running
        assert running.trouble == []


def request(
    *lines: str,
    start: str = "POST /v1/messages HTTP/1.1",
    host: str | None = "gateway",
    length: bool = True,
    body: bytes = BODY,
    key: bool = True,
) -> bytes:
    """A request, good unless something is asked to be bad; ``lines`` stand as they are."""
    usual = [f"Host: {host}"] if host is not None else []
    usual += [f"X-Api-Key: {KEY}"] if key else []
    usual += ["Content-Type: application/json"]
    usual += [f"Content-Length: {len(body)}"] if length else []
    return head(start, *usual, *lines) + body


def chunks(*lines: str, body: bytes | None = None) -> bytes:
    whole = chunk(BODY) + LAST_CHUNK if body is None else body
    return request("Transfer-Encoding: chunked", *lines, length=False, body=whole)


def statuses(house: House, sent: bytes) -> list[int]:
    """The status of every answer until the connection ends, or until nothing more comes."""
    found: list[int] = []
    quiet = False
    with house.client(timeout=0.25) as client:
        client.send(sent)
        while True:
            try:
                found.append(client.answer().status)
                quiet = False
            except (EOFError, ConnectionError):
                return found
            except TimeoutError:
                if quiet:
                    return [*found, 0]
                # It may only be late: whoever asks afterwards is answered after it.
                quiet = True
                with house.client() as later:
                    later.send(head("GET /healthz HTTP/1.1", "Host: gateway"))
                    assert later.answer().status == 200


# --- where a body ends --------------------------------------------------------------------------------------------

REFUSED = [
    ("a length and chunks", request("Transfer-Encoding: chunked", body=LAST_CHUNK + SMUGGLED)),
    ("chunks and a length", chunks("Content-Length: 5", body=LAST_CHUNK + SMUGGLED)),
    ("a length and chunks in disguise", request("Transfer-Encoding: xchunked", body=LAST_CHUNK + SMUGGLED)),
    ("two lengths that differ", request("Content-Length: 0", body=BODY + SMUGGLED)),
    ("two equal lengths", request(f"Content-Length: {len(BODY)}")),
    ("a list of lengths", request(f"Content-Length: {len(BODY)}, {len(BODY)}", length=False)),
    ("a length with a sign", request(f"Content-Length: +{len(BODY)}", length=False)),
    ("a length below zero", request("Content-Length: -1", length=False)),
    ("a length in hexadecimal", request("Content-Length: 0x2a", length=False)),
    ("a length with an underscore", request("Content-Length: 4_2", length=False)),
    ("an empty length", request("Content-Length:", length=False)),
    ("a length beyond 64 bits", request("Content-Length: 18446744073709551658", length=False)),
    ("a length with a space in it", request("Content-Length: 4 2", length=False)),
    ("a length in other digits", request("Content-Length: \u00b9", length=False)),
    ("chunks twice", request("Transfer-Encoding: chunked, chunked", length=False, body=LAST_CHUNK + SMUGGLED)),
    ("chunks in two lines", chunks("Transfer-Encoding: chunked")),
    ("chunks, then identity", chunks("Transfer-Encoding: identity")),
    ("identity", request("Transfer-Encoding: identity", length=False)),
    ("gzip, then chunks", request("Transfer-Encoding: gzip, chunked", length=False, body=chunk(BODY) + LAST_CHUNK)),
    ("chunks, then gzip", request("Transfer-Encoding: chunked, gzip", length=False, body=chunk(BODY) + LAST_CHUNK)),
    ("chunks in quotes", request('Transfer-Encoding: "chunked"', length=False, body=chunk(BODY) + LAST_CHUNK)),
    ("chunks with a parameter", request("Transfer-Encoding: chunked;q=1", length=False, body=chunk(BODY) + LAST_CHUNK)),
    ("a vertical tab", request("Transfer-Encoding: \x0bchunked", length=False, body=chunk(BODY) + LAST_CHUNK)),
    ("a space before the colon", request("Transfer-Encoding : chunked", body=BODY)),
    ("a tab before the colon", request("Content-Length\t: 3", length=False)),
    ("a space before the name", request(" Transfer-Encoding: chunked", body=BODY)),
    ("a folded line", request("X-A: 1\r\n Transfer-Encoding: chunked")),
    ("a folded line with a tab", request("Transfer-Encoding:\r\n\tchunked")),
    ("a bare LF in a header", request("X-A: 1\nTransfer-Encoding: chunked")),
    ("a bare CR in a header", request("X-A: 1\rTransfer-Encoding: chunked")),
    ("bare LFs alone", request().replace(b"\r\n", b"\n")),
    ("NUL in a value", request("X-A: 1\x00")),
    ("NUL in a name", request("X-\x00A: 1")),
    ("a control character", request("X-A: \x01")),
    ("an empty name", request(": 1")),
    ("a name with a bracket", request("X(A): 1")),
    ("a name beyond ASCII", request("X-\u00e4: 1")),
    ("no colon", request("X-A")),
    ("HTTP/1.0 with chunks", chunks().replace(b"HTTP/1.1", b"HTTP/1.0", 1)),
    ("a chunk size with a space", chunks(body=b"3 \r\nabc\r\n" + LAST_CHUNK)),
    ("a chunk size in hexadecimal notation", chunks(body=b"0x3\r\nabc\r\n" + LAST_CHUNK)),
    ("a negative chunk size", chunks(body=b"-3\r\nabc\r\n" + LAST_CHUNK)),
    ("a chunk size beyond 64 bits", chunks(body=b"10000000000000003\r\nabc\r\n" + LAST_CHUNK)),
    ("a chunk longer than it says", chunks(body=b"3\r\nabcd\r\n" + LAST_CHUNK)),
    ("chunks with bare LFs", chunks(body=b"3\nabc\n0\n\n")),
    ("an empty chunk size", chunks(body=b"\r\nabc\r\n" + LAST_CHUNK)),
    ("a length in a trailer", chunks(body=b"0\r\nContent-Length: 5\r\n\r\n" + SMUGGLED)),
]  # fmt: skip


@pytest.mark.parametrize("sent", [row[1] for row in REFUSED], ids=[row[0] for row in REFUSED])
@pytest.mark.parametrize("step", [1 << 20, 1])
def test_a_body_with_two_meanings_reaches_nobody(house: House, sent: bytes, step: int) -> None:
    """One 400, the connection ends, and what might follow the body is never read as a request."""
    house.provider.visits.clear()
    with house.client() as client:
        client.send(*split(sent + SMUGGLED, range(0, len(sent), step)))
        assert client.answer().status == 400
        assert client.ended()
    assert house.provider.requests == []


def test_a_body_with_one_meaning_arrives_once(house: House) -> None:
    """Chunked and sized, with spaces around values and in any case: one request with one length, and nothing else."""
    for sent in (
        request(),
        request("content-LENGTH:\t42  ", length=False),
        chunks(),
        request("TRANSFER-encoding:  Chunked ", length=False, body=chunk(BODY[:5]) + chunk(BODY[5:]) + LAST_CHUNK),
        chunks(body=b"2a;ext=1\r\n" + BODY + b"\r\n0\r\nX-Trailer: 1\r\n\r\n"),
    ):
        house.provider.visits.clear()
        house.provider.play(answering(sized(b"{}")))
        assert statuses(house, sent + request(start="GET /healthz HTTP/1.1", body=b"", length=False)) == [200, 200, 0]
        (arrived,) = house.provider.requests
        assert arrived.body == BODY
        assert arrived.head.lower().count(b"\r\ncontent-length: 42") == 1
        assert b"transfer-encoding" not in arrived.head.lower()
        assert b"trailer" not in arrived.head.lower()


# --- who is meant -------------------------------------------------------------------------------------------------

HOSTS = [
    ("no Host", request(host=None)),
    ("two Hosts", request("Host: other")),
    ("two equal Hosts", request("Host: gateway")),
    ("a Host with a path", request(host="gateway/v1")),
    ("a Host with a user", request(host="me@gateway")),
    ("a Host with a space", request(host="gate way")),
    ("a list of Hosts", request(host="gateway, evil#")),
    ("a Host beyond ASCII", request(host="g\u00e4teway")),
    ("another host in the target", request(start="POST http://evil/v1/messages HTTP/1.1")),
    ("a user in the target", request(start="POST http://gateway@evil/v1/messages HTTP/1.1")),
    ("another scheme", request(start="POST ftp://gateway/v1/messages HTTP/1.1")),
    ("CONNECT", request(start="CONNECT evil:443 HTTP/1.1", body=b"", length=False)),
    ("an authority for a target", request(start="POST evil:443 HTTP/1.1")),
    ("a target without a slash", request(start="POST v1/messages HTTP/1.1")),
    ("an asterisk", request(start="POST * HTTP/1.1")),
    ("a fragment", request(start="POST /v1/messages#/../files HTTP/1.1")),
    ("a space in the target", request(start="POST /v1/ messages HTTP/1.1")),
    ("a tab in the target", request(start="POST /v1/\tmessages HTTP/1.1")),
    ("NUL in the target", request(start="POST /v1/\x00messages HTTP/1.1")),
    ("a target beyond ASCII", request(start="POST /v1/m\u00e4ssages HTTP/1.1")),
    ("a query beyond ASCII", request(start="POST /v1/messages?x=\u00e4 HTTP/1.1")),
    ("DEL in the target", request(start="POST /v1/\x7fmessages HTTP/1.1")),
    ("two slashes in front", request(start="POST //v1/messages HTTP/1.1")),
    ("two slashes within", request(start="POST /v1//messages HTTP/1.1")),
    ("two slashes at the end", request(start="POST /v1/messages// HTTP/1.1")),
    ("no version", request(start="POST /v1/messages")),
    ("HTTP/0.9", request(start="POST /v1/messages HTTP/0.9")),
    ("HTTP/1.2", request(start="POST /v1/messages HTTP/1.2")),
    ("HTTP/2.0", request(start="POST /v1/messages HTTP/2.0")),
    ("HTTP/2 itself", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ("http in small letters", request(start="POST /v1/messages http/1.1")),
    ("an unknown method", request(start="SMUGGLE /v1/messages HTTP/1.1")),
    ("a method in small letters", request(start="post /v1/messages HTTP/1.1")),
    ("TLS on a plain port", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100),
]  # fmt: skip


@pytest.mark.parametrize("sent", [row[1] for row in HOSTS], ids=[row[0] for row in HOSTS])
def test_a_target_with_two_meanings_reaches_nobody(house: House, sent: bytes) -> None:
    """One 400, and the connection ends."""
    house.provider.visits.clear()
    with house.client() as client:
        client.send(sent + SMUGGLED)
        assert client.answer().status == 400
        assert client.ended()
    assert house.provider.requests == []


PATHS = [
    "/v1/../v1/messages", "/v1/messages/../files", "/v1/./messages", "/v1/%2e%2e/messages", "/v1/messages/%2e%2e/files",
    "/v1%2fmessages", "/v1/messages%2fbatches", "/%2fv1/messages", "/v1/messages%00", "/v1/messages%0d%0aX-A:1",
    "/v1/messages/batches/%2e%2e", "/v1/files/%2e%2e%2fmessages", "/v1/files/..%2f..%2fmessages",
    "/v1/files/a%2f..%2fb",
    "/v1/files/a%5c..%5cb", "/v1/files/a%0d%0ab", "/v1/files/a%20HTTP/1.1", "/v1/files/%ff", "/v1/messages;/x",
    "/v1/messages.", "/V1/messages", "/anthropic/../v1/messages", "/anthropic/openai/v1/messages",
    "/v1/v1/v1/messages", "/gemini/v1beta/models/../files:generateContent", "/v1\\messages",
    "/gemini/v1beta/models/a%2f..%2fb:generateContent",
    "/internal", "/v1",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_path_that_is_no_route_reaches_nobody(house: House, path: str, method: str) -> None:
    """Dots, slashes and control characters, plain or encoded, climb nowhere."""
    house.provider.visits.clear()
    body = BODY if method == "POST" else b""
    (status, *_) = statuses(house, request("Connection: close", start=f"{method} {path} HTTP/1.1", body=body))
    assert status in {400, 404, 405}
    assert house.provider.requests == []


CLEAN = [
    ("as usual", request(), b"POST /v1/messages HTTP/1.1"),
    ("with the host in the target", request(start="POST http://GATEWAY/v1/messages?beta=true HTTP/1.1"),
     b"POST /v1/messages?beta=true HTTP/1.1"),
    ("with https in the target", request(start="POST https://gateway/v1/messages HTTP/1.1"),
     b"POST /v1/messages HTTP/1.1"),
    ("with a port", request(host="gateway:8080"), b"POST /v1/messages HTTP/1.1"),
    ("with an IPv6 address", request(host="[::1]:8080"), b"POST /v1/messages HTTP/1.1"),
    ("HTTP/1.0 without a Host", request(start="POST /v1/messages HTTP/1.0", host=None), b"POST /v1/messages HTTP/1.1"),
    ("a query with slashes", request(start="POST /v1/messages?next=//x/../y HTTP/1.1"),
     b"POST /v1/messages?next=//x/../y HTTP/1.1"),
    ("line ends in front", b"\r\n\r\n" + request(), b"POST /v1/messages HTTP/1.1"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "start"), [row[1:] for row in CLEAN], ids=[row[0] for row in CLEAN])
def test_a_target_with_one_meaning_arrives_once(house: House, sent: bytes, start: bytes) -> None:
    """As a path, under the provider's own host name."""
    house.provider.play(answering(sized(b"{}")))
    assert statuses(house, sent)[0] == 200
    (arrived,) = house.provider.requests
    assert arrived.start == start
    assert arrived.header("host") == f"127.0.0.1:{house.provider.port}".encode()
    assert arrived.head.lower().count(b"\r\nhost:") == 1


# --- headers ------------------------------------------------------------------------------------------------------

NAMED = [
    ("Connection: X-Secret", "X-Secret: 1"),
    ("Connection: keep-alive, x-SECRET", "X-Secret: 1"),
    ("Connection: close,X-Secret ,, TE", "X-Secret: 1\r\nTE: trailers"),
    ("Connection: X-Secret\r\nConnection: keep-alive", "X-Secret: 1"),
    ("Connection: keep-alive\r\nConnection: X-Secret", "X-Secret: 1"),
    ("Connection: keep-alive", "Keep-Alive: timeout=5\r\nProxy-Connection: x\r\nTrailer: x\r\nProxy-Authorization: x"),
    ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c\r\nHTTP2-Settings: AAMA"),
]


@pytest.mark.parametrize("lines", NAMED, ids=str)
def test_what_speaks_of_one_connection_stays_on_it(house: House, lines: tuple[str, str]) -> None:
    """The headers that Connection names, whatever their case, and those that only ever speak of one connection."""
    house.provider.play(answering(sized(b"{}")))
    assert statuses(house, request("X-Kept: 1", *lines))[0] == 200
    (arrived,) = house.provider.requests
    names = {line.partition(b":")[0].lower() for line in arrived.head.split(b"\r\n")[1:]}
    assert names == {b"host", b"accept-encoding", b"x-kept", b"content-type", b"content-length", b"x-api-key",
                     b"anthropic-version"}  # fmt: skip


def test_a_header_can_not_grow_into_two(house: House) -> None:
    """What a value holds beyond plain text arrives as it was sent: bytes above ASCII, tabs, colons, percent signs."""
    house.provider.play(answering(sized(b"{}")))
    odd = "a\tb: c%0d%0aX-Injected: 1 \u00e4\u00ff;=\"'"
    assert statuses(house, request(f"X-Odd: {odd}"))[0] == 200
    (arrived,) = house.provider.requests
    assert arrived.header("x-odd") == odd.encode("latin-1")
    assert arrived.header("x-injected") is None


def test_a_credential_with_control_characters_goes_nowhere(house: House) -> None:
    """A caller's own key is written into the provider's request: it must not be able to add to it."""
    house.provider.play(answering(sized(b"{}")))
    for value in ("k\nX-Injected: 1", "k\rX-Injected: 1", "k\x00"):
        for name in ("X-Provider-Key", "X-Penstock-Key", "Authorization"):
            assert statuses(house, request(f"{name}: {value}")) == [400]
    assert house.provider.requests == []


@pytest.mark.parametrize("name", ["key", "intensity"])
@pytest.mark.parametrize("value", ["%0d%0aX-Injected:1", "a b", "%00", "a%26b"])
def test_a_query_can_not_grow_into_a_header(house: House, name: str, value: str) -> None:
    """What is taken out of the query is decoded nowhere on its way."""
    house.provider.play(answering(sized(b"{}")))
    found = statuses(house, request(start=f"POST /v1/messages?{name}={value}&x=1 HTTP/1.1"))
    assert found[0] in {200, 400}
    for arrived in house.provider.requests:
        assert arrived.start == b"POST /v1/messages?x=1 HTTP/1.1"
        assert arrived.header("x-injected") is None


def test_the_operators_key_is_the_only_one_that_arrives(house: House) -> None:
    """However many credentials come along."""
    house.provider.play(answering(sized(b"{}")))
    sent = request("X-Api-Key: other", "Authorization: Bearer other", "X-Goog-Api-Key: other", "Cookie: a=b")
    assert statuses(house, sent)[0] == 200
    (arrived,) = house.provider.requests
    assert arrived.header("x-api-key") == OPERATOR_KEY.encode()
    assert b"other" not in arrived.head
    assert KEY.encode() not in arrived.head


# --- answers ------------------------------------------------------------------------------------------------------


def test_two_answers_never_become_one_clients(house: House) -> None:
    """A provider that answers twice answers the first request; the next caller gets an answer of its own."""

    async def script(visit: Visit) -> None:
        while await visit.request() is not None:
            own = b'{"visit":%d,"request":%d}' % (visit.number, len(visit.requests))
            await visit.send(sized(own) + sized(b'{"for":"somebody else"}'))

    house.provider.play(script)
    for number in range(4):
        with house.client() as client:
            client.send(request())
            assert client.answer().body == b'{"visit":%d,"request":1}' % number


def test_an_answers_headers_can_not_grow_into_two(house: House) -> None:
    """A provider's header with a bare CR or LF is no answer; its names are checked as well."""
    for line in ("X-A: 1\rX-B: 2", "X-A: 1\nX-B: 2", "X-A: 1\x00", "X A: 1", "X-A: 1\r\n X-B: 2"):
        house.provider.play(answering(sized(b"{}", line)))
        with house.client() as client:
            client.send(request())
            answer = client.answer()
            assert answer.status == 502
            assert answer.header("x-b") is None
