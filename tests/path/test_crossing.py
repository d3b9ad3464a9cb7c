"""What crosses the gateway and what never does: headers, credentials, queries, statuses, in both directions."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import ask
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

ANSWER = b'{"id" : "msg_1","unknown":[1,2.50,"\\u00e9"]}'
BACK = (
    ("request-id", "req_1"),
    ("x-request-id", "req_2"),
    ("anthropic-organization-id", "org_1"),
    ("anthropic-ratelimit-requests-limit", "50"),
    ("x-ratelimit-limit-requests", "60"),
    ("retry-after", "3"),
    ("x-should-retry", "true"),
    ("x-tomorrow", "kept"),
    ("set-cookie", "session=1"),
    ("alt-svc", 'h3=":443"'),
    ("x-penstock-provider", "forged"),
    ("keep-alive", "timeout=5"),
)


def script(request: Received) -> Scripted:
    status = int(request.header("x-ask-status") or 200)
    kind = request.header("x-ask-type") or "application/json"
    told = request.header("x-ask-body")
    body = ANSWER if told is None else told.encode()
    return Scripted(status, (("content-type", kind), *BACK), (body,))


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with Provider(script) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    rows = {
        "anthropic": {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY},
        "openai": {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": OPERATOR_KEY},
        "gemini": {"dialect": "gemini", "base_url": f"{provider.base_url}/base/"},
        "local": {"dialect": "openai", "base_url": f"{provider.base_url}/local/v1", "auth": "none"},
        "fixed": {"dialect": "openai", "base_url": f"{provider.base_url}/fixed", "api_key": OPERATOR_KEY,
                  "auth": "x-api-key", "headers": {"OpenAI-Organization": "org-operators"}},
    }  # fmt: skip
    config = settings(**rows)
    config["models"] = [{"match": "llama*", "provider": "local"}, {"match": "fixed", "provider": "fixed"}]
    with Gateway(config, tmp_path_factory.mktemp("gateway")) as running:
        yield running


def test_a_body_crosses_byte_for_byte(gateway: Gateway, provider: Provider) -> None:
    """Law 1: odd spacing, escapes, unknown and repeated fields arrive as they were sent, both ways."""
    body = b'{ "model":"m",\n"z":1,"a":"\\u0041\\/\xc3\xa9", "z":2 , "n":1.0e5 }\n'
    got = ask(gateway, body=body)
    assert provider.received[-1].body == body
    assert got.body == ANSWER


def test_headers_that_speak_of_the_way_here_go_no_further(gateway: Gateway, provider: Provider) -> None:
    """Unknown and protocol headers go on; what speaks of the gateway, of the connection or of the client stays."""
    sent = {
        "anthropic-beta": "a,b",
        "x-stainless-lang": "python",
        "user-agent": "test/1",
        "x-unknown": "yes",
        "accept": "application/json",
        "accept-encoding": "gzip, br",
        "cookie": "a=b",
        "x-forwarded-for": "10.0.0.1",
        "x-real-ip": "10.0.0.1",
        "forwarded": "for=10.0.0.1",
        "via": "1.1 proxy",
        "x-penstock-anything": "1",
        "X-Mintoken-Intensity": "full",
        "connection": "x-nominated",
        "x-nominated": "1",
        "te": "trailers",
        "proxy-authorization": "Basic xyz",
    }
    ask(gateway, "/v1/messages?beta=true&key=drop&intensity=lite&x=%20", headers=sent)
    request = provider.received[-1]
    assert dict(request.headers) == {
        "host": provider.base_url.removeprefix("http://"),
        "accept-encoding": "identity",
        "content-type": "application/json",
        "content-length": str(len(request.body)),
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "a,b",
        "x-stainless-lang": "python",
        "user-agent": "test/1",
        "x-unknown": "yes",
        "accept": "application/json",
        "x-api-key": OPERATOR_KEY,
    }
    assert request.target == "/v1/messages?beta=true&x=%20"


def test_a_stated_version_is_not_replaced(gateway: Gateway, provider: Provider) -> None:
    """``anthropic-version`` gets its default only where the client left it out."""
    ask(gateway, headers={"anthropic-version": "2026-10-21"})
    assert provider.received[-1].header("anthropic-version") == "2026-10-21"


@pytest.mark.parametrize(
    ("target", "headers", "key", "name", "value"),
    [
        ("/v1/messages", {}, KEY, "x-api-key", OPERATOR_KEY),
        ("/v1/messages", {"authorization": f"Bearer {KEY}"}, None, "x-api-key", OPERATOR_KEY),
        ("/v1/messages", {"x-provider-key": CALLER_KEY}, KEY, "x-api-key", CALLER_KEY),
        ("/v1/messages", {"x-provider-key": "sk-ant-oat01-x"}, KEY, "authorization", "Bearer sk-ant-oat01-x"),
        ("/v1/messages", {"x-penstock-key": KEY, "authorization": "Bearer sk-ant-oat01-x"}, None,
         "authorization", "Bearer sk-ant-oat01-x"),
        ("/v1/messages", {"authorization": f"Bearer {CALLER_KEY}"}, KEY, "x-api-key", OPERATOR_KEY),
        ("/v1/chat/completions", {}, KEY, "authorization", f"Bearer {OPERATOR_KEY}"),
        ("/v1/chat/completions", {"x-provider-key": CALLER_KEY}, KEY, "authorization", f"Bearer {CALLER_KEY}"),
        ("/gemini/v1beta/models/g:generateContent", {"x-provider-key": CALLER_KEY}, KEY, "x-goog-api-key", CALLER_KEY),
        (f"/gemini/v1/models/g:generateContent?key={CALLER_KEY}", {"x-penstock-key": KEY}, None,
         "x-goog-api-key", CALLER_KEY),
    ],
)  # fmt: skip
def test_one_credential_goes_out(
    gateway: Gateway, provider: Provider, target: str, headers: dict[str, str], key: str | None, name: str, value: str
) -> None:
    """Exactly one credential reaches the provider, in the right header; the URL holds none."""
    assert ask(gateway, target, headers=headers, key=key).status == 200
    request = provider.received[-1]
    slots = ("x-api-key", "authorization", "x-goog-api-key", "x-provider-key", "x-penstock-key")
    assert {slot: request.header(slot) for slot in slots if request.header(slot)} == {name: value}
    assert "key=" not in request.target


def test_a_server_that_asks_for_nothing(gateway: Gateway, provider: Provider) -> None:
    """A row with ``auth: none`` is shown no credential, not even the caller's; the rule's base path is used."""
    got = ask(gateway, "/v1/chat/completions", '{"model":"llama3"}', {"x-provider-key": CALLER_KEY})
    request = provider.received[-1]
    assert request.target == "/local/v1/chat/completions"
    assert CALLER_KEY not in repr(request)
    assert got.headers["x-penstock-provider"] == "local"


def test_a_row_with_its_own_header_and_auth(gateway: Gateway, provider: Provider) -> None:
    """The operator's fixed headers replace the client's; ``auth`` names the header of the credential."""
    ask(gateway, "/v1/chat/completions", '{"model":"fixed"}', {"openai-organization": "org-callers"})
    request = provider.received[-1]
    assert [value for name, value in request.headers if name == "openai-organization"] == ["org-operators"]
    assert request.header("x-api-key") == OPERATOR_KEY
    assert request.target == "/fixed/chat/completions"


def test_the_accounts_own_headers_stay_here(gateway: Gateway) -> None:
    """Under the operator's credential the account's rate limits stay here; the rest comes back, with our own beside."""
    got = ask(gateway)
    kept = {"request-id": "req_1", "x-request-id": "req_2", "anthropic-organization-id": "org_1",
            "retry-after": "3", "x-should-retry": "true", "x-tomorrow": "kept"}  # fmt: skip
    assert kept.items() <= got.headers.items()
    for gone in (
        "anthropic-ratelimit-requests-limit",
        "x-ratelimit-limit-requests",
        "set-cookie",
        "alt-svc",
        "keep-alive",
    ):
        assert gone not in got.headers
    assert got.headers["x-penstock-provider"] == "anthropic"
    assert len(got.headers["x-penstock-exchange-id"]) == 28
    for prefix in ("x-penstock-", "x-mintoken-"):
        assert got.headers[prefix + "duration-ms"].isdigit()
        assert float(got.headers[prefix + "overhead-ms"]) >= 0


def test_rate_limits_come_back_to_the_callers_own_credential(gateway: Gateway) -> None:
    """They describe the caller's own account then."""
    got = ask(gateway, headers={"x-provider-key": CALLER_KEY})
    assert got.headers["anthropic-ratelimit-requests-limit"] == "50"
    assert got.headers["x-ratelimit-limit-requests"] == "60"


@pytest.mark.parametrize("status", [400, 402, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504, 529])
def test_the_providers_errors_are_relayed(gateway: Gateway, status: int) -> None:
    """Status and bytes as they came, whatever they are; under the caller's own credential 401 and 403 too."""
    headers = {"x-ask-status": str(status), "x-ask-body": "<html>no json</html>", "x-ask-type": "text/html",
               "x-provider-key": CALLER_KEY}  # fmt: skip
    got = ask(gateway, headers=headers)
    assert (got.status, got.body) == (status, b"<html>no json</html>")
    assert got.headers["content-type"] == "text/html"
    assert got.headers["x-should-retry"] == "true"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_operators_credential(gateway: Gateway, status: int) -> None:
    """A relayed 401 would send users to log in: they are told that it is not theirs to mend, and not to retry."""
    got = ask(gateway, headers={"x-ask-status": str(status)})
    assert got.status == 502
    assert got.headers["x-should-retry"] == "false"
    assert "operator" in json.loads(got.body)["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", "<html>", 200),
        ("text/event-stream", "plain", 200),
        ("text/html", "<html>hello</html>", 502),
        ("text/plain", "method=POST", 502),
        ("text/plain", '   {"id":1}', 200),
        ("text/plain", "[1]", 200),
        ("application/octet-stream", "data: {}", 200),
        ("text/plain", ": comment", 200),
        ("text/plain", "event: x", 200),
        ("text/plain", "id of nothing", 502),
        ("application/json", "", 502),
        ("text/event-stream", "", 502),
    ],
)
def test_a_good_status_without_a_good_answer(gateway: Gateway, kind: str, body: str, status: int) -> None:
    """A 200 that is no JSON and no event stream, or empty, is a 502, not to be retried: it may have been paid for."""
    got = ask(gateway, headers={"x-ask-type": kind, "x-ask-body": body})
    assert got.status == status
    if status == 502:
        assert got.headers["x-should-retry"] == "false"
        assert got.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_never_pass(tmp_path_factory: pytest.TempPathFactory, status: int) -> None:
    """A client that followed one would carry the gateway key elsewhere."""
    with Provider(lambda _: Scripted(status, (("location", "http://127.0.0.1:9/"),))) as provider:
        config = settings(anthropic={"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY})
        with Gateway(config, tmp_path_factory.mktemp("redirect")) as gateway:
            got = ask(gateway)
    assert got.status == 502
    assert "location" not in got.headers


@pytest.mark.parametrize(
    ("target", "body", "headers", "key", "status", "says"),
    [
        ("/v1/messages", "{}", {}, None, 401, "No gateway key"),
        ("/v1/messages", "{}", {}, "sk-nobodys", 401, "does not know"),
        ("/gemini/v1/models/g:generateContent", "{}", {}, KEY, 400, "X-Provider-Key"),
        ("/v1/messages", '{"model":"llama3"}', {}, KEY, 400, "/openai/v1/chat/completions"),
        ("/v1/messages", '{"model":', {}, KEY, 400, "not valid JSON"),
        ("/v1/messages", "[]", {}, KEY, 400, "JSON object"),
        ("/v1/messages", "", {}, KEY, 400, "not valid JSON"),
        ("/v1/messages", b'{"model":"' + b"\xff" + b'"}', {}, KEY, 400, "not valid JSON"),
        ("/v1/messages", "[" * 100_000, {}, KEY, 400, ""),
        ("/v1/messages", '{"a":' * 100_000, {}, KEY, 400, ""),
        ("/v1/nothing", "{}", {}, KEY, 404, "no such route"),
    ],
)
def test_what_the_gateway_refuses(
    gateway: Gateway, provider: Provider, target: str, body: str, headers: dict[str, str], key: str | None, status: int,
    says: str,
) -> None:  # fmt: skip
    """Bad input gets its status and words, never a retry, and never reaches the provider."""
    before = len(provider.received)
    got = ask(gateway, target, body, headers, key=key)
    assert got.status == status
    assert says in json.loads(got.body)["error"]["message"]
    assert got.headers["x-should-retry"] == "false"
    assert len(provider.received) == before


@pytest.mark.parametrize("target", ["/", "/api/hello", "/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_probes_need_no_key_and_reach_no_provider(gateway: Gateway, target: str, method: str) -> None:
    """Probes need no key and reach no provider; HEAD has no body."""
    got = ask(gateway, target, None, method=method, key=None)
    assert got.status == 200
    assert bool(got.body) is (method == "GET")


def test_websockets_are_refused_as_codex_needs_it(gateway: Gateway) -> None:
    """426 makes Codex switch to POST at once; other statuses cost it seconds or the session (wire contract 4.4)."""
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-key": "eA==",
        "sec-websocket-version": "13",
    }
    got = ask(gateway, "/v1/responses", None, upgrade, method="GET")
    assert got.status == 426


@pytest.mark.parametrize(("name", "body"), [("m", '{"model":"m","stream":"yes"}'), ("m", '{"model":7}')])
def test_wrong_types_are_the_providers_to_refuse(gateway: Gateway, provider: Provider, name: str, body: str) -> None:
    """A model or stream flag of a wrong type goes up as it came: the provider says so in its own words."""
    del name
    assert ask(gateway, body=body).status == 200
    assert provider.received[-1].body == body.encode()


def test_answers_are_relayed_compressed_if_they_come_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Asked for identity, a provider that compresses anyway has its bytes passed on."""
    packed = bytes(range(256))
    with Provider(lambda _: json_answer(packed, headers=[("content-encoding", "gzip")])) as provider:
        config = settings(anthropic={"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY})
        with Gateway(config, tmp_path_factory.mktemp("packed")) as gateway:
            got = ask(gateway)
    assert (got.headers["content-encoding"], got.body) == ("gzip", packed)


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/responses", "/v1/conversations"])
def test_half_a_character_passes(tmp_path: Path, path: str) -> None:
    """Clients that cut texts between the halves of a character send ``\\ud83d`` alone: JSON, and not ours to refuse."""
    body = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"\\ud83d x"}],"input":"\\ud83d"}'
    with Provider(lambda _: json_answer(b"{}")) as provider:
        rows = {
            name: {"dialect": name, "base_url": provider.base_url, "api_key": OPERATOR_KEY}
            for name in ("anthropic", "openai")
        }
        with Gateway(settings(**rows), tmp_path) as gateway:
            assert ask(gateway, path, body).status == 200
        assert provider.received[-1].body == body
