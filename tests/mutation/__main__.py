"""``python -m tests.mutation [--again EXAMPLES] [--every N] [FILE ...]``: try what is still open, then say what came of
everything. It can be stopped and goes on where it was.

``--again`` tries what survived once more, with so many examples for each property: a few find most changes quickly, and
only what they miss is worth more. ``--every`` tries a sample.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

import click

from tests.mutation.plugin import EXAMPLES
from tests.mutation.report import CHANGED, files, survivors, table, verdicts

SOURCE = Path("src/penstock")
LISTED = Path("mutants/survivors.txt")
OPEN, MISSED = frozenset({"open"}), frozenset({"survived", "no test"})
MOST_MEMORY = 6 << 30
"""A change can make a loop endless that keeps what it makes."""


def chosen(sources: list[Path], wanted: frozenset[str], every: int = 1) -> list[str]:
    """The changes of these files that have such a verdict; of a file not seen since it was edited, all."""
    names: list[str] = []
    for source in sources:
        changed = CHANGED / source.relative_to(SOURCE)
        if changed.exists() and changed.stat().st_mtime > source.stat().st_mtime:
            told = list(verdicts(changed).items())
            names += [name for name, verdict in told[::every] if verdict in wanted]
        elif "open" in wanted:
            names.append(".".join(source.with_suffix("").parts[1:]) + ".*")
    return names


def mutmut(names: list[str], processes: int, examples: int) -> None:
    """Without names it takes what is open everywhere."""
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(processes), *names]
    limited = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))}
    subprocess.run(command, check=True, env=os.environ | {EXAMPLES: str(examples)}, **limited)


@click.command(help="Change the code at one place after the other and see whether a test notices.")
@click.option("--processes", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True)
@click.option("--again", type=click.IntRange(1), help="Try what survived once more, with so many examples.")
@click.option("--every", type=click.IntRange(1), default=1, help="Try each such change only.")
@click.argument("sources", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(*, processes: int, again: int | None, every: int, sources: tuple[Path, ...]) -> None:
    """The list of survivors is written even when it was stopped."""
    some = sources or again or every > 1
    if (again or every > 1) and not CHANGED.exists():
        raise click.UsageError("There are no changes to choose from yet: begin without, and stop it when it counts.")
    seen = list(sources) or [SOURCE / file.relative_to(CHANGED) for file in files()]
    names = chosen(seen, MISSED if again else OPEN, every) if some else []
    try:
        if names or not some:
            mutmut(names, processes, again or 25)
    except KeyboardInterrupt:
        print("Stopped; the next time goes on from here.")
    print(*table(), sep="\n")
    LISTED.write_text("".join(f"{line}\n" for file in files() for line in survivors(file)))
    print(f"What survived is listed in {LISTED}.")


if __name__ == "__main__":
    main()
