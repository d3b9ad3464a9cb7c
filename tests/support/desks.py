"""What tests of counters in a database share: opened and closed, back again, and away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from penstock.core.counting import BEGINNING, Ask, Unanswered, Way
from penstock.stores.counting.database import DatabaseCounters

SPAN = Ask("span", Way.SPAN, 100, 10, ends=BEGINNING + 10**8)
AT = float(BEGINNING)


@asynccontextmanager
async def closed(counters: DatabaseCounters) -> AsyncIterator[DatabaseCounters]:
    try:
        yield counters
    finally:
        await counters.close()


async def until_back(counters: DatabaseCounters) -> None:
    for _ in range(1500):
        if counters.health().answers and not counters.health().waiting:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(counters.health())


async def fails_fast(counters: DatabaseCounters) -> None:
    began = time.monotonic()
    with pytest.raises(Unanswered):
        await counters.take("first", (SPAN,))
    first = time.monotonic() - began
    began = time.monotonic()
    for number in range(50):
        with pytest.raises(Unanswered):
            await counters.take(f"more {number}", (SPAN,))
    # Had each waited as long as the first, it would be fifty times that.
    assert time.monotonic() - began < 10 * first
    assert not counters.health().answers
