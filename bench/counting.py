"""What counting costs: CPU of this process per request (a take of three counters and its settlement), and how long a
take waits, for each store.

``python -m bench.counting [store ...]`` prints a table: each far store with loans, as gateways use it far from a limit,
and asked for every request, as within a tenth of one. Valkey and PostgreSQL are real servers on loopback; their own CPU
is not in the figures.
"""

import asyncio
import atexit
import contextlib
import functools
import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from rich.console import Console
from rich.table import Table

from penstock.core.counting import Ask, Counters, Verdict, Way
from penstock.stores.counting.fallback import Fallback
from penstock.stores.counting.leasing import Leasing
from penstock.stores.counting.memory import Memory
from penstock.stores.counting.postgresql import PostgresqlCounters
from penstock.stores.counting.sqlite import SqliteCounters
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from tests.support.postgres import running
from tests.support.valkey import ValkeyServer

ASKS = (
    Ask("key:bench:requests:minute:", Way.RATE, 6_000_000, 1, ticks=600_000_000),
    Ask("key:bench:output:month::2026-11-01", Way.SPAN, 10**12, 300, strict=False, ends=int(time.time()) + 10**6),
    Ask("key:bench:at_once::", Way.SEATS, 10**6, 1),
)
SPENT = {ASKS[0].counter: 1, ASKS[1].counter: 250}
SECONDS = 3.0
LANES = (1, 16)
"""Requests under way at a time."""


def at_once(memory: Memory) -> tuple[float, list[float]]:
    """CPU seconds a request, for a store that answers at once."""
    number, began, until = 0, time.process_time(), time.monotonic() + SECONDS
    while time.monotonic() < until:
        for _ in range(100):
            lease = f"lease {number}"
            memory.take(lease, ASKS)
            memory.settle(lease, 1_800_000_000, SPENT)
            number += 1
    return (time.process_time() - began) / number, []


async def in_lanes(counters: Counters, lanes: int) -> tuple[float, list[float]]:
    """CPU seconds a request, and each take's wait, with so many requests under way at any time."""
    waits: list[float] = []
    until = time.monotonic()

    async def lane(name: int) -> None:
        number = 0
        while time.monotonic() < until:
            number += 1
            lease = f"lease {lanes} {name} {number} {until}"
            began = time.perf_counter()
            verdict = counters.take(lease, ASKS)
            if not isinstance(verdict, Verdict):
                verdict = await verdict
            waits.append(time.perf_counter() - began)
            assert verdict.refused < 0
            counters.settle(lease, 1_800_000_000, SPENT)

    # Opens what is to be opened.
    counters.renew(())
    counters.adjust(ASKS[1].counter, ASKS[1].ends, {})
    await asyncio.sleep(0.5)
    for number in range(20):
        verdict = counters.take(f"first {number} {until}", ASKS)
        assert isinstance(verdict, Verdict) or (await verdict).refused < 0
        counters.settle(f"first {number} {until}", 1_800_000_000, SPENT)
    await asyncio.sleep(1.0)
    until = time.monotonic() + SECONDS
    began = time.process_time()
    await asyncio.gather(*map(lane, range(lanes)))
    return (time.process_time() - began) / len(waits), waits


def main() -> None:
    """Prints the table."""
    import uvloop

    table = Table("store", "", "under way", "requests/s", "CPU a request", "a take: p50", "p99")
    chosen = sys.argv[1:] or ["memory", "sqlite", "valkey", "postgresql"]
    with tempfile.TemporaryDirectory() as folder:
        if "memory" in chosen:
            cost, _ = at_once(Memory())
            table.add_row("memory", "", "1", f"{1 / cost:,.0f}", f"{cost * 1e6:.1f} µs", "", "")
        server = ValkeyServer(Path(folder) / "valkey", port=_free())
        for name in chosen:
            if name == "valkey":
                server.start()
            for lanes, lent in itertools.product(LANES, (False, True)) if name != "memory" else ():
                cost, waits = uvloop.run(_measured(name, Path(folder), server, lanes, lent=lent))
                cuts = statistics.quantiles(waits, n=100)
                middle, last = f"{cuts[49] * 1e3:.2f} ms", f"{cuts[98] * 1e3:.2f} ms"
                table.add_row(
                    name,
                    "lent" if lent else "asked",
                    str(lanes),
                    f"{len(waits) / SECONDS:,.0f}",
                    f"{cost * 1e6:.1f} µs",
                    middle,
                    last,
                )
        server.stop()
    Console().print(table)


async def _measured(
    name: str, folder: Path, server: ValkeyServer, lanes: int, *, lent: bool
) -> tuple[float, list[float]]:
    far: Counters
    if name == "valkey":
        far = ValkeyCounters(address(f"valkey://127.0.0.1:{server.port}"))
    elif name == "postgresql":
        far = PostgresqlCounters(functools.partial(psycopg.connect, _database()))
    else:
        far = SqliteCounters(folder / "counters.db")
    exact = Fallback(far)
    counters = Leasing(far, exact) if lent else exact
    try:
        measured = await in_lanes(counters, lanes)
        if counters.health().alone:
            print(f"{name}: {counters.health().alone} of {len(measured[1])} takes were not answered in time")
        return measured
    finally:
        await counters.close()


@functools.cache
def _database() -> str:
    ends = contextlib.ExitStack()
    atexit.register(ends.close)
    return ends.enter_context(running()).new()


def _free() -> int:
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    main()
