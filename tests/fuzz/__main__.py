"""``python -m tests.fuzz SECONDS [TARGET ...]``: arbitrary bytes against every reader, for so long.

What was found is kept in ``.cache/fuzz`` and tried first the next time. It ends with the first example that fails, made
as small as it can be.
"""

import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.fuzz.targets import TARGETS

ROUND = 1000
_MANNER = settings(deadline=None, suppress_health_check=list(HealthCheck))
KEPT = Path(__file__).parents[2] / ".cache/fuzz"


def play(name: str, examples: int) -> None:
    """So many examples, the same every time."""
    _play(name, settings(_MANNER, max_examples=examples, derandomize=True, database=None))


def fuzz(name: str, seconds: float) -> int:
    """Rounds of new examples for so long; how many that were."""
    manner = settings(_MANNER, max_examples=ROUND, database=DirectoryBasedExampleDatabase(KEPT / name))
    ends, played = time.monotonic() + seconds, 0
    while time.monotonic() < ends:
        _play(name, manner)
        played += ROUND
    return played


def _play(name: str, manner: settings) -> None:
    target = TARGETS[name]
    manner(given(*target.given)(target.check))()


def main() -> None:
    seconds, names = float(sys.argv[1]), sys.argv[2:] or list(TARGETS)
    for name in names:
        print(f"{name}: {fuzz(name, seconds / len(names))} examples")


if __name__ == "__main__":
    main()
