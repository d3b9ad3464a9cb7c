"""Whatever is asked of a store in whatever order, it answers what a plain model answers."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from penstock.core.counting import BEGINNING, TICKS, Ask, Way
from tests.laws.counting.houses import HOUSES, House
from tests.laws.counting.model import Model

pytestmark = pytest.mark.slow

ENDS = BEGINNING + 40_000_000
SORTS = (
    Ask("rate:a", Way.RATE, 7, 1, ticks=60 * TICKS),
    Ask("rate:b", Way.RATE, 1000, 1, ticks=10 * TICKS + 3),
    Ask("span:a", Way.SPAN, 100, 1, ends=ENDS),
    Ask("span:b", Way.SPAN, 30, 1, ends=ENDS),
    Ask("seats", Way.SEATS, 3, 1),
    Ask("rate:a|held", Way.SEATS, 5, 1),
)
LEASES = st.sampled_from(["ada", "bob", "cyd", "dov", "eve"])
HOURS = st.integers(500_000, 500_002)


def _asks(sorts: Sequence[Ask]) -> st.SearchStrategy[tuple[Ask, ...]]:
    def chosen(sort: Ask) -> st.SearchStrategy[Ask]:
        seats = st.integers(1, 3) if "|" in sort.counter else st.just(1)
        amounts = seats if sort.way is Way.SEATS else st.integers(0, sort.most + 2)
        return st.builds(
            Ask,
            st.just(sort.counter),
            st.just(sort.way),
            st.just(sort.most),
            st.one_of(st.integers(0, 5), amounts) if sort.way is not Way.SEATS else amounts,
            st.booleans(),
            st.just(sort.ticks),
            st.just(sort.ends),
        )

    return st.lists(st.sampled_from(sorts), unique=True, max_size=4).flatmap(lambda some: st.tuples(*map(chosen, some)))


ASKS = _asks(SORTS)
SPENT = st.dictionaries(st.sampled_from([sort.counter for sort in SORTS]), st.integers(0, 60))


class Counting(RuleBasedStateMachine):
    """One store beside the model."""

    house: House

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.model = Model(now=10**9)
        self.house.clock.ticks = 10**9
        self.store = self.loop.run_until_complete(self.house.open(fresh=True))

    def ask(self, verb: str, *words: Any, **more: Any) -> Any:
        async def asked() -> Any:
            answer = getattr(self.store, verb)(*words, **more)
            return await answer if hasattr(answer, "__await__") else answer

        return self.loop.run_until_complete(asked())

    @rule(lease=LEASES, asks=ASKS)
    def take(self, lease: str, asks: tuple[Ask, ...]) -> None:
        assert self.ask("take", lease, asks) == self.model.take(lease, asks)

    @rule(lease=LEASES, asks=ASKS)
    def extend(self, lease: str, asks: tuple[Ask, ...]) -> None:
        assert self.ask("extend", lease, asks) == self.model.extend(lease, asks)

    @rule(lease=LEASES, hour=HOURS, spent=SPENT)
    def settle(self, lease: str, hour: int, spent: dict[str, int]) -> None:
        self.ask("settle", lease, hour * 3600.0, spent)
        self.model.settle(lease, hour * 3600.0, spent)

    @rule(lease=LEASES, hour=HOURS, spent=SPENT, asks=ASKS)
    def settle_what_was_not_answered(self, lease: str, hour: int, spent: dict[str, int], asks: tuple[Ask, ...]) -> None:
        self.ask("settle", lease, hour * 3600.0, spent, asks)
        self.model.settle(lease, hour * 3600.0, spent, asks)

    @rule(leases=st.sets(LEASES))
    def renew(self, leases: set[str]) -> None:
        self.ask("renew", leases)
        self.model.renew(leases)

    @rule(
        counter=st.sampled_from(["span:a", "span:b"]),
        hours=st.dictionaries(HOURS, st.integers(0, 50)),
        least=st.booleans(),
    )
    def adjust(self, counter: str, hours: dict[int, int], least: bool) -> None:
        self.ask("adjust", counter, ENDS, hours, least=least)
        self.model.adjust(counter, ENDS, hours, least=least)

    @rule(ticks=st.one_of(st.integers(0, 5 * TICKS), st.integers(0, 100 * TICKS)))
    def pass_time(self, ticks: int) -> None:
        self.house.clock.ticks += ticks
        self.model.now += ticks

    @invariant()
    def stands_as_the_model(self) -> None:
        assert self.ask("standings", SORTS) == self.model.standings(SORTS)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.ask("close")
            self.loop.close()


@pytest.mark.parametrize(
    "name",
    ["memory", *(pytest.param(name, marks=pytest.mark.slow) for name in HOUSES if name != "memory")],
)
def test_a_store_answers_what_the_model_answers(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Takes, extensions, settlements of every kind, renewals, sums of the ledger and passing time, in any order."""
    with HOUSES[name](tmp_path_factory.mktemp("counters")) as house:
        machine = type("Machine", (Counting,), {"house": house})
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine,
            settings=settings(
                max_examples=house.examples,
                stateful_step_count=40,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
