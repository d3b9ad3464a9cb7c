"""``python -m bench.workers``: what a request costs with four workers, beside one, on the gateway's one core.

Four busy processes on one core take turns in its caches, which costs by itself and would not happen on four cores. So
there is a third row: four gateways of one worker each, apart from each other, on that core. What four workers cost
beyond it is what they cost each other. Each process has 32 connections. CPU time is user and system of all processes,
median of the rounds; rows take turns.
"""

import contextlib
import functools
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click
import msgspec

from bench import procfs
from bench.budgets import OURS
from bench.cases import Case, case_of
from bench.figures import Spread, ratios
from bench.measure import Bench, Cores, answer, ask, generator, mock
from bench.order import Order, Tally
from bench.rows import launch_penstock, subject_of
from bench.subjects import Subject, raise_open_files, running

WORKERS, SECONDS, BUDGET = 4, 2.0, 1.15


@click.command(help=(__doc__ or "").partition("\n")[2])
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--books/--no-books", default=True, help="Write every exchange down.", show_default=True)
@click.option("--check", is_flag=True, help=f"Exit with 1 when workers cost each other more than {BUDGET} times.")
def main(*, rounds: int, books: bool, check: bool) -> None:
    """Measure and print."""
    raise_open_files()
    case = case_of("unary-1k")
    ours = subject_of(OURS)
    one = replace(ours, launch=functools.partial(launch_penstock, books=books))
    four = replace(ours, launch=functools.partial(launch_penstock, books=books, workers=WORKERS))
    rows: dict[str, tuple[Sequence[Subject], int]] = {
        "one worker": ([one], 1),
        "four workers": ([four], WORKERS),
        "four apart": ([one] * WORKERS, 1),
    }
    costs: dict[str, list[float]] = {name: [] for name in rows}
    cores = Cores.split()
    with tempfile.TemporaryDirectory(prefix="penstock-bench-") as folder, mock(cores) as (port, pid):
        bench = Bench(port, pid, cores, Path(folder))
        for number in range(rounds):
            for name, (subjects, fold) in rows.items():
                costs[name].append(_turn(bench, case, subjects, fold, f"{number} {name}"))
    _print(costs)
    own = Spread.of(ratios(costs["four workers"], costs["four apart"]))
    if check and (own is None or own.middle > BUDGET):
        sys.exit(1)


def _turn(bench: Bench, case: Case, subjects: Sequence[Subject], fold: int, name: str) -> float:
    """Processor seconds a request, over all of these gateways while all of them are loaded."""
    with contextlib.ExitStack() as stack:
        folder = bench.folder / name.replace(" ", "-")
        gateways = [
            stack.enter_context(running(subject, bench.mock_port, bench.cores.gateway, folder / str(number)))
            for number, subject in enumerate(subjects)
        ]
        loads = []
        for subject, gateway in zip(subjects, gateways, strict=True):
            bench.await_answer(subject, gateway, subject.patience)
            usual = bench.order(case, subject, gateway)
            load = stack.enter_context(generator(bench.cores))
            if ask(load, _line(usual, fold)) != "ready":
                raise click.ClickException("the generator could not connect or warm up")
            loads.append(load)
        before = [procfs.spent(gateway.pid) for gateway in gateways if gateway.pid is not None]
        for load in loads:
            assert load.stdin is not None
            load.stdin.write(b"go\n")
            load.stdin.flush()
        tallies = [msgspec.json.decode(answer(load), type=Tally) for load in loads]
        after = [procfs.spent(gateway.pid) for gateway in gateways if gateway.pid is not None]
    if any(tally.bad for tally in tallies):
        raise click.ClickException(f"wrong answers: {[tally.reasons for tally in tallies]}")
    used = sum(now.since(then) for now, then in zip(after, before, strict=True))
    return used / sum(tally.good for tally in tallies)


def _line(usual: Order, fold: int) -> str:
    """By time alone: a count would let a fast one end before the others."""
    order = msgspec.structs.replace(usual, connections=usual.connections * fold, count=10**7, seconds=SECONDS)
    return msgspec.json.encode(order).decode()


def _print(costs: Mapping[str, list[float]]) -> None:
    for name, found in costs.items():
        click.echo(f"{name:12} {_spread([cost * 1e6 for cost in found])} µs a request")
    for name in ("one worker", "four apart"):
        click.echo(f"four workers cost {_spread(ratios(costs['four workers'], costs[name]))} times what {name} cost")


def _spread(values: Sequence[float]) -> str:
    found = Spread.of(values)
    return "-" if found is None else f"{found.middle:.2f} ({found.least:.2f} to {found.greatest:.2f})"


if __name__ == "__main__":
    main()
