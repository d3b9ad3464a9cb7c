"""Thousands of streams that stay open: each frame comes in time and as it was sent, and memory does not grow."""

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pytest

from bench import procfs
from bench.bodies import ANTHROPIC, stream_model
from bench.measure import Bench, Child, Cores, answer, ask, companion, mock
from bench.order import Order, Tally
from bench.rows import SUBJECTS
from bench.subjects import Started, Subject, raise_open_files, running, target_of
from tests.faults.probe import descriptors
from tests.path.books.scene import entries
from tests.support.lasting import SHARE
from tests.support.waiting import until

pytestmark = pytest.mark.slow

# On a busy machine it takes long to start.
DIRECT, PENSTOCK = (replace(one, patience=90) for one in SUBJECTS if one.name in {"direct", "penstock"})
PACE = 0.5
"""Seconds between two frames of a stream."""
IDLE_MEMORY, STREAM_MEMORY = 70e6, 25e3
"""What the gateway may hold, in bytes: with nothing to do, and for each stream that is open."""
LATEST = 0.25
"""Seconds that a frame may be late."""


@dataclass(frozen=True)
class Held:
    """So many streams at once, for so long."""

    streams: int
    control: int
    """Streams straight to the mock, beside them: how late these are is the doing of mock, generator and machine."""
    seconds: float
    ramp: float
    """They begin within this time."""
    request: int
    """Bytes."""
    whole: bool
    """At full length, on a core of its own: held to the bounds that hold there."""

    @property
    def frames(self) -> int:
        """Of each stream."""
        return 1 + int((self.seconds + self.ramp) / PACE)

    def order(self, subject: Subject, port: int, mock_port: int, count: int) -> Order:
        """For the generator."""
        return Order(
            port=port, dialect=ANTHROPIC, model=stream_model(self.frames, int(PACE * 1000)), request_size=self.request,
            headers=subject.request_headers(ANTHROPIC, mock_port), target=target_of(ANTHROPIC),
            connections=count, count=count, seconds=self.seconds + 2 * self.ramp, warm=0, ramp=self.ramp,
        )  # fmt: skip


@dataclass(frozen=True)
class Took:
    """What came of it: two tallies, and the gateway's memory, second by second."""

    through: Tally
    straight: Tally
    memory: list[tuple[float, int]]
    """Seconds since all streams were open; bytes."""
    cpu: float
    """Of the gateway, as a part of one core."""
    others: float
    """Cores that the rest of the machine used."""

    def between(self, start: float, end: float) -> float:
        """The memory of this time."""
        return statistics.median(size for at, size in self.memory if start <= at <= end)


IN_FULL = [pytest.mark.long, pytest.mark.timeout(1800)]
HELD = [
    pytest.param(Held(300, 30, 250 * SHARE, 1.0, 4_000, whole=False), id="in short"),
    pytest.param(Held(5000, 250, 600.0, 20.0, 50_000, whole=True), id="in full", marks=IN_FULL),
]


@pytest.mark.parametrize("held", HELD)
def test_open_streams_are_served_in_time_and_cost_no_more_with_time(tmp_path: Path, held: Held) -> None:
    """Every stream comes whole, byte for byte, and is in the books; no frame is a quarter of a second later than those
    of streams that have no gateway before them; memory is within the budget and stays where it is."""
    if raise_open_files() < 2 * held.streams + 500:
        pytest.skip(f"skipped: {held.streams} streams need {2 * held.streams + 500} open files, and may not have them")
    usual = Cores.split()
    cores = usual if held.whole else Cores(usual.gateway | usual.load, usual.gateway | usual.load)
    with mock(cores) as (port, pid), running(PENSTOCK, port, cores.gateway, tmp_path / "gateway") as started:
        bench = Bench(port, pid, cores, tmp_path)
        bench.await_answer(PENSTOCK, started, PENSTOCK.patience)
        idle, open_before = procfs.resident(_pid(started)), descriptors(_pid(started))
        took = listened(bench, started, held)
        # The provider's connections may wait to be used again; the clients' are gone.
        until(lambda: (descriptors(_pid(started)) - open_before)["socket"] <= held.streams, 60)
        until(lambda: len(entries(tmp_path / "gateway")) == held.streams + 1, 60)
    booked = entries(tmp_path / "gateway")
    end = took.memory[-1][0]
    early, late = took.between(0.2 * end, 0.3 * end), took.between(0.9 * end, end)
    told = {"idle": idle, "open": early, "at the end": late, "most": max(size for _, size in took.memory)}
    print({name: f"{size / 1e6:.1f} MB" for name, size in told.items()})
    print(
        f"each stream {(early - idle) / held.streams / 1e3:.1f} kB; {took.cpu:.0%} of a core, others {took.others:.2f}"
    )
    for name, one in (("through the gateway", took.through), ("straight", took.straight)):
        late_by = [f"{seconds * 1000:.1f} ms" for seconds in one.late]
        print(f"{name}: {one.good} streams, {one.frames} frames, late (p50, p99, most): {', '.join(late_by)}")
    for tally, count in ((took.through, held.streams), (took.straight, held.control)):
        assert (tally.good, tally.bad, tally.reasons) == (count, 0, {})
        assert tally.frames == count * held.frames
    assert {(row.outcome, row.status, row.source) for row in booked} == {("served", 200, "reported")}
    assert told["most"] <= IDLE_MEMORY + STREAM_MEMORY * held.streams + (0 if held.whole else SLACK)
    assert late - early < 2e6
    if held.whole:
        assert took.through.late[-1] - took.straight.late[-1] < LATEST
    else:
        # What a busy machine does to any frame, it does not to half of them; and a stream that is held back is later.
        assert took.through.late[0] - took.straight.late[0] < held.seconds / 2


SLACK = 20e6
"""What is read when it is first needed is not there while nothing was done, and few streams do not hide it."""


def _pid(started: Started) -> int:
    assert started.pid is not None
    return started.pid


def listened(bench: Bench, started: Started, held: Held) -> Took:
    """Holds the streams, and looks at the gateway meanwhile."""
    orders = [
        held.order(PENSTOCK, started.port, bench.mock_port, held.streams),
        held.order(DIRECT, bench.mock_port, bench.mock_port, held.control),
    ]
    pid = _pid(started)
    with companion("tests.soak.listening", bench.cores) as child:
        assert ask(child, msgspec.json.encode(orders).decode()) == "ready"
        spent, busy, began = procfs.spent(pid), procfs.busy_seconds(), time.monotonic()
        say(child)
        memory = list(_watched(pid, held))
        through, straight = msgspec.json.decode(answer(child), type=tuple[Tally, Tally])
        seconds = time.monotonic() - began
        cpu = procfs.spent(pid).since(spent)
        ours = cpu + procfs.spent(child.pid).coarse + procfs.spent(bench.mock_pid).coarse
        return Took(through, straight, memory, cpu / seconds, max(0.0, procfs.busy_seconds() - busy - ours) / seconds)


def say(child: Child) -> None:
    assert child.stdin is not None
    child.stdin.write(b"go\n")
    child.stdin.flush()


def _watched(pid: int, held: Held) -> Iterator[tuple[float, int]]:
    time.sleep(held.ramp + 0.5)
    began = time.monotonic()
    while (now := time.monotonic() - began) < held.seconds - 0.5:
        yield now, procfs.resident(pid)
        time.sleep(min(1.0, held.seconds / 60))
