"""Carries out turns: starts the mock, the generator and fresh subjects, reads the kernel's figures around each turn.

The gateway has one core, the mock and the generator have the others. A turn's figures are those between the generator's
``ready`` and its tally, when all connections stand and caches are warm.
"""

import contextlib
import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import procfs
from bench.bodies import ANTHROPIC, request_body, unary_model
from bench.cases import HELD, IDLE, START, STREAMS, Case
from bench.order import Order, Tally
from bench.subjects import ROOT, Started, Subject, bound_to, running, target_of


class Round(msgspec.Struct, kw_only=True):
    """One turn of one subject."""

    tally: Tally
    cpu: float | None = None
    """Processor seconds of the subject's whole process tree."""
    mock_cpu: float = 0.0
    generator_cpu: float = 0.0
    others: float = 0.0
    """Processors' worth of time that everything else on the machine used meanwhile."""
    memory_before: int = 0
    memory_open: int = 0
    start_seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Every answer was right."""
        return self.tally.bad == 0 and self.tally.good > 0


@dataclass(frozen=True)
class Cores:
    """Which processors the two sides may use."""

    gateway: set[int]
    load: set[int]

    @classmethod
    def split(cls) -> "Cores":
        """The last core for the gateway, the rest for the others; one core is shared, and the report says so."""
        known = sorted(os.sched_getaffinity(0))
        return cls({known[-1]}, set(known[:-1]) or set(known))

    @property
    def shared(self) -> bool:
        return self.gateway == self.load


Child = subprocess.Popen[bytes]


@contextlib.contextmanager
def mock(cores: Cores) -> Iterator[tuple[int, int]]:
    """The mock upstream: its port and process id."""
    with companion("bench.mock", cores) as child:
        yield int(answer(child)), child.pid


@contextlib.contextmanager
def generator(cores: Cores) -> Iterator[Child]:
    """A load generator that waits for its order."""
    with companion("bench.load", cores) as child:
        yield child


@contextlib.contextmanager
def companion(module: str, cores: Cores) -> Iterator[Child]:
    """One of our own processes; it ends when its standard input does."""
    command = (sys.executable, "-m", module)
    with bound_to(cores.load):
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    with child:
        try:
            yield child
        finally:
            assert child.stdin is not None
            child.stdin.close()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()


def ask(child: Child, line: str) -> str:
    """Say a line to a companion and wait for its answer."""
    assert child.stdin is not None
    child.stdin.write(line.encode() + b"\n")
    child.stdin.flush()
    return answer(child)


def answer(child: Child) -> str:
    """A companion's next line; empty when it has ended."""
    assert child.stdout is not None
    return child.stdout.readline().decode().strip()


class Meter:
    """Processor time of some process trees, and of everything else, from its making on."""

    def __init__(self, pids: list[int]) -> None:
        self._pids = pids
        self._spent = [procfs.spent(pid) for pid in pids]
        self._busy = procfs.busy_seconds()
        self._began = time.monotonic()

    def read(self) -> tuple[list[float], float]:
        """Seconds of each tree; how many processors the rest of the machine used."""
        used = [procfs.spent(pid).since(before) for pid, before in zip(self._pids, self._spent, strict=True)]
        busy = procfs.busy_seconds() - self._busy
        return used, max(0.0, busy - sum(used)) / (time.monotonic() - self._began)


@dataclass(frozen=True)
class Bench:
    """Everything that stays the same over a run."""

    mock_port: int
    mock_pid: int
    cores: Cores
    folder: Path

    def order(self, case: Case, subject: Subject, started: Started) -> Order:
        """The case as the generator needs it."""
        streams = case.kind in {STREAMS, HELD, IDLE}
        return Order(
            port=started.stream_port if streams else started.port,
            dialect=case.dialect,
            model=case.model,
            request_size=case.request_size,
            headers=subject.request_headers(case.dialect, self.mock_port),
            target=target_of(case.dialect),
            keys=(subject.key, *subject.turns) if subject.turns else (),
            connections=case.connections,
            count=case.count,
            seconds=case.seconds,
            warm=case.warm,
            gap=case.gap,
            ramp=case.ramp,
            exact=subject.exact,
            keep_samples=case.kind == IDLE,
        )

    def turn(self, case: Case, subject: Subject, started: Started) -> Round:
        """One turn of a subject that runs already."""
        # Before the connections stand: what they take belongs to the streams.
        data = procfs.largest(started.pid) if started.pid is not None else 0
        memory = procfs.resident(data)
        with generator(self.cores) as child:
            if ask(child, msgspec.json.encode(self.order(case, subject, started)).decode()) != "ready":
                return Round(tally=Tally(bad=1, reasons={"the generator could not connect or warm up": 1}))
            meter = Meter([self.mock_pid, child.pid, *([] if started.pid is None else [started.pid])])
            line, opened = ask(child, "go"), 0
            if line == "open":
                # A moment, so that what was needed only to begin is let go; the streams last for seconds more.
                time.sleep(0.5)
                opened = procfs.resident(data)
                line = answer(child)
            used, others = meter.read()
            return Round(
                tally=msgspec.json.decode(line or b'{"bad":1,"reasons":{"the generator died":1}}', type=Tally),
                cpu=used[2] if started.pid is not None else None,
                mock_cpu=used[0],
                generator_cpu=used[1],
                others=others,
                memory_before=memory,
                memory_open=opened,
            )

    def fresh_turn(self, case: Case, subject: Subject) -> Round:
        """One turn of a subject that is started for it: nothing that ran before has grown its memory."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            began = time.monotonic()
            with running(subject, self.mock_port, self.cores.gateway, Path(folder) / subject.name) as started:
                self.await_answer(subject, started, subject.patience)
                seconds = time.monotonic() - began
                if case.kind != START:
                    return self.turn(case, subject, started)
                memory = procfs.resident(procfs.largest(started.pid)) if started.pid is not None else 0
                tally = Tally(good=1, elapsed=seconds)
                return Round(tally=tally, start_seconds=seconds, memory_before=memory)

    def await_answer(self, subject: Subject, started: Started, patience: float) -> None:
        """Ask until one small request is answered right."""
        body = request_body(ANTHROPIC, unary_model(1024), 1024)
        headers = dict(subject.request_headers(ANTHROPIC, self.mock_port))
        until = time.monotonic() + patience
        last = "nothing"
        while time.monotonic() < until:
            client = http.client.HTTPConnection("127.0.0.1", started.port, timeout=10)
            with contextlib.closing(client):
                try:
                    client.request("POST", target_of(ANTHROPIC), body, headers)
                    got = client.getresponse()
                    last = f"{got.status} {got.read(300)!r}"
                    if got.status == 200:
                        return
                except (OSError, http.client.HTTPException) as error:
                    last = repr(error)
            time.sleep(0.005)
        raise RuntimeError(f"{subject.name} answered no request; last: {last}")
