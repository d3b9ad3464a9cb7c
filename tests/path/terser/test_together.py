"""Gateways behind a load balancer decide a conversation once, in a Valkey that they share or in their PostgreSQL."""

import base64
import functools
import json
import socket
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from penstock.stores.claims.valkey import CLAIM
from penstock.stores.counting.valkey_line import Script
from penstock.stores.counting.valkey_scripts import SERVER_TIME, TAKE
from tests.path.reloading import rewritten, said
from tests.path.terser.scene import FORMATS, WORDS, answer, config, fresh, told
from tests.support.between import Between
from tests.support.client import Got, ask
from tests.support.gateway import Gateway
from tests.support.provider import Provider
from tests.support.valkey import ValkeyServer
from tests.support.waiting import until

OTHER_KEY = "mt_live_of_another_tenant_000000000000000000000000"
WIRE = FORMATS["anthropic"]
ALONE = "each process decides alone"
"""A gateway says it when the store was late: on a machine under load that may be."""
AGAIN = "together with the others again"
PLAIN = "Plainly, please."
"""The operator's words for ``lite``."""
STORES = ["valkey", pytest.param("postgresql", marks=pytest.mark.slow)]


@dataclass
class Both:
    """Two gateways of one installation, which differ in what is set."""

    provider: Provider
    start: Callable[[str, str], Gateway]
    started: list[Gateway] = field(default_factory=list)
    _changed: dict[str, Gateway] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.one, self.other = self.begin("one", "full"), self.begin("other", "lite")

    def begin(self, name: str, intensity: str) -> Gateway:
        """A gateway that says so; the same as before, where it has been stopped."""
        self.started.append(self.start(name, intensity))
        return self.started[-1]

    def say(self, gateway: Gateway, section: str, **changes: Any) -> None:
        """Change what a gateway's file says, and wait until that is in force."""
        self._write(gateway, {**gateway.config, section: {**gateway.config.get(section, {}), **changes}})
        self._changed[gateway.folder.name] = gateway

    def reset(self) -> None:
        """As it was set up."""
        while self._changed:
            self._write(gateway := self._changed.popitem()[1], gateway.config)

    def _write(self, gateway: Gateway, wanted: dict[str, Any]) -> None:
        before = said(gateway, "was read again")
        rewritten(gateway, wanted)
        until(lambda: said(gateway, "was read again") > before)

    def together(self, law: Callable[[], None]) -> None:
        """What holds whenever the store answers in time."""
        in_time(law, self.started)

    def sent(self) -> bytes:
        return self.provider.received[-1].body


def set_up(provider: Provider, store: Mapping[str, Any], intensity: str, **terser: Any) -> dict[str, Any]:
    """A gateway whose default is this; another tenant has a key too, and all keys have a quota."""
    found = config(provider, intensity=intensity, **terser)
    found["terser"]["rules"] = {"full": WORDS, "lite": PLAIN}
    found["keys"].append({"name": "stranger", "key": OTHER_KEY, "team": "strangers"})
    quotas = {"each_key": ["100000 requests per day"]}
    return {**found, **store, "quotas": quotas, "admin": {"listen": None}}


def in_time(law: Callable[[], None], gateways: Sequence[Gateway]) -> None:
    """Holds whenever the store answered in time: on a machine under load it may be late now and then."""

    def state() -> tuple[int, int]:
        return sum(said(one, ALONE) for one in gateways), sum(said(one, AGAIN) for one in gateways)

    for _ in range(25):
        before = state()
        try:
            law()
        except AssertionError:
            # What has just been logged may still be on its way here.
            time.sleep(0.3)
            if state() == before and before[0] == before[1]:
                raise
        else:
            return
    raise AssertionError("the store is always late")


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What both gateways say of what they share."""
    pepper = {"pepper": base64.b64encode(bytes(range(32))).decode()}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.new()
        yield {**pepper, "database": url}
        server.drop(url)
        return
    valkey = ValkeyServer(tmp_path_factory.mktemp("valkey"), persistent=True)
    valkey.start()
    yield {**pepper, "shared": valkey.url}
    valkey.stop()


@pytest.fixture(scope="module")
def made(store: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """One says ``full``; the other has been told ``lite`` since."""
    place = tmp_path_factory.mktemp("together")
    with Provider(answer) as provider, ExitStack() as undo:

        def start(name: str, intensity: str) -> Gateway:
            folder = place / name
            folder.mkdir(exist_ok=True)
            return undo.enter_context(Gateway(set_up(provider, store, intensity), folder))

        yield Both(provider, start)


@pytest.fixture
def both(made: Both) -> Iterator[Both]:
    """As they were set up."""
    yield made
    made.reset()


def test_a_conversation_goes_on_as_it_began_on_whichever_gateway(both: Both) -> None:
    """In its counts too; new ones begin as it is set, and the other tenant's equal one is a conversation of its own."""

    def law() -> None:
        first = WIRE.first(fresh())
        began = WIRE.send(both.one, first)
        assert (told(began)["intensity"], both.sent().count(WORDS.encode())) == ("full", 1)
        went_on = WIRE.send(both.other, WIRE.later(first))
        assert told(went_on) == told(began)
        assert (both.sent().count(WORDS.encode()), both.sent().count(PLAIN.encode())) == (1, 0)
        ask(both.other, "/v1/messages/count_tokens", json.dumps(first).encode())
        assert both.sent().count(WORDS.encode()) == 1
        stranger = ask(both.other, WIRE.target, json.dumps(first).encode(), {}, key=OTHER_KEY)
        assert told(stranger)["intensity"] == "lite"
        assert told(WIRE.send(both.other, WIRE.first(fresh())))["intensity"] == "lite"

    both.together(law)


def test_those_that_begin_at_once_agree(both: Both) -> None:
    """The same first request at both gateways at the same moment, over and over: both do what one of them decided."""

    def law() -> None:
        seen: Counter[str] = Counter()
        with ThreadPoolExecutor(2) as pool:
            for _ in range(12):
                first = WIRE.first(fresh())
                got = list(pool.map(lambda gateway: WIRE.send(gateway, first), (both.one, both.other)))  # noqa: B023
                assert told(got[0]) == told(got[1])
                seen[told(got[0])["intensity"]] += 1
        assert set(seen) <= {"full", "lite"}

    both.together(law)


def test_a_default_that_is_taken_back_counts_from_the_next_conversation_on(both: Both) -> None:
    """Everywhere: also where nothing is wanted any more, and where the gateway was restarted since."""

    def law() -> None:
        first = WIRE.first(fresh())
        assert told(WIRE.send(both.one, first))["intensity"] == "full"
        both.say(both.other, "terser", intensity="off")
        assert _fresh(both.other).status == 200
        assert PLAIN.encode() not in both.sent()
        assert both.one.stop() == 0
        both.one = both.begin("one", "full")
        for gateway in (both.other, both.one):
            got = WIRE.send(gateway, WIRE.later(first))
            assert told(got)["intensity"] == "full"
            assert both.sent().count(WORDS.encode()) == 1

    both.together(law)


def test_who_is_left_alone_is_so_everywhere(both: Both, store: dict[str, Any]) -> None:
    """A conversation on the side that is left as it is keeps every byte at the other gateway, which has another share
    to leave; and the books of both say what was done."""
    both.say(both.one, "terser", holdout=50)

    def law() -> None:
        seen: set[str] = set()
        while seen != {"control", "treated"}:
            first = WIRE.first(fresh())
            began = told(WIRE.send(both.one, first))
            later = json.dumps(WIRE.later(first)).encode()
            went_on = ask(both.other, WIRE.target, later)
            assert told(went_on) == began
            assert (both.sent() == later) == (began["arm"] == "control")
            seen.add(began["arm"])

    both.together(law)
    place = store.get("database") or both.other.folder
    until(lambda: {arm for arm, _ in booked(place)} >= {"control", "treated"})
    assert all((arm == "treated") == (added > 0) for arm, added in booked(place) if arm in {"control", "treated"})


def booked(folder: Path | str) -> list[tuple[str, int]]:
    """Of each exchange: its arm, and the bytes that words took."""
    query = "SELECT arm, added FROM entries"
    if isinstance(folder, str):
        with psycopg.connect(folder) as connection:
            return connection.execute(query.encode()).fetchall()
    with closing(sqlite3.connect(f"file:{folder}/data/penstock.db?mode=ro", uri=True, timeout=10)) as database:
        return list(database.execute(query))


def test_private_values_in_the_first_message_make_no_difference(both: Both) -> None:
    """The conversation is known by what its client wrote, whatever is masked before it is sent."""
    for gateway in (both.one, both.other):
        both.say(gateway, "scrub", wanted=True)

    def law() -> None:
        first = WIRE.first(fresh("Write to bob@corp.de: how do rainbows form?"))
        assert told(WIRE.send(both.one, first))["intensity"] == "full"
        began = both.sent()
        assert b"EMAIL_" in began
        assert b"bob@" not in began
        assert told(WIRE.send(both.other, WIRE.later(first)))["intensity"] == "full"
        assert json.loads(both.sent())["system"] == json.loads(began)["system"]
        assert json.loads(both.sent())["messages"][0] == json.loads(began)["messages"][0]

    both.together(law)


@pytest.mark.parametrize("store", STORES[1:], indirect=True)
def test_what_goes_on_at_the_provider_follows_too(both: Both) -> None:
    """A response that goes on from another one, by its id alone, on the other gateway. (Whose it is stands in the
    database that they share.)"""
    wire = FORMATS["responses"]

    def law() -> None:
        got = wire.send(both.one, wire.first(fresh()))
        assert told(got)["intensity"] == "full"
        later = {"model": "m", "input": "Why?", "previous_response_id": json.loads(got.body)["id"]}
        found = wire.send(both.other, later)
        assert (found.status, told(found)) == (200, told(got)), found.body

    both.together(law)


def test_it_asks_in_the_round_trip_of_the_limits(tmp_path: Path) -> None:
    """What a first request asks of its conversation leaves in the same write as what it takes from its quotas; a later
    one asks nothing; and without quotas a first request has one question and a later one none."""
    server = ValkeyServer(tmp_path / "valkey")
    server.start()

    def reach() -> socket.socket:
        found = socket.socket(socket.AF_UNIX)
        found.connect(str(server.socket))
        return found

    take = Script(TAKE.replace("CLOCK", SERVER_TIME)).digest
    with Between(reach) as wire, Provider(answer) as provider, ExitStack() as undo:
        undo.callback(server.stop)
        # So few are never lent to a gateway: each request asks the server.
        for name, quotas in (("held", {"each_key": ["12 requests at once"]}), ("free", {})):
            (tmp_path / name).mkdir()
            shared = {"shared": f"valkey://127.0.0.1:{wire.port}", "quotas": quotas}
            with Gateway({**set_up(provider, {}, "full"), **shared}, tmp_path / name) as gateway:
                in_time(functools.partial(asks_once, gateway, wire, take if quotas else b"no quotas"), [gateway])


def asks_once(gateway: Gateway, wire: Between, take: bytes) -> None:
    """A first request and a later one, and in which writes they ask."""
    for body, claims in ((first := WIRE.first(fresh()), 1), (WIRE.later(first), 0)):
        wire.said.clear()
        assert told(WIRE.send(gateway, body))["intensity"] == "full"
        takes = 0 if take == b"no quotas" else 1
        asked = [(write.count(take), write.count(CLAIM.digest)) for write in wire.asked]
        assert [one for one in asked if any(one)] == ([(takes, claims)] if takes or claims else [])


def _fresh(gateway: Gateway) -> Got:
    return WIRE.send(gateway, WIRE.first(fresh()))
