"""Where decisions live in tests: in one process, on a machine's file, in a Valkey, in a PostgreSQL."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock.core.caller import Secret
from penstock.core.terseness import Arm, Decided, Intensity
from penstock.stores.claims import Claims
from penstock.stores.claims.postgresql import PostgresqlClaims
from penstock.stores.claims.valkey import ValkeyClaims
from penstock.stores.conversations import Conversations
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from penstock.stores.server import connect
from penstock.stores.site import Site
from tests.support.postgres import Server
from tests.support.valkey import ValkeyServer

PATIENT = 20.0
"""Seconds of deadline: laws are about what is answered, not about when."""
TENANT = "key:1"
FULL = Decided(Intensity.FULL, Arm.TREATED, "default", "full-1")
LITE = Decided(Intensity.LITE, Arm.TREATED, "default", "lite-1")
LEFT = Decided(Intensity.FULL, Arm.CONTROL, "default", "full-1", holdout=50)
OFF = Decided(Intensity.OFF, Arm.EXEMPT, "structured-output")
WORDS = {"full-1": "Be brief.", "lite-1": "Be plain."}


@dataclass
class House:
    """Of one process."""

    folder: Path
    period: float = 0.02
    opened: int = 0
    at_once = True
    """What one has decided is the others' as soon as it knows; else a period later."""

    @asynccontextmanager
    async def process(self, decision: Decided | None = None) -> AsyncIterator["Process"]:
        """One more, which decides so by itself."""
        self.opened += 1
        engine = self.site().open()
        claims, counters = self.claims()
        memory = Conversations(engine, claims=claims, period=self.period)
        await memory.begin()
        try:
            yield Process(memory, decision)
        finally:
            memory.close()
            if claims is not None:
                await claims.close()
            if counters is not None:
                await counters.close()
            engine.dispose()

    def site(self) -> Site:
        return Site(self.folder / "data")

    def claims(self) -> tuple[Claims | None, ValkeyCounters | None]:
        return None, None

    def away(self) -> None:
        """The shared store is gone."""

    def back(self) -> None:
        """With all that it had."""

    def close(self) -> None:
        """Ends what was started."""


class Machine(House):
    """Processes of one machine hear of each other a period later."""

    at_once = False


class Gateways(House):
    """Each with a folder of its own, beside a Valkey."""

    server: ValkeyServer | None = None

    def site(self) -> Site:
        return Site(self.folder / f"data{self.opened}")

    def claims(self) -> tuple[Claims | None, ValkeyCounters | None]:
        if self.server is None:
            self.server = ValkeyServer(self.folder / "valkey", persistent=True)
            self.server.start()
        counters = ValkeyCounters(address(self.server.url), deadline=PATIENT)
        return ValkeyClaims(counters), counters

    def away(self) -> None:
        assert self.server is not None
        self.server.kill()

    def back(self) -> None:
        assert self.server is not None
        self.server.start()

    def close(self) -> None:
        if self.server is not None:
            self.server.stop()


@dataclass
class Database(House):
    """Gateways of one PostgreSQL. Its table is read so seldom that nobody knows of others by it."""

    period: float = 3600
    server: Server | None = None
    url: str = ""

    def site(self) -> Site:
        return Site(self.folder / f"data{self.opened}", Secret(self.url))

    def claims(self) -> tuple[Claims | None, ValkeyCounters | None]:
        return PostgresqlClaims(functools.partial(connect, Secret(self.url)), "postgresql", deadline=PATIENT), None

    def away(self) -> None:
        assert self.server is not None
        name = self.url.rpartition("/")[2]
        self.server.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        self.server.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def back(self) -> None:
        assert self.server is not None
        self.server.sql(f"ALTER DATABASE {self.url.rpartition('/')[2]} ALLOW_CONNECTIONS true")


class Process:
    """One of those that decide."""

    def __init__(self, memory: Conversations, decision: Decided | None) -> None:
        self.memory = memory
        self.decision = decision
        for version, text in WORDS.items():
            if decision is not None and decision.rules == version:
                memory.keep_words(version, text)

    async def decides(self, beginning: str, *, anew: bool = False) -> Decided | None:
        """How a request of this conversation is treated, as the policy has it."""
        sought = self.memory.seek(beginning, TENANT, lambda: self.decision, anew=anew)
        if sought is not None:
            await sought
        known = self.memory.recall(beginning)
        if self.decision is not None and (known is None or (anew and known == OFF)):
            self.memory.keep(beginning, self.decision, TENANT)
            return self.decision
        return known


async def until(holds: Callable[[], bool], seconds: float = 15) -> None:
    """It will, soon."""
    ends = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < ends, "it does not come to that"
        await asyncio.sleep(0.01)


def house(request: pytest.FixtureRequest, folder: Path) -> House:
    """The one that a test is parametrised with."""
    if request.param == "postgresql":
        return Database(folder, server=request.getfixturevalue("postgres"), url=request.getfixturevalue("database_url"))
    return {"memory": House, "sqlite": Machine, "valkey": Gateways}[request.param](folder)


FAR = ["valkey", pytest.param("postgresql", marks=pytest.mark.slow)]
SHARED = ["sqlite", *FAR]
EACH = ["memory", *SHARED]
