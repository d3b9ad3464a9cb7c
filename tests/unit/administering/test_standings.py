"""How quotas stand, as those who run the gateway are told: from shared counters where there are any, else the books."""

import asyncio
import functools
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from penstock.administering import keys, subjects
from penstock.administering.acting import Actor, Role
from penstock.administering.errors import InvalidError, NotFoundError
from penstock.administering.house import House, opened
from penstock.administering.quotas import ListQuotas, listed
from penstock.assembly import composing
from penstock.config.people import QuotaSettings
from penstock.config.settings import KeySettings, Settings
from penstock.core.caller import Secret
from penstock.core.counting import Counters, Verdict
from penstock.policies.limit.taking import slots
from penstock.policies.limit.terms import OperationKind
from penstock.stores.counting.postgresql import PostgresqlCounters
from penstock.stores.counting.sqlite import COUNTERS, SqliteCounters
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from penstock.stores.ledger import Ledger
from penstock.stores.server import connect
from tests.support.books import entry, used
from tests.support.command import invoke
from tests.support.valkey import ValkeyServer

pytestmark = pytest.mark.slow

OWNER, LEAD = Actor("olga", Role.OWNER), Actor("lea", Role.LEAD, "red")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    settings = Settings(
        data_dir=str(tmp_path),
        keys=(KeySettings(name="filed", key=Secret("k" * 20), team="red", quotas=("5 MB per request",)),),
        quotas=QuotaSettings(all=("$100 per month",), each_user=("90 requests per day",)),
    )
    with opened(settings) as house:
        subjects.create_team(house, OWNER, subjects.CreateTeam(name="red", quotas=("1M tokens per month",)))
        terms = ("10k output tokens per day for claude-*", "60 rpm, burst 20")
        keys.create(house, OWNER, keys.CreateKey(name="one", team="red", owner="Ada", quotas=terms))
        keys.create(house, OWNER, keys.CreateKey(name="two", team="red"))
        yield house


def told(house: House, actor: Actor = OWNER, **wanted: str) -> list[tuple[str, str, int | None, str]]:
    page = listed(house, actor, msgspec.convert(wanted, ListQuotas))
    return [(one.quota, one.level, one.used, one.source) for one in page.items]


def spend(house: House, key: str, team: str, owner: str, model: str, output: int, cost: int) -> None:
    consumption = used(model, input=100, output=output)
    identity = house.store.find(key).id
    made = entry(f"{key}-{model}-{output}", key=identity, team=team, owner=owner, model=model, at=time.time(),
                 operation="messages.create", consumption=consumption, cost=cost)  # fmt: skip
    Ledger(house.store.engine).append([made])


def test_the_books_tell_what_one_process_counts(house: House) -> None:
    """Whose it is, of which models, in which unit; what has no days is in the process's memory alone."""
    spend(house, "one", "red", "Ada", "claude-haiku", 40, 1_000_000)
    spend(house, "one", "red", "Ada", "gpt-5", 50, 500_000)
    spend(house, "two", "red", "", "claude-haiku", 60, 0)
    assert told(house, key="one") == [
        ("10k output tokens per day for claude-*", "key", 40, "books"),
        ("60 requests per minute", "key", None, "process"),
        ("90 requests per day", "user", 2, "books"),
        ("1M tokens per month", "team", 450, "books"),
        ("$100 per month", "installation", 1_500_000, "books"),
    ]
    assert told(house, team="red") == [("1M tokens per month", "team", 450, "books")]
    assert told(house, user="Ada") == [("90 requests per day", "user", 2, "books")]
    assert told(house) == [("$100 per month", "installation", 1_500_000, "books")]
    assert told(house, key="filed")[0] == ("5 MB per request", "key", None, "process")


@pytest.fixture
def valkey(tmp_path: Path) -> Iterator[ValkeyServer]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = ValkeyServer(tmp_path / "v", port=port)
    server.start()
    yield server
    server.stop()


def take(house: House, settings: Settings, counters: Callable[[], Counters]) -> None:
    """Seven of each quota of the key ``one``, as a gateway reserves them."""
    profile = next(one for one in house.store.profiles(composing.heritage(settings)).values() if one.name == "one")
    asks = [slot.ask for slot in slots(profile.quotas, "claude-haiku", OperationKind.SPENDS, time.time())]

    async def taken() -> None:
        opened = counters()
        told = opened.take("exchange", [msgspec.structs.replace(ask, amount=7) for ask in asks])
        assert not isinstance(told, Verdict)
        await told
        closing = opened.close()
        assert closing is not None
        await closing

    asyncio.run(taken())


STANDING = [
    ("10k output tokens per day for claude-*", 0, 7, "counters"),
    ("60 requests per minute", 7, 0, "counters"),
    ("90 requests per day", 0, 7, "counters"),
    ("1M tokens per month", 0, 7, "counters"),
    ("$100 per month", 0, 7, "counters"),
]


def test_counters_of_several_processes_tell_it_as_it_stands(house: House, tmp_path: Path) -> None:
    """What was taken is seen at once, with what is reserved; nothing is taken by looking."""
    several = msgspec.structs.replace(house.settings, workers=2)
    take(house, several, lambda: SqliteCounters(tmp_path / COUNTERS, deadline=5.0))
    shared = House(several, house.store, house.admins)
    for _ in range(2):
        page = listed(shared, OWNER, ListQuotas(key="one"))
        assert [(one.quota, one.used, one.reserved, one.source) for one in page.items] == STANDING


def test_counters_on_postgresql_tell_it_as_it_stands(tmp_path: Path, database_url: str) -> None:
    """Where several gateways share a database and nothing else."""
    server = Secret(database_url)
    quotas = QuotaSettings(all=("$100 per month",))
    settings = Settings(data_dir=str(tmp_path), database=server, quotas=quotas)
    with opened(settings) as house:
        keys.create(house, OWNER, keys.CreateKey(name="one", quotas=("60 rpm, burst 20",)))
        take(house, settings, lambda: PostgresqlCounters(functools.partial(connect, server), deadline=5.0))
        page = listed(house, OWNER, ListQuotas(key="one"))
        found = [(one.quota, one.used, one.reserved, one.source) for one in page.items]
        assert found == [STANDING[1], STANDING[4]]


def test_counters_in_valkey_tell_it_at_the_command_line(house: House, tmp_path: Path, valkey: ValkeyServer) -> None:
    """By `penstock quotas`, as they stand; while the server says nothing it is what the books say, with a word."""
    config = tmp_path / "penstock.yaml"
    shared = f"valkey://127.0.0.1:{valkey.port}"
    quotas = {"all": ["$100 per month"], "each_user": ["90 requests per day"]}
    config.write_text(json.dumps({"data_dir": str(tmp_path), "shared": shared, "quotas": quotas}))
    take(house, house.settings, lambda: ValkeyCounters(address(shared), deadline=30.0))
    command = ("quotas", "--key", "one", "--config", str(config))
    for _ in range(2):
        rows = json.loads(invoke(*command, "--json").stdout)
        assert [(one["quota"], one["used"], one["reserved"], one["source"]) for one in rows] == STANDING
    lines = invoke(*command).stdout.splitlines()
    # Used, reserved, left.
    assert re.search(r"^60 requests per minute +key one +7 +0 +13 ", lines[2]), lines
    assert re.search(r"^1M tokens per month +team red +0 +7 +999,993 ", lines[4]), lines
    assert invoke("quotas", "--config", str(config)).stdout.splitlines()[1].split()[3:7] == [
        "everyone", "$0.00", "$0.00", "$100.00",
    ]  # fmt: skip
    spend(house, "one", "red", "Ada", "claude-haiku", 40, 1_000_000)
    valkey.hold()
    found = invoke(*command)
    valkey.let_go()
    assert "From the books" in found.stderr
    assert re.search(r"^\$100 per month +everyone +\$1\.00 +- +\$99\.00 ", found.stdout.splitlines()[5]), found.stdout


def test_a_lead_sees_what_the_team_used_and_nothing_else(house: House) -> None:
    """Neither what everyone used, nor what a user used who may have keys in other teams."""
    assert [level for _, level, _, _ in told(house, LEAD, key="one")] == ["key", "key", "team"]
    assert told(house, LEAD, team="red") == [("1M tokens per month", "team", 0, "books")]
    for wanted in ({}, {"team": "blue"}, {"user": "Ada"}):
        with pytest.raises(NotFoundError):
            told(house, LEAD, **wanted)


def test_one_is_asked_for_at_a_time(house: House) -> None:
    """Of two it would not be plain whose quotas are told."""
    with pytest.raises(InvalidError):
        told(house, key="one", team="red")
