"""Where streams are cut: not before the quota is used up, and after it by one event at most."""

import asyncio
from collections.abc import Mapping

import pytest

from penstock.core.caller import KeyProfile
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultError
from penstock.core.head import RequestHead
from penstock.core.quota import Period, Quota, Spent, Unit
from penstock.core.route import Match
from penstock.policies.limit import Conditions, OperationKind
from penstock.policies.limit.cutting import LEAST, Cutting
from penstock.policies.limit.taking import Taking
from penstock.policies.limit.worst import UNKNOWN, Most
from penstock.route_rows import ROWS
from penstock.stores.counting.memory import Memory

ROW = next(row for row in ROWS if row.operation == "messages.create")
RATIO = 0.1


class Streams:
    """Of one key with one quota, by their names."""

    def __init__(self, quota: int, *names: str) -> None:
        counters = Memory()
        own = Quota(Unit.OUTPUT, quota, Period.DAY, spent=Spent.CUT, subject="k")
        conditions = Conditions(counters, {}, lambda *_: UNKNOWN, {}, lambda *_: RATIO)
        taking = Taking(KeyProfile("k", "k", quotas=(own,)), "m", OperationKind.SPENDS, 1_795_264_496.0)
        asks = taking.amounting(Most(1, 1, 0), begun=1)
        self.exchanges = {
            name: Exchange(name, RequestHead("POST", b"/", ()), Match(ROW, (), "/", ""), 0.0) for name in names
        }
        self._cutting: Mapping[str, Cutting] = {
            name: Cutting(one, taking, asks, conditions, RATIO, 0) for name, one in self.exchanges.items()
        }
        for name in names:
            counters.take(name, asks)
        self.bytes = dict.fromkeys(names, 0)

    async def say(self, name: str, size: int) -> bool:
        """One event more; False: it was cut in its place."""
        try:
            waiting = self._cutting[name].watch(b"x" * size)
            if waiting is not None:
                await waiting
        except FaultError:
            return False
        self.bytes[name] += size
        return True

    @property
    def used(self) -> float:
        return sum(self.bytes.values()) * RATIO


@pytest.mark.parametrize("size", [7, 64, 333, 5000])
@pytest.mark.parametrize("quota", [1, 50, 150, 1000, 20_000])
def test_one_that_is_cut_has_used_all_of_it_and_one_event_more_at_most(quota: int, size: int) -> None:
    """So that nothing is left with which the next would begin; and the books are told as much."""

    async def talk() -> None:
        streams = Streams(quota, "a")
        while await streams.say("a", size):
            assert streams.used < quota + size * RATIO
        assert quota <= streams.used < quota + size * RATIO
        assert streams.exchanges["a"].came == quota

    asyncio.run(talk())


def test_of_several_none_is_cut_long_before_the_others() -> None:
    """What one holds and has not used is small when another is told that nothing is left."""

    async def talk() -> None:
        quota, size, names = 50_000, 200, [f"stream {number}" for number in range(8)]
        streams = Streams(quota, *names)
        while all([await streams.say(name, size) for name in names]):
            assert streams.used <= quota + len(names) * size * RATIO
        assert streams.used >= quota - len(names) * (LEAST + size * RATIO)

    asyncio.run(talk())
