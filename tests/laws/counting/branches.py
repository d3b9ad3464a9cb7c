"""Several processes that borrow of one store, in one test: their clock, their looks and their ends are the test's."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from penstock.core.counting import TICKS, Ask, Counters, Standing, Verdict
from penstock.stores.counting.fallback import Fallback
from penstock.stores.counting.leasing import Leasing
from tests.laws.counting.houses import Clock

AT = 1_800_000_000.0


class Slow:
    """The store, as one process sees it: loans are answered when the test says so, the rest at once."""

    def __init__(self, far: Counters) -> None:
        self._far = far
        self._answers: list[tuple[asyncio.Future[Verdict], Verdict]] = []
        self.delays = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._far, name)

    def take(self, lease: str, asks: Sequence[Ask]) -> object:
        found = self._far.take(lease, asks)
        if not self.delays or not lease.startswith("loan"):
            return found
        assert isinstance(found, Verdict)
        answer: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._answers.append((answer, found))
        return answer

    async def deliver(self) -> None:
        answers, self._answers = self._answers, []
        for answer, verdict in answers:
            answer.set_result(verdict)
        for _ in range(3):
            await asyncio.sleep(0)


@dataclass
class Branch:
    """One process."""

    far: Slow
    leasing: Leasing
    held: dict[str, tuple[Ask, ...]] = field(default_factory=dict)
    at_once: int = 0
    """Requests that were answered without the store."""

    async def take(self, lease: str, asks: Sequence[Ask]) -> Verdict:
        found = self.leasing.take(lease, asks)
        if isinstance(found, Verdict):
            self.at_once += 1
            verdict = found
        else:
            verdict = await found
        if verdict.refused < 0:
            self.held[lease] = tuple(asks)
        return verdict

    def settle(self, lease: str, used: int | None = None, at: float = AT) -> int:
        """As much as was asked for, or so much."""
        asks = self.held.pop(lease)
        amount = asks[0].amount if used is None else used
        self.leasing.settle(lease, at, {ask.counter: amount for ask in asks})
        return amount

    async def standing(self, ask: Ask) -> Standing:
        return (await self.leasing.standings((ask,)))[0]


def branch(far: Counters, clock: Clock, name: str, processes: int = 1) -> Branch:
    """A process like any other."""
    slow = Slow(far)
    exact = Fallback(slow, processes=processes)  # type: ignore[arg-type]
    leasing = Leasing(slow, exact, clock=lambda: clock.ticks / TICKS, name=name, ticking=False)  # type: ignore[arg-type]
    return Branch(slow, leasing)


async def warm(one: Branch, asks: Sequence[Ask], name: str = "warm", *, requests: int = 6) -> int:
    """Asks until its counters are lent; how much of each was used."""
    used = 0
    for turn in range(requests):
        verdict = await one.take(f"{name} {turn}", asks)
        if verdict.refused < 0:
            used += one.settle(f"{name} {turn}")
    one.leasing.look()
    await one.far.deliver()
    return used
