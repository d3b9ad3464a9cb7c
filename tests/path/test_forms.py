"""Forms stream through unread, and the books know all the same which model they asked for, and what it costs."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.support.client import ask
from tests.support.command import piped
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

BOUNDARY = "------------------------d74496d66958873e"
SOUND = bytes(range(256)) * 1_000


def form(model: str, name: str = "file") -> bytes:
    """The file first, as curl and Node send it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="a"\r\n\r\n'
    field = f'\r\n--{BOUNDARY}\r\nContent-Disposition: form-data; name="model"\r\n\r\n{model}\r\n--{BOUNDARY}--\r\n'
    return head.encode() + SOUND + field.encode()


def scripted(received: Received) -> Scripted:
    if received.path.endswith("/edits"):
        return json_answer(b'{"data":[],"usage":{"input_tokens":100,"output_tokens":200,"total_tokens":300}}')
    return json_answer(b'{"text":"Hello","usage":{"type":"duration","seconds":30}}')


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Provider(scripted) as provider:
        row = {"dialect": "openai", "base_url": provider.base_url, "api_key": OPERATOR_KEY}
        prices = {"painter": {"input": 10, "output_image": 40}}
        config = {**settings(openai=row), "prices": prices}
        with Gateway(config, tmp_path_factory.mktemp("forms")) as running:
            yield running


def told(gateway: Gateway, name: str) -> Mapping[str, Any]:
    """The entry of this exchange, once it is there."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = piped("show", "--config", "penstock.yaml", name, "--json", folder=gateway.folder)
        if found.returncode == 0:
            entry: Mapping[str, Any] = json.loads(found.stdout)
            return entry
        time.sleep(0.1)
    raise AssertionError(f"{name} is not in the books")


@pytest.mark.parametrize(
    ("target", "body", "content_type", "model", "cost"),
    [
        ("audio/transcriptions", form("whisper-1"), "form", "whisper-1", 3_000),
        ("audio/translations", form("whisper-1"), "form", "whisper-1", 3_000),
        ("audio/transcriptions", form("unheard-of"), "form", "unheard-of", None),
        ("images/edits", form("painter", "image"), "form", "painter", 9_000),
        ("images/edits", b'{"model":"painter","images":[]}', "json", "painter", 9_000),
    ],
)
def test_a_forms_model_is_in_the_books(
    gateway: Gateway, target: str, body: bytes, content_type: str, model: str, cost: int | None
) -> None:
    """With the cost of what it used: Whisper by the second, pictures by the token; an unknown model is unpriced."""
    types = {"form": f"multipart/form-data; boundary={BOUNDARY}", "json": "application/json"}
    got = ask(gateway, f"/openai/v1/{target}", body, {"content-type": types[content_type]})
    assert got.status == 200
    entry = told(gateway, got.headers["x-penstock-exchange-id"])
    assert (entry["model"], entry["cost_micro_dollars"]) == (model, cost)
