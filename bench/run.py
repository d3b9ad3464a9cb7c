"""A run: every case, every subject in turn in each round, until the rounds or the time are used up."""

import contextlib
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from bench import procfs, report
from bench.budgets import DIRECT, REFERENCE
from bench.cases import HELD, START, Case
from bench.measure import Bench, Cores, Round, mock
from bench.order import Tally
from bench.rows import SUBJECTS
from bench.subjects import Started, Subject, raise_open_files, running, signal_tree


@dataclass(frozen=True)
class Plan:
    """What to run."""

    cases: Sequence[tuple[Case, int]]
    """Each with its rounds."""
    names: Sequence[str]
    """The subjects besides the direct call and nginx; none: all that are installed."""
    seconds: float
    """No round begins later than this."""


@dataclass
class Run:
    """A plan on its way, and what it has found."""

    plan: Plan
    console: Console
    results: dict[str, dict[str, list[Round]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _subjects: dict[str, tuple[Subject, Started]] = field(default_factory=dict)
    _until: float = 0.0

    def carry_out(self) -> None:
        """All cases in turn; each table is printed when its case is done."""
        self._until = time.monotonic() + self.plan.seconds
        raise_open_files()
        cores = Cores.split()
        if cores.shared:
            self.notes.append("One core for the gateway and the load: only CPU per request means something.")
        if report.shared_interpreter():
            # Measured on one machine, same code: 3.11.7 in a shared library against Debian's 3.11.2, unary and SSE.
            self.notes.append("This Python stands in a shared library; a distribution's took some 10 % less CPU.")
        with contextlib.ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="penstock-bench-")))
            port, pid = stack.enter_context(mock(cores))
            bench = Bench(port, pid, cores, folder)
            self._start(stack, bench)
            for case, rounds in self.plan.cases:
                self._carry_out(case, rounds, bench)
            self._note_memory()
        self.notes.append(f"The rest of the machine used {report.others(self.results):.2f} of a core meanwhile.")

    def _start(self, stack: contextlib.ExitStack, bench: Bench) -> None:
        for subject in SUBJECTS:
            if self.plan.names and subject.name not in {*self.plan.names, DIRECT, REFERENCE}:
                continue
            why = subject.missing()
            if not why:
                place = bench.folder / subject.name
                try:
                    started = stack.enter_context(running(subject, bench.mock_port, bench.cores.gateway, place))
                    bench.await_answer(subject, started, 5.0)
                    rest(started)
                    self._subjects[subject.name] = (subject, started)
                except RuntimeError as error:
                    why = str(error)
            if why:
                self.console.print(f"[yellow]skipped[/yellow] {subject.name}: {escape(why)}")

    def _carry_out(self, case: Case, rounds: int, bench: Bench) -> None:
        if time.monotonic() > self._until:
            self.notes.append(f"{case.name}: not run, the time was up.")
            return
        taking = {name: pair for name, pair in self._subjects.items() if pair[0].takes(case)}
        turns: dict[str, list[Round]] = {name: [] for name in taking}
        for number in range(rounds):
            if number and time.monotonic() > self._until:
                self.notes.append(f"{case.name}: {number} rounds instead of {rounds}, the time was up.")
                break
            for name, (subject, started) in taking.items():
                turns[name].append(one_turn(case, subject, started, bench))
        self.results[case.name] = turns
        self.console.print(report.case_table(case, self.results))
        if line := report.mock_line(case, self.results):
            self.notes.append(line)

    def _note_memory(self) -> None:
        for name, (_, started) in self._subjects.items():
            if started.pid is not None:
                most = procfs.peak(procfs.largest(started.pid)) / 1e6
                self.notes.append(f"{name}: at most {most:.0f} MB over the cases that it stayed up for.")


def rest(started: Started) -> None:
    """Stop a subject between its turns: what one does in the background must not slow another down."""
    if started.pid is not None:
        signal_tree(started.pid, signal.SIGSTOP)


def one_turn(case: Case, subject: Subject, started: Started, bench: Bench) -> Round:
    """A subject's turn; one that fails to start or to answer is a bad round, not the end of the run."""
    try:
        fresh = case.kind in {START, HELD}
        if fresh:
            return bench.fresh_turn(case, subject)
        if started.pid is not None:
            signal_tree(started.pid, signal.SIGCONT)
        try:
            return bench.turn(case, subject, started)
        finally:
            rest(started)
    except RuntimeError as error:
        return Round(tally=Tally(bad=1, reasons={str(error)[:200]: 1}))
