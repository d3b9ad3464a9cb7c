"""Counters that are set right by the books: at the start, where they are new, and for hours that are over."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from penstock.background.reckoning import Holders, Reckoning, Sums, over_long
from penstock.core.caller import KeyProfile
from penstock.core.counting import Ask
from penstock.core.entry import Entry
from penstock.core.quota import Level, Period, Quota, Unit, bound
from penstock.policies.limit import OperationKind, Settling, Sizes
from penstock.policies.limit.settling import Taken
from penstock.policies.limit.taking import Taking
from penstock.stores.counting.memory import Memory
from penstock.stores.ledger import Ledger
from penstock.stores.used import Usages, Used
from tests.support.books import AT, entry, used
from tests.support.made import database_at

pytestmark = pytest.mark.slow

HOUR = 3600
OUTPUT = Quota(Unit.OUTPUT, 10**6, Period.MONTH)
KEY = KeyProfile(
    "key_1",
    "laptop",
    team="red",
    user="ada",
    quotas=(
        bound(OUTPUT, Level.INSTALLATION, ""),
        bound(OUTPUT, Level.TEAM, "red"),
        bound(OUTPUT, Level.USER, "ada"),
        bound(OUTPUT, Level.KEY, "key_1"),
        bound(Quota(Unit.REQUESTS, 1000, Period.DAY, "claude-*"), Level.KEY, "key_1"),
        bound(Quota(Unit.DOLLARS, 10**9, Period.DAY), Level.KEY, "key_1"),
    ),
)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = database_at(tmp_path / "x.db")
    yield engine
    engine.dispose()


class Scene:
    """Memory, books and a clock that a test moves."""

    def __init__(self, engine: Engine) -> None:
        self.now = AT
        self.ledger = Ledger(engine)
        self.counters = Memory(lambda: 10**12)
        self.settling = Settling(self.counters, Sizes(), (), lambda *_: None)
        usages = Usages(engine, ("messages",))
        self.reckoning = Reckoning(
            usages, self.counters, self.settling, lambda: [KEY], lambda _: True, clock=lambda: self.now
        )

    def settled(self) -> list[int]:
        asks = Taking(KEY, "claude-x", OperationKind.SPENDS, self.now).asks
        return [one.settled for one in self.counters.standings(asks)]

    def use(self, name: int, output: int, *, stored: bool = True, **fields: Any) -> None:
        """An exchange takes and settles; it comes into the books now, or later."""
        made = used_by(name, output, **fields)
        taking = Taking(KEY, "claude-x", OperationKind.SPENDS, self.now)
        asks: tuple[Ask, ...] = taking.asks
        verdict = self.counters.take(str(name), asks)
        self.settling.under_way[str(name)] = Taken(taking, asks, standings=verdict.standings)
        self.settling.closed(made)
        if stored:
            self.ledger.append([made])


def used_by(name: int, output: int, **fields: Any) -> Entry:
    row = {"key": "key_1", "team": "red", "owner": "ada", "model": "claude-x", "at": AT, "cost": 7, **fields}
    return entry(name, consumption=used(input=3, output=output), **row)


def run(work: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(work())


def until(met: Callable[[], bool]) -> Coroutine[None, None, None]:
    async def wait() -> None:
        end = time.monotonic() + 30
        while not met():
            assert time.monotonic() < end
            await asyncio.sleep(0.02)

    return wait()


def test_a_start_counts_what_the_books_have(engine: Engine) -> None:
    """Of every level, also of keys that are gone; each quota its own span, models and unit."""
    scene = Scene(engine)
    scene.ledger.append(
        [
            used_by(1, 10),
            used_by(2, 20, at=AT - 40 * HOUR),
            used_by(3, 300, key="key_gone", owner="ada"),
            used_by(4, 4000, key="key_2", team="blue", owner="bob"),
            used_by(5, 50_000, at=AT - 30 * 24 * HOUR),
            used_by(6, 600_000, model="gpt-x", status=500),
        ]
    )

    async def work() -> None:
        await scene.reckoning.begin(alone=True, patience=10)
        await scene.reckoning.close()

    run(work)
    assert scene.settled() == [604_330, 600_330, 600_330, 600_030, 1, 14]


def test_a_counter_that_is_new_is_set_right_to_the_token(engine: Engine) -> None:
    """What this process has settled meanwhile counts once, whether the books have it by then or not."""
    scene = Scene(engine)
    scene.ledger.append([used_by(1, 10)])

    async def work() -> None:
        scene.use(2, 20)
        scene.use(3, 300, stored=False)
        assert scene.settled()[3] == 320
        await scene.reckoning.begin(alone=True, patience=0)
        await until(lambda: scene.settled()[3] == 330)
        scene.use(4, 4000, stored=False)
        await asyncio.sleep(1.2)
        await scene.reckoning.close()

    run(work)
    assert scene.settled()[3] == 4330
    assert not scene.settling.fresh


def test_where_others_count_too_their_present_hour_is_left_alone(engine: Engine) -> None:
    """A counter that has as much as the books is right; one that has less has lost something."""
    scene = Scene(engine)
    scene.ledger.append([used_by(1, 10, at=AT - HOUR)])

    async def work() -> None:
        scene.use(2, 20, stored=False)
        await scene.reckoning.begin(alone=False, patience=10)
        await until(lambda: not scene.settling.fresh)
        await scene.reckoning.close()

    run(work)
    assert scene.settled()[3] == 30
    assert scene.settled()[4] == 2


def test_what_a_store_has_lost_is_brought_back_and_what_it_has_is_never_taken(engine: Engine) -> None:
    """Where others count too the books are behind the counters: they raise what is less, by what they have so far, and
    once more when they have the rest."""
    scene = Scene(engine)
    scene.ledger.append([used_by(1, 500)])

    async def work() -> None:
        await scene.reckoning.begin(alone=False, patience=10)
        scene.use(2, 20, stored=False)
        await until(lambda: scene.settled()[3] == 500)
        scene.ledger.append([used_by(2, 20)])
        scene.now += 5
        await until(lambda: scene.settled()[3] == 520)
        scene.use(3, 7, stored=False)
        scene.now += 30
        await asyncio.sleep(2.5)
        await scene.reckoning.close()

    run(work)
    assert scene.settled()[3] == 527


def test_books_that_do_not_answer_keep_nobody_from_starting(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, and nothing is counted that is not known."""
    scene = Scene(engine)
    scene.ledger.append([used_by(1, 10)])
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE rollups RENAME TO elsewhere")

    async def work() -> None:
        await scene.reckoning.begin(alone=True, patience=10)
        await scene.reckoning.close()

    run(work)
    assert scene.settled() == [0] * 6
    assert "don't tell what was used" in caplog.text


def test_what_is_told_all_at_once_comes_to_the_same_sums(engine: Engine) -> None:
    """Of days, weeks and months, at every level: as when every hour is told by itself, in fewer rows."""
    week, month = Quota(Unit.TOKENS, 10**9, Period.WEEK), Quota(Unit.DOLLARS, 10**9, Period.MONTH, "claude-*")
    today = Quota(Unit.OUTPUT, 10**9, Period.DAY)
    quotas = (
        bound(week, Level.TEAM, "red"),
        bound(month, Level.USER, "ada"),
        bound(today, Level.KEY, "key_1"),
        bound(Quota(Unit.REQUESTS, 10**6, Period.MONTH), Level.INSTALLATION, ""),
    )
    models = ["claude-x", "gpt-x"]
    Ledger(engine).append(
        [
            used_by(
                number,
                10**number % 997,
                at=AT - 5 * HOUR * number,
                model=models[number % 2],
                team="red" if number % 3 else "blue",
                status=200 if number % 5 else 529,
            )
            for number in range(150)
        ]
    )
    holders = Holders([KeyProfile("key_1", "laptop", quotas=quotas)], AT)
    usages = Usages(engine, ("messages",))
    told: dict[bool, tuple[int, dict[str, tuple[int, int]]]] = {}
    for exact in (True, False):
        sums: Sums = {}
        rows: list[Used] = []

        def add(row: Used, sums: Sums = sums, rows: list[Used] = rows) -> None:
            rows.append(row)
            holders.add(row, sums)

        usages.read(holders.hours(int(AT // HOUR) + 1, None if exact else over_long(AT)), add, apart=holders.apart)
        told[exact] = len(rows), {name: (ends, sum(hours.values())) for name, (ends, hours) in sums.items()}
    assert told[True][1] == told[False][1]
    assert len(told[True][1]) == 4
    assert told[False][0] < told[True][0] // 2
    assert holders.apart == {"key", "team", "owner", "model"}
    assert Holders([KEY], AT).apart == {"key", "team", "owner", "model"}
    assert Holders([KeyProfile("", "", quotas=quotas[:1])], AT).apart == {"team"}
