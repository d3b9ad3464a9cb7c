"""The admin API of a running gateway, as programs meet it: who may do what, what gets through, what does not."""

import http.client
import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.administering.acting import Role
from penstock.administering.table import ACTS
from penstock.console.doors import Door, doors
from tests.support.admin import Admin, Told
from tests.support.gateway import CALLER_KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer

pytestmark = pytest.mark.slow

DOORS = doors(ACTS)
CHAT = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}
ROLES = {"owner": None, "admin": None, "lead": "red", "viewer": None}


def script(request: Received) -> Scripted:
    usage = b'"usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}'
    return json_answer(b'{"id":"x","object":"chat.completion","model":"gpt-5-mini","choices":[],' + usage + b"}")


class Scene:
    """A gateway, its admin API over the data folder's socket and over an address, and a token for each role."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        self.port = port
        self.local = Admin(gateway.folder / "data" / "admin.sock")
        self.tokens = {role: self._token(role, team) for role, team in ROLES.items()}

    def _token(self, role: str, team: str | None) -> str:
        made = self.local.ask("POST", "/v1/tokens", {"name": f"the {role}", "role": role, "team": team})
        assert made.status == 201, made.text
        return str(made.json()["secret"])

    def ask(self, role: str | None, method: str, path: str, body: Any = None, **more: Any) -> Told:
        return Admin(self.port, None if role is None else self.tokens[role]).ask(method, path, body, **more)

    def chat(self, key: str, messages: Any = CHAT["messages"]) -> int:
        connection = http.client.HTTPConnection(self.gateway.host, self.gateway.port, timeout=60)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps({**CHAT, "messages": messages}), headers)
        status = connection.getresponse().status
        connection.close()
        return status


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    port = free_port()
    with Provider(script) as provider:
        rows = {"openai": {"dialect": "openai", "base_url": f"{provider.base_url}/v1", "api_key": OPERATOR_KEY}}
        config = {**settings(**rows), "admin": {"listen": f"127.0.0.1:{port}"}}
        # A path that the file system has room for as a socket's name.
        with Gateway(config, tmp_path_factory.mktemp("a")) as gateway:
            yield Scene(gateway, port)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def filled(door: Door) -> str:
    return re.sub(r"\{(\w+)\}", "nobody", door.path)


def test_a_stranger_sets_it_up_once(tmp_path: Path) -> None:
    """The setup token that the gateway shows makes the first owner's token, once; there is no other way in."""
    port = free_port()
    config = {**settings(), "admin": {"listen": f"127.0.0.1:{port}"}}
    del config["providers"]
    with Gateway(config, tmp_path) as gateway:
        stranger = Admin(port)
        path = gateway.folder / "data" / "setup-token"
        assert path.stat().st_mode & 0o777 == 0o600
        token = path.read_text().strip()
        assert token not in "".join(gateway.output)
        assert stranger.ask("POST", "/v1/setup", {"setup_token": "ps_guessed", "name": "eve"}).status == 403
        assert Admin(port, token).ask("GET", "/v1/keys").status == 401
        made = stranger.ask("POST", "/v1/setup", {"setup_token": token, "name": "ann"})
        assert (made.status, made.json()["token"]["role"]) == (201, "owner")
        assert stranger.ask("POST", "/v1/setup", {"setup_token": token, "name": "eve"}).status == 403
        found = Admin(port, made.json()["secret"]).ask("GET", "/v1/me")
        assert found.json() == {"name": "ann", "role": "owner", "team": None}


@pytest.mark.parametrize("door", [door for door in DOORS if not door.public], ids=lambda door: door.act.name)
def test_each_door_opens_to_its_roles_alone(scene: Scene, door: Door) -> None:
    """Role by role, from the API's own table: 403 for who may not, 401 for nobody, anything else for who may."""
    for role in ROLES:
        found = scene.ask(role, door.method, filled(door), {} if door.has_body else None)
        assert (found.status == 403) is (Role(role) not in door.act.roles), (role, found.text)
        assert found.status < 500
    for headers in ({}, {"authorization": "Bearer pa_guessed"}, {"authorization": f"Bearer {CALLER_KEY}"}):
        assert scene.ask(None, door.method, filled(door), headers=headers).status == 401


def test_a_key_made_here_works_within_a_second_and_is_refused_within_another(scene: Scene) -> None:
    """Made, used, limited, rotated and revoked through the API; the log of changes tells it, and no secret."""
    made = scene.ask("admin", "POST", "/v1/keys", {"name": "ci", "team": "red", "quotas": ["3 requests per day"]})
    assert made.status == 201, made.text
    key, identity = made.json()["secret"], made.json()["key"]["id"]
    assert until(lambda: scene.chat(key) == 200)
    assert scene.chat(key) == 200
    assert scene.chat(key) == 200
    assert scene.chat(key) == 429
    assert scene.ask("admin", "PATCH", f"/v1/keys/{identity}", {"quotas": []}).json()["quotas"] == []
    assert until(lambda: scene.chat(key) == 200)
    assert scene.ask("admin", "DELETE", f"/v1/keys/{identity}").json()["state"] == "revoked"
    assert until(lambda: scene.chat(key) == 401)
    assert until(lambda: scene.ask("viewer", "GET", f"/v1/usage?key={identity}").json()["total"]["tokens"] >= 48)
    exchanges = scene.ask("viewer", "GET", f"/v1/exchanges?key={identity}&most=2").json()
    assert [one["key_name"] for one in exchanges["items"]] == ["ci", "ci"]
    assert scene.ask("viewer", "GET", f"/v1/exchanges/{exchanges['items'][0]['id']}").json()["key"] == identity
    log = scene.ask("viewer", "GET", "/v1/audit?kind=key")
    assert [one["act"] for one in log.json()["items"] if one["subject"] == identity] == [
        "keys.revoke",
        "keys.change",
        "keys.create",
    ]
    assert key not in log.text
    for row in scene.tokens.values():
        assert row not in log.text


def test_a_lead_stays_in_the_team(scene: Scene) -> None:
    """What others' teams have is not there for a lead: not by id, not in lists, not by being given away."""
    blue = scene.ask("owner", "POST", "/v1/keys", {"name": "of-blue", "team": "blue"}).json()["key"]["id"]
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/rotate")):
        found = scene.ask("lead", method, f"/v1/keys/{blue}{path}", {} if method in {"PATCH", "POST"} else None)
        assert found.status == 404, found.text
    assert blue not in scene.ask("lead", "GET", "/v1/keys?most=1000").text
    assert scene.ask("lead", "GET", "/v1/keys?team=blue").json()["items"] == []
    mine = scene.ask("lead", "POST", "/v1/keys", {"name": "of-red"})
    assert (mine.status, mine.json()["key"]["team"]) == (201, "red")
    for change in ({"team": "blue"}, {"team": None}, {"scrub": {"wanted": False}}):
        assert scene.ask("lead", "PATCH", f"/v1/keys/{mine.json()['key']['id']}", change).status == 403
    assert scene.ask("lead", "GET", "/v1/usage?team=blue").status == 404


@pytest.mark.parametrize(
    "extra",
    [{"id": "key_mine"}, {"created": 0}, {"secrets": []}, {"role": "owner"}, {"in_file": True}, {"tenant": "x"}],
)
def test_nothing_but_its_fields_is_taken(scene: Scene, extra: dict[str, Any]) -> None:
    """Fields that are not the act's own are refused, not passed over."""
    found = scene.ask("owner", "POST", "/v1/keys", {"name": "x", **extra})
    assert (found.status, found.json()["mistakes"][0]["field"]) == (400, next(iter(extra)))


def test_all_that_is_wrong_is_told_at_once(scene: Scene) -> None:
    """In one answer, whatever kind of mistake it is; and nothing is done."""
    body = {"nmae": "x", "holdout": "5", "quotas": ["60 rpm", "a lot"], "intensity": "ful"}
    found = scene.ask("owner", "POST", "/v1/keys?dry=1", body, headers={"idempotency-key": "two words"})
    assert found.status == 400
    assert [one["field"] for one in found.json()["mistakes"]] == [
        "Idempotency-Key", "dry", "nmae", "holdout", "quotas.1", "intensity",
    ]  # fmt: skip
    assert found.json()["detail"].startswith("6 things are wrong: `Idempotency-Key`, `dry`, ")
    for path in (door.path for door in DOORS if door.is_list and "most" in door.act.wanted.__struct_fields__):
        for most in ("0", "-1", "1001", "many"):
            told = scene.ask("owner", "GET", f"{path}?most={most}&cursor=x").json()["mistakes"]
            assert told[1] == {"field": "most", "detail": "Write a whole number from 1 to 1000."}
            assert told[0]["field"] == "cursor"


def test_wildcards_are_letters(scene: Scene) -> None:
    """Filters compare; they match no patterns."""
    for value in ("%", "_", "*", "red%", "r_d"):
        assert scene.ask("owner", "GET", "/v1/keys", params={"team": value}).json()["items"] == []
        assert scene.ask("owner", "GET", "/v1/exchanges", params={"key": value}).json()["items"] == []
        assert scene.ask("owner", "GET", "/v1/audit", params={"subject": value}).json()["items"] == []


def test_pages_hold_everything_once(scene: Scene) -> None:
    """By cursor, while others add to the list."""
    for number in range(7):
        assert scene.ask("owner", "POST", "/v1/teams", {"name": f"t{number}"}).status == 201
    seen, cursor = [], None
    while True:
        params = {"most": 3, **({} if cursor is None else {"cursor": cursor})}
        page = scene.ask("owner", "GET", "/v1/teams", params=params).json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert [name for name in seen if name.startswith("t")] == [f"t{number}" for number in range(7)]


def test_another_name_leads_nowhere(scene: Scene) -> None:
    """A page that resolves its own name to this machine is answered 421, whatever token it sends; it learns no more."""
    found = scene.ask("owner", "GET", "/v1/keys", headers={"host": "evil.example"})
    assert (found.status, found.headers["content-type"]) == (421, "application/problem+json")
    assert found.json()["type"] == "/v1/problems/misdirected"
    assert "`admin.hosts`" in found.json()["detail"]
    assert "evil" not in found.text
    assert scene.ask(None, "HEAD", "/v1/keys", headers={"host": "evil.example"}).content == b""


@pytest.mark.parametrize("door", [door for door in DOORS if door.has_body], ids=lambda door: door.act.name)
def test_no_field_is_an_address_that_is_called(scene: Scene, door: Door) -> None:
    """Whatever stands in any field of any act, nobody is called for it."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        place = f"http://127.0.0.1:{trap.getsockname()[1]}/"
        names = [name for name in door.act.wanted.__struct_fields__ if f"{{{name}}}" not in door.path]
        bodies = [dict.fromkeys(names, place), *({name: value} for name in names for value in (place, [place]))]
        for body in bodies:
            scene.ask("owner", door.method, filled(door), body)
        trap.settimeout(0.02)
        with pytest.raises(TimeoutError):
            trap.accept()


def test_no_picture_is_fetched(scene: Scene) -> None:
    """Addresses in requests are the provider's to follow, or not."""
    made = scene.ask("admin", "POST", "/v1/keys", {"name": "pictures"}).json()["secret"]
    with socket.create_server(("127.0.0.1", 0)) as trap:
        url = f"http://127.0.0.1:{trap.getsockname()[1]}/cat.png"
        content = [{"type": "image_url", "image_url": {"url": url}}]
        assert until(lambda: scene.chat(made, [{"role": "user", "content": content}]) == 200)
        trap.settimeout(0.2)
        with pytest.raises(TimeoutError):
            trap.accept()


def test_no_credential_of_a_provider_is_ever_told(scene: Scene) -> None:
    """Stored ones are named and never shown."""
    put = scene.ask("owner", "PUT", "/v1/credentials/openai", {"credential": "sk-canary-put-9f8e7d6c5b4a"})
    for found in (put, scene.ask("owner", "GET", "/v1/credentials"), scene.ask("owner", "GET", "/v1/audit")):
        assert "canary" not in found.text


def until(done: Any, seconds: float = 30) -> bool:
    """Whether it comes true in time; a gateway sees changes within a second."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(0.05)
    return False
