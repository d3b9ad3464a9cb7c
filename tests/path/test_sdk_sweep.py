"""Each method of the ``openai`` and ``anthropic`` SDKs, called without the gateway and through it: the provider
receives the same request, and the client the same answer.

Only what must differ does: the credential's header, the connection's own headers, and links that lead back here.
"""

import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest
from anthropic._resource import SyncAPIResource as AnthropicResource
from openai._resource import SyncAPIResource as OpenAIResource

from tests.path.sweep import arguments
from tests.path.sweep.methods import COMPOSED, OUTSIDE, OVERRIDES, Method, all_of, family_outside
from tests.support.gateway import CALLER_KEY, KEY, Gateway, settings
from tests.support.provider import Header, Provider, Received, Scripted, json_answer, stream_answer

CLIENTS = {
    "openai": (openai.OpenAI(api_key="unused"), OpenAIResource),
    "anthropic": (anthropic.Anthropic(api_key="unused"), AnthropicResource),
}
METHODS = [method for sdk, (client, kind) in CLIENTS.items() for method in all_of(sdk, client, kind)]
SERVED = [each for each in METHODS if not family_outside(each)]
CALLED = [each for each in SERVED if f"{each.resource}.{each.name}" not in COMPOSED[each.sdk]]
STREAMED = [each for each in CALLED if arguments.streams(each.on(CLIENTS[each.sdk][0]))]

# What speaks of one connection alone, and the encodings that the gateway asks for in its own name.
_CONNECTIONS_OWN = {"connection", "accept-encoding"}
_CREDENTIALS = {"authorization": "Bearer ", "x-api-key": ""}
_PROTOCOL = (
    ("request-id", "req_1"),
    ("x-request-id", "req_2"),
    ("openai-processing-ms", "12"),
    ("anthropic-ratelimit-requests-limit", "50"),
    ("x-unknown", "kept"),
)

ENDINGS = {
    "/v1/messages": b'event: message_stop\ndata: {"type": "message_stop"}\n\n',
    "/v1/responses": b'event: response.completed\ndata: {"type": "response.completed", "sequence_number": 1}\n\n',
}
_STREAM = re.compile(rb'"stream":\s*true|name="stream"\r\n\r\ntrue')


@dataclass
class Answering:
    """A provider whose answers hold what it was asked, oddly spaced."""

    base_url: str = ""

    def __call__(self, request: Received) -> Scripted:
        if _STREAM.search(request.body) or "stream=true" in request.target:
            first = b'event: first\ndata: {"type" : "first"}\n\n'
            ending = ENDINGS.get(request.path, b"data: [DONE]\n\n")
            return stream_answer(first, ending, headers=_PROTOCOL)
        if not re.search(r"json$|\*/\*", request.header("accept") or "*/*") or request.path.endswith("/results"):
            headers = (("content-type", "application/octet-stream"), *_PROTOCOL)
            return Scripted(200, headers, (b"\x00\xff bytes of " + request.path.encode(),))
        body = {
            "id": "thing_1",
            "processing_status": "ended",
            "results_url": f"{self.base_url}/v1/messages/batches/thing_1/results",
            "data": [{"id": "thing_2"}],
            "has_more": False,
            "asked": f"{request.method} {request.target}",
        }
        return json_answer(json.dumps(body, indent=3).encode(), headers=_PROTOCOL)


@dataclass(frozen=True)
class Seen:
    """A request as the provider got it, or an answer as the client did, ready to be compared."""

    line: str
    headers: Sequence[Header]
    body: bytes


class Stage:
    """One provider, and each SDK's client with and without the gateway before it."""

    def __init__(self, provider: Provider, gateway: Gateway) -> None:
        self.provider = provider
        self.gateway = gateway
        self.compared = 0
        own = {"X-Provider-Key": CALLER_KEY}
        self.clients: dict[str, tuple[Any, Any]] = {
            "openai": (
                openai.OpenAI(api_key=CALLER_KEY, base_url=f"{provider.base_url}/v1", max_retries=0),
                openai.OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0, default_headers=own),
            ),
            "anthropic": (
                anthropic.Anthropic(api_key=CALLER_KEY, base_url=provider.base_url, max_retries=0),
                anthropic.Anthropic(api_key=KEY, base_url=gateway.url, max_retries=0, default_headers=own),
            ),
        }

    def call(self, client: Any, method: Method, given: dict[str, Any]) -> tuple[list[Seen], Seen]:
        """What one call makes the provider receive, and what the client gets for it."""
        before = len(self.provider.received)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            raw = method.on(client)(**given)
        answer = raw.http_response
        body = answer.read().replace(self.gateway.url.encode(), self.provider.base_url.encode())
        kept = {name for name, _ in _PROTOCOL} | {"content-type"}
        headers = sorted((name, value) for name, value in answer.headers.items() if name in kept)
        return [received(each) for each in self.provider.received[before:]], Seen(
            str(answer.status_code), headers, body
        )

    def compare(self, method: Method, given: dict[str, Any]) -> None:
        """The same call on both ways."""
        direct, through = self.clients[method.sdk]
        asked, got = self.call(direct, method, given)
        asked_through, got_through = self.call(through, method, given)
        assert asked
        assert asked_through == asked
        assert got_through == got
        assert (got.line, len(got.headers)) == ("200", len(_PROTOCOL) + 1)
        self.compared += 1


def received(request: Received) -> Seen:
    """A request without what must differ: which header shows the credential, and a form's random boundary."""
    headers = []
    body = request.body
    for name, value in request.headers:
        if name in _CREDENTIALS:
            headers.append(("credential", value.removeprefix(_CREDENTIALS[name])))
        elif name == "content-type" and "boundary=" in value:
            boundary = value.partition("boundary=")[2]
            headers.append((name, value.replace(boundary, "…")))
            body = body.replace(boundary.encode(), b"...")
        elif name not in _CONNECTIONS_OWN:
            headers.append((name, value))
    return Seen(f"{request.method} {request.target}", sorted(headers), body)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, uncaptured: Any) -> Iterator[Stage]:
    answering = Answering()
    with Provider(answering) as provider:
        answering.base_url = provider.base_url
        rows = {
            "anthropic": {"dialect": "anthropic", "base_url": provider.base_url},
            "openai": {"dialect": "openai", "base_url": f"{provider.base_url}/v1"},
        }
        with Gateway(settings(**rows), tmp_path_factory.mktemp("sweep")) as gateway:
            made = Stage(provider, gateway)
            yield made
            for clients in made.clients.values():
                for client in clients:
                    client.close()
    with uncaptured():
        left_out = len(METHODS) - len(CALLED)
        print(f"\nSDK sweep: {made.compared} calls of {len(CALLED)} methods compared; {left_out} methods left out")


@pytest.fixture(scope="module")
def uncaptured(request: pytest.FixtureRequest) -> Any:
    """Lets a line through to whoever runs the tests."""
    return request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled


@pytest.mark.parametrize("method", CALLED, ids=str)
def test_a_call_with_what_it_needs(stage: Stage, method: Method) -> None:
    """The least that a method can be called with crosses as it is."""
    stage.compare(method, arguments.of(method.on(CLIENTS[method.sdk][0]), optional=False))


@pytest.mark.parametrize("method", CALLED, ids=str)
def test_a_call_with_all_that_it_takes(stage: Stage, method: Method) -> None:
    """Every parameter crosses, wherever the SDK puts it: path, query, header, body or form."""
    given = arguments.of(method.on(CLIENTS[method.sdk][0]), optional=True)
    stage.compare(method, {**given, **OVERRIDES.get(str(method), {})})


@pytest.mark.parametrize("method", STREAMED, ids=str)
def test_a_call_that_streams(stage: Stage, method: Method) -> None:
    """What can be had as a stream crosses as one."""
    given = arguments.of(method.on(CLIENTS[method.sdk][0]), optional=False)
    stage.compare(method, {**given, "stream": True})


@pytest.mark.parametrize("sdk", OUTSIDE)
def test_what_is_left_out_is_left_out_on_purpose(sdk: str) -> None:
    """A method that a new release of an SDK brings is either swept or decided about."""
    counted: dict[str, int] = {}
    for method in METHODS:
        family = family_outside(method)
        if method.sdk == sdk and family is not None:
            counted[family] = counted.get(family, 0) + 1
    assert counted == {family: count for family, (count, _) in OUTSIDE[sdk].items()}
    served = {f"{each.resource}.{each.name}" for each in SERVED if each.sdk == sdk}
    assert COMPOSED[sdk] <= served
