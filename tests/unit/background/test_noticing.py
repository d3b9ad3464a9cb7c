"""Messages about quotas: kept until they are told, whoever does it; never more of them than the bound."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from penstock.background.noticing import AT_ONCE, Noticing, webhook
from penstock.core.caller import Secret
from penstock.core.exchange import Answer
from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.quota import Level, Period, Quota, Unit, bound
from penstock.core.target import Origin
from penstock.policies.limit import OperationKind
from penstock.policies.limit.taking import Slot, slots
from penstock.stores.warnings import Warnings
from tests.support.made import database_at

WEBHOOK = webhook("http://hook.example.com/quotas?x=1", Secret("a-secret-of-the-webhook"))
SOON = (0.01, 0.01, 0.01)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = database_at(tmp_path / "x.db")
    yield engine
    engine.dispose()


class Receiver:
    """What it hears, and what it answers: ``statuses``, and then 200; 0: nobody can be reached."""

    def __init__(self, *statuses: int, hangs: bool = False) -> None:
        self.over = asyncio.Event()
        """Until then nothing is answered."""
        if not hangs:
            self.over.set()
        self.statuses = list(statuses)
        self.heard: list[bytes] = []
        self.asked = 0

    async def __call__(self, origin: Origin, head: bytes, body: bytes) -> Answer:
        assert head.startswith(b"POST /quotas?x=1 HTTP/1.1\r\nhost: hook.example.com\r\n")
        self.heard.append(body)
        self.asked += 1
        await asyncio.sleep(0.01)
        await self.over.wait()
        self.asked -= 1
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 0:
            raise FaultError(Fault(kind=FaultKind.UNREACHABLE, words="nobody is there"))
        return Answer(status, (), b"")

    @property
    def shares(self) -> list[tuple[str, int]]:
        told = map(json.loads, self.heard)
        return [(one["quota"]["subject"], one["reached"]) for one in told]


def slot(team: str = "red") -> Slot:
    quota = bound(Quota(Unit.OUTPUT, 1000, Period.MONTH), Level.TEAM, team)
    return slots((quota,), "some-model", OperationKind.SPENDS, time.time())[0]


async def until_heard(receiver: Receiver, count: int) -> None:
    for _ in range(3000):
        if len(receiver.heard) >= count and not receiver.asked:
            break
        await asyncio.sleep(0.01)
    # Whatever else is on its way.
    await asyncio.sleep(0.1)


@pytest.mark.slow
def test_what_a_process_could_not_tell_the_next_one_does(engine: Engine) -> None:
    """The same message, once: also where the quota is never asked for again."""

    async def work() -> None:
        deaf, hearing = Receiver(500, 500, 500, 500), Receiver()
        first = Noticing(Warnings(engine), pauses=(0.01, 5.0, 5.0, 5.0))
        first.take(WEBHOOK, deaf)
        first.crossed(slot(), 80, 812)
        await until_heard(deaf, 2)
        await first.close()
        assert deaf.shares == [("red", 80)] * 2
        second = Noticing(Warnings(engine), look=0.2)
        second.take(WEBHOOK, hearing)
        await until_heard(hearing, 1)
        # It is known to the database, if not to the process.
        second.crossed(slot(), 80, 900)
        await until_heard(hearing, 1)
        await second.close()
        assert set(hearing.heard) == set(deaf.heard)
        assert len(hearing.heard) == 1

    asyncio.run(work())


def test_it_is_given_up_after_the_last_pause(engine: Engine) -> None:
    """Errors, redirects and no answer at all are the same; what comes after is told."""

    async def work() -> None:
        receiver = Receiver(500, 302, 0, 404)
        noticing = Noticing(Warnings(engine), SOON, look=0.1)
        noticing.take(WEBHOOK, receiver)
        noticing.crossed(slot(), 80, 812)
        await until_heard(receiver, 4)
        await asyncio.sleep(0.3)
        assert receiver.shares == [("red", 80)] * 4
        noticing.crossed(slot(), 95, 950)
        await until_heard(receiver, 5)
        await noticing.close()
        assert receiver.shares[4:] == [("red", 95)]

    asyncio.run(work())


@pytest.mark.slow
def test_no_more_wait_than_the_bound(engine: Engine) -> None:
    """Neither for the database nor in it; those that found no room are told once there is some and they are seen again.
    A receiver that hangs is asked a few things at a time."""
    most, teams = 20, [f"team{number}" for number in range(60)]

    async def work() -> None:
        hanging, hearing = Receiver(hangs=True), Receiver()
        noticing = Noticing(Warnings(engine, most), SOON, look=0.05, most=most // 2)
        noticing.take(WEBHOOK, hanging)
        for _ in range(3):
            # Nobody is waited for here: nothing can be noted in between.
            for team in teams:
                noticing.crossed(slot(team), 80, 812)
            await asyncio.sleep(0.5)
        with engine.connect() as connection:
            kept = connection.exec_driver_sql("SELECT count(*) FROM warnings").scalar_one()
        assert kept == most
        assert len(hanging.heard) == AT_ONCE
        noticing.take(WEBHOOK, hearing)
        hanging.over.set()
        for _ in range(500):
            for team in teams:
                noticing.crossed(slot(team), 80, 812)
            await asyncio.sleep(0.05)
            if len(hearing.heard) == len(teams) - AT_ONCE:
                break
        await noticing.close()
        assert sorted({*hearing.shares, *hanging.shares}) == sorted((team, 80) for team in teams)
        assert len(hearing.heard) == len(teams) - AT_ONCE

    asyncio.run(work())
