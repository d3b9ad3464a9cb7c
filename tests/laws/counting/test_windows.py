"""A rate is held in every window of time, whoever comes when and however much is given back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.counting import LEASE_SECONDS, TICKS, Ask, Way
from penstock.stores.counting.memory import Memory
from tests.laws.counting.houses import Clock

RATES = st.builds(
    lambda most, ticks: Ask("rate", Way.RATE, most, 1, ticks=ticks),
    st.integers(1, 50),
    st.integers(1, 60 * TICKS),
)


@settings(max_examples=300)
@given(
    ask=RATES,
    arrivals=st.lists(
        st.tuples(
            st.sampled_from([0, 0.1, 1.0]),  # since the one before, in buckets
            st.sampled_from([0.5, 1.0]),  # of the bucket is asked
            st.sampled_from([0, 1.0]),  # of that is used
            st.sampled_from([0.05, 0.6, 1.05]),  # for how long it is under way, in buckets
        ),
        max_size=40,
    ),
)
def test_no_window_has_more_than_the_bucket_and_what_flows_in(
    ask: Ask, arrivals: list[tuple[float, float, float, float]]
) -> None:
    """Counting each request when it came, by what it has used in the end: in any window at most a full bucket and what
    refills it meanwhile. Requests settle in any order, with less than they took."""
    clock = Clock(10**12)
    memory = Memory(clock)
    events: list[tuple[int, int, int]] = []  # when, which, 0: asks, 1: settles
    when = clock.ticks
    for number, (gap, _, _, length) in enumerate(arrivals):
        when += int(gap * ask.ticks)
        events.append((when, 0, number))
        events.append((when + min(int(length * ask.ticks), LEASE_SECONDS * TICKS - 1), 1, number))
    used: dict[int, tuple[int, int]] = {}
    for at, settles, number in sorted(events):
        clock.ticks = at
        _, part, share, _ = arrivals[number]
        amount = int(part * ask.most)
        if settles:
            if number in used:
                memory.settle(str(number), 0, {"rate": used[number][1]})
            continue
        verdict = memory.take(str(number), [Ask("rate", Way.RATE, ask.most, amount, ticks=ask.ticks)])
        if verdict.refused < 0:
            used[number] = (at, int(amount * share))
    spent = sorted(used.values())
    for first, (begins, _) in enumerate(spent):
        total = 0
        for ends, amount in spent[first:]:
            total += amount
            assert total * ask.ticks <= ask.most * (ask.ticks + ends - begins)


@given(ask=RATES, times=st.lists(st.integers(0, 10 * TICKS), max_size=60))
def test_nobody_is_refused_while_it_fits(ask: Ask, times: list[int]) -> None:
    """A request is refused only if some window up to it would have more; and after the wait that it is told it fits, a
    tick sooner it does not."""
    clock = Clock(10**12)
    memory = Memory(clock)
    granted: list[int] = []
    for number, gap in enumerate(times):
        clock.ticks += gap
        verdict = memory.take(str(number), [ask])
        if verdict.refused < 0:
            granted.append(clock.ticks)
            continue
        window = [
            len(granted) - first + 1
            for first, begins in enumerate(granted)
            if (len(granted) - first + 1) * ask.ticks > ask.most * (ask.ticks + clock.ticks - begins)
        ]
        assert window
        wait = round(verdict.standings[0].wait * TICKS)
        clock.ticks += wait - 1
        assert memory.take(f"{number} too soon", [ask]).refused == 0
        clock.ticks += 1
        assert memory.take(f"{number} in time", [ask]).refused == -1
        granted.append(clock.ticks)
