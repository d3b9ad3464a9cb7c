"""Many requests at a time on one place, from one process or several: what they were granted and used.

Run as a program it is one of the several: ``python -m tests.laws.counting.crowd KIND PLACE MORE JOB``.
"""

import asyncio
import random
import subprocess
import sys
from collections.abc import Sequence

import msgspec
import uvloop

from penstock.core.counting import Ask, Counters, Verdict
from penstock.stores.counting.fallback import Fallback
from penstock.stores.counting.leasing import Leasing
from tests.laws.counting.houses import House, elsewhere

AT = 1_800_000_000.0


class Job(msgspec.Struct):
    """What a process does: so many requests, so many at a time, each of which asks for all of ``asks``."""

    name: str
    asks: list[Ask]
    requests: int
    lanes: int
    amounts: tuple[int, int] | None = None
    """Each asks for an amount between these, by chance."""
    actual: tuple[int, int] | None = None
    """And has used one between these, which it settles; None: it settles nothing."""
    hold: bool = False
    """Says that it is done, and stays until it is killed."""
    lent: int = 0
    """Serves from loans, with a look at them after so many requests; 0: asks the store for each."""


class Done(msgspec.Struct):
    """What came of it."""

    granted: int
    reserved: int
    used: int
    at_once: int
    """Answered without the store."""
    overshot: list[int]
    """Of each lane, the most by which one used more than it had reserved."""


async def answered(counters: Counters, lease: str, asks: Sequence[Ask]) -> Verdict:
    """Whether it answers at once or not."""
    verdict = counters.take(lease, asks)
    return verdict if isinstance(verdict, Verdict) else await verdict


async def work(counters: Counters, job: Job) -> Done:
    """All of a job's requests."""
    chance = random.Random(job.name)
    done = Done(0, 0, 0, 0, [0] * job.lanes)
    leasing = Leasing(counters, Fallback(counters), ticking=False) if job.lent else None
    asked = leasing or counters

    async def lane(number: int) -> None:
        for turn in range(number, job.requests, job.lanes):
            amount = chance.randint(*job.amounts) if job.amounts else 1
            asks = [msgspec.structs.replace(ask, amount=amount) for ask in job.asks]
            lease = f"{job.name} {turn}"
            if leasing is not None and turn % job.lent == 0:
                leasing.look()
                await asyncio.sleep(0.005)
            found = asked.take(lease, asks)
            done.at_once += isinstance(found, Verdict)
            if (found if isinstance(found, Verdict) else await found).refused >= 0:
                continue
            done.granted += 1
            done.reserved += amount
            if job.actual is not None:
                await asyncio.sleep(chance.random() / 1000)
                used = chance.randint(*job.actual)
                done.used += used
                done.overshot[number] = max(done.overshot[number], used - amount)
                asked.settle(lease, AT, {ask.counter: used for ask in asks})

    await asyncio.gather(*map(lane, range(job.lanes)))
    if leasing is not None:
        await leasing.close()
    return done


async def crowd(house: House, counters: Counters, job: Job, processes: int) -> list[Done]:
    """The job, divided among this process alone or as many others."""
    if processes == 1:
        return [await work(counters, job)]
    parts = [
        msgspec.structs.replace(
            job, name=f"{job.name}{number}", requests=job.requests // processes, lanes=job.lanes // processes
        )
        for number in range(processes)
    ]
    started = [start(house, part) for part in parts]
    return [msgspec.json.decode(await asyncio.to_thread(_said, one), type=Done) for one in started]


def start(house: House, job: Job) -> "subprocess.Popen[bytes]":
    """A process that does the job."""
    words = [sys.executable, "-m", "tests.laws.counting.crowd", *house.place, msgspec.json.encode(job).decode()]
    return subprocess.Popen(words, stdout=subprocess.PIPE)


def _said(process: "subprocess.Popen[bytes]") -> bytes:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said


async def main(kind: str, place: str, more: str, told: str) -> None:
    """One of the processes."""
    job = msgspec.json.decode(told, type=Job)
    counters = elsewhere(kind, place, more)
    done = await work(counters, job)
    print(msgspec.json.encode(done).decode(), flush=True)
    if job.hold:
        await asyncio.sleep(60)
    if not job.lent:
        closing = counters.close()
        assert closing is not None
        await closing


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
