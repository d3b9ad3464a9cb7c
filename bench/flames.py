"""``python -m bench.flames``: where the processor time of three kinds of work goes, for flame graphs.

Starts the mock and the gateway as the bench does, loads it with a case of the bench, and has ``py-spy`` look at its
stacks some hundreds of times a second, without stopping it. Writes ``results/flames.json``: the stacks, and what the
kernel says a request or frame took meanwhile. ``docs/generate_figures.py`` draws it; ``make figures`` does both.
"""

import contextlib
import shutil
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from bench import procfs, report
from bench.bodies import stream_model
from bench.budgets import ALL_ON, OURS
from bench.cases import STREAMS, Case, case_of
from bench.flame import BARE, Stacks, folded
from bench.measure import Bench, Cores, Round, mock
from bench.rows import subject_of
from bench.subjects import Started, Subject, raise_open_files, running

RESULTS = Path(__file__).parent / "results" / "flames.json"
RATE, PACE_MS = 500, 10
"""Looks a second; milliseconds between two frames of a stream."""
BEFORE, AFTER = 1.0, 1.0
"""Seconds of load before the first look and after the last."""


class Scene(msgspec.Struct, frozen=True):
    """What is looked at: a case of the bench, and who serves it."""

    name: str
    title: str
    case: str
    subject: str


SCENES = (
    Scene("flame-request", "A request of 1 kB, answered whole", "unary-1k", OURS),
    Scene("flame-stream", "Events of 100 streams, relayed as they come", "sse", OURS),
    Scene(
        "flame-turn", "A coding agent's turn of 500 kB, with terser answers and private values", "unary-500k", ALL_ON
    ),
)


class Flame(msgspec.Struct, frozen=True):
    """What was seen of a scene."""

    title: str
    unit: str
    microseconds: float
    """Processor time of a request or frame while it was looked at."""
    stacks: Stacks


class Flames(msgspec.Struct, frozen=True):
    """All scenes of one run, and what they belong to."""

    machine: dict[str, object]
    rate: int
    scenes: dict[str, Flame]


def recorder() -> str | None:
    """Where py-spy is, in this environment or on the path; None where it is not."""
    return shutil.which("py-spy", path=sysconfig.get_path("scripts")) or shutil.which("py-spy")


def lasting(case: Case, seconds: float) -> Case:
    """The same load for so many seconds: streams have more frames, requests have no end of their own."""
    if case.kind == STREAMS:
        return replace(case, model=stream_model(int(seconds * 1000 / PACE_MS), PACE_MS), seconds=seconds)
    return replace(case, count=10**9, seconds=seconds)


@contextlib.contextmanager
def looking(tool: str, pid: int, seconds: float, output: Path, *, idle: bool = False) -> Iterator[None]:
    """py-spy looks at this process meanwhile, also where it is ``idle``; click.ClickException when it could not."""
    command = (
        *("sh", "-c", f'sleep {BEFORE}; exec "$@"', "sh"),
        *(tool, "record", "--nonblocking", "--threads", "--function", "--format", "raw", "--output", str(output)),
        *("--pid", str(pid), "--rate", str(RATE), "--duration", str(round(seconds)), *["--idle"] * idle),
    )
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        yield
        told, _ = child.communicate()
    if child.returncode:
        hint = "It reads another process's memory: be root, or allow it with `sysctl kernel.yama.ptrace_scope=0`."
        raise click.ClickException(f"py-spy failed: {told.strip()[-400:]}\n{hint}")


def seen(bench: Bench, scene: Scene, tool: str, seconds: float) -> Flame:
    """One scene, from the start of its gateway to its end."""
    usual = case_of(scene.case)
    case = lasting(usual, BEFORE + seconds + AFTER)
    subject = subject_of(scene.subject)
    output = bench.folder / f"{scene.name}.raw"
    with running(subject, bench.mock_port, bench.cores.gateway, bench.folder / scene.name) as started:
        bench.await_answer(subject, started, subject.patience)
        # Streams leave the loop idle most of the time. Who asks first whether it is, and then for its stack, finds it
        # back at rest; so all looks count, and what of the loop's was rest follows from the processor time.
        idle = case.kind == STREAMS
        turn = _loaded(bench, case, subject, started, looking(tool, _moving(started), seconds, output, idle=idle))
    if not turn.good or turn.cpu is None:
        raise click.ClickException(f"{scene.name}: wrong answers: {turn.tally.reasons}")
    units = turn.tally.frames if case.unit == "frame" else turn.tally.good
    stacks = folded(output.read_text())
    if idle:
        stacks = awake(stacks, turn.cpu / turn.tally.elapsed)
    return Flame(scene.title, case.unit, turn.cpu / units * 1e6, stacks)


def awake(stacks: Stacks, share: float) -> Stacks:
    """Without the looks at which the loop was at rest, from the part of a processor that was used."""
    looks = sum(count for stack, count in stacks.items() if stack.partition(";")[0] == BARE)
    others = sum(stacks.values()) - stacks.get(BARE, 0)
    return {**stacks, BARE: max(0, round(looks * share) - others)}


def _loaded(
    bench: Bench, case: Case, subject: Subject, started: Started, look: contextlib.AbstractContextManager[None]
) -> Round:
    with look:
        return bench.turn(case, subject, started)


def _moving(started: Started) -> int:
    assert started.pid is not None
    return procfs.largest(started.pid)


@click.command(help=(__doc__ or "").partition("\n\n")[2])
@click.option("--seconds", type=click.IntRange(1, 120), default=10, show_default=True, help="How long each is seen.")
@click.option(
    "--into", type=click.Path(path_type=Path, dir_okay=False), default=RESULTS, show_default="bench/results/flames.json"
)
def main(*, seconds: int, into: Path) -> None:
    """Record and write."""
    tool = recorder()
    if tool is None:
        click.echo(
            "skipped: py-spy is not installed; `make figures` installs it, or: pip install -r requirements/bench.lock"
        )
        return
    raise_open_files()
    cores = Cores.split()
    found: dict[str, Flame] = {}
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder, mock(cores) as (port, pid):
        bench = Bench(port, pid, cores, Path(folder))
        for scene in SCENES:
            began = time.monotonic()
            flame = found[scene.name] = seen(bench, scene, tool, seconds)
            click.echo(
                f"{scene.title}: {flame.microseconds:,.1f} us a {flame.unit}, {sum(flame.stacks.values()):,} looks "
                f"in {time.monotonic() - began:.0f} s"
            )
    report.keep(into, Flames(report.machine(), RATE, found))
    click.echo(f"written: {into}")


if __name__ == "__main__":
    main()
