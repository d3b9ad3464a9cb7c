"""Each dialect speaks every fault in its own envelope; stream endings obey the dialect's hard rules."""

import json

import msgspec
import pytest

from penstock.core.dialect import Dialect
from penstock.core.document import Facts
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.routes import match

DIALECTS: list[Dialect] = [Anthropic(), OpenAI(), Gemini()]
WORDS = "What happened, and what to do."


def met(path: str) -> Match:
    return match(RequestHead("POST", path.encode(), ()))


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.label)
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_fault_in_every_dialect(dialect: Dialect, kind: FaultKind) -> None:
    """Status, words, request id and the retry answer are there, in the shape that the dialect's SDKs read."""
    answer = dialect.fault(Fault(kind=kind, words=WORDS, detail="private", retry_after=7), "ex_1")
    headers = dict(answer.headers)
    body = json.loads(answer.body)
    assert answer.status == kind.status
    assert headers[b"content-type"] == b"application/json"
    assert headers[b"retry-after"] == b"7"
    assert (headers.get(b"x-should-retry") == b"false") is not kind.retryable
    assert b"private" not in answer.body
    error = body["error"]
    assert error["message"] == WORDS
    if dialect.name == "anthropic":
        assert (body["type"], body["request_id"], headers[b"request-id"]) == ("error", "ex_1", b"ex_1")
        assert error["type"] in {
            "invalid_request_error", "authentication_error", "not_found_error", "request_too_large", "api_error",
            "overloaded_error", "timeout_error", "rate_limit_error", "billing_error",
        }  # fmt: skip
    elif dialect.name == "openai":
        assert set(error) == {"message", "type", "param", "code"}
        assert headers[b"x-request-id"] == b"ex_1"
    else:
        assert headers[b"x-request-id"] == b"ex_1"
        assert error["code"] == kind.status
        assert error["status"].isupper()


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_what_would_be_allowed_is_told(dialect: Dialect) -> None:
    """RFC 9110, 15.5.6: a 405 names the methods; and a wait may be told in milliseconds too."""
    fault = Fault(kind=FaultKind.METHOD_NOT_ALLOWED, words=WORDS, allow=("GET", "POST"), retry_after_ms=250)
    headers = dict(dialect.fault(fault, "ex_1").headers)
    assert (headers[b"allow"], headers[b"retry-after-ms"]) == (b"GET, POST", b"250")
    assert b"allow" not in dict(dialect.fault(Fault(kind=FaultKind.TOO_LARGE, words=WORDS), "ex_1").headers)


@pytest.mark.parametrize(
    ("kind", "anthropic", "openai", "gemini"),
    [
        (FaultKind.UNAUTHENTICATED, "authentication_error", "invalid_api_key", "UNAUTHENTICATED"),
        (FaultKind.OBJECT_NOT_FOUND, "not_found_error", None, "NOT_FOUND"),
        (FaultKind.TOO_LARGE, "request_too_large", None, "INVALID_ARGUMENT"),
        (FaultKind.BROKEN_ANSWER, "api_error", None, "UNAVAILABLE"),
        (FaultKind.OVERLOADED, "overloaded_error", None, "UNAVAILABLE"),
        (FaultKind.TIMED_OUT, "timeout_error", None, "DEADLINE_EXCEEDED"),
        (FaultKind.REFUSED, "invalid_request_error", "content_policy_violation", "INVALID_ARGUMENT"),
        (FaultKind.THROTTLED, "rate_limit_error", "rate_limit_exceeded", "RESOURCE_EXHAUSTED"),
        (FaultKind.EXHAUSTED, "billing_error", "insufficient_quota", "RESOURCE_EXHAUSTED"),
        (FaultKind.TOO_MUCH, "invalid_request_error", "request_exceeds_quota", "INVALID_ARGUMENT"),
        (FaultKind.UNPRICED, "invalid_request_error", "model_not_priced", "FAILED_PRECONDITION"),
    ],
)
def test_the_codes_that_clients_act_on(kind: FaultKind, anthropic: str, openai: str | None, gemini: str) -> None:
    """Each dialect's own code for the kinds that its clients tell apart."""
    bodies = [json.loads(dialect.fault(Fault(kind=kind, words=WORDS), "ex_1").body)["error"] for dialect in DIALECTS]
    assert (bodies[0]["type"], bodies[1]["code"], bodies[2]["status"]) == (anthropic, openai, gemini)


@pytest.mark.parametrize(
    "kind", [FaultKind.ENCODING_UNSUPPORTED, FaultKind.ENCODING_INVALID, FaultKind.TOO_LARGE_DECODED]
)
def test_anthropics_codes_for_encoded_bodies(kind: FaultKind) -> None:
    """SDKs of the second generation choose the exception by ``error.details.error_code``."""
    body = json.loads(Anthropic().fault(Fault(kind=kind, words=WORDS), "ex_1").body)
    assert body["error"]["details"]["error_code"].startswith("request_body_")


@pytest.mark.parametrize(
    ("dialect", "path", "last", "ending"),
    [
        (Anthropic(), "/v1/messages", b"", b'event: error\ndata: {"type":"error","error":{"type":"api_error",'),
        (OpenAI(), "/v1/chat/completions", b"", b'data: {"error":{"message":"'),
        (OpenAI(), "/v1/completions", b"", b'data: {"error":{"message":"'),
        (OpenAI(), "/v1/responses", b'x "sequence_number":7} y "sequence_number": 8}', b'"sequence_number":9}'),
        (OpenAI(), "/v1/responses", b"", b'event: error\ndata: {"type":"error","code":"server_error"'),
        (Gemini(), "/gemini/v1/models/g:streamGenerateContent", b"", b'data: {"error":{"code":502,'),
    ],
)
def test_a_stream_that_was_cut(dialect: Dialect, path: str, last: bytes, ending: bytes) -> None:
    """The ending is one whole frame of the dialect's own error."""
    fault = Fault(kind=FaultKind.BROKEN_ANSWER, words=WORDS)
    frames = dialect.broken_off(met(path), fault, "ex_1", last)
    assert ending in frames
    assert frames.endswith((b"\n\n", b"\r\n\r\n"))
    assert frames.strip().count(b"\n\n") == 0


@pytest.mark.parametrize(
    ("path", "last", "expected"),
    [
        ("/v1/responses", b'"sequence_number":7', ("bad_gateway", 8)),
        ("/v1/responses", b"", ("bad_gateway", 0)),
        ("/v1/chat/completions", b"", None),
    ],
)
def test_every_word_of_an_openai_error(path: str, last: bytes, expected: tuple[str, int] | None) -> None:
    """In a stream: of Responses an event with a number, of chats the same envelope as in an answer."""
    fault = Fault(kind=FaultKind.BROKEN_ANSWER, words=WORDS, code="bad_gateway")
    data = json.loads(OpenAI().broken_off(met(path), fault, "ex_1", last).split(b"data: ")[1])
    if expected is None:
        assert data == {"error": {"message": WORDS, "type": "server_error", "param": None, "code": "bad_gateway"}}
    else:
        code, number = expected
        assert data == {"type": "error", "code": code, "message": WORDS, "param": None, "sequence_number": number}


@pytest.mark.parametrize(
    ("kind", "said"),
    [(FaultKind.INTERNAL, "server_error"), (FaultKind.BROKEN_ANSWER, "server_error"),
     (FaultKind.TOO_LARGE, "invalid_request_error"), (FaultKind.NOT_FOUND, "invalid_request_error")],
)  # fmt: skip
def test_openai_says_whose_fault_it_is(kind: FaultKind, said: str) -> None:
    """From status 500 on it is the server's."""
    body = json.loads(OpenAI().fault(Fault(kind=kind, words=WORDS), "ex_1").body)
    assert (body["error"]["type"], body["error"]["param"]) == (said, None)


def test_what_each_provider_wants_in_its_headers() -> None:
    """A credential where the dialect has its place, an OAuth token of Anthropic's as Bearer; and a version."""
    told = [dialect.credential_header("secret") for dialect in DIALECTS]
    assert told == [(b"x-api-key", b"secret"), (b"authorization", b"Bearer secret"), (b"x-goog-api-key", b"secret")]
    assert Anthropic().credential_header("sk-ant-oat01-x") == (b"authorization", b"Bearer sk-ant-oat01-x")
    bare = RequestHead("POST", b"/v1/messages", ())
    versioned = RequestHead("POST", b"/v1/messages", ((b"anthropic-version", b"2024-01-01"),))
    assert [dialect.required_headers(bare) for dialect in DIALECTS] == [
        ((b"anthropic-version", b"2023-06-01"),), (), ()
    ]  # fmt: skip
    assert [dialect.required_headers(versioned) for dialect in DIALECTS] == [(), (), ()]


@pytest.mark.parametrize(
    ("dialect", "path", "keep_alive", "required", "last", "array"),
    [
        (Anthropic(), "/v1/messages", b'event: ping\ndata: {"type": "ping"}\n\n', True, b"message_stop", False),
        (OpenAI(), "/v1/chat/completions", b": keep-alive\n\n", False, b"[DONE]", False),
        (OpenAI(), "/v1/responses", b": keep-alive\n\n", True, b'"response.completed"', False),
        (Gemini(), "/gemini/v1beta/models/g:streamGenerateContent", b"\n", False, b"", True),
        (Gemini(), "/gemini/v1beta/models/g:generateContent", b"\n", False, b"", False),
    ],
)
def test_the_manner_of_a_stream(
    dialect: Dialect, path: str, keep_alive: bytes, required: bool, last: bytes, array: bool
) -> None:
    """What keeps it alive, and how it ends."""
    manner = dialect.manner(met(path))
    assert (manner.keep_alive, manner.ending_required, manner.last, manner.array) == (keep_alive, required, last, array)


def test_where_the_model_is_named() -> None:
    """In the body; of Gemini's in the path, which says too whether the answer streams."""
    body = Facts(model="models/b", stream=True)
    for dialect, path in ((DIALECTS[0], "/v1/messages"), (DIALECTS[1], "/v1/responses")):
        assert dialect.facts(met(path), body) is body
    gemini, base = DIALECTS[2], "/gemini/v1beta/"
    told = [
        gemini.facts(met(base + path), body)
        for path in ("models/g:generateContent", "models/g:streamGenerateContent", "cachedContents")
    ]
    assert [(one.model, one.stream) for one in told] == [("g", False), ("g", True), ("models/b", False)]
    named = msgspec.structs.replace(met(base + "models/g:generateContent"), parameters=(("model", "models/h"),))
    assert gemini.facts(named, body).model == "h"
