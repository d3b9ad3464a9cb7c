"""``python -m bench.scale``: the books with ten million exchanges: how long reports take, what a start with quotas
reads, what a request costs, whether pruning half of them makes anybody wait. One command: half an hour, 8 GB of disk.

The exchanges are made by SQL: last month's sessions of forty requests within an hour, of 100,000 keys and 10,000 teams,
some keys much busier than others. The gateway runs beside a mock upstream, as in the other measurements. What is told
of waiting is held against the same load beside a process that only burns processor time, at the same low priority: on a
busy machine most of what anybody waits for is a processor.
"""

import calendar
import contextlib
import functools
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
from sqlalchemy import Engine, text

from bench.budgets import OURS
from bench.cases import Case, case_of
from bench.measure import Bench, Cores, Round, mock
from bench.rows import launch_penstock, subject_of
from bench.subjects import Launch, Started, Subject, bound_to, raise_open_files, running
from penstock.background.reckoning import Holders, Sums, over_long
from penstock.core.books import By, Filter
from penstock.core.caller import KeyProfile
from penstock.core.quota import Level, Period, Quota, Unit, bound
from penstock.stores.database import DATABASE, open_database
from penstock.stores.filling import Filling
from penstock.stores.migrations.versions import r0012_rollups
from penstock.stores.reports import Reports
from penstock.stores.retention import Retention
from penstock.stores.used import Usages

KEYS, TEAMS, DAYS, SESSION = 100_000, 10_000, 30, 40
AT_ONCE = 250_000
DAY = 86_400
LEAST_FREE_BYTES = 12 * 2**30
ROUNDS = 5
BURN_SECONDS = 60
STALL_SECONDS = 0.05

_COLUMNS = {
    "id": "printf('%012x%016x', moment, i)",
    "at": "moment",
    "tenant": "'team:team-' || (k % {teams})",
    "key": "printf('key_%016x', k)",
    "key_name": "'laptop-' || k",
    "team": "'team-' || (k % {teams})",
    "owner": "'user-' || (k % 30000)",
    "provider": "CASE WHEN k % 3 = 0 THEN 'openai' ELSE 'anthropic' END",
    "credential": "'operator'",
    "dialect": "CASE WHEN k % 3 = 0 THEN 'openai' ELSE 'anthropic' END",
    "operation": "CASE WHEN k % 3 = 0 THEN 'responses.create' ELSE 'messages.create' END",
    "model": "'model-' || (k % 3) || '-' || (r % 5 = 0)",
    "served": "CASE WHEN r % 60 = 0 THEN '' ELSE 'model-' || (k % 3) || '-' || (r % 5 = 0) || '-20260901' END",
    "tier": "''",
    "stream": "1",
    "client": "'claude-cli/2.1.329'",
    "conversation": "printf('%08x-7d0e-4a11-9f55-%012x', session, k)",
    "trace": "''",
    "status": "CASE WHEN r % 60 = 0 THEN 529 ELSE 200 END",
    "outcome": "'served'",
    "fault": "''",
    "blame": "''",
    "source": "CASE WHEN r % 40 = 1 THEN 'estimated' ELSE 'reported' END",
    "price": "'2026-11-01'",
    "batch": "''",
    "missing": "0",
    "input": "r % 900",
    "input_audio": "0",
    "input_image": "0",
    "cache_write_5m": "r % 4000",
    "cache_write_1h": "0",
    "cache_read": "r % 120000",
    "output": "r % 1200",
    "output_audio": "0",
    "output_image": "0",
    "reasoning": "0",
    "cost": "CASE WHEN r % 200 = 7 THEN NULL ELSE r % 90000 END",
    "bytes_in": "r % 400000",
    "bytes_out": "r % 9000",
    "first_byte": "r % 3000000",
    "duration": "r % 30000000",
    "overhead": "r % 900",
}


def fill(engine: Engine, count: int, begun: float) -> None:
    """Exchanges from then on, by SQL alone."""
    sessions = count // SESSION
    columns = {name: value.format(teams=TEAMS) for name, value in _COLUMNS.items()}
    statement = text(
        "WITH RECURSIVE numbers(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < :end), "
        f"drawn AS (SELECT i, i / {SESSION} AS session, ((i + 7) * 2654435761) % 4294967296 AS r, "
        f"((i / {SESSION} + 1) * 2246822519) % 4294967296 / 4294967296.0 AS u FROM numbers), "
        f"placed AS (SELECT i, session, r, CAST({KEYS} * u * u AS INTEGER) AS k, "
        f":begun + session * ({DAYS * DAY * 1000} - 3600000) / {sessions} + r % 3600000 AS moment FROM drawn) "
        f"INSERT INTO entries ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM placed"
    )
    for first in range(0, count, AT_ONCE):
        span = {"first": first, "end": min(count, first + AT_ONCE), "begun": round(begun * 1000)}
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(statement, span)
        progress(f"{first + AT_ONCE:,} of {count:,} exchanges made")


def sum_up(engine: Engine) -> float:
    """The sums by hour and day are made as an upgrade makes them: seconds that it takes."""
    began = time.monotonic()
    with engine.execution_options(writes=True).begin() as connection:
        r0012_rollups.fill(connection)
    return time.monotonic() - began


QUESTIONS: dict[str, tuple[list[By], dict[str, str]]] = {
    "in all": ([], {}),
    "by day": ([By.DAY], {}),
    "by model": ([By.MODEL], {}),
    "by model and status": ([By.MODEL, By.STATUS], {}),
    "by team (10,000)": ([By.TEAM], {}),
    "by key (100,000)": ([By.KEY], {}),
    "by user (30,000)": ([By.USER], {}),
    "by team and day": ([By.TEAM, By.DAY], {}),
    "by key and model": ([By.KEY, By.MODEL], {}),
    "of one team, by day": ([By.DAY], {"team": "team-17"}),
    "of one key, by day and model": ([By.DAY, By.MODEL], {"key": "laptop-4017"}),
}


def reports(engine: Engine, begun: float) -> Iterator[tuple[str, list[tuple[float, float]], int]]:
    """Questions about the calendar's month, and about a span that begins and ends within an hour: what it is, seconds
    and seconds of processor time (the medians of three), groups."""
    spans = (begun, begun + (DAYS + 1) * DAY), (begun + 1234.5, begun + DAYS * DAY - 777.5)
    for name, (by, about) in QUESTIONS.items():
        found = []
        for since, until in spans:
            took = []
            for _ in range(3):
                began, spent = time.monotonic(), time.process_time()
                rows = Reports(engine).usage(by, Filter(since=since, until=until, **about))
                took.append((time.monotonic() - began, time.process_time() - spent))
            found.append((statistics.median(wall for wall, _ in took), statistics.median(cpu for _, cpu in took)))
        yield name, found, len(rows)


def start(engine: Engine, now: float) -> str:
    """What a gateway reads before it listens, where each key and each team has a quota for the month."""
    monthly = Quota(Unit.OUTPUT, 10**9, Period.MONTH)
    teams = [bound(monthly, Level.TEAM, f"team-{number}") for number in range(TEAMS)]
    names = [f"key_{number:016x}" for number in range(KEYS)]
    profiles = [
        KeyProfile(
            name, name, team=f"team-{number % TEAMS}", quotas=(bound(monthly, Level.KEY, name), teams[number % TEAMS])
        )
        for number, name in enumerate(names)
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, spent = time.monotonic(), time.process_time()
    holders = Holders(profiles, now)
    sums: Sums = {}
    stretches = holders.stretches(int(now // 3600) + 1, over_long(now))
    Usages(engine, ("messages.create",)).read(stretches, lambda row: holders.add(row, sums), apart=holders.apart)
    took, used = time.monotonic() - began, time.process_time() - spent
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return f"{took:.1f} s, {used:.1f} s of processor time, {grown:.0f} MB for {len(sums):,} counters"


def launched(database: Path | None, mock_port: int, folder: Path) -> Launch:
    """A gateway over this database, or over an empty one."""
    launch = launch_penstock(mock_port, folder)
    if database is not None:
        (folder / "data").mkdir()
        for path in database.parent.glob(f"{DATABASE}*"):
            # A link to it: SQLite names its own two files after what the link leads to.
            (folder / "data" / path.name).symlink_to(path)
    return launch


def cost(bench: Bench, case: Case, subjects: dict[str, Subject]) -> dict[str, list[float]]:
    """Processor microseconds of a request, round by round, the gateways taking turns."""
    found: dict[str, list[float]] = {name: [] for name in subjects}
    with contextlib.ExitStack() as stack:
        started = {}
        for name, subject in subjects.items():
            started[name] = stack.enter_context(_started(bench, subject, name))
        for number in range(ROUNDS):
            for name, subject in subjects.items():
                round_ = bench.turn(case, subject, started[name])
                if not round_.good or round_.cpu is None:
                    raise click.ClickException(f"wrong answers: {round_.tally.reasons}")
                found[name].append(round_.cpu / round_.tally.good * 1e6)
            progress(f"round {number + 1} of {ROUNDS}: what a request costs")
    return found


@contextlib.contextmanager
def _started(bench: Bench, subject: Subject, name: str) -> Iterator[Started]:
    with running(subject, bench.mock_port, bench.cores.gateway, bench.folder / name) as started:
        bench.await_answer(subject, started, subject.patience)
        yield started


BURNING = [
    "-c",
    f"import os, time; os.nice(19); end = time.monotonic() + {BURN_SECONDS}\nwhile time.monotonic() < end: pass",
]


def beside(
    bench: Bench, light: Case, subject: Subject, started: Started, command: list[str]
) -> tuple[list[Round], float]:
    """Turns of a light load for as long as Python does this, and the seconds that it took."""
    began = time.monotonic()
    turns = []
    silent = subprocess.DEVNULL
    with bound_to(bench.cores.load):
        process = subprocess.Popen([sys.executable, *command], stdout=silent, stderr=silent)
    with process:
        while process.poll() is None:
            turns.append(bench.turn(light, subject, started))
            slowest = turns[-1].tally.total[2] * 1e3
            progress(f"{' '.join(command[1:4])[:30]}: {time.monotonic() - began:.0f} s, slowest {slowest:.1f} ms")
    if process.returncode:
        raise click.ClickException(f"{' '.join(command)} failed with {process.returncode}")
    return turns, time.monotonic() - began


def told(turns: list[Round]) -> str:
    """The latencies of some turns."""
    if any(not turn.good for turn in turns):
        raise click.ClickException(f"wrong answers: {[turn.tally.reasons for turn in turns]}")
    middle = statistics.median(turn.tally.total[0] for turn in turns) * 1e3
    high = statistics.median(turn.tally.total[1] for turn in turns) * 1e3
    slowest = max(turn.tally.total[2] for turn in turns) * 1e3
    requests = sum(turn.tally.good for turn in turns)
    over = sum(turn.tally.total[2] > STALL_SECONDS for turn in turns)
    busy = statistics.mean(turn.others for turn in turns)
    return (
        f"p50 {middle:.1f} ms, p99 {high:.1f} ms, slowest {slowest:.1f} ms of {requests:,} requests; "
        f"{over} of {len(turns)} turns with one over {STALL_SECONDS * 1e3:.0f} ms; others used {busy:.1f} processors"
    )


def progress(words: str) -> None:
    """What happens now, for whoever waits."""
    click.echo(f"\r\033[K{words}", nl=False, err=True)


@click.command(help=(__doc__ or "").partition("\n")[2])
@click.option("--exchanges", type=click.IntRange(10_000, 50_000_000), default=10_000_000, show_default=True)
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where there is room. [default: temporary]"
)
def main(*, exchanges: int, folder: Path | None) -> None:
    """Measure and print."""
    raise_open_files()
    with tempfile.TemporaryDirectory(prefix="penstock-scale-", dir=folder) as made:
        if shutil.disk_usage(made).free < LEAST_FREE_BYTES * exchanges / 10_000_000:
            raise click.ClickException(f"{made} has too little room; name another --folder.")
        _measure(Path(made), exchanges)


def _measure(folder: Path, exchanges: int) -> None:
    database = folder / "books" / DATABASE
    begun = last_month()
    say(f"load of the machine before it began: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    engine = open_database(database)
    began = time.monotonic()
    fill(engine, exchanges, begun)
    say(f"{exchanges:,} exchanges made in {time.monotonic() - began:.0f} s")
    rows = os.stat(database).st_size
    say(f"summed up by hour and day in {sum_up(engine):.0f} s, as an upgrade does it")
    say(f"what says no more than whose it was: made of these in {narrow(engine):.0f} s, beside a gateway")
    say(f"bytes an exchange: {rows / exchanges:.0f}, and {(Retention(engine).taken() - rows) / exchanges:.0f} for sums")
    for name, ((whole, whole_cpu), (part, part_cpu)), groups in reports(engine, begun):
        say(
            f"report of a month {name}: {whole:.2f} s ({whole_cpu:.2f} s of processor time), "
            f"to the second at both ends {part:.2f} s ({part_cpu:.2f} s); {groups:,} groups"
        )
    say(f"a start with a quota for each key and team reads the month in {start(engine, begun + DAYS * DAY - 1)}")
    say(f"load of the machine: {os.getloadavg()[0]:.1f}")
    engine.dispose()
    ours = subject_of(OURS)
    full = replace(ours, launch=functools.partial(launched, database))
    cores = Cores.split()
    with mock(cores) as (port, pid):
        bench = Bench(port, pid, cores, folder)
        case = replace(case_of("unary-1k"), seconds=1.5, count=10**6)
        costs = cost(bench, case, {"empty": ours, "full": full})
        middle = {name: statistics.median(found) for name, found in costs.items()}
        times = statistics.median(b / a for a, b in zip(costs["empty"], costs["full"], strict=True))
        say(f"CPU a request: {middle['empty']:.1f} µs empty, {middle['full']:.1f} µs full, {times:.2f} times")
        light = replace(case, connections=4, gap=0.02, seconds=5.0)
        with _started(bench, full, "beside") as started:
            config = ["--config", str(folder / "beside" / "penstock.yaml")]
            turns = [bench.turn(light, full, started) for _ in range(3)]
            say(f"light load, nothing beside it: {told(turns)}")
            turns, seconds = beside(bench, light, full, started, BURNING)
            say(f"{seconds:.0f} s of nothing but processor time beside it, at the lowest priority: {told(turns)}")
            ours_too = ["-m", "penstock"]
            turns, seconds = beside(bench, light, full, started, [*ours_too, "usage", "--by", "key,model", *config])
            say(f"a report of {seconds:.0f} s beside it: {told(turns)}")
            half = ["--before", time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(begun + DAYS * DAY / 2))]
            turns, seconds = beside(bench, light, full, started, [*ours_too, "db", "prune", *half, *config])
            say(f"half of them pruned in {seconds:.0f} s beside it: {told(turns)}")
            turns = [bench.turn(light, full, started) for _ in range(3)]
            say(f"light load, nothing beside it again: {told(turns)}")


def last_month() -> float:
    """When it began, UTC."""
    now = time.gmtime()
    year, month = (now.tm_year, now.tm_mon - 1) if now.tm_mon > 1 else (now.tm_year - 1, 12)
    return float(calendar.timegm((year, month, 1, 0, 0, 0)))


def narrow(engine: Engine) -> float:
    """Seconds that an upgrade takes for the sums of whose it was, beside a gateway."""
    began = time.monotonic()
    filling = Filling(engine)
    for month in filling.missing():
        for day in filling.fill(month):
            progress(f"summed up whose it was on day {day}")
    return time.monotonic() - began


def say(words: str) -> None:
    """A figure."""
    click.echo(f"\r\033[K{words}")


if __name__ == "__main__":
    main()
