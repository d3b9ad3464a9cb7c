"""How quotas stand, as those who run the gateway are told: from shared counters where there are any, else the books."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from penstock import composing
from penstock.administering import keys, subjects
from penstock.administering.acting import Actor, Role
from penstock.administering.errors import InvalidError, NotFoundError
from penstock.administering.house import House, opened
from penstock.administering.quotas import ListQuotas, listed
from penstock.config.people import QuotaSettings
from penstock.config.settings import KeySettings, Settings
from penstock.core.caller import Secret
from penstock.policies.limit.taking import slots
from penstock.policies.limit.terms import Kind
from penstock.stores.counting.sqlite import COUNTERS, SqliteCounters
from penstock.stores.ledger import Ledger
from tests.support.books import entry, used

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


def test_shared_counters_tell_it_as_it_stands(house: House, tmp_path: Path) -> None:
    """What was taken is seen at once, with what is reserved; nothing is taken by looking."""
    several = msgspec.structs.replace(house.settings, workers=2)
    profile = next(one for one in house.store.profiles(composing.heritage(several)).values() if one.name == "one")
    asks = [slot.ask for slot in slots(profile.quotas, "claude-haiku", Kind.SPENDS, time.time())]

    async def take() -> None:
        counters = SqliteCounters(tmp_path / COUNTERS, deadline=5.0)
        await counters.take("exchange", [msgspec.structs.replace(ask, amount=7) for ask in asks])
        await counters.close()

    asyncio.run(take())
    shared = House(several, house.store, house.admins)
    for _ in range(2):
        page = listed(shared, OWNER, ListQuotas(key="one"))
        assert [(one.used, one.reserved, one.source) for one in page.items] == [
            (0, 7, "counters"),
            (7, 0, "counters"),
            (0, 7, "counters"),
            (0, 7, "counters"),
            (0, 7, "counters"),
        ]


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
