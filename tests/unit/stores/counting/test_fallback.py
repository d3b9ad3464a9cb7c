"""While the store does not answer each quota does what it says, and afterwards the store knows what was used."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from penstock.core.counting import BEGINNING, Ask, Way
from penstock.core.quota import Unreachable
from penstock.stores.counting.fallback import Fallback
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from tests.support.loop import awaited
from tests.support.valkey import ValkeyServer

pytestmark = pytest.mark.slow

SPAN = Ask("span", Way.SPAN, 100, 1, ends=int(time.time()) + 10**6)
AT = float(BEGINNING)
MUTE = 0.5
"""How long a server that says nothing is waited for: one that answers does so sooner, on a busy machine too."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    server = ValkeyServer(tmp_path / "valkey", persistent=True)
    server.start()
    yield server
    server.stop()


@asynccontextmanager
async def _counters(server: ValkeyServer, processes: int = 4, *, deadline: float = 5.0) -> AsyncIterator[Fallback]:
    counters = Fallback(ValkeyCounters(address(server.url), deadline=deadline), processes=processes)
    try:
        yield counters
    finally:
        await counters.close()


async def _settled(counters: Fallback, ask: Ask) -> int:
    for _ in range(1000):
        if counters.health().answers and not counters.health().waiting:
            return (await counters.standings((ask,)))[0].settled
        await asyncio.sleep(0.02)
    raise AssertionError(counters.health())


@awaited
async def test_local_gives_a_share_of_what_was_left_and_the_store_learns_of_it(server: ValkeyServer) -> None:
    """60 of 100 are used; alone, one of four processes gives 10, then refuses; back, the store has 70."""
    async with _counters(server) as counters:
        await counters.take("before", (msgspec.structs.replace(SPAN, amount=60),))
        counters.settle("before", AT, {"span": 60})
        server.kill()
        granted = [await counters.take(f"alone {number}", (SPAN,)) for number in range(20)]
        assert [verdict.refused for verdict in granted] == [-1] * 10 + [0] * 10
        assert all(verdict.alone for verdict in granted)
        assert not counters.health().answers
        assert counters.health().alone == 20
        for number in range(20):
            counters.settle(f"alone {number}", AT, {"span": 1 if number < 10 else 0})
        server.start()
        assert await _settled(counters, SPAN) == 70
        assert not (await counters.take("after", (SPAN,))).alone


@awaited
async def test_open_passes_and_is_counted_when_the_store_is_back(server: ValkeyServer) -> None:
    """More than is left passes; the sums say so afterwards."""
    ask = msgspec.structs.replace(SPAN, unreachable=Unreachable.OPEN)
    async with _counters(server, deadline=MUTE) as counters:
        await counters.take("first", (ask,))
        server.hold()
        verdicts = await asyncio.gather(*(counters.take(f"open {number}", (ask,)) for number in range(150)))
        assert {(verdict.refused, verdict.alone) for verdict in verdicts} == {(-1, True)}
        for number in range(150):
            counters.settle(f"open {number}", AT, {"span": 1})
        server.let_go()
        assert await _settled(counters, ask) == 150


@awaited
async def test_closed_refuses_and_says_which(server: ValkeyServer) -> None:
    """The first quota that is to be closed refuses; nothing is taken of the others."""
    closed = Ask("closed", Way.SEATS, 5, 1, unreachable=Unreachable.CLOSED)
    async with _counters(server, deadline=MUTE) as counters:
        await counters.take("first", (SPAN, closed))
        server.hold()
        verdict = await counters.take("second", (SPAN, closed))
        assert (verdict.refused, verdict.alone) == (1, True)
        server.let_go()
        assert await _settled(counters, SPAN) == 0
        # The second was asked into the silence, and heard when nobody wanted it any more.
        assert [one.reserved for one in await counters.standings((SPAN, closed))] == [1, 1]


@awaited
async def test_a_span_that_the_store_never_told_of_gives_little(server: ValkeyServer) -> None:
    """A tenth of it, divided by the processes."""
    server.kill()
    async with _counters(server, processes=2) as counters:
        verdicts = [await counters.take(f"lease {number}", (SPAN,)) for number in range(10)]
        assert [verdict.refused for verdict in verdicts] == [-1] * 5 + [0] * 5


@awaited
async def test_seats_and_rates_are_divided(server: ValkeyServer) -> None:
    """A quarter of the seats, a quarter of the rate, for one of four."""
    seats = Ask("seats", Way.SEATS, 8, 1)
    rate = Ask("rate", Way.RATE, 12, 1, ticks=36_000_000_000)
    server.kill()
    async with _counters(server) as counters:
        assert [(await counters.take(f"seat {n}", (seats,))).refused for n in range(3)] == [-1, -1, 0]
        assert [(await counters.take(f"rate {n}", (rate,))).refused for n in range(4)] == [-1, -1, -1, 0]
        counters.settle("seat 0", AT, {})
        assert (await counters.take("seat 3", (seats,))).refused == -1
