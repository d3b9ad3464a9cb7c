"""Processes that serve from loans hold limits as exactly as if each request asked, whatever becomes of them."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.counting import BEGINNING, LEASE_SECONDS, TICKS, Ask, Standing, Way
from penstock.stores.counting.memory import Memory
from tests.laws.counting.branches import AT, Branch, branch, warm
from tests.laws.counting.houses import Clock
from tests.support.loop import awaited

ENDS = BEGINNING + 10**9
SPAN = Ask("span", Way.SPAN, 2000, 2, ends=ENDS)
SEATS = Ask("seats", Way.SEATS, 400, 1)
RATE = Ask("rate", Way.RATE, 300, 1, ticks=10 * TICKS)


def _far(clock: Clock) -> Memory:
    clock.ticks = 10**12
    memory = Memory(clock, lends=True)
    memory.adjust("span", ENDS, {})
    return memory


class Town:
    """Processes by chance, and what they were really given."""

    def __init__(self, ask: Ask, number: int) -> None:
        self.ask = ask
        self.clock = Clock()
        self.far = _far(self.clock)
        self.number = number
        self.born = 0
        self.turn = 0
        self.used = 0
        self.untold = 0
        """Used in processes that were killed before they told."""
        self.events: list[int] = []
        self.lives = [self._born() for _ in range(number)]

    def _born(self) -> Branch:
        self.born += 1
        return branch(self.far, self.clock, f"process {self.born}", self.number)

    async def step(self, place: int, act: str, size: int) -> None:
        one = self.lives[place % self.number]
        if act == "ask":
            for _ in range(size):
                self.turn += 1
                ask = msgspec.structs.replace(self.ask, amount=1 + self.turn % self.ask.amount)
                if (await one.take(str(self.turn), (ask,))).refused < 0:
                    self.events.append(self.clock.ticks)
        elif act == "settle":
            for lease in list(one.held)[:size]:
                most = one.held[lease][0].amount
                self.used += one.settle(lease, most if self.ask.way is Way.RATE else (size + len(lease)) % (most + 1))
        elif act == "look":
            one.far.delays = size % 2 == 0
            one.leasing.look()
        elif act == "deliver":
            await one.far.deliver()
        elif act == "pass":
            self.clock.ticks += min(59, size * size // 60) * TICKS
            # What lives, looks and renews.
            for other in self.lives:
                other.leasing.renew(list(other.held))
        elif act == "kill":
            self.untold += sum(till.spent for till in one.leasing._tills.values())
            self.lives[place % self.number] = self._born()

    def under_way(self) -> int:
        return sum(asks[0].amount for one in self.lives for asks in one.held.values())


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["ask", "ask", "ask", "settle", "settle", "look", "look", "deliver", "pass", "kill"]),
        st.integers(1, 60),
    ),
    min_size=20,
    max_size=80,
)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_a_strict_quota_is_never_over(steps: list[tuple[int, str, int]]) -> None:
    """By what was really used and what requests under way hold, in all processes: but for what a killed process had
    used and not told. In the end nothing is held any more, and with the ledger's sums nothing is missing."""

    async def run() -> None:
        town = Town(msgspec.structs.replace(SPAN, amount=5), 3)
        for step in steps:
            await town.step(*step)
            (stood,) = town.far.standings((SPAN,))
            # The store never knows of less than what may be used, and never of more than there is.
            assert town.used + town.under_way() - town.untold <= stood.settled + stood.reserved <= SPAN.most
        for one in town.lives:
            while one.held:
                town.used += one.settle(next(iter(one.held)))
            await one.far.deliver()
            await one.leasing.close()
        town.clock.ticks += LEASE_SECONDS * TICKS
        (stood,) = town.far.standings((SPAN,))
        assert stood == Standing(town.used - town.untold, 0)
        town.far.adjust("span", ENDS, {int(AT) // 3600: town.used})
        assert town.far.standings((SPAN,)) == (Standing(town.used, 0),)

    asyncio.run(run())


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_a_rate_is_held_in_every_window(steps: list[tuple[int, str, int]]) -> None:
    """Over all processes, those among them that were killed: at most a full bucket and what flows in meanwhile."""

    async def run() -> None:
        town = Town(RATE, 3)
        for step in steps:
            await town.step(*step)
        _held_in_every_window(town.events)

    asyncio.run(run())


def _held_in_every_window(events: list[int]) -> None:
    for first, begins in enumerate(events):
        for number, ends in enumerate(events[first:], 1):
            assert number * RATE.ticks <= RATE.most * (RATE.ticks + ends - begins)


@awaited
async def test_what_is_lent_of_a_bucket_is_not_in_it() -> None:
    """Not for others while it is lent; nor afterwards, where a killed process may have used it."""
    clock = Clock()
    far = _far(clock)
    begins = clock.ticks
    one, two = branch(far, clock, "one", 2), branch(far, clock, "two", 2)
    events = [begins] * await warm(one, (RATE,))
    turn = 0
    while (await two.take(f"two {turn}", (RATE,))).refused < 0:
        turn += 1
    used = 0
    # As long as it needs no other loan: it would be told that there is none, and give this one back.
    while one.leasing._tills["rate"].free > one.leasing._tills["rate"].low:
        assert (await one.take(f"one {used}", (RATE,))).refused < 0
        used += 1
    assert one.at_once == used > 3
    events += [begins] * (turn + used)
    # It dies, and everything that flows in is used at once.
    for second in range(1, 90):
        clock.ticks = begins + second * TICKS
        two.leasing.renew(())
        while (await two.take(f"later {turn}", (RATE,))).refused < 0:
            events.append(clock.ticks)
            turn += 1
    _held_in_every_window(events)


@awaited
async def test_what_has_flowed_back_is_not_given_back() -> None:
    """A request that is settled with nothing after the store was told that it took something."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    await warm(one, (RATE,))
    for when in ("before", "after"):
        for turn in range(10):
            await one.take(f"{when} {turn}", (RATE,))
        if when == "before":
            one.leasing.look()
            clock.ticks += 3 * TICKS
            for turn in range(10):
                one.settle(f"{when} {turn}", 0)
    one.leasing.look()
    assert one.at_once == 20
    assert far.standings((RATE,))[0].settled == 10


@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_seats_are_never_more(steps: list[tuple[int, str, int]]) -> None:
    """Requests under way in living processes are never more than there are seats."""

    async def run() -> None:
        town = Town(SEATS, 3)
        for step in steps:
            await town.step(*step)
            assert town.under_way() <= SEATS.most

    asyncio.run(run())


@pytest.mark.parametrize("ask", [SPAN, SEATS, RATE], ids=["span", "seats", "rate"])
@awaited
async def test_a_busy_counter_is_served_without_the_store(ask: Ask) -> None:
    """Once it is lent; the store has what was used of it at the next look, and what is left when it is quiet."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    used = await warm(one, (ask,))
    for turn in range(20):
        assert (await one.take(str(turn), (ask,))).refused < 0
    assert one.at_once == 20
    lent = far.standings((ask,))[0].reserved
    assert lent >= 20 * ask.amount
    for turn in range(20):
        used += one.settle(str(turn))
    for _ in range(4):
        one.leasing.look()
    stood = far.standings((ask,))[0]
    assert stood.reserved == 0
    assert stood.settled == (0 if ask.way is Way.SEATS else used)


@awaited
async def test_nothing_is_lent_within_a_tenth_of_the_limit() -> None:
    """All processes have given back within two looks, also those that nobody asks, and what is left can be used up to
    the last by any of them."""
    clock = Clock()
    far = _far(clock)
    lives = [branch(far, clock, name, 3) for name in ("one", "two", "three")]
    used = sum([await warm(one, (SPAN,), f"warm {place}") for place, one in enumerate(lives)])
    for place, one in enumerate(lives):
        assert (await one.take(f"held {place}", (SPAN,))).refused < 0
        assert one.at_once == 1
    # What stands between nine tenths and the whole is not lent, and stays for those who ask the store.
    assert far.standings((SPAN,))[0].reserved <= SPAN.most // 10
    turn = 0
    while used + 6 < SPAN.most * 0.9:
        turn += 1
        far.take(f"else {turn}", (SPAN,))
        far.settle(f"else {turn}", AT, {"span": 2})
        used += 2
    for one in lives:
        one.leasing.look()
        one.leasing.look()
    assert far.standings((SPAN,)) == (Standing(used, 6),)
    before = sum(one.at_once for one in lives)
    while (await lives[0].take(f"rest {turn}", (SPAN,))).refused < 0:
        used += lives[0].settle(f"rest {turn}")
        turn += 1
    used += sum(one.settle(f"held {place}") for place, one in enumerate(lives))
    assert sum(one.at_once for one in lives) == before
    for one in lives:
        one.leasing.look()
    assert (used, far.standings((SPAN,))[0]) == (SPAN.most, Standing(SPAN.most, 0))


@awaited
async def test_what_a_process_holds_stands_not_in_its_own_way() -> None:
    """A request that is larger than what is left of the loan gets what the store and the loan have together."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    used = await warm(one, (SPAN,))
    rest = msgspec.structs.replace(SPAN, amount=SPAN.most - used)
    assert (await one.take("all of it", (rest,))).refused < 0
    assert far.standings((SPAN,)) == (Standing(used, SPAN.most - used),)


@awaited
async def test_headers_tell_what_is_used_and_reserved() -> None:
    """To the token, while one process serves from a loan: as the store would say if it had been asked."""
    clock = Clock()
    one = branch(_far(clock), clock, "one")
    used = await warm(one, (SPAN,))
    for turn in range(10):
        verdict = await one.take(str(turn), (SPAN,))
        assert verdict.standings == (Standing(used, 2),)
        used += one.settle(str(turn))
        if turn == 5:
            one.leasing.look()
    assert await one.standing(SPAN) == Standing(used, 0)
    assert one.at_once == 10


@awaited
async def test_while_the_next_loan_is_asked_for_no_more_is_served_than_it_will_have() -> None:
    """What requests under way hold is in it, so what they take meanwhile must be, too."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    await warm(one, (SPAN,), requests=100)
    one.far.delays = True
    # Fewer requests than before, so the next loan is smaller too.
    for look in range(4):
        assert (await one.take(f"small {look}", (SPAN,))).refused < 0
        await one.far.deliver()
        one.leasing.look()
    for turn in range(100):
        assert (await one.take(str(turn), (SPAN,))).refused < 0
    assert 4 < one.at_once < 104
    await one.far.deliver()
    assert far.standings((SPAN,))[0].reserved >= 104 * 2


@awaited
async def test_a_process_that_stood_still_serves_nothing_from_old_loans() -> None:
    """Before it has looked again: they may be over."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    await warm(one, (SPAN,))
    clock.ticks += 61 * TICKS
    assert (await one.take("late", (SPAN,))).refused < 0
    assert one.at_once == 0


@awaited
async def test_a_loan_that_was_granted_too_late_is_given_back() -> None:
    """The store granted it, and this process heard of it when it could be over."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    one.far.delays = True
    for turn in range(6):
        await one.take(f"warm {turn}", (SPAN,))
        one.settle(f"warm {turn}")
    one.leasing.look()
    assert far.standings((SPAN,))[0].reserved > 0
    clock.ticks += 25 * TICKS
    await one.far.deliver()
    assert far.standings((SPAN,)) == (Standing(12, 0),)


@awaited
async def test_a_request_without_a_lent_counter_asks_the_store() -> None:
    """All or none: where one of its counters is too small to be lent, so is none of the others for it."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    few = Ask("few", Way.SEATS, 8, 1)
    for _ in range(3):
        await warm(one, (SPAN, few))
    assert one.at_once == 0
    assert far.standings((SPAN,))[0].reserved == 0
    assert [(await one.take(f"seat {seat}", (SPAN, few))).refused for seat in range(9)] == [-1] * 8 + [1]


@awaited
async def test_a_counter_that_is_new_to_the_books_is_not_lent() -> None:
    """Until the ledger has told what was used of it before."""
    clock = Clock()
    far = Memory(clock, lends=True)
    one = branch(far, clock, "one")
    await warm(one, (SPAN,))
    await warm(one, (SPAN,), "again")
    assert one.at_once == 0
    far.adjust("span", ENDS, {int(AT) // 3600: 1990})
    await warm(one, (SPAN,), "now")
    assert (await one.take("over", (msgspec.structs.replace(SPAN, amount=11),))).refused == 0


@awaited
async def test_each_hour_has_what_was_used_of_it() -> None:
    """Requests of one loan may have begun in different hours."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    used = await warm(one, (SPAN,))
    hours = [int(AT) // 3600 - turn % 3 for turn in range(9)]
    for turn, hour in enumerate(hours):
        await one.take(str(turn), (SPAN,))
        one.settle(str(turn), at=hour * 3600.0 + 5)
    one.leasing.look()
    one.leasing.look()
    one.leasing.look()
    assert far.spans["span"].hours == {hours[0]: used + 6, hours[1]: 6, hours[2]: 6}


@awaited
async def test_more_under_a_lease_is_settled_once() -> None:
    """Whether the loan has room for it or the store gives it."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    used = await warm(one, (SPAN,))
    for turn, (more, spends) in enumerate([(3, 4), (700, 650), (700, 1)]):
        ask = msgspec.structs.replace(SPAN, amount=more)
        lease = f"grows {turn}"
        await one.take(lease, (SPAN,))
        found: Any = one.leasing.extend(lease, (ask,))
        verdict = await found if hasattr(found, "__await__") else found
        assert verdict.refused < 0
        assert (await one.standing(SPAN)).reserved == more + 2
        used += one.settle(lease, spends)
    for _ in range(4):
        one.leasing.look()
    assert far.standings((SPAN,)) == (Standing(used, 0),)


@awaited
async def test_a_limit_that_was_changed_holds_at_once() -> None:
    """A loan under the old one serves nothing any more."""
    clock = Clock()
    far = _far(clock)
    one = branch(far, clock, "one")
    used = await warm(one, (SPAN,))
    less = msgspec.structs.replace(SPAN, most=used + 1)
    assert (await one.take("under the new one", (less,))).refused == 0
    assert far.standings((SPAN,)) == (Standing(used, 0),)
