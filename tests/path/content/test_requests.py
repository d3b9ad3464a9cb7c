"""Content policies over requests, against a running gateway: what is refused, masked and sent elsewhere, and where the
matched words must not appear."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.path.content.scene import (
    CANARY,
    CHAT,
    GEMINI,
    GEMINI_STREAM,
    MESSAGES,
    OTHER_KEY,
    RESPONSES,
    Scene,
    question,
    scene,
)
from tests.path.reloading import rewritten
from tests.support.client import ask
from tests.support.gateway import OPERATOR_KEY
from tests.support.waiting import until

POLICIES = {
    "house": {"contact": "Ada at the help desk", "terms": [{"name": "projects", "terms": [CANARY]}]},
    "names": {"terms": [{"name": "people", "terms": ["Grace Hopper"], "action": "mask"}], "mask": "[a person]"},
    "images": {
        "attachments": {"allow": ["pdf"], "action": "route-to"},
        "route_to": {"provider": "local-anthropic", "model": "tiny"},
    },
    "research": {"teams": ["research"], "mode": "monitor", "size": {"messages": 1}, "invisible": {"action": "mask"}},
}
PATHS = [MESSAGES, f"{MESSAGES}/count_tokens", CHAT, RESPONSES, GEMINI, GEMINI_STREAM]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("content"), POLICIES, access_log="json", access_log_file="access.log") as found:
        yield found


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_a_block_speaks_the_clients_dialect(running: Scene, path: str, stream: bool) -> None:
    """400 in the dialect's envelope, never to be retried, with the policy in a header and the words nowhere."""
    before = len(running.sent)
    got = running.ask(path, question(path, f"what of {CANARY}?", stream=stream))
    error = json.loads(got.body)["error"]
    assert got.status == 400
    assert got.headers["x-should-retry"] == "false"
    assert got.headers["x-penstock-policy"] == "house=block"
    assert "'house'" in error["message"]
    assert "Ask Ada at the help desk." in error["message"]
    if path.startswith(MESSAGES):
        assert error["type"] == "invalid_request_error"
    elif path in {CHAT, RESPONSES}:
        assert (error["type"], error["code"]) == ("invalid_request_error", "content_policy_violation")
    else:
        assert error["status"] == "INVALID_ARGUMENT"
    assert CANARY.lower() not in (got.body + repr(got.headers).encode()).decode().lower()
    assert len(running.sent) == before


@pytest.mark.parametrize("path", PATHS)
def test_a_mask_changes_its_words_alone(running: Scene, path: str) -> None:
    """The provider gets every other byte as it was sent."""
    body = question(path, "who was Grace  Hopper, please?")
    got = running.ask(path, body)
    assert got.status == 200
    assert got.headers["x-penstock-policy"] == "names=mask"
    assert running.sent[-1].body == json.dumps(body).replace("Grace  Hopper", "[a person]").encode()


def test_a_request_is_sent_elsewhere(running: Scene) -> None:
    """To the named provider, with the named model and nobody's credential, whoever's came with it."""
    body = question(MESSAGES, "what is this?")
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}
    body["messages"][0]["content"] = [picture]
    got = running.ask(MESSAGES, body, **{"x-provider-key": "sk-own-000000000000"})
    last = running.sent[-1]
    assert (got.status, got.headers["x-penstock-provider"]) == (200, "local-anthropic")
    assert got.headers["x-penstock-policy"] == "images=route-to"
    assert (last.path, json.loads(last.body)["model"]) == ("/local/v1/messages", "tiny")
    assert (last.header("x-api-key"), last.header("authorization")) == (None, None)
    assert OPERATOR_KEY not in repr(last)


def test_no_other_dialects_provider_is_called(running: Scene) -> None:
    """Where the policy leads to a provider of another dialect, the request is refused."""
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x:"}}]}],
    }
    before = len(running.sent)
    got = running.ask(CHAT, body)
    assert got.status == 400
    assert "speaks anthropic and not openai" in json.loads(got.body)["error"]["message"]
    assert len(running.sent) == before


def test_tenants_have_policies_of_their_own(running: Scene) -> None:
    """What one team's policy would do changes nothing while it watches, and is none of another key's business."""
    words = "pass\u200bword"
    body = question(MESSAGES, words)
    body["messages"] *= 2
    got = running.ask(MESSAGES, body, key=OTHER_KEY)
    assert (got.status, got.headers["x-penstock-policy"]) == (200, "research=would-block")
    assert json.loads(running.sent[-1].body) == body
    assert "x-penstock-policy" not in running.ask(MESSAGES, body).headers


def test_the_books_tell_what_was_met_and_never_the_words(running: Scene) -> None:
    """Ledger, journal, metrics, access log and output hold the check's name and no matched word."""
    gateway = running.gateway
    identity = running.ask(MESSAGES, question(MESSAGES, f"{CANARY}, {CANARY}")).headers["x-penstock-exchange-id"]

    def shown() -> str:
        command = [
            sys.executable,
            "-m",
            "penstock",
            "show",
            identity,
            "--config",
            str(gateway.folder / "penstock.yaml"),
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    until(lambda: "content policy" in shown())
    assert "terms.projects met in the request in words of the kind user, 2 times; block" in shown()
    page = ask(gateway, "/metrics", None, method="GET").body.decode()
    line = 'penstock_policy_rulings_total{policy="house",check="terms.projects",action="block",side="request"}'
    assert line in page
    told = [path for path in gateway.folder.rglob("*") if path.is_file() and path.name != "penstock.yaml"]
    held = b"".join(path.read_bytes() for path in told) + "".join(gateway.output).encode() + page.encode()
    assert b"house" in held
    assert CANARY.lower().encode() not in held.lower()


def test_policies_change_with_the_configuration(tmp_path: Path) -> None:
    """From the next request on, without a restart; a broken file changes nothing."""
    with scene(tmp_path, POLICIES) as found:

        def status() -> int:
            return found.ask(MESSAGES, question(MESSAGES, CANARY)).status

        assert status() == 400
        config = found.gateway.config
        rewritten(found.gateway, {**config, "policies": {"house": {"size": {"body": "1MB"}}}})
        until(lambda: status() == 200)
        rewritten(found.gateway, {**config, "policies": {"house": {"sise": {}}}})
        until(lambda: "is not a setting" in "".join(found.gateway.output))
        assert status() == 200
        rewritten(found.gateway, config)
        until(lambda: status() == 400)
