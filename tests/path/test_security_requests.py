"""Mistake class: the request that reaches the provider is another than the one that was matched and allowed: path
tricks, rebuilt URLs and Host headers (CVE-2026-48710), client-chosen hosts (CVE-2024-6587, CVE-2025-66405), line
breaks that begin a header or a request of their own, headers that override the method.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.path.attacker import KEYED, answering, attack, send
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

MESSAGES, GEMINI = "/v1/messages", "/gemini/v1beta/models/m:generateContent"
NAMED = f"X-Penstock-Key: {KEY}"


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Provider]:
    """Where an attacker would have requests go; no row leads here but under its own model."""
    with Provider(lambda _: json_answer(b'{"id":"x"}')) as running:
        yield running


def script(request: Received) -> Scripted:
    if request.path.startswith("/v1/messages/batches"):
        url = request.header("x-ask-url") or ""
        return json_answer(json.dumps({"id": "msgbatch_1", "results_url": url}).encode())
    return json_answer(b'{"id":"x"}')


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(script) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(provider: Provider, elsewhere: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    rows = {
        name: {"dialect": name, "base_url": provider.base_url + path, "api_key": OPERATOR_KEY}
        for name, path in (("anthropic", ""), ("openai", "/v1"), ("gemini", ""))
    }
    rows["other"] = {"dialect": "openai", "base_url": elsewhere.base_url, "api_key": OPERATOR_KEY + "-other"}
    config = settings(**rows)
    config["models"] = [{"match": "other", "provider": "other"}]
    with Gateway(config, tmp_path_factory.mktemp("gateway")) as running:
        yield running


NO_ROUTE = [
    ("POST", "//v1/messages", 400),
    ("POST", "/v1//messages", 400),
    ("POST", "/./v1/messages", 404),
    ("POST", "/v1/./messages", 404),
    ("POST", "/v1/x/../messages", 404),
    ("POST", "/gemini/../v1/messages", 404),
    ("POST", "/anthropic/../openai/v1/chat/completions", 404),
    ("POST", "/anthropic/openai/v1/messages", 404),
    ("POST", "/openai/anthropic/v1/messages", 404),
    ("POST", "/openai/v1/messages", 404),
    ("POST", "/v1/v1/v1/messages", 404),
    ("POST", "/V1/messages", 404),
    ("POST", "/v1/messages/", 404),
    ("POST", "/v1/messages;a=1", 404),
    ("POST", "/v1/messages%20", 404),
    ("POST", "/v1/messages%2f", 404),
    ("POST", "/v1%2fmessages", 404),
    ("POST", "/v1/%6dessages", 404),
    ("POST", "/v1/messages%00", 404),
    ("POST", "/v1/messages%23", 404),
    ("POST", "/v1/messages%3fa=b", 404),
    ("POST", "/v1/messages%5c..", 404),
    ("POST", "/v1\\messages", 404),
    ("POST", "/v1/messages" + "/a" * 5000, 404),
    ("POST", "/" + "a" * 60_000, 404),
    ("POST", "/" + "a" * 70_000, 431),
    ("POST", "/v1/messages#fragment", 400),
    ("POST", "http://elsewhere.test/v1/messages", 400),
    ("POST", "http://gateway.test@elsewhere.test/v1/messages", 400),
    ("POST", "http://gateway.test:81/v1/messages", 400),
    ("POST", "ftp://gateway.test/v1/messages", 400),
    ("POST", "gateway.test:80", 400),
    ("OPTIONS", "*", 400),
    ("GET", "/v1/models/..", 404),
    ("GET", "/v1/models/.", 404),
    ("GET", "/v1/models/%2e%2e", 404),
    ("GET", "/v1/models/%2e%2e%2fadmin", 404),
    ("GET", "/v1/models/a%2f..%2fb", 404),
    ("GET", "/v1/models/a%2f%2fb", 404),
    ("GET", "/v1/models/a%2f", 404),
    ("GET", "/v1/models/%2fa", 404),
    ("GET", "/v1/models/%252e%252e", 404),
    ("GET", "/v1/models/a%5cb", 404),
    ("GET", "/v1/models/a;b", 404),
    ("GET", "/v1/models/a%3fb", 404),
    ("GET", "/v1/models/a%23b", 404),
    ("GET", "/v1/models/a%0d%0ab", 404),
    ("GET", "/v1/models/a%00", 404),
    ("GET", "/v1/models/%c0%ae%c0%ae", 404),
    ("GET", "/v1/models/%ef%bc%8e%ef%bc%8e", 404),
    ("POST", "/gemini/v1beta/models/m%2f..%2f..%2fx:generateContent", 404),
    ("POST", "/gemini/v1beta/models/m:batchGenerateContent", 404),
    ("POST", "/gemini/v1beta/tunedModels/m:generateContent", 404),
    ("GET", "/gemini/v1beta/corpora", 404),
    ("GET", "/v1/organization/api_keys", 404),
    ("POST", "/v1/models/m", 405),
    ("TRACE", "/v1/messages", 405),
    ("CONNECT", "/v1/messages", 405),
]


@pytest.mark.parametrize(("method", "target", "status"), NO_ROUTE)
def test_only_templates_are_called(gateway: Gateway, provider: Provider, method: str, target: str, status: int) -> None:
    """A path that is no template's, letter by letter, reaches no provider, though the key is good."""
    before = len(provider.received)
    got = attack(gateway, target, body=b"{}" if method == "POST" else b"", method=method)
    assert (got.status, len(provider.received)) == (status, before), got


MATCHED = [
    ("/anthropic/v1/messages", MESSAGES),
    ("/v1/v1/messages", MESSAGES),
    ("/anthropic/v1/v1/messages", MESSAGES),
    ("http://gateway.test/v1/messages?a=%0d%0ab", MESSAGES + "?a=%0d%0ab"),
    ("/openai/v1/v1/chat/completions", "/v1/chat/completions"),
    ("/gemini/v1beta/models/models%2Fm:countTokens", "/v1beta/models/models%2Fm:countTokens"),
    (MESSAGES + "?x=/../../admin&y=http://elsewhere.test", MESSAGES + "?x=/../../admin&y=http://elsewhere.test"),
]


@pytest.mark.parametrize(("target", "received"), MATCHED)
def test_what_was_matched_is_what_is_called(gateway: Gateway, provider: Provider, target: str, received: str) -> None:
    """Behind every alias the provider sees the template's own path, and the query as it was sent."""
    assert attack(gateway, target).status == 200
    assert provider.received[-1].target == received


HOSTS = [
    "X-Forwarded-Host: elsewhere.test",
    "X-Forwarded-Server: elsewhere.test",
    "Forwarded: host=elsewhere.test",
    "X-Original-URL: /admin",
    "X-Rewrite-URL: /admin",
    "X-HTTP-Method-Override: GET",
    "X-HTTP-Method: DELETE",
    "X-Method-Override: DELETE",
]


@pytest.mark.parametrize("line", HOSTS)
def test_no_header_makes_it_another_request(gateway: Gateway, provider: Provider, line: str) -> None:
    """Services that honour such a header would serve what was never matched: it stays here, and the host is ours."""
    assert attack(gateway, MESSAGES, (*KEYED, line)).status == 200
    request = provider.received[-1]
    assert request.header(line.partition(":")[0]) is None
    assert request.header("host") == provider.base_url.removeprefix("http://")


@pytest.mark.parametrize("query", ["$httpMethod=GET", "%24httpMethod=GET", "$HTTPHEADERS=X-A%3Ab", "$http%48eaders=a"])
def test_no_query_makes_it_another_request(gateway: Gateway, provider: Provider, query: str) -> None:
    """Google's way around CORS carries method and headers in the query: it stays here, its neighbours go on."""
    assert attack(gateway, f"{GEMINI}?{query}&alt=sse").status == 200
    assert provider.received[-1].target == "/v1beta/models/m:generateContent?alt=sse"


BREAKS = ["%0d%0aX-Injected:%20yes", "%0aX-Injected:%20yes", "%00", "%20HTTP/1.1", "%e2%82%ac", "%ff", "%7f",
          "%0d%0a%0d%0aGET%20/admin%20HTTP/1.1%0d%0aHost:%20x%0d%0a%0d%0a"]  # fmt: skip


@pytest.mark.parametrize("inside", BREAKS)
def test_a_credential_ends_no_header_line(gateway: Gateway, provider: Provider, inside: str) -> None:
    """What a query's escapes spell becomes a header's value only if it is a credential; else 400, and nothing goes."""
    before = len(provider.received)
    got = attack(gateway, f"{GEMINI}?key=abc{inside}def", (NAMED,))
    assert (got.status, len(provider.received)) == (400, before), got


@pytest.mark.parametrize("value", ["a b", "\xe9", "a\tb"])
def test_a_provider_key_is_visible_ascii(gateway: Gateway, provider: Provider, value: str) -> None:
    """Anything else would arrive as other bytes than were meant, or be read as two words."""
    before = len(provider.received)
    assert attack(gateway, MESSAGES, (*KEYED, f"X-Provider-Key: {value}")).status == 400
    assert len(provider.received) == before


LINES = ["A: x\r\n folded: yes", "A: x\x00y", "A: x\ry: z", "A: x\ny: z", "A: x\x7f", "A: x\x0b", "A : x", " A: x",
         "A\xe9: x", ": x", "Transfer-Encoding : chunked", "Content-Length: 5", "Host: elsewhere.test"]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_broken_header_passes_nothing(gateway: Gateway, provider: Provider, line: str) -> None:
    """Whatever could mean two things to two readers is refused whole."""
    before = len(provider.received)
    got = attack(gateway, MESSAGES, (*KEYED, line))
    assert (got.status, len(provider.received)) == (400, before), got


ANSWERS = [b"A: x\r\n folded", b"A: x\x00y", b"A: x\ry", b"A: x\x0b", b"A : x", b"A\xe9: x", b"Transfer-Encoding: gzip"]


@pytest.mark.parametrize("line", ANSWERS)
def test_a_broken_answer_passes_nothing(tmp_path_factory: pytest.TempPathFactory, line: bytes) -> None:
    """The way back is no wider: a provider's answer that breaks HTTP is the gateway's own 502."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    with answering(head + line + b"\r\n\r\n{}") as url:
        row = {"dialect": "anthropic", "base_url": url, "api_key": OPERATOR_KEY}
        with Gateway(settings(anthropic=row), tmp_path_factory.mktemp("broken")) as gateway:
            got = attack(gateway, MESSAGES)
    assert got.status == 502, got
    assert b"\nA" not in got.content


LINKS = [
    "https://elsewhere.test/v1/messages/batches/msgbatch_1/results",
    "{base}@elsewhere.test/v1/messages/batches/msgbatch_1/results",
    "{base}.elsewhere.test/v1/messages/batches/msgbatch_1/results",
    "//elsewhere.test/v1/x",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("link", LINKS)
def test_links_to_others_are_not_made_ours(gateway: Gateway, provider: Provider, link: str) -> None:
    """Only a link to the called provider's own origin leads here: the gateway lends its name to nobody else."""
    url = link.format(base=provider.base_url)
    got = attack(gateway, "/v1/messages/batches/msgbatch_1", (*KEYED, f"X-Provider-Key: {CALLER_KEY}",
                 f"x-ask-url: {url}", "anthropic-version: 2023-06-01"), b"", method="GET")  # fmt: skip
    assert got.status == 200
    assert url.encode() in got.content
    assert b"gateway.test" not in got.content


@pytest.mark.parametrize("host", ["a b", "a@b", "a/b", "a?b", "a\\b", "", "[", "a:b:c", "é", "a#b", "<a>", "a%0d%0ab"])
def test_no_link_is_made_of_a_hostile_host(gateway: Gateway, provider: Provider, host: str) -> None:
    """A Host that could end a URL's authority early makes no link."""
    lines = ["GET /v1/messages/batches/msgbatch_1 HTTP/1.1", f"Host: {host}", *KEYED, "Connection: close",
             f"X-Provider-Key: {CALLER_KEY}", f"x-ask-url: {provider.base_url}/v1/messages/batches/msgbatch_1/results",
             "anthropic-version: 2023-06-01", "", ""]  # fmt: skip
    got = send(gateway, "\r\n".join(lines).encode("latin-1"))
    assert got.status == 400, got


def test_the_callers_key_goes_to_the_named_provider_alone(
    gateway: Gateway, provider: Provider, elsewhere: Provider
) -> None:
    """A header, a query or a body's URL never chooses the host; a model rule does, and then it is the only one."""
    own = (*KEYED, f"X-Provider-Key: {CALLER_KEY}", "X-Forwarded-Host: " + elsewhere.base_url[7:],
           "x-portkey-custom-host: " + elsewhere.base_url)  # fmt: skip
    body = json.dumps({"model": "m", "api_base": elsewhere.base_url, "base_url": elsewhere.base_url}).encode()
    before = len(elsewhere.received)
    assert attack(gateway, f"/v1/chat/completions?base_url={elsewhere.base_url}", own, body).status == 200
    assert len(elsewhere.received) == before
    here = len(provider.received)
    assert attack(gateway, "/v1/chat/completions", own, b'{"model":"other"}').status == 200
    assert elsewhere.received[-1].header("authorization") == f"Bearer {CALLER_KEY}"
    assert OPERATOR_KEY not in repr(elsewhere.received[-1])
    assert len(provider.received) == here


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (KEYED, [("authorization", "Bearer operators-fixed"), ("x-api-key", OPERATOR_KEY)]),
        ((*KEYED, f"X-Provider-Key: {CALLER_KEY}"), [("x-api-key", CALLER_KEY)]),
        ((NAMED, f"authorization: Bearer {CALLER_KEY}"), [("authorization", f"Bearer {CALLER_KEY}")]),
    ],
)
def test_two_parties_credentials_never_go_together(
    tmp_path: Path, headers: tuple[str, ...], sent: list[tuple[str, str]]
) -> None:
    """With the caller's own credential objects are the caller's business: then nothing of the operator's opens them."""
    with Provider(script) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY,
               "headers": {"authorization": "Bearer operators-fixed"}}  # fmt: skip
        with Gateway(settings(anthropic=row), tmp_path) as gateway:
            assert attack(gateway, MESSAGES, headers).status == 200
    shown = [header for header in provider.received[-1].headers if header[0] in {"authorization", "x-api-key"}]
    assert shown == sent
