"""How plain bytes become an example of each target, and what to begin with.

For a fuzzer that changes bytes and keeps those that reach new code. What comes first says how the rest is cut, so that
a seed is a message as it is, with a few bytes before it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.fuzz import targets
from tests.fuzz.grammar import CHUNKED_ANSWER, GOOD_ANSWER, GOOD_REQUEST
from tests.path.wire.raw import LAST_CHUNK, chunk, head, sized
from tests.path.wire.streams import STREAMS
from tests.support.corpus import Recorded, found_folder, recorded

LONGEST = 4096
"""Of a recorded seed: a longer one costs more time with every change of it than it finds."""
_RECORDED = 40
"""Recorded seeds of each target, at most."""


@dataclass(frozen=True)
class Seeded:
    """``check`` takes any bytes; ``words`` are what a change may put into them."""

    check: Callable[[bytes], None]
    written: Iterable[bytes]
    """Seeds that need no recordings."""
    taken: Callable[[Recorded], bytes | None]
    """A seed of something recorded, if it holds one."""
    words: tuple[bytes, ...] = field(repr=False)


def seeds(name: str) -> Iterator[bytes]:
    """All seeds of a target, those of recorded traffic only where that is."""
    yield from SEEDED[name].written
    if found_folder() is not None:
        found = {seed for one in recorded() if (seed := SEEDED[name].taken(one)) and len(seed) <= LONGEST}
        yield from Random(name).sample(sorted(found), min(_RECORDED, len(found)))


def parted(data: bytes) -> tuple[int, list[int], bytes]:
    """A number to choose by, where to cut, and what."""
    choice, count = data[:1], data[1:2]
    begins = 2 + 2 * (count[0] & 7 if count else 0)
    rest = data[begins:]
    cuts = [int.from_bytes(data[at : at + 2], "big") % (len(rest) + 1) for at in range(2, begins, 2)]
    return choice[0] if choice else 0, cuts, rest


def _uncut(told: bytes, choice: int = 0) -> bytes:
    return bytes((choice, 0)) + told


# --- HTTP -----------------------------------------------------------------------------------------------------------


def _listener(data: bytes) -> None:
    _, cuts, sent = parted(data)
    targets.listener(sent, cuts)


def _upstream(data: bytes) -> None:
    choice, cuts, sent = parted(data)
    targets.upstream(sent, cuts, close=bool(choice & 1))


_CHUNKED = "Transfer-Encoding: chunked"
_START = "POST /v1/messages HTTP/1.1"
_BODY = chunk(b"abc") + b"4;a=b\r\nabcd\r\n"
_REQUESTS = (
    GOOD_REQUEST,
    GOOD_REQUEST * 2,
    head(_START, "Host: gateway", _CHUNKED) + _BODY + LAST_CHUNK,
    head(_START, "Host: gateway", _CHUNKED, "Trailer: X-A") + _BODY + b"0\r\nX-A: b\r\n\r\n" + GOOD_REQUEST,
    head(_START, "Host: gateway", "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 3") + b"abc" + GOOD_REQUEST,
    head(_START, "Host: gateway", "Expect: 100-continue", "Connection: close", "Content-Length: 3") + b"abc",
    head("GET http://gateway/v1/models?a=b HTTP/1.1", "Host: gateway", "Accept: */*"),
    head("OPTIONS * HTTP/1.0", "Connection: keep-alive"),
)
_ANSWERS = (
    GOOD_ANSWER,
    CHUNKED_ANSWER,
    head("HTTP/1.1 103 Early Hints", "Link: </a>") + sized(b"{}", "X-A: b"),
    head("HTTP/1.1 204 No Content", "Connection: close"),
    head("HTTP/1.0 200 OK", "Content-Type: text/event-stream") + b"data: 1\n\n",
    head("HTTP/1.1 200 OK", _CHUNKED) + _BODY + b"0\r\nX-A: b\r\n\r\n",
)


def _lines(headers: dict[str, str]) -> list[str]:
    framing = {"content-length", "transfer-encoding", "content-encoding", "host"}
    return [f"{name}: {value}" for name, value in headers.items() if name.lower() not in framing and value.isascii()]


def _request(one: Recorded) -> bytes | None:
    if one.response_only or not one.path.isascii():
        return None
    body = bytes(one.request_body)
    start = f"{one.method} {one.path} HTTP/1.1"
    return _uncut(head(start, "Host: gateway", *_lines(one.request_headers), f"Content-Length: {len(body)}") + body)


def _answer(one: Recorded) -> bytes:
    body, lines = one.response_body.encode(), _lines(one.response_headers)
    if one.sse:
        return _uncut(head(f"HTTP/1.1 {one.status} -", *lines, _CHUNKED) + chunk(body) + LAST_CHUNK)
    return _uncut(head(f"HTTP/1.1 {one.status} -", *lines, f"Content-Length: {len(body)}") + body)


_HTTP = (
    b"Host: ", b"Content-Length: ", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n", b"keep-alive",
    b"Upgrade", b"Expect: 100-continue\r\n", b"identity", b"gzip", b", chunked", b"Trailer: ", b"HTTP/1.0",
    b"HTTP/1.1 ", b"\r\n\r\n", b"\r\n ", b"0\r\n\r\n", b";a=\"b\"\r\n", b"ffffffffffffffff\r\n",
    b"18446744073709551616", b"GET ", b"POST ", b"HEAD ", b"CONNECT ", b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 -\r\n", b"HTTP/1.1 304 -\r\n", b"http://gateway/",
    b"Content-Encoding: ", b"\x00", b"\xff", b"\t", b" :",
)  # fmt: skip

# --- events, and what stands in JSON --------------------------------------------------------------------------------


def _events(data: bytes) -> None:
    _, cuts, stream = parted(data)
    targets.events(stream, cuts)


def _used(data: bytes) -> None:
    row, cuts, told = parted(data)
    targets.used(row, told, cuts)


_OPERATIONS = {
    "messages": "messages.create", "chat.completions": "chat.completions.create", "responses": "responses.create",
    "generateContent": "models.generateContent", "streamGenerateContent": "models.streamGenerateContent",
    "embeddings": "embeddings.create", "completions": "completions.create", "images.generations": "images.generate",
    "batchEmbedContents": "models.batchEmbedContents", "audio.transcriptions": "audio.transcriptions.create",
}  # fmt: skip
_ROWS = {row.operation: at for at, row in reversed(list(enumerate(targets.COUNTED)))}


def _told(one: Recorded) -> bytes | None:
    operation = _OPERATIONS.get(one.endpoint)
    return None if operation is None else _uncut(one.response_body.encode(), _ROWS[operation])


def _stream(one: Recorded) -> bytes | None:
    return _uncut(one.response_body.encode()) if one.sse else None


def _body(one: Recorded) -> bytes | None:
    return None if one.response_only else bytes(one.request_body)


_JSON = (
    b"{", b"}", b"[", b"]", b",", b":", b"\\", b'"', b"null", b"true", b"false", b"-1", b"1e999", b"0.5", b"NaN",
    b"\xff", b"9" * 30, b"\\ud83d\\ude00", b"\\ud800", b"\xef\xbb\xbf", b"\x00", b'"model":', b'"stream":true',
    b'"mod\\u0065l"',
)  # fmt: skip
_USAGE = (
    b'"usage":{', b'"usageMetadata":{', b'"input_tokens":', b'"output_tokens":', b'"prompt_tokens":',
    b'"completion_tokens":', b'"total_tokens":', b'"promptTokenCount":', b'"candidatesTokenCount":',
    b'"cache_read_input_tokens":', b'"cache_creation":{', b'"prompt_tokens_details":{"cached_tokens":',
    b'"server_tool_use":{', b'"service_tier":', b'"message":{', b'"response":{', b'"error":{',
    b'"type":"message_delta"', b'"type":"message_stop"', b'"modelVersion":', b'"response.completed"',
    b'"finishReason":', b'"finish_reason":', b'"stop_reason":', b'"iterations":[',
)  # fmt: skip
_EVENTS = (b"data:", b"data: ", b"event: ", b"id: ", b"retry: ", b": ", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r\n",
           b"data: [DONE]\n\n", b"\xef\xbb\xbf")  # fmt: skip
_STREAMS = tuple(stream.whole for stream in STREAMS)

_USED = tuple(_uncut(told, row) for told in targets.TELLING for row in range(len(targets.COUNTED)))
_HEADS = (b'{"model":"m","stream":true}', b'{"a":[1,-2.5e3,"\\u00e9"],"model":"m"}')

SEEDED = {
    "listener": Seeded(_listener, tuple(map(_uncut, _REQUESTS)), _request, _HTTP),
    "upstream": Seeded(_upstream, tuple(_uncut(one, closes) for one in _ANSWERS for closes in (0, 1)), _answer, _HTTP),
    "events": Seeded(_events, tuple(map(_uncut, _STREAMS)), _stream, _EVENTS),
    "head": Seeded(targets.head, _HEADS, _body, _JSON),
    "usage": Seeded(_used, _USED, _told, (*_JSON, *_USAGE, *_EVENTS)),
}
