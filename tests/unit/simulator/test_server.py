"""The simulator as a server: routes, whose envelope, determinism, memory, failures, encodings."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from penstock.core.fault import Fault, FaultKind
from penstock.core.head import RequestHead
from penstock.simulator.server import Simulator
from tests.unit.simulator.line import Line, listening

ANTHROPIC = {"anthropic-version": "2023-06-01"}
GOOGLE = {"x-goog-api-key": "k"}

MESSAGES = {"model": "m", "max_tokens": 500, "messages": [{"role": "user", "content": "Why bees?"}]}
REQUESTS: list[tuple[str, Any]] = [
    ("/v1/messages", MESSAGES),
    ("/v1/messages", {**MESSAGES, "stream": True, "thinking": {"type": "adaptive"}}),
    ("/v1/messages/count_tokens", MESSAGES),
    ("/v1/chat/completions", {"model": "gpt-5", "messages": MESSAGES["messages"], "stream": True}),
    ("/v1/completions", {"model": "m", "prompt": "Why bees?"}),
    ("/v1/responses", {"model": "gpt-5", "input": "Why bees?", "stream": True, "reasoning": {"summary": "auto"}}),
    ("/v1/responses/compact", {"model": "gpt-5", "input": "Why bees?"}),
    ("/v1/embeddings", {"model": "m", "input": "Why bees?"}),
    ("/v1/moderations", {"input": "Why bees?"}),
    (
        "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse",
        {"contents": [{"parts": [{"text": "Why bees?"}]}]},
    ),
    ("/v1beta/models/gemini-3.8-flash:generateContent", {"contents": [{"parts": [{"text": "Why bees?"}]}]}),
]


def envelope(body: Any) -> str:
    """Whose error this is."""
    if isinstance(body, list):
        return "gemini array"
    if body.get("type") == "error":
        return "anthropic"
    return "gemini" if "status" in body["error"] else "openai"


def test_the_same_request_gets_the_same_bytes(line: Line) -> None:
    """Headers and ids included, at once, later, and from another simulator with the same seed; not with another."""
    with listening() as twin, listening(seed=1) as other:
        for path, body in REQUESTS:
            heard = line.ask(path, body)
            assert heard.status == 200, heard.body
            assert heard == line.ask(path, body) == twin.ask(path, body), path
            assert heard != other.ask(path, body), path


def test_who_asks_does_not_matter(line: Line) -> None:
    """Credentials, in a header or in the query, are no part of a request."""
    path, body = REQUESTS[-1]
    heard = line.ask(path, body)
    assert heard == line.ask(path, body, GOOGLE) == line.ask(path + "?key=other", body)
    path, body = REQUESTS[0]
    assert line.ask(path, body) == line.ask(path + "?beta=true", body, {"authorization": "Bearer x", "user-agent": "y"})


def test_requests_have_ids_of_their_own(line: Line) -> None:
    """A conversation's next turn gets other ids than the last one, calls included."""
    ids = {line.ask("/v1/messages", {**MESSAGES, "max_tokens": 500 + more}).json["id"] for more in range(20)}
    assert len(ids) == 20


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "speaks"),
    [
        ("GET", "/v1/files", {}, 404, "openai"),
        ("GET", "/v1/files", ANTHROPIC, 404, "anthropic"),
        ("GET", "/v1/files?key=k", {}, 404, "gemini"),
        ("GET", "/v1/responses/resp_1", {}, 404, "openai"),
        ("POST", "/v1/messages/batches", {}, 404, "anthropic"),
        ("GET", "/v1beta/cachedContents", {}, 404, "gemini"),
        ("POST", "/v1beta/models/m:predict", {}, 404, "gemini"),
        ("POST", "/v1beta/models/m:predict", ANTHROPIC, 404, "gemini"),
        ("GET", "/", {}, 404, "openai"),
        ("GET", "/v1/messages", {}, 405, "anthropic"),
        ("DELETE", "/v1/models/m", {}, 405, "openai"),
        ("GET", "/v1beta/models/m:generateContent", {}, 405, "gemini"),
        ("GET", "/v1/responses", {"connection": "Upgrade", "upgrade": "websocket"}, 426, "openai"),
    ],
)
def test_what_is_not_served(
    line: Line, method: str, path: str, headers: dict[str, str], status: int, speaks: str
) -> None:
    """In the envelope of the dialect that the path or a header speaks; a 404 says that no objects are kept."""
    heard = line.ask(path, None, headers, method=method)
    assert (heard.status, envelope(heard.json)) == (status, speaks)
    if status == 404:
        assert "keeps no objects" in heard.json["error"]["message"]
    if status == 405:
        assert heard.headers["allow"] in {"POST", "GET"}


def test_the_shared_list_of_models(line: Line) -> None:
    """One path, three shapes; the answer to one is not given to another."""
    shapes = [
        line.ask("/v1/models", headers=headers).json for headers in ({}, ANTHROPIC, GOOGLE, {"x-goog-api-client": "c"})
    ]
    assert [sorted(shape)[0] for shape in shapes] == ["data", "data", "models", "models"]
    assert ["object" in shapes[0], "has_more" in shapes[1]] == [True, True]


def test_all_models_of_the_published_pages_are_listed(line: Line) -> None:
    """And those that the command-line clients ask for by themselves."""
    claude = {model["id"] for model in line.ask("/v1/models?limit=1000", headers=ANTHROPIC).json["data"]}
    assert claude >= {
        "claude-sonnet-4-5-20250929", "claude-3-5-sonnet-20241022", "claude-3-5-sonnet-latest", "claude-sonnet-4-6",
        "claude-sonnet-4", "claude-opus-4-5-20251101", "claude-opus-4", "claude-3-5-haiku-latest",
        "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5",
    }  # fmt: skip


@pytest.mark.parametrize("path", [path for path, _ in REQUESTS])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'"x"', b"\xff\xfe", b'{"model":"\\ud800"}'])
def test_nonsense_is_refused(line: Line, path: str, body: bytes) -> None:
    """With 400 and an envelope, never with a broken connection."""
    heard = line.ask(path, body, method="POST")
    assert heard.status == 400
    assert envelope(heard.json) in {"anthropic", "openai", "gemini"}


@pytest.mark.parametrize(
    ("path", "body", "kind", "field"),
    [
        (*REQUESTS[0], "overloaded_error", "type"),
        (*REQUESTS[3], "server_error", "type"),
        (*REQUESTS[5], "server_error", "type"),
        (*REQUESTS[-1], "UNAVAILABLE", "status"),
    ],
)
def test_a_failure_is_asked_for(line: Line, path: str, body: Any, kind: str, field: str) -> None:
    """By header, by model name and by prompt: status, words, code and retry headers, in each dialect."""
    header = "fail=503; retry-after=7; should-retry=false; words=Not now, please."
    heard = line.ask(path, body, {"x-simulate": header})
    assert (heard.status, heard.headers["retry-after"], heard.headers["x-should-retry"]) == (503, "7", "false")
    assert (heard.json["error"]["message"], heard.json["error"][field]) == ("Not now, please.", kind)
    words = json.dumps(body).replace("Why bees?", "simulate: set fail=418")
    assert line.ask(path, words.encode()).status == 418
    if "model" in body:
        assert line.ask(path, {**body, "model": "m+fail=451"}).status == 451


def test_a_failure_can_end(line: Line) -> None:
    """The same request fails so many times, and is then answered; another one has its own count."""
    header = {"x-simulate": "fail=529; times=2"}
    assert [line.ask("/v1/messages", MESSAGES, header).status for _ in range(4)] == [529, 529, 200, 200]
    assert line.ask("/v1/messages", {**MESSAGES, "max_tokens": 99}, header).status == 529


def test_retry_after_is_in_geminis_details(line: Line) -> None:
    """Where Google's clients look for it."""
    path, body = REQUESTS[-1]
    heard = line.ask(path, body, {"x-simulate": "fail=429; retry-after=3"})
    assert heard.json["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert heard.json["error"]["details"][0]["retryDelay"] == "3s"


def test_a_code_is_where_each_dialect_has_it(line: Line) -> None:
    """For clients that act on it."""
    header = {"x-simulate": "fail=400; code=context_length_exceeded"}
    assert line.ask(*REQUESTS[3], header).json["error"]["code"] == "context_length_exceeded"
    assert line.ask(*REQUESTS[0], header).json["error"]["details"] == {"error_code": "context_length_exceeded"}


def test_compressed_requests_are_read(line: Line) -> None:
    """They are the same requests; an encoding that nobody knows is refused."""
    packed = gzip.compress(json.dumps(MESSAGES).encode())
    assert line.ask("/v1/messages", packed, {"content-encoding": "gzip"}) == line.ask("/v1/messages", MESSAGES)
    for encoding, body in (("zip", b"x"), ("gzip", b"x")):
        heard = line.ask("/v1/messages", body, {"content-encoding": encoding})
        assert (heard.status, envelope(heard.json)) == (400, "anthropic")


def test_a_fault_before_the_handler_is_spoken_in_the_dialect() -> None:
    """The listener asks for the words, with a head or without."""
    simulator = Simulator()
    fault = Fault(kind=FaultKind.OVERLOADED, words="Later.", retry_after=2)
    for target, speaks in ((b"/v1/messages", "anthropic"), (b"/v1/responses", "openai"), (b"/v1beta/models", "gemini")):
        status, headers, body = simulator.refusal(fault, RequestHead("POST", target, ()))
        assert (status, envelope(json.loads(body)), dict(headers)[b"retry-after"]) == (503, speaks, b"2")
    assert simulator.refusal(fault, None)[0] == 503


@pytest.mark.slow
def test_memory_is_bounded() -> None:
    """However many different requests come, only so much is kept of them."""

    async def many() -> tuple[int, int]:
        simulator = Simulator()
        with_memory: Any = simulator
        route = RequestHead("POST", b"/v1/messages", ())
        for number in range(5000):
            body = json.dumps({**MESSAGES, "max_tokens": number + 1}).encode()
            await simulator.handle(Recorded(route, body))  # type: ignore[arg-type]
        return len(with_memory._replies), len(with_memory._seen)

    replies, seen = asyncio.run(many())
    assert 0 < replies <= 512
    assert 0 < seen <= 4096


class Recorded:
    """A request without a connection; its answer goes nowhere."""

    def __init__(self, head: RequestHead, body: bytes) -> None:
        self.head = head
        self._body = body

    async def body(self, _: int) -> bytes:
        return self._body

    def answer(self, *_: object, **__: object) -> None: ...

    def end(self, _: bytes = b"") -> None: ...
