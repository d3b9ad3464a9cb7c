"""A key that is held to models and operations, against a running gateway and real providers' shapes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from penstock.stores.keys import KeyStore, KeyTerms
from tests.path.reloading import rewritten
from tests.support.client import Got, ask
from tests.support.gateway import CALLER_KEY, KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer
from tests.support.waiting import until

LIST = b'{"data":[{"id":"claude-haiku-4-5"},{"id":"gpt-small"},{"id":"gpt-large"}]}'


def script(request: Received) -> Scripted:
    return json_answer(LIST if request.path.endswith("/models") else b"{}")


@dataclass
class Scene:
    """A gateway, its provider, and a key that may use ``gpt-small`` and ``claude-haiku-*``, and no files."""

    gateway: Gateway
    provider: Provider
    key: str

    def ask(self, target: str, body: object, **headers: str) -> Got:
        return ask(self.gateway, target, json.dumps(body), headers, key=self.key)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("permit")
    with Provider(script) as provider:
        rows = {
            name: {"dialect": name, "base_url": provider.base_url + base, "api_key": OPERATOR_KEY}
            for name, base in (("anthropic", ""), ("openai", "/v1"), ("gemini", ""))
        }
        rows["second"] = {"dialect": "openai", "base_url": provider.base_url + "/second/v1", "api_key": OPERATOR_KEY}
        store = KeyStore(folder / "data")
        terms = KeyTerms(models=("gpt-small", "claude-haiku-*"), routes=("*.create", "models.*", "chat.*", "images.*"))
        key = store.create("held", prefix="pk_live_", terms=terms).key.reveal()
        store.close()
        with Gateway(settings(**rows), folder) as gateway:
            yield Scene(gateway, provider, key)


CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
GEMINI = "/gemini/v1beta/models"


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (CHAT, {"model": "gpt-small", "messages": [{"role": "user", "content": [{"model": "gpt-large"}]}]}),
        (MESSAGES, {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": []}),
        (
            MESSAGES,
            {"model": "claude-haiku-4-5", "tools": [{"name": "t", "input_schema": {"default": {"model": "x"}}}]},
        ),
        (f"{GEMINI}/gpt-small:generateContent", {"contents": []}),
        ("/v1/messages/batches", {"requests": [{"custom_id": "1", "params": {"model": "claude-haiku-4-5"}}]}),
        ("/v1/conversations", {}),
    ],
)
def test_what_is_allowed_goes_up(scene: Scene, target: str, body: object) -> None:
    """A model that is spoken of in the words, or in a tool's schema, is not asked for."""
    before = len(scene.provider.received)
    assert scene.ask(target, body).status == 200
    assert len(scene.provider.received) == before + 1


@pytest.mark.parametrize(
    ("target", "body", "words"),
    [
        (CHAT, {"model": "gpt-large", "messages": []}, "'gpt-large'; it may use gpt-small, claude-haiku-*"),
        (CHAT, {"messages": []}, "names none"),
        (CHAT, {"model": "gpt-small", "models": ["gpt-small", "gpt-large"]}, "'gpt-large'"),
        (MESSAGES, {"model": "claude-haiku-4-5", "fallbacks": [{"model": "claude-opus-5"}]}, "'claude-opus-5'"),
        (MESSAGES, {"model": "claude-haiku-4-5", "fallbacks": "default"}, "'default'"),
        (MESSAGES, {"model": "claude-haiku-4-5", "tools": [{"type": "advisor", "model": "claude-opus-5"}]}, "opus"),
        ("/v1/messages/batches", {"requests": [{"params": {"model": "claude-opus-5"}}]}, "'claude-opus-5'"),
        ("/v1/batches", {"input_file_id": "file-1", "endpoint": CHAT}, "names none"),
        ("/v1/responses", {"model": "gpt-small", "tools": [{"type": "image_generation", "model": "big"}]}, "'big'"),
        (f"{GEMINI}/gpt-large:generateContent", {"contents": []}, "'gpt-large'"),
        (f"{GEMINI}/gpt-small:generateContent", {"model": "models/gpt-large"}, None),
        ("/v1/models/gpt-large", None, None),
    ],
)
def test_what_is_not_allowed_is_refused_and_never_sent(
    scene: Scene, target: str, body: object, words: str | None
) -> None:
    """400, never 403, with words that name what was asked for and whom to ask; the provider hears nothing of it."""
    before = len(scene.provider.received)
    method = "GET" if body is None else "POST"
    sent = None if body is None else json.dumps(body)
    got = ask(scene.gateway, target, sent, method=method, key=scene.key)
    assert got.status == 400, got.body
    assert got.headers["x-should-retry"] == "false"
    message = json.loads(got.body)["error"]["message"]
    assert words is None or words in message
    assert "operator" in message
    assert len(scene.provider.received) == before


def test_operations_that_are_not_allowed(scene: Scene) -> None:
    """The words name the operation and those that are allowed, in each dialect's own envelope."""
    got = scene.ask("/v1/vector_stores/vs_1/search", {"query": "x"})
    error = json.loads(got.body)["error"]
    assert (got.status, error["code"]) == (400, "content_policy_violation")
    assert "may not use vector_stores.search; it may use *.create, models.*" in error["message"]
    got = ask(scene.gateway, "/anthropic/v1/files", None, method="GET", key=scene.key)
    assert (got.status, json.loads(got.body)["error"]["type"]) == (400, "invalid_request_error")


def test_a_form_whose_model_cannot_be_read_is_refused(scene: Scene) -> None:
    """A multipart body streams through unread, so its model could be any."""
    got = ask(
        scene.gateway,
        "/v1/images/edits",
        b"--x\r\n",
        {"content-type": "multipart/form-data; boundary=x"},
        key=scene.key,
    )
    assert got.status == 400
    assert "names none that the gateway can read" in json.loads(got.body)["error"]["message"]


@pytest.mark.parametrize(
    ("target", "headers", "names"),
    [
        ("/anthropic/v1/models", {}, ["claude-haiku-4-5", "gpt-small"]),
        ("/openai/v1/models", {}, ["claude-haiku-4-5", "gpt-small"]),
        ("/openai/v1/models", {"x-provider-key": CALLER_KEY}, ["claude-haiku-4-5", "gpt-small"]),
    ],
)
def test_lists_of_models_show_only_what_the_key_may_use(
    scene: Scene, target: str, headers: dict[str, str], names: list[str]
) -> None:
    """From one provider, merged from several, and with the caller's own credential; another key still sees them all."""
    got = ask(scene.gateway, target, None, headers, method="GET", key=scene.key)
    assert [entry["id"] for entry in json.loads(got.body)["data"]] == names
    whole = ask(scene.gateway, target, None, headers, method="GET")
    assert len(json.loads(whole.body)["data"]) == 3


def test_a_key_in_the_file_is_held_to_what_the_file_says(tmp_path: Path) -> None:
    """To its models, operations and end: it works until then and is unknown a moment later, and another day in the
    file brings it back."""
    allowed, other = {"model": "gpt-small", "messages": []}, {"model": "gpt-large", "messages": []}
    row = {"name": "held", "key": KEY, "models": ["gpt-small"], "routes": ["chat.*"], "expires": "2099-01-01"}
    with Provider(script) as provider:
        rows = {"openai": {"dialect": "openai", "base_url": provider.base_url + "/v1", "api_key": OPERATOR_KEY}}
        config = {**settings(**rows), "keys": [row]}
        with Gateway(config, tmp_path) as gateway:

            def status(body: object, target: str = CHAT) -> int:
                return ask(gateway, target, json.dumps(body)).status

            assert (status(allowed), status(other), status(allowed, "/v1/responses")) == (200, 400, 400)
            ends = (datetime.now(UTC) + timedelta(seconds=3)).replace(microsecond=0)
            rewritten(gateway, {**config, "keys": [{**row, "expires": ends.isoformat("T", "seconds")}]})
            until(lambda: status(allowed) == 401)
            assert datetime.now(UTC) >= ends
            rewritten(gateway, config)
            until(lambda: status(allowed) == 200)
