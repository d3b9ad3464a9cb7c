"""``python -m bench.journal``: CPU time of keeping the books, per exchange, on this machine. Informative, not a budget.

Writes real entries into a real journal and a real database in a folder that is thrown away. CPU time is the process's
own, user and system together, so that others on the machine disturb it little; the best of several rounds is shown.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from penstock.core.entry import Entry, Opened
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.ledger.journal import Journal
from penstock.stores.database import open_database
from penstock.stores.ledger import Ledger

EXCHANGES, ROUNDS, AT_ONCE = 10_000, 5, 500

OPENED = Opened(
    id="",
    at=1_795_264_496.25,
    tenant="team:research",
    key="key_0123456789abcdef",
    key_name="alices-laptop",
    team="research",
    provider="anthropic",
    credential="operator",
    dialect="anthropic",
    operation="messages.create",
    model="claude-opus-4-8",
    stream=True,
    client="claude-cli/2.1.329",
    conversation="0b1f3c1e-7d0e-4a11-9f55-1234567890ab",
    trace="4bf92f3577b34da6a3ce929d0e0e4736",
    bytes_in=18_234,
)
USAGE = Usage(input=12, cache_write_5m=400, cache_read=12_000, output=250)


def closed(number: int) -> Entry:
    """A served exchange of the usual size."""
    return Entry(
        opened=msgspec.structs.replace(OPENED, id=f"{number:028x}"),
        outcome="served",
        status=200,
        fault="",
        blame="",
        consumption=Consumption((Share("claude-opus-4-8-20260901", USAGE),), Source.REPORTED),
        price="2026-11-01",
        cost=12_345,
        bytes_out=4_321,
        first_byte=0.8123,
        duration=3.2123,
        overhead=0.0004,
    )


def per_exchange(work: Callable[[int], None]) -> float:
    """CPU microseconds, the best round's."""
    rounds = []
    for number in range(ROUNDS):
        started = time.process_time()
        work(number)
        rounds.append((time.process_time() - started) / EXCHANGES * 1e6)
    return min(rounds)


def main() -> None:
    """Prints one line for the path and one for the thread behind it."""
    rounds = [[closed(number * EXCHANGES + one) for one in range(EXCHANGES)] for number in range(ROUNDS)]
    with tempfile.TemporaryDirectory() as folder, Journal(Path(folder) / "journal") as journal:

        def keep(number: int) -> None:
            for entry in rounds[number]:
                journal.opened(entry.opened)
                journal.closed(entry)
            for segment in journal.kept():
                if segment.sealed:
                    journal.release(segment)

        engine = open_database(Path(folder) / "penstock.db")
        ledger = Ledger(engine)

        def store(number: int) -> None:
            for start in range(0, EXCHANGES, AT_ONCE):
                ledger.append(rounds[number][start : start + AT_ONCE])

        print(f"journal, on the path: {per_exchange(keep):.1f} µs per exchange")
        print(f"database, behind it:  {per_exchange(store):.1f} µs per exchange")
        engine.dispose()


if __name__ == "__main__":
    main()
