"""``python -m bench.growth``: what a request costs when there are many keys, and when the books are long.

Gateways over databases of different sizes take turns with the same load, so that a machine that slows down slows all
of them. The load is the case ``unary-1k``; ten keys take turns, so that as many are busy where there are ten as where
there are 100,000. Keys stand in the database as ``penstock keys create`` makes them; the exchanges are made by SQL, as
``bench.scale`` makes them. Writes ``results/growth.json``. Ten million exchanges take half an hour and 8 GB of disk.
"""

import contextlib
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import click
import msgspec
from sqlalchemy import insert

from bench import report
from bench.budgets import OURS
from bench.cases import Case, case_of
from bench.measure import Bench, Cores, Round, mock
from bench.rows import launch_penstock, subject_of
from bench.run import rest
from bench.scale import LEAST_FREE_BYTES, fill, last_month, narrow, progress, say, sum_up
from bench.subjects import Launch, Started, Subject, raise_open_files, running, signal_tree
from penstock.core.caller import digest
from penstock.stores.changing import next_change
from penstock.stores.keys import KeyStore
from penstock.stores.schema import key_secrets, keys

RESULTS = Path(__file__).parent / "results" / "growth.json"
BUSY, AT_ONCE = 10, 5_000
"""Keys that take turns; rows that a statement writes."""
ROUNDS, SECONDS = 9, 1.5
PARTS = "keys", "exchanges"
BAND = 0.1
"""A request may cost this part more or less, whatever the size."""


class Grown(msgspec.Struct, frozen=True):
    """One size of what grows, and what a request cost there."""

    keys: int
    exchanges: int
    rounds: list[float]
    """Microseconds of processor time, round by round."""


class Growth(msgspec.Struct, frozen=True):
    """All sizes of one run, and what they belong to. The first is the least: the others are held against it in the same
    rounds."""

    machine: dict[str, object]
    others: float
    """Processors' worth of time that the rest of the machine used, the median of all turns."""
    sizes: list[Grown]


def ratios(one: Grown, least: Grown) -> list[float]:
    """How many times what the least size costs, round by round."""
    return [ours / theirs for ours, theirs in zip(one.rounds, least.rounds, strict=True)]


def secret(number: int) -> str:
    """The key of this number, the same in every run."""
    return f"mt_live_bench{number:035d}"


def busy(count: int) -> tuple[str, ...]:
    """The keys that take turns, from the first to the last of so many."""
    return tuple(secret(number * (count - 1) // (BUSY - 1)) for number in range(BUSY))


def stock(folder: Path, count: int, exchanges: int) -> None:
    """A data folder with so many keys in force and so many exchanges of last month, summed up."""
    store = KeyStore(folder)
    now = int(time.time())
    for first in range(0, count, AT_ONCE):
        numbers = range(first, min(count, first + AT_ONCE))
        made = [
            {"id": f"key_{n:016x}", "name": f"laptop-{n}", "require_provider_key": False, "created": now}
            for n in numbers
        ]
        held = [
            {
                "digest": digest(store.pepper, secret(n)),
                "key": f"key_{n:016x}",
                "prefix": secret(n)[:14],
                "created": now,
            }
            for n in numbers
        ]
        with store.writing() as connection:
            # Else a gateway would take all of them for changed at each of its looks.
            number = next_change(connection)
            connection.execute(insert(keys), [{**row, "changed": number} for row in made])
            connection.execute(insert(key_secrets), held)
    if exchanges:
        fill(store.engine, exchanges, last_month())
        progress("sums are made")
        sum_up(store.engine)
        narrow(store.engine)
    store.close()


def launched(data: Path) -> Callable[[int, Path], Launch]:
    """A gateway over this data folder."""

    def launch(mock_port: int, folder: Path) -> Launch:
        (folder / "data").symlink_to(data, target_is_directory=True)
        return launch_penstock(mock_port, folder)

    return launch


@dataclass
class Turns:
    """Who takes turns, and what was measured of each."""

    bench: Bench
    case: Case
    rounds: dict[str, list[Round]]

    def go(self, subjects: Mapping[str, Subject], count: int) -> None:
        """So many rounds; who has no turn stands still."""
        with contextlib.ExitStack() as stack:
            started = {name: stack.enter_context(self._started(name, one)) for name, one in subjects.items()}
            for number in range(count):
                # Nobody always comes behind the same one.
                for name in islice(cycle(subjects), number, number + len(subjects)):
                    self.rounds.setdefault(name, []).append(self._turn(subjects[name], started[name]))
                progress(f"round {number + 1} of {count}")

    @contextlib.contextmanager
    def _started(self, name: str, subject: Subject) -> Iterator[Started]:
        with running(subject, self.bench.mock_port, self.bench.cores.gateway, self.bench.folder / name) as started:
            self.bench.await_answer(subject, started, subject.patience)
            # What a start leaves to be done beside it is done before anything is measured.
            self.bench.turn(self.case, subject, started)
            rest(started)
            yield started

    def _turn(self, subject: Subject, started: Started) -> Round:
        assert started.pid is not None
        signal_tree(started.pid, signal.SIGCONT)
        turn = self.bench.turn(self.case, subject, started)
        rest(started)
        if not turn.good or turn.cpu is None:
            raise click.ClickException(f"wrong answers: {turn.tally.reasons}")
        return turn

    def microseconds(self, name: str) -> list[float]:
        """Processor time of a request, round by round."""
        return [turn.cpu / turn.tally.good * 1e6 for turn in self.rounds[name] if turn.cpu is not None]

    def others(self) -> float:
        """What the rest of the machine used."""
        return statistics.median(turn.others for turns in self.rounds.values() for turn in turns)


def sizes(part: str, most: int) -> list[tuple[int, int]]:
    """Keys and exchanges of each gateway: the least, a middle, the most."""
    if part == "keys":
        return [(BUSY, 0), (max(BUSY, round((BUSY * most) ** 0.5)), 0), (most, 0)]
    return [(BUSY, 0), (BUSY, most // 100), (BUSY, most)]


def measured(folder: Path, wanted: Sequence[tuple[int, int]], rounds: int) -> Growth:
    """All of it."""
    ours = subject_of(OURS)
    subjects: dict[str, Subject] = {}
    for number, (count, exchanges) in enumerate(wanted):
        began = time.monotonic()
        data = folder / "books" / str(number)
        stock(data, count, exchanges)
        say(f"{count:,} keys, {exchanges:,} exchanges: made in {time.monotonic() - began:.0f} s")
        first, *more = busy(count)
        subjects[str(number)] = replace(ours, launch=launched(data), key=first, turns=tuple(more))
    usual = case_of("unary-1k")
    cores = Cores.split()
    with mock(cores) as (port, pid):
        turns = Turns(Bench(port, pid, cores, folder), replace(usual, seconds=SECONDS, count=10**6), {})
        turns.go(subjects, rounds)
    return Growth(
        report.machine(),
        turns.others(),
        [Grown(*size, turns.microseconds(str(number))) for number, size in enumerate(wanted)],
    )


@click.command(help=(__doc__ or "").partition("\n\n")[2])
@click.option("--keys", "most_keys", type=click.IntRange(100, 1_000_000), default=100_000, show_default=True)
@click.option("--exchanges", type=click.IntRange(10_000, 50_000_000), default=10_000_000, show_default=True)
@click.option("--part", type=click.Choice(PARTS), help="Only this one; what was measured of the other stays.")
@click.option("--rounds", type=click.IntRange(1, 50), default=ROUNDS, show_default=True)
@click.option(
    "--folder", type=click.Path(path_type=Path, file_okay=False), help="Where there is room. [default: temporary]"
)
@click.option(
    "--into", type=click.Path(path_type=Path, dir_okay=False), default=RESULTS, show_default="bench/results/growth.json"
)
def main(*, most_keys: int, exchanges: int, part: str | None, rounds: int, folder: Path | None, into: Path) -> None:
    """Measure, print, write."""
    raise_open_files()
    found = msgspec.json.decode(into.read_bytes(), type=dict[str, Growth]) if part and into.exists() else {}
    for name, most in zip(PARTS, (most_keys, exchanges), strict=True):
        if part not in {None, name}:
            continue
        with tempfile.TemporaryDirectory(prefix="penstock-growth-", dir=folder) as made:
            if name == "exchanges" and shutil.disk_usage(made).free < LEAST_FREE_BYTES * exchanges / 10_000_000:
                raise click.ClickException(f"{made} has too little room; name another --folder.")
            found[name] = measured(Path(made), sizes(name, most), rounds)
        _tell(found[name])
    report.keep(into, found)
    say(f"written: {into}")


def _tell(growth: Growth) -> None:
    for one in growth.sizes:
        times = ratios(one, growth.sizes[0])
        say(
            f"{one.keys:>9,} keys, {one.exchanges:>10,} exchanges: {statistics.median(one.rounds):.1f} us a request, "
            f"{statistics.median(times):.3f} times the least ({min(times):.3f} to {max(times):.3f})"
        )
    say(f"the rest of the machine used {growth.others:.2f} of a core meanwhile")


if __name__ == "__main__":
    main()
