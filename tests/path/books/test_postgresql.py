"""Gateways on PostgreSQL: two share everything, and one lives through a server that is gone for a while."""

import base64
import contextlib
import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from tests.path.books.scene import BODIES, Clients, Upstream, all_told, configuration, reconcile, served
from tests.path.stored.keepers import OpenAI
from tests.path.terser.scene import WORDS, answer
from tests.support.client import Got, ask
from tests.support.command import piped
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway
from tests.support.postgres import running
from tests.support.provider import Provider
from tests.support.waiting import until

pytestmark = pytest.mark.slow

OTHER = "mt_live_another_0000000000000000000000000000"
VISITORS = "f" * 24
KNOWN_SECONDS = 1.0
"""Within these what one gateway does is known by the others."""


def rows(*providers: tuple[str, Provider]) -> dict[str, dict[str, str]]:
    ends = {"openai": "/v1"}
    return {
        name: {"dialect": name, "base_url": one.base_url + ends.get(name, ""), "api_key": OPERATOR_KEY}
        for name, one in providers
    }


def base(*providers: tuple[str, Provider]) -> dict[str, object]:
    return {"listen": "127.0.0.1:0", "admin": {"listen": None}, "providers": rows(*providers)}


@contextlib.contextmanager
def two(folder: Path, url: str, config: dict[str, object]) -> Iterator[tuple[Gateway, Gateway]]:
    """Gateways with nothing in common but a database and its pepper, started at the same moment."""
    shared = {"database": url, "pepper": base64.b64encode(os.urandom(32)).decode()}
    made: dict[str, Gateway] = {}
    with contextlib.ExitStack() as undo:

        def start(name: str) -> None:
            (folder / name).mkdir()
            made[name] = Gateway({**config, **shared}, folder / name).__enter__()

        threads = [threading.Thread(target=start, args=(name,)) for name in ("one", "other")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for gateway in made.values():
            undo.push(gateway)
        yield made["one"], made["other"]
    for gateway in made.values():
        assert "hunter2" not in "".join(gateway.output)


def penstock(gateway: Gateway, *arguments: str) -> dict[str, str]:
    """A command beside a gateway, as its operator gives it."""
    found = piped(*arguments, "--json", "--config", str(gateway.folder / "penstock.yaml"), folder=gateway.folder)
    assert found.returncode == 0, found.stderr
    told: dict[str, str] = json.loads(found.stdout)
    return told


def test_a_key_is_known_and_refused_by_both(tmp_path: Path, empty_url: str) -> None:
    """Made by a command beside one of them, on a database that both found empty; known and refused within a second."""
    with (
        Provider(answer) as provider,
        two(tmp_path, empty_url, base(("anthropic", provider))) as both,
    ):
        for gateway in both:
            assert ask(gateway, key=OTHER).status == 401
        made = penstock(both[0], "keys", "create", "--name", "laptop")
        for gateway in both:
            until(lambda g=gateway: ask(g, key=made["key"]).status == 200, KNOWN_SECONDS)  # type: ignore[misc]
        penstock(both[1], "keys", "revoke", "laptop", "--yes")
        for gateway in both:
            until(lambda g=gateway: ask(g, key=made["key"]).status == 401, KNOWN_SECONDS)  # type: ignore[misc]


def test_what_is_stored_through_one_is_its_owners_through_the_other(tmp_path: Path, empty_url: str) -> None:
    """And nobody else's; what is gone through one is gone."""
    keeper = OpenAI()
    with Provider(keeper) as provider:
        keeper.base_url = provider.base_url
        keys = [{"name": "mine", "key": KEY}, {"name": "theirs", "key": OTHER}]
        config = base(("openai", provider)) | {"keys": keys}
        with two(tmp_path, empty_url, config) as (one, other):
            name = json.loads(ask(one, "/v1/responses", '{"model":"m","input":"hi"}').body)["id"]
            target = f"/v1/responses/{name}"
            assert ask(other, target, None, method="GET").status == 200
            assert ask(other, target, None, method="GET", key=OTHER).status == 404
            assert ask(other, target, None, method="DELETE").status == 200
            assert ask(one, target, None, method="GET").status == 404


def test_a_conversation_goes_on_as_it_began_wherever_it_goes_on(tmp_path: Path, empty_url: str) -> None:
    """Drawn by lot where it began; the other gateway does not draw again, nor takes it for one that it did not see."""
    keys = [{"name": "test", "key": KEY, "intensity": "full", "holdout": 50}]
    with Provider(answer) as provider:
        config = base(("anthropic", provider)) | {"keys": keys, "terser": {"rules": {"full": WORDS}}}
        with two(tmp_path, empty_url, config) as (one, other):
            count = 16
            begun = [
                [{"role": "user", "content": f"How do rainbows form, number {number}?"}] for number in range(count)
            ]
            for messages in begun:
                assert ask(one, body=json.dumps({"model": "m", "max_tokens": 9, "messages": messages})).status == 200
            time.sleep(1.2)
            more = [{"role": "assistant", "content": "Light bends."}, {"role": "user", "content": "Why?"}]
            for messages in begun:
                body = json.dumps({"model": "m", "max_tokens": 9, "messages": [*messages, *more]})
                assert ask(other, body=body).status == 200
    with psycopg.connect(empty_url) as connection:
        found = connection.execute(
            "SELECT beginning, array_agg(arm ORDER BY number), count(*) FROM entries GROUP BY beginning"
        ).fetchall()
    assert len(found) == count
    assert {tuple(arms) for _, arms, _ in found} == {("treated", "treated"), ("control", "control")}


def test_the_books_hold_the_exchanges_of_both_once(tmp_path: Path, empty_url: str) -> None:
    """With what each client saw, and what the provider counted."""
    upstream = Upstream()
    with (
        Provider(upstream) as provider,
        two(tmp_path, empty_url, configuration(provider)) as (one, other),
        Clients(8, pause=0.03) as first,
        Clients(8, pause=0.03) as second,
    ):
        first.turn_to(one)
        second.turn_to(other)
        until(lambda: min(served(first), served(second)) > 20)
        for clients in (first, second):
            clients.turn_to(None)
            until(clients.quiet)
        until(lambda: all_told(empty_url, upstream))
        told = penstock(other, "usage")
    whole = Clients(0)
    for clients in (first, second):
        assert served(clients) > 10
        whole.sent |= clients.sent
        whole.ended |= clients.ended
    assert sum(reconcile(empty_url, whole, upstream).values()) == len(whole.sent)
    assert "served" in reconcile(empty_url, whole, upstream)
    assert told


class Visitor:
    """One more client, whose exchanges are told apart too."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.count = 0

    def asks(self, target: str = "/v1/messages", *, key: str | None = KEY, method: str = "POST") -> Got:
        self.count += 1
        name = f"{VISITORS}{self.count:08x}"
        body = BODIES[b"false"] if method == "POST" else None
        return ask(
            self.gateway, target, body, {"traceparent": f"00-{name}-00f067aa0ba902b7-01"}, method=method, key=key
        )

    def leave_the_books(self, url: str, upstream: Upstream) -> int:
        """So that the others' can be told apart; how many exchanges stood there."""
        for name in [one for one in upstream.counted if one.startswith(VISITORS)]:
            del upstream.counted[name]
        with psycopg.connect(url) as connection:
            return connection.execute("DELETE FROM entries WHERE trace LIKE %s", (f"{VISITORS}%",)).rowcount


def test_a_server_that_is_gone_for_a_while_costs_nothing(tmp_path: Path) -> None:
    """Under load: requests go on as fast as before, keys stay in force, what needs the record is 503, and afterwards
    the books are whole and a key that was revoked is refused, with nobody's help."""
    upstream = Upstream()
    with running() as server, Provider(upstream) as provider:
        url = server.new()
        config = configuration(provider, database=url)
        config["providers"] |= rows(("openai", provider))
        with Gateway(config, tmp_path) as gateway, Clients(10, pause=0.02) as clients:
            visitor = Visitor(gateway)
            made = penstock(gateway, "keys", "create", "--name", "laptop")
            until(lambda: visitor.asks(key=made["key"]).status == 200, KNOWN_SECONDS)
            clients.turn_to(gateway)
            time.sleep(1.5)
            usual, clients.slowest = clients.slowest, 0.0
            server.stop()
            before = served(clients)
            time.sleep(0.5)
            got = visitor.asks("/v1/responses/resp_1", method="GET")
            assert (got.status, got.headers["retry-after"]) == (503, "5")
            # Longer than it takes to look at the keys again, several times.
            time.sleep(3)
            assert visitor.asks(key=made["key"]).status == 200
            until(lambda: served(clients) > before + 50)
            # To wait for a connection takes as long as its pool has patience.
            assert clients.slowest < usual + 3
            server.start()
            time.sleep(1)
            penstock(gateway, "keys", "revoke", "laptop", "--yes")
            until(lambda: visitor.asks(key=made["key"]).status == 401, 30)
            assert visitor.asks("/v1/responses/resp_1", method="GET").status == 404
            clients.turn_to(None)
            until(clients.quiet)
            until(lambda: all_told(url, upstream), 30)
        assert visitor.leave_the_books(url, upstream) == visitor.count
        assert reconcile(url, clients, upstream)["served"] > 100
    lines = "".join(gateway.output)
    assert lines.count("can't be reached, what is known of it stays in force") == 1
    assert lines.count("is reached again") == 1
    assert lines.count("the books cannot be written, entries stay in the journal") == 1
    assert lines.count("the books are written again") == 1
    assert "hunter2" not in lines


def test_a_configuration_never_shows_the_password(tmp_path: Path, database_url: str) -> None:
    """Whoever asks what is in force is told that there is one."""
    (tmp_path / "penstock.yaml").write_text(yaml.safe_dump({"database": database_url}))
    found = piped("config", "show", "--config", "penstock.yaml", folder=tmp_path)
    assert "(secret)" in found.stdout
    assert "hunter2" not in found.stdout + found.stderr
