"""``python -m tests.fuzz.guided SECONDS [TARGET ...]``: bytes that reach new code are kept and changed further.

Atheris plays each target in turn, in a process of its own, with the same time for each. What it keeps stands in
``.cache/fuzz/guided/TARGET``, and the next run goes on from there. The first finding ends a target's turn; it is made
small, kept in ``.cache/fuzz/guided/found/TARGET`` and tried first the next time. ``--again FILE`` plays one alone, with
its traceback.
"""

import hashlib
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from tests.fuzz.seeded import SEEDED, seeds

KEPT = Path(__file__).parents[2] / ".cache/fuzz/guided"
LONGEST = 8192
SLOW = 10
"""Seconds that one example may take."""
_PROGRESS = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")


def complaint(name: str, data: bytes) -> str:
    """What is wrong with a target that is played these bytes; empty when nothing is."""
    with ThreadPoolExecutor(1) as pool:
        error = pool.submit(SEEDED[name].check, data).exception()
    if error is None:
        return ""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__} at {where}"


def smaller(data: bytes, same: Callable[[bytes], bool]) -> bytes:
    """Without whatever can be left out and it is the ``same`` all the same: halves first, single bytes last."""
    size = len(data) // 2
    while size:
        at = 0
        while at < len(data):
            shorter = data[:at] + data[at + size :]
            if same(shorter):
                data = shorter
            else:
                at += size
        size //= 2
    return data


def _keep(name: str, data: bytes, folder: Path, *, hung: bool) -> str:
    """As small as it can be; one that takes too long, as it is. What there is to say of it."""
    said = "takes too long, or too much memory"
    if not hung and (told := complaint(name, data)):
        said, data = told, smaller(data, lambda shorter: complaint(name, shorter) == told)
    path = folder / hashlib.sha256(data).hexdigest()[:12]
    path.write_bytes(data)
    return f"{name}: {said}: {data[:400]!r}\n  python -m tests.fuzz.guided --again {path}"


def turn(name: str, seconds: float, kept: Path) -> str:
    """Play a target for so long; what there is to say of what was found."""
    _, begun, found = folders = kept / name, kept / "seeds" / name, kept / "found" / name
    raw, words, log = (kept / f"{name}.{end}" for end in ("found", "words", "log"))
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds(name):
        (begun / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in SEEDED[name].words))
    raw.unlink(missing_ok=True)
    options = (
        f"-max_total_time={max(1, round(seconds))}", f"-max_len={LONGEST}", f"-timeout={SLOW}", "-rss_limit_mb=2048",
        f"-dict={words}", f"-exact_artifact_path={raw}", "-print_final_stats=1", *map(str, folders),
    )  # fmt: skip
    command = [sys.executable, "-m", "tests.fuzz.instrumented", name, *options]
    with log.open("w") as told:
        ended = subprocess.run(command, stderr=told, stdout=subprocess.DEVNULL, check=False)
    said = log.read_text(errors="replace")
    print(f"{name}: {_sum(said)}", flush=True)
    if raw.exists():
        return _keep(name, raw.read_bytes(), found, hung="libFuzzer: timeout" in said)
    if ended.returncode:
        sys.exit(f"{name}: it did not run; {log} says why.")
    return ""


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def _sum(log: str) -> str:
    played = re.search(r"number_of_executed_units: (\d+)", log)
    rate = re.search(r"average_exec_per_sec: +(\d+)", log)
    reached = _PROGRESS.findall(log)
    edges, features, kept = reached[-1] if reached else ("?", "?", "?")
    return (
        f"{played[1] if played else '?'} examples, {rate[1] if rate else '?'} a second; "
        f"{edges} edges, {features} features, {kept} kept"
    )


@click.command(help="Fuzz these targets, or all, for so many seconds in all, guided by the code that is reached.")
@click.option("--again", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Play what was found.")
@click.option("--kept", type=click.Path(file_okay=False, path_type=Path), default=KEPT, help="Where all of it is kept.")
@click.argument("seconds", type=float, default=60)
@click.argument("names", metavar="[TARGET]...", nargs=-1, type=click.Choice(list(SEEDED)))
def main(*, again: Path | None, kept: Path, seconds: float, names: tuple[str, ...]) -> None:
    """Ends with 1 when something was found."""
    if again is not None:
        SEEDED[again.resolve().parent.name].check(again.read_bytes())
        print("Nothing is wrong with it any more.")
        return
    if importlib.util.find_spec("atheris") is None:
        print("Atheris can't be had for this Python or machine: no guided fuzzing. `make fuzz` needs nothing more.")
        return
    chosen = names or tuple(SEEDED)
    found = [said for name in chosen if (said := turn(name, seconds / len(chosen), kept))]
    print("\n".join(found) or "Nothing was found.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
