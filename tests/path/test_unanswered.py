"""What the books say of calls whose answer nobody heard, and of what clients may write into any field."""

import base64
import json
import random
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.client import ask
from tests.support.command import piped
from tests.support.gateway import KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

BODY = b'{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":"Hello"}]}'


def scripted(received: Received) -> Scripted:
    """By the header ``x-asked``: an answer, silence, or a connection that is closed."""
    match received.header("x-asked"):
        case "silence":
            time.sleep(0.6)
        case "cut":
            raise ConnectionResetError
    if received.path.endswith("/audio/speech"):
        return Scripted(200, (("content-type", "audio/mpeg"),), (b"ID3" + bytes(400),))
    model = json.dumps(json.loads(received.body)["model"])
    return json_answer(b'{"model":%s,"usage":{"input_tokens":10,"output_tokens":2}}' % model.encode())


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Provider(scripted) as provider:
        row = {"dialect": "anthropic", "base_url": provider.base_url, "auth": "none", "timeouts": {"first_byte": 0.4}}
        closed = {**row, "base_url": "http://127.0.0.1:9"}
        config = {
            **settings(anthropic=row, closed=closed, speaker={**row, "dialect": "openai"}),
            "models": [{"match": "closed*", "provider": "closed"}],
            "prices": {"*": {"input": 3, "output": 15}},
        }
        with Gateway(config, tmp_path_factory.mktemp("unanswered")) as running:
            yield running


def leave(gateway: Gateway, target: str, body: bytes = BODY) -> None:
    """Send a request whole, and go away before it is answered."""
    with socket.create_connection((gateway.host, gateway.port)) as connection:
        head = f"POST {target} HTTP/1.1\r\nhost: x\r\nx-api-key: {KEY}\r\nx-asked: silence\r\n"
        connection.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.3)


def latest(gateway: Gateway, **expected: str) -> Mapping[str, Any]:
    """The latest entry, as soon as it is the expected one."""
    until = time.monotonic() + 30
    found: dict[str, Any] = {}
    while time.monotonic() < until:
        told = piped("log", "--config", "penstock.yaml", "-n", "1", "--json", folder=gateway.folder).stdout
        found = json.loads(told) if told else {}
        if expected.items() <= found.items():
            whole = piped("show", "--config", "penstock.yaml", found["id"], "--json", folder=gateway.folder)
            return {**found, **json.loads(whole.stdout)}
        time.sleep(0.1)
    raise AssertionError(f"the latest entry is not {expected}: {found}")


def told(entry: Mapping[str, Any]) -> tuple[str, bool, bool]:
    """Whose numbers they are; whether there are some; whether they cost anything."""
    return entry["source"], entry["total_input"] > 0, entry["cost_micro_dollars"] > 0


def test_a_client_that_leaves_may_be_charged(gateway: Gateway) -> None:
    """The provider has read the request: what went in is estimated."""
    leave(gateway, "/v1/messages")
    entry = latest(gateway, outcome="abandoned", operation="messages.create")
    assert told(entry) == ("estimated", True, True)


def test_a_picture_is_no_text(gateway: Gateway) -> None:
    """Three megabytes of it are not a million tokens."""
    picture = base64.b64encode(random.Random("picture").randbytes(2_250_000)).decode()
    source = {"type": "base64", "media_type": "image/png", "data": picture}
    message = {"role": "user", "content": [{"type": "image", "source": source}]}
    body = json.dumps({"model": "claude-opus-4-5", "max_tokens": 9, "messages": [message]}).encode()
    leave(gateway, "/v1/messages", body)
    entry = latest(gateway, outcome="abandoned", model="claude-opus-4-5")
    assert 1_000 < entry["total_input"] < 1_200


def test_nothing_is_guessed_where_nothing_is_charged(gateway: Gateway) -> None:
    """Counting tokens is free, answered or not."""
    leave(gateway, "/v1/messages/count_tokens")
    entry = latest(gateway, outcome="abandoned", operation="messages.count_tokens")
    assert told(entry) == ("none", False, False)


@pytest.mark.parametrize(("asked", "status"), [("silence", 504), ("cut", 502)])
def test_a_provider_that_does_not_answer_may_charge(gateway: Gateway, asked: str, status: int) -> None:
    """It has the whole request, and nobody knows what it does with it: the client must not ask again by itself."""
    got = ask(gateway, "/v1/messages", BODY, {"x-asked": asked})
    assert (got.status, got.headers["x-should-retry"]) == (status, "false")
    entry = latest(gateway, id=got.headers["x-penstock-exchange-id"])
    assert (entry["status"], *told(entry)) == (status, "estimated", True, True)


def test_who_never_got_the_request_charges_nothing(gateway: Gateway) -> None:
    """Nobody listens there."""
    got = ask(gateway, "/v1/messages", BODY.replace(b"claude", b"closed"))
    entry = latest(gateway, id=got.headers["x-penstock-exchange-id"])
    assert (entry["status"], *told(entry)) == (502, "none", False, False)


def test_what_nobody_tells_is_unpriced(gateway: Gateway) -> None:
    """Speech is charged for, and its answer says nothing of it: it is counted as unpriced, never as free."""
    speech = json.dumps({"model": "tts-9", "input": "Hello", "voice": "x"})
    got = ask(gateway, "/openai/v1/audio/speech", speech)
    entry = latest(gateway, id=got.headers["x-penstock-exchange-id"])
    assert (entry["outcome"], entry["cost_micro_dollars"], entry["shares"]) == ("served", None, [])
    shown = piped("usage", "--config", "penstock.yaml", "--model", "tts-9", "--json", folder=gateway.folder)
    assert json.loads(shown.stdout)["total"]["unpriced"] == 1
    assert "tts-9" in piped("models", "--unpriced", "--config", "penstock.yaml", folder=gateway.folder).stdout


def test_no_name_of_a_model_is_longer_than_names_are(gateway: Gateway) -> None:
    """A client may send anything there, and a server may answer under that name: the books keep no text of theirs."""
    name = "claude-" + "x" * 5_000 + "THE-END"
    got = ask(gateway, "/v1/messages", json.dumps({"model": name}))
    entry = latest(gateway, id=got.headers["x-penstock-exchange-id"])
    assert (entry["model"], entry["served"]) == (name[:200], name[:200])
    files = [path.read_bytes() for path in (gateway.folder / "data").rglob("*") if path.is_file()]
    assert not any(b"THE-END" in file for file in files)


@pytest.mark.parametrize(
    ("traceparent", "trace"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", ""),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", ""),
    ],
)
def test_an_invalid_trace_is_none(gateway: Gateway, traceparent: str, trace: str) -> None:
    """A trace of zeros would put strangers' exchanges into one trace (W3C Trace Context 3.2)."""
    got = ask(gateway, "/v1/messages", BODY, {"traceparent": traceparent})
    assert latest(gateway, id=got.headers["x-penstock-exchange-id"])["trace"] == trace
