"""What is changed through the admin API is in force when the change is told, in every process of the gateway."""

import json
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.path.admin.test_admin import CHAT, script
from tests.support.admin import Admin
from tests.support.command import piped
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider

pytestmark = pytest.mark.slow

ASKED = 6
"""Each on a connection of its own: the kernel chooses the process."""


def chats(gateway: Gateway, key: str) -> set[int]:
    found = set()
    for _ in range(ASKED):
        connection = HTTPConnection(gateway.host, gateway.port, timeout=30)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(CHAT), headers)
        found.add(connection.getresponse().status)
        connection.close()
    return found


@pytest.mark.parametrize("workers", [1, 2])
def test_a_change_is_in_force_when_it_is_told(tmp_path: Path, workers: int) -> None:
    """A key made, limited by its team, freed and revoked: the very next request meets it. By command, too."""
    with Provider(script) as provider:
        rows = {"openai": {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": OPERATOR_KEY}}
        with Gateway({**settings(**rows), "workers": workers}, tmp_path) as gateway:
            admin = Admin(gateway.folder / "data" / "admin.sock")
            for name in ("one", "two"):
                key = admin.ask("POST", "/v1/keys", {"name": name, "team": name}).json()["secret"]
                assert chats(gateway, key) == {200}
                assert admin.ask("POST", "/v1/teams", {"name": name, "models": ["claude-*"]}).status == 201
                assert 200 not in chats(gateway, key)
                assert admin.ask("DELETE", f"/v1/teams/{name}").status == 200
                assert chats(gateway, key) == {200}
                assert admin.ask("DELETE", f"/v1/keys/{name}").status == 200
                assert chats(gateway, key) == {401}
            made = piped("keys", "create", "three", "--config", "penstock.yaml", folder=tmp_path)
            assert chats(gateway, made.stdout.strip()) == {200}, made
