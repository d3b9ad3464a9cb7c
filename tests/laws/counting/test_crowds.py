"""Under a crowd of concurrent requests, from one process or four, limits hold exactly and sums are right."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.core.counting import AMOUNT_MOST, BEGINNING, LEASE_SECONDS, TICKS, Ask, Counters, Standing, Way
from tests.laws.counting.crowd import AT, Job, answered, crowd, start
from tests.laws.counting.houses import EACH, HOUSES, SHARED, House
from tests.support.loop import awaited

pytestmark = pytest.mark.slow

ENDS = BEGINNING + 10**8
SPAN = Ask("span", Way.SPAN, 137, 1, ends=ENDS)
SEATS = Ask("seats", Way.SEATS, 137, 1)
RATE = Ask("rate", Way.RATE, 137, 1, ticks=3600 * TICKS)

each_way = pytest.mark.parametrize(
    ("name", "processes"),
    [
        ("memory", 1),
        ("sqlite", 1),
        ("valkey", 1),
        pytest.param("postgresql", 1, marks=pytest.mark.slow),
        *(pytest.param(name, 4, marks=pytest.mark.slow) for name in HOUSES if name != "memory"),
    ],
)


@pytest.fixture
def house(name: str, tmp_path: Path) -> Iterator[House]:
    with HOUSES[name](tmp_path) as house:
        house.clock.ticks = TICKS * 10**6
        yield house


async def _standings(counters: Counters, *asks: Ask) -> tuple[Standing, ...]:
    found = counters.standings(asks)
    return found if isinstance(found, tuple) else await found


@each_way
@awaited
async def test_a_thousand_at_once_against_k_are_exactly_k(house: House, processes: int) -> None:
    """Of each way of counting, alone and all together; the tightest decides. Processes are slow to start, so several
    of them ask for all together only."""
    async with house.opened(fresh=True) as counters:
        asks = {"span": [SPAN], "seats": [SEATS], "rate": [RATE]} if processes == 1 else {}
        asks["all"] = [
            Ask(f"{ask.counter} of all", ask.way, ask.most, 1, ticks=ask.ticks, ends=ENDS) for ask in (SPAN, RATE)
        ]
        asks["all"].append(Ask("the tightest", Way.SEATS, 51, 1))
        for name, some in asks.items():
            done = await crowd(house, counters, Job(name, some, requests=1000, lanes=1000), processes)
            assert sum(one.granted for one in done) == min(ask.most for ask in some), name
        # What the tightest refused has taken nothing of the others.
        stood = await _standings(counters, *asks["all"])
        assert [one.settled + one.reserved for one in stood] == [51, 51, 51]


@each_way
@awaited
async def test_strict_is_never_over(house: House, processes: int) -> None:
    """Amounts by chance are reserved up to the limit and no further, and what was used less comes free again."""
    async with house.opened(fresh=True) as counters:
        ask = Ask("strict", Way.SPAN, 3000, 1, ends=ENDS)
        job = Job("strict", [ask], requests=400, lanes=40, amounts=(10, 60), actual=(0, 10))
        done = await crowd(house, counters, job, processes)
        stood = (await _standings(counters, ask))[0]
        assert stood.reserved == 0
        assert stood.settled == sum(one.used for one in done)
        assert 0 < stood.settled <= 3000
        held = await crowd(house, counters, Job("more", [ask], requests=400, lanes=40, amounts=(10, 60)), processes)
        left = 3000 - stood.settled
        assert left - 60 < sum(one.reserved for one in held) <= left


@each_way
@awaited
async def test_learned_is_over_by_what_was_under_way_at_most(house: House, processes: int) -> None:
    """By what requests under way used more than they had reserved, and one reservation; and it is used up whole."""
    async with house.opened(fresh=True) as counters:
        ask = Ask("learned", Way.SPAN, 4000, 1, strict=False, ends=ENDS)
        job = Job("learned", [ask], requests=400, lanes=20, amounts=(20, 40), actual=(0, 120))
        done = await crowd(house, counters, job, processes)
        stood = (await _standings(counters, ask))[0]
        assert stood.reserved == 0
        assert stood.settled == sum(one.used for one in done)
        assert stood.settled <= 4000 + 40 + sum(over for one in done for over in one.overshot)
        for number in range(stood.settled, 4000):
            assert (await answered(counters, f"rest {number}", (ask,))).refused < 0
        assert (await answered(counters, "beyond", (ask,))).refused == 0


@pytest.mark.parametrize("name", SHARED)
@awaited
async def test_processes_that_serve_from_loans_hold_a_strict_quota(house: House) -> None:
    """Most requests ask nobody, what all processes used is what the store has in the end, never more than there is, and
    what is left can be used to the last."""
    async with house.opened(fresh=True) as counters:
        ask = Ask("lent", Way.SPAN, 3000, 1, ends=ENDS)
        counters.adjust("lent", ENDS, {})
        job = Job("lent", [ask], requests=2000, lanes=40, amounts=(1, 4), actual=(0, 1), lent=100)
        done = await crowd(house, counters, job, 2)
        used = sum(one.used for one in done)
        assert await _standings(counters, ask) == (Standing(used, 0),)
        assert sum(one.granted for one in done) == 2000
        assert sum(one.at_once for one in done) > 200
        done = await crowd(house, counters, Job("more", [ask], requests=4000, lanes=40, actual=(1, 1), lent=100), 2)
        used += sum(one.used for one in done)
        assert await _standings(counters, ask) == (Standing(used, 0),)
        rest = 0
        while (await answered(counters, f"rest {rest}", (ask,))).refused < 0:
            rest += 1
        assert used + rest == 3000


@pytest.mark.parametrize("name", SHARED)
@awaited
async def test_what_a_killed_process_held_comes_free(house: House) -> None:
    """After its leases are over and not before; its late settlements still count, once."""
    async with house.opened(fresh=True) as counters:
        asks = [Ask("seats", Way.SEATS, 3, 1), Ask("span", Way.SPAN, 3, 1, ends=ENDS)]
        await _standings(counters, *asks)
        killed = start(house, Job("killed", asks, requests=5, lanes=1, hold=True))
        assert killed.stdout is not None
        assert b'"granted":3' in await asyncio.to_thread(killed.stdout.readline)
        killed.kill()
        killed.communicate()
        house.clock.ticks += (LEASE_SECONDS - 1) * TICKS
        assert (await answered(counters, "early", asks)).refused == 0
        house.clock.ticks += TICKS
        assert (await answered(counters, "later", asks)).refused == -1
        for _ in range(2):
            counters.settle("killed 0", AT, {"span": 2})
        counters.settle("later", AT, {"span": 1})
        assert await _standings(counters, *asks) == (Standing(0, 0), Standing(3, 0, new=True))


@pytest.mark.parametrize("name", SHARED)
@awaited
async def test_a_store_that_is_opened_again_goes_on(house: House) -> None:
    """What was settled, what is held and what was noted are all there, for the same process or another."""
    async with house.opened(fresh=True) as counters:
        for lease in ("settled", "held", "over"):
            await answered(counters, lease, (SPAN,))
            if lease == "settled":
                counters.settle("settled", AT, {"span": 40})
                house.clock.ticks += TICKS
    async with house.opened() as counters:
        assert await _standings(counters, SPAN) == (Standing(40, 2, new=True),)
        house.clock.ticks += LEASE_SECONDS * TICKS
        counters.renew(["held"])
        assert await _standings(counters, SPAN) == (Standing(40, 1, new=True),)
        counters.settle("over", AT, {"span": 7})
        counters.settle("held", AT, {"span": 3})
        assert await _standings(counters, SPAN) == (Standing(50, 0, new=True),)


@pytest.mark.parametrize("name", SHARED)
@awaited
async def test_nonsense_harms_nobody_else(house: House) -> None:
    """What a provider counts beyond all measure is capped, and what is settled beside it counts."""
    async with house.opened(fresh=True) as counters:
        for lease in ("nonsense", "sense"):
            await answered(counters, lease, [SPAN, RATE])
        counters.settle("nonsense", AT, {"span": 10**30, "rate": 10**30})
        counters.settle("sense", AT, {"span": 5})
        assert await _standings(counters, SPAN) == (Standing(AMOUNT_MOST + 5, 0, new=True),)


@pytest.mark.parametrize("name", SHARED)
@awaited
async def test_the_ledger_sets_right_what_was_forgotten(house: House) -> None:
    """Also of a span that ended long ago, and again."""
    async with house.opened(fresh=True) as counters:
        for amount in (7, 9):
            counters.adjust("span", ENDS, {500_000: amount, 500_001: 1})
            assert await _standings(counters, SPAN) == (Standing(amount + 1, 0),)
            house.clock.ticks += (ENDS - BEGINNING + 10 * 86_400) * TICKS


@pytest.mark.parametrize("name", EACH)
@awaited
async def test_twice_the_load_for_five_minutes_is_admitted_at_the_rate(house: House) -> None:
    """60 a minute with 10 at once, asked twice a second: 300 in five minutes and the burst, to the request."""
    async with house.opened(fresh=True) as counters:
        ask = Ask("rate", Way.RATE, 10, 1, ticks=10 * TICKS)
        granted = 0
        for turn in range(600):
            granted += (await answered(counters, f"lease {turn}", (ask,))).refused < 0
            house.clock.ticks += TICKS // 2
        assert granted == 10 + 299
