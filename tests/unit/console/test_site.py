"""The admin API as its callers meet it: who is let in, how mistakes are said, that a repeated write is one."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from penstock.administering.acting import Act, Actor, Acts, Page, Role
from penstock.administering.errors import ConflictError, InvalidError, NotFoundError
from penstock.console.doors import Door
from penstock.console.site import BODY_MOST, LOCAL, AdminApi
from penstock.stores.admins import Admins
from penstock.stores.answered import Answers
from penstock.stores.keys import KeyStore

pytestmark = pytest.mark.slow


class Make(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str


class Made(msgspec.Struct, frozen=True):
    name: str
    secret: str


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    most: int = 2
    team: str | None = None
    after: tuple[str | int, ...] | None = None


class House:
    """Keeps things by name."""

    def __init__(self) -> None:
        self.things: dict[str, str] = {}


def make(house: House, actor: Actor, wanted: Make) -> Made:
    """Make a thing."""
    if wanted.name in house.things:
        raise ConflictError("There is one.", "name")
    if wanted.name == "bug":
        raise ZeroDivisionError
    if not wanted.name:
        raise InvalidError("A name has letters.", "name")
    house.things[wanted.name] = actor.name
    return Made(wanted.name, "canary-of-a-new-key")


def show(house: House, actor: Actor, wanted: Make) -> Made:
    """Show a thing."""
    if wanted.name not in house.things:
        raise NotFoundError("There is no such thing.")
    return Made(wanted.name, house.things[wanted.name])


def things(house: House, actor: Actor, wanted: Listing) -> Page[Made]:
    """List things."""
    names = sorted(name for name in house.things if not wanted.after or name > str(wanted.after[0]))
    some = names[: wanted.most]
    more = (some[-1],) if len(names) > len(some) else None
    return Page(tuple(Made(name, "") for name in some), more)


ALL, OWNERS = frozenset(Role) - {Role.NOBODY}, frozenset({Role.OWNER})
ACTS = Acts(
    (
        Act("things.create", Make, Made, OWNERS, make),
        Act("things.show", Make, Made, ALL, show, writes=False),
        Act("things.list", Listing, Page[Made], ALL, things, writes=False),
    )
)
DOORS = (
    Door("GET", "/v1/things", ACTS["things.list"]),
    Door("POST", "/v1/things", ACTS["things.create"], 201),
    Door("GET", "/v1/things/{name}", ACTS["things.show"]),
)


class Asker:
    """Speaks ASGI to the site, as a server would."""

    def __init__(self, folder: Path) -> None:
        store = KeyStore(folder)
        self.engine, self.house = store.engine, House()
        self.admins = Admins(store.engine, store.pepper)
        site = AdminApi(ACTS, DOORS, lambda: self.house, self.admins, Answers(store.engine, store.pepper), store.pepper)
        self.application = site.application()
        self.close = store.close

    def token(self, role: str = "owner") -> str:
        with self.engine.execution_options(writes=True).begin() as connection:
            return self.admins.create(connection, f"of a {role}", role).token.reveal()

    def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        token: str | None = None,
        *,
        local: bool = False,
        **headers: str,
    ) -> tuple[int, dict[str, str], Any]:
        """Status, headers, and the body as JSON."""
        path, _, query = target.partition("?")
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        sent = {
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()], "scheme": "http",
            "server": ("127.0.0.1", 8081), "http_version": "1.1", "root_path": "", **({LOCAL: True} if local else {}),
        }  # fmt: skip
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            told.append(message)

        async def run() -> None:
            try:
                await self.application(scope, receive, send)
            except ZeroDivisionError:
                # Told to the server as well, after it was answered.
                assert told

        asyncio.run(run())
        answer = b"".join(message.get("body", b"") for message in told[1:])
        found = {name.decode(): value.decode() for name, value in told[0]["headers"]}
        return told[0]["status"], found, json.loads(answer) if answer else None


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Asker]:
    asker = Asker(tmp_path)
    yield asker
    asker.close()


def test_nobody_gets_in_without_a_token(site: Asker) -> None:
    """No token, an unknown, a revoked, a setup token, a gateway's own key: 401 on every path, whatever the method."""
    setup = site.admins.setup_token()
    assert setup is not None
    revoked = site.token()
    assert site.admins.setup_token() is None
    with site.engine.execution_options(writes=True).begin() as connection:
        assert site.admins.revoke(connection, "of a owner") is not None
    for token in (None, "", "pa_unknown", "pk_live_" + "x" * 43, revoked, setup.reveal(), "pä"):
        for method, target in (("GET", "/v1/things"), ("POST", "/v1/things"), ("GET", "/v1/things/a")):
            status, headers, told = site.ask(method, target, None, token)
            assert (status, headers["www-authenticate"], told["type"]) == (
                401,
                "Bearer",
                "/v1/problems/unauthenticated",
            )
    assert not site.house.things


def test_roles_are_held_to_their_acts(site: Asker) -> None:
    """Who may look may not write; the local operator may do everything."""
    viewer = site.token("viewer")
    assert site.ask("POST", "/v1/things", {"name": "a"}, viewer)[0] == 403
    assert site.ask("POST", "/v1/things", {"name": "a"}, local=True)[0] == 201
    assert site.ask("GET", "/v1/things/a", None, viewer)[2] == {"name": "a", "secret": "local operator"}


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status", "kind", "field"),
    [
        ("POST", "/v1/things", {"name": "a", "role": "owner"}, {}, 400, "invalid", "role"),
        ("POST", "/v1/things", {"name": ""}, {}, 400, "invalid", "name"),
        ("POST", "/v1/things", {"name": "there"}, {}, 409, "conflict", "name"),
        ("POST", "/v1/things", b"{", {}, 400, "invalid", ""),
        ("POST", "/v1/things", {"name": "a"}, {"content_type": "text/plain"}, 415, "unsupported-media-type", None),
        ("POST", "/v1/things", b'"' + b"x" * BODY_MOST + b'"', {}, 413, "too-large", None),
        ("POST", "/v1/things", {"name": "a"}, {"idempotency_key": "with space"}, 400, "invalid", "Idempotency-Key"),
        ("GET", "/v1/things/nowhere", None, {}, 404, "not-found", None),
        ("GET", "/v1/nowhere", None, {}, 404, "not-found", None),
        ("PUT", "/v1/things", None, {}, 405, "method-not-allowed", None),
        ("PUT", "/v1/openapi.json", None, {}, 405, "method-not-allowed", None),
        ("GET", "/v1/things?most=x", None, {}, 400, "invalid", "most"),
        ("GET", "/v1/things?cursor=abc", None, {}, 400, "invalid", "cursor"),
        ("GET", "/v1/things?cursor=a&cursor=b", None, {}, 400, "invalid", "cursor"),
        ("GET", "/v1/things/there?cursor=a", None, {}, 400, "invalid", "cursor"),
        ("POST", "/v1/things", {"name": "bug"}, {}, 500, "internal", None),
    ],
)
def test_mistakes_are_told_as_problems(
    site: Asker, method: str, target: str, body: Any, headers: dict[str, str], status: int, kind: str, field: str | None
) -> None:
    """Status, kind and field of each, and nothing is kept by whoever passes it on."""
    site.house.things["there"] = "x"
    found, sent, told = site.ask(method, target, body, site.token(), **headers)
    assert (found, told["type"], told["status"]) == (status, f"/v1/problems/{kind}", status)
    assert sent["content-type"] == "application/problem+json"
    assert sent["cache-control"] == "no-store"
    assert [one["field"] for one in told.get("mistakes", [])] == ([] if field is None else [field])
    if status == 405:
        assert set(sent["allow"].split(", ")) == {"GET", "HEAD", *(["POST"] if target == "/v1/things" else [])}
        assert told["detail"] == f"This path takes {sent['allow']}."
    if status == 400:
        assert field in told["detail"]


def test_a_list_goes_on_where_it_stopped(site: Asker) -> None:
    """Page by page, everything once; a cursor of another question is refused."""
    site.house.things.update(dict.fromkeys("abcde", "x"))
    token, seen, cursor = site.token(), [], ""
    for _ in range(3):
        status, _, told = site.ask("GET", f"/v1/things?most=2{cursor}", None, token)
        assert status == 200
        seen += [one["name"] for one in told["items"]]
        cursor = f"&cursor={told['next']}"
    assert (seen, told["next"]) == (list("abcde"), None)
    first = site.ask("GET", "/v1/things?most=2", None, token)[2]["next"]
    assert site.ask("GET", f"/v1/things?most=4&cursor={first}", None, token)[0] == 200
    assert site.ask("GET", f"/v1/things?team=other&cursor={first}", None, token)[0] == 400


def test_a_repeated_write_is_one_write(site: Asker) -> None:
    """The same key and request get the same answer; another request with it, or another caller, does not; and what
    stands in the database opens for nobody else."""
    token, other = site.token(), site.token("admin")
    first = site.ask("POST", "/v1/things", {"name": "a"}, token, idempotency_key="k1")
    again = site.ask("POST", "/v1/things", {"name": "a"}, token, idempotency_key="k1")
    assert (first[0], again[0], first[2]) == (201, 201, again[2])
    assert ("idempotency-replayed" in first[1], again[1]["idempotency-replayed"]) == (False, "true")
    assert site.ask("POST", "/v1/things", {"name": "b"}, token, idempotency_key="k1")[0] == 409
    assert site.ask("POST", "/v1/things", {"name": "a"}, other, idempotency_key="k1")[0] == 403
    assert site.ask("POST", "/v1/things", {"name": "a"}, token, idempotency_key="k2")[0] == 409
    assert site.ask("POST", "/v1/things", {"name": "bug"}, token, idempotency_key="k3")[0] == 500
    assert site.ask("POST", "/v1/things", {"name": "c"}, token, idempotency_key="k3")[0] == 201
    assert set(site.house.things) == {"a", "c"}
    with site.engine.connect() as connection:
        rows = str(connection.exec_driver_sql("SELECT * FROM admin_answers").all())
        tokens = str(connection.exec_driver_sql("SELECT * FROM admin_tokens").all())
    assert "canary-of-a-new-key" not in rows
    assert "k1" not in rows
    assert token not in tokens


def test_the_document_describes_every_door(site: Asker) -> None:
    """Each door stands in it with its parameters, its body and its answers, and every reference leads somewhere."""
    document = site.ask("GET", "/v1/openapi.json")[2]
    assert {path: sorted(met) for path, met in document["paths"].items()} == {
        "/v1/things": ["get", "post"],
        "/v1/things/{name}": ["get"],
    }
    listing, making = document["paths"]["/v1/things"]["get"], document["paths"]["/v1/things"]["post"]
    assert {one["name"] for one in listing["parameters"]} == {"cursor", "most", "team"}
    assert making["requestBody"]["content"]["application/json"]["schema"]["properties"].keys() == {"name"}
    text = json.dumps(document)
    for reference in set(_references(document)):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"], text
    told = listing["responses"]["200"]["content"]["application/json"]["schema"]
    assert told["properties"]["next"]["type"] == ["string", "null"]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)
