"""``python -m bench``: the whole comparison in one command, bounded in time.

Starts the mock and every subject that is installed, lets them take turns case by case, prints tables and budgets, and
writes ``results/latest.json`` and ``results/latest.svg`` beside itself; a part of the whole, or a short run, is called
``partial`` there. With ``--check`` the exit code is 1 when a budget is missed or an answer was wrong.
"""

import signal
import sys
from pathlib import Path

import click

from bench import report
from bench.budgets import OURS
from bench.cases import cases
from bench.plot import svg
from bench.run import Plan, Run

RESULTS = Path(__file__).parent / "results"

FULL_SECONDS, QUICK_SECONDS = 200, 40
"""After these no round begins; what is under way then ends within seconds."""


@click.command(help="Penstock side by side with nginx and with peers, in one run on one machine.")
@click.option("--quick", is_flag=True, help="The cases with budgets, without peers, fewer rounds; under a minute.")
@click.option("--case", "only", multiple=True, help="Only this case (repeatable); --list names them.")
@click.option("--subject", "names", multiple=True, help="Only this subject besides direct and nginx (repeatable).")
@click.option("--rounds", type=click.IntRange(1, 50), help="Rounds of every case.")
@click.option("--streams", type=click.IntRange(1, 10_000), default=300, show_default=True, help="Streams held at once.")
@click.option("--seconds", type=click.IntRange(10, 3600), help="Begin no round later than this.")
@click.option("--into", help="The files' name in bench/results. [default: latest; of a part, partial]")
@click.option("--check", is_flag=True, help="Exit with 1 when a budget is missed or an answer was wrong.")
@click.option("--list", "listing", is_flag=True, help="Print the cases and stop.")
def main(
    *,
    quick: bool,
    only: tuple[str, ...],
    names: tuple[str, ...],
    rounds: int | None,
    streams: int,
    seconds: int | None,
    into: str | None,
    check: bool,
    listing: bool,
) -> None:
    """One run."""
    console = report.console()
    known = {case.name: case for case in cases(streams)}
    if listing:
        for case in known.values():
            console.print(f"{case.name:12} {case.title}")
        return
    if unknown := set(only) - set(known):
        raise click.UsageError(f"no such case: {', '.join(sorted(unknown))}; --list names them")
    wanted = []
    for case in known.values():
        usual = case.quick_rounds if quick else case.rounds
        if case.name in only or (usual and not only):
            wanted.append((case, rounds or usual or case.rounds))
    # Ended from outside, the run still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Peers take long to start; the short run leaves them out unless they are asked for.
    subjects = names or ((OURS,) if quick else ())
    run = Run(Plan(wanted, subjects, seconds or (QUICK_SECONDS if quick else FULL_SECONDS)), console)
    run.carry_out()
    console.print(report.budget_table(run.results))
    for note in run.notes:
        console.print(note, style="dim")
    RESULTS.mkdir(exist_ok=True)
    written = RESULTS / (into or ("partial" if quick or only or names else "latest"))
    report.write_json(written.with_suffix(".json"), run.results, run.notes)
    written.with_suffix(".svg").write_text(svg([case for case, _ in wanted], run.results))
    console.print(f"written: {written}.json, {written}.svg")
    if check and report.fell_short(run.results):
        sys.exit(1)


if __name__ == "__main__":
    main()
