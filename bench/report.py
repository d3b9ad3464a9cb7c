"""What a run says: tables for a terminal, JSON for machines. Computes nothing that the JSON does not hold."""

import math
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.budgets import (
    BUDGETS,
    DIRECT,
    REFERENCE,
    Results,
    added_first_byte,
    cost,
    cost_ratio,
    first_bytes,
    idle_megabytes,
    kilobytes_a_stream,
    quiet,
    rate,
    right,
    start_seconds,
)
from bench.cases import CLOSED, HELD, IDLE, START, Case
from bench.figures import Spread, median, percentile, ratios
from bench.measure import Round

COLOURS = {"stretch": "bold green", "pass": "green", "miss": "bold red"}

ENOUGH = 5.0
"""How many times the gateway's rate the mock alone should reach."""


def number(value: float | None) -> str:
    """Three significant digits."""
    if value is None or math.isnan(value):
        return "-"
    size = abs(value)
    return (
        f"{value:,.0f}"
        if size >= 100
        else f"{value:.1f}"
        if size >= 10
        else f"{value:.2f}"
        if size >= 1
        else f"{value:.3f}"
    )


def spread(found: Spread | None, scale: float = 1.0) -> str:
    """A median with the least and greatest round."""
    if found is None:
        return "-"
    least, greatest = number(found.least * scale), number(found.greatest * scale)
    return f"{number(found.middle * scale)} [dim]{least}-{greatest}[/dim]"


def faults(rounds: Sequence[Round]) -> str:
    """What was wrong with the answers, in one line."""
    reasons: dict[str, int] = {}
    for one in rounds:
        for reason, count in one.tally.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + count
    return "; ".join(f"{count} x {reason}" for reason, count in reasons.items())


def _milliseconds(rounds: Sequence[Round], which: str, at: int) -> str:
    values = [getattr(one.tally, which)[at] * 1000 for one in right(list(rounds)) if getattr(one.tally, which)]
    return number(median(values)) if values else "-"


def _usual_row(case: Case, name: str, results: Results) -> list[str]:
    rounds = results[case.name][name]
    direct = rate(results[case.name].get(DIRECT, []))
    core = [one.cpu / one.tally.elapsed for one in right(rounds) if one.cpu is not None and one.tally.elapsed]
    row = [
        name,
        spread(Spread.of(cost(rounds, case.unit)), 1e6),
        spread(cost_ratio(results, case.name, case.unit, name)) if name != DIRECT else "-",
    ]
    if case.kind == CLOSED:
        row += [spread(Spread.of(rate(rounds))), spread(Spread.of(ratios(rate(rounds), direct)))]
        row += [_milliseconds(rounds, "total", 0), _milliseconds(rounds, "total", 1)]
    else:
        row += [_milliseconds(rounds, "late", at) for at in (0, 1, 2)]
    return [*row, number(100 * median(core)) if core else "-", faults(rounds)]


def _usual(case: Case, results: Results) -> Table:
    heads = ["", f"CPU us/{case.unit}", "x nginx"]
    heads += ["requests/s", "x direct", "p50 ms", "p99 ms"] if case.kind == CLOSED else ["late p50 ms", "p99", "max"]
    return _table(
        case, [*heads, "its core %", "wrong answers"], [_usual_row(case, name, results) for name in results[case.name]]
    )


def _idle(case: Case, results: Results) -> Table:
    rows = []
    for name, rounds in results[case.name].items():
        calm = quiet(rounds)
        times = first_bytes(calm or right(rounds))
        here = [number(percentile(times, at) * 1000) for at in (50, 99)]
        added = ["-", "-"] if name == DIRECT else [number(added_first_byte(results, at, name)) for at in (50, 99)]
        rows.append(
            [
                name,
                f"{len(calm)} of {len(rounds)}",
                *here,
                *added,
                spread(Spread.of(cost(rounds, "request")), 1e6),
                faults(rounds),
            ]
        )
    heads = ["", "quiet rounds", "p50 ms", "p99 ms", "added p50", "added p99", "CPU us/request", "wrong answers"]
    return _table(case, heads, rows)


def _held(case: Case, results: Results) -> Table:
    rows = []
    for name, rounds in results[case.name].items():
        memory = (
            [number(idle_megabytes(results, name)), number(kilobytes_a_stream(results, name))]
            if name != DIRECT
            else ["-", "-"]
        )
        late = [_milliseconds(rounds, "late", at) for at in (0, 1, 2)]
        held = sum(one.tally.good for one in rounds)
        rows.append([name, str(held), *memory, *late, spread(Spread.of(cost(rounds, "frame")), 1e6), faults(rounds)])
    heads = ["", "held", "idle MB", "kB/stream", "late p50 ms", "p99", "max", "CPU us/frame", "wrong answers"]
    return _table(case, heads, rows)


def _start(case: Case, results: Results) -> Table:
    rows = [[name, number(start_seconds(results, name)), faults(rounds)] for name, rounds in results[case.name].items()]
    return _table(case, ["", "seconds", "wrong answers"], rows)


def _table(case: Case, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(title=f"{case.name}: {case.title}", title_justify="left", title_style="bold")
    for at, head in enumerate(heads):
        table.add_column(head, justify="left" if at == 0 else "right")
    for row in rows:
        table.add_row(*row)
    if all(not row[-1] for row in rows):
        table.columns.pop()
    return table


def case_table(case: Case, results: Results) -> Table:
    """The table of one case."""
    return {IDLE: _idle, HELD: _held, START: _start}.get(case.kind, _usual)(case, results)


def mock_line(case: Case, results: Results) -> str | None:
    """Whether the mock and the generator leave room above what they measure."""
    rounds = results.get(case.name, {})
    direct, ours = right(rounds.get(DIRECT, [])), rate(rounds.get("penstock", []) or rounds.get(REFERENCE, []))
    if case.kind != CLOSED or not direct or not ours:
        return None
    alone = median([one.tally.good / one.mock_cpu for one in direct if one.mock_cpu])
    pair = median([one.tally.good / (one.mock_cpu + one.generator_cpu) for one in direct])
    times = alone / median(ours)
    short = "" if times >= ENOUGH else f" (under {ENOUGH:.0f} x: read CPU per request, not throughput)"
    return (
        f"{case.name}: a core of the mock alone would answer {alone:,.0f} requests/s, {times:.1f} x the gateway's "
        f"rate{short}; mock and generator together on one core {pair:,.0f}."
    )


def budget_table(results: Results) -> Table:
    """Every budget, with its figure where this run has it."""
    table = Table(title="Budgets", title_justify="left", title_style="bold")
    for head in ("figure", "measured", "unit", "target", "stretch", ""):
        table.add_column(head, justify="left" if head in {"figure", "unit", ""} else "right")
    for row in budget_rows(results):
        verdict = str(row["verdict"])
        style = COLOURS.get(verdict, "dim")
        value = row["measured"]
        measured = number(value) if isinstance(value, float) else "-"
        cells = [str(row["figure"]), measured, str(row["unit"]), f"{row['target']}", f"{row['stretch']}"]
        table.add_row(*cells, f"[{style}]{verdict}[/{style}]")
    return table


def budget_rows(results: Results) -> list[dict[str, object]]:
    """The same as data."""
    rows: list[dict[str, object]] = []
    for budget in BUDGETS:
        value = budget.figure(results)
        verdict = "not measured" if value is None else budget.verdict(value)
        sign = ">=" if budget.at_least else "<="
        rows.append(
            {
                "figure": budget.words,
                "unit": budget.unit,
                "target": f"{sign} {budget.target:g}",
                "stretch": f"{sign} {budget.stretch:g}",
                "measured": value,
                "verdict": verdict,
            }
        )
    return rows


def fell_short(results: Results) -> bool:
    """A budget was missed, or an answer was wrong."""
    missed = any(row["verdict"] == "miss" for row in budget_rows(results))
    return missed or any(one.tally.bad for turns in results.values() for many in turns.values() for one in many)


def machine() -> dict[str, object]:
    """What the figures belong to."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        "unknown",
    )
    nginx = subprocess.run(
        ["sh", "-c", "nginx -v 2>&1 || /usr/sbin/nginx -v 2>&1"], capture_output=True, text=True, check=False
    )
    return {
        "processor": model,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "python_in_shared_library": shared_interpreter(),
        "nginx": nginx.stdout.strip().rpartition("/")[2],
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def shared_interpreter() -> bool:
    """This Python's interpreter stands in a shared library: it is built plainer, and calls in it take a detour."""
    return "libpython" in Path("/proc/self/maps").read_text()


def write_json(path: Path, results: Results, notes: Sequence[str]) -> None:
    """Everything measured, round by round, with the budgets."""
    whole = {"machine": machine(), "notes": list(notes), "budgets": budget_rows(results), "cases": results}
    keep(path, whole)


def keep(path: Path, found: object) -> None:
    """What was measured, as JSON that people can read."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def others(results: Results) -> float:
    """Processors' worth of time that the rest of the machine used, the median of all turns."""
    known = [
        one.others for rounds in results.values() for turns in rounds.values() for one in turns if one.tally.elapsed
    ]
    return median(known) if known else 0.0


def console() -> Console:
    """Wide enough for the tables, also where there is no terminal."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=130)
