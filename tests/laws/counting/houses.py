"""Where each store lives in tests: how it is opened, here and in other processes, and its clock."""

import atexit
import contextlib
import functools
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from penstock.core.counting import Counters
from penstock.stores.counting.memory import Memory
from penstock.stores.counting.postgresql import PostgresqlCounters
from penstock.stores.counting.sqlite import SqliteCounters
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from tests.support.postgres import Server, running
from tests.support.valkey import ValkeyServer

PATIENT = 20
"""Seconds of deadline: laws are about what is answered, not about when."""


@dataclass
class Clock:
    """Stands until it is moved."""

    ticks: int = 0

    def __call__(self) -> int:
        return self.ticks


@dataclass
class House(AbstractContextManager["House"]):
    """The memory's; others inherit."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    examples: int = 30
    number: int = 0
    """Of the place that was opened last."""

    async def open(self, *, fresh: bool = False) -> Counters:
        """A store; ``fresh``: with nothing in it."""
        self.number += fresh
        return self._open()

    @asynccontextmanager
    async def opened(self, *, fresh: bool = False) -> AsyncIterator[Counters]:
        """The same, closed again in the end."""
        counters = await self.open(fresh=fresh)
        try:
            yield counters
        finally:
            closing = counters.close()
            if closing is not None:
                await closing

    def _open(self) -> Counters:
        return Memory(self.clock, lends=True)

    @property
    def place(self) -> list[str]:
        """What ``elsewhere`` opens the same place by, with the same clock as it stands."""
        raise NotImplementedError

    def __exit__(self, *_: object) -> None:
        """Ends what was started."""


class SqliteHouse(House):
    """A file for each."""

    def _open(self) -> Counters:
        return _sqlite(self._path, self.clock.ticks, self.clock)

    @property
    def _path(self) -> Path:
        return self.folder / f"counters{self.number}.db"

    @property
    def place(self) -> list[str]:
        return ["sqlite", str(self._path), str(self.clock.ticks)]


class ValkeyHouse(House):
    """One server; each has a prefix of its own. The clock is a key that the tests set."""

    server: ValkeyServer | None = None

    def _open(self) -> Counters:
        if self.server is None:
            self.server = ValkeyServer(self.folder / "valkey", persistent=True)
            self.server.start()
            self.clock = ServerClock(self.server.socket, self.clock.ticks)
        return _valkey(self.server.url, f"place{self.number}")

    @property
    def place(self) -> list[str]:
        assert self.server is not None
        return ["valkey", self.server.url, f"place{self.number}"]

    def __exit__(self, *_: object) -> None:
        if isinstance(self.clock, ServerClock):
            self.clock.close()
        if self.server is not None:
            self.server.stop()


class ServerClock(Clock):
    """Lives in the server."""

    def __init__(self, place: Path, ticks: int) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(str(place))
        self.ticks = ticks

    def close(self) -> None:
        self._line.close()

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        if name == "ticks":
            self._line.sendall(f"SET {{clock}} {value}\r\n".encode())
            assert self._line.recv(64) == b"+OK\r\n"


@dataclass
class PostgresqlHouse(House):
    """One server; each has a database of its own. The clock is a row that the tests write."""

    examples: int = 8
    opened_last: int = 0

    def _open(self) -> Counters:
        if self.number > self.opened_last:
            self.opened_last = self.number
            self._place = _server().new()
            self.clock = DatabaseClock(self._place, self.clock)
        return _postgresql(self._place)

    @property
    def place(self) -> list[str]:
        return ["postgresql", self._place, ""]

    def __exit__(self, *_: object) -> None:
        if isinstance(self.clock, DatabaseClock):
            self.clock.close()


@functools.cache
def _server() -> Server:
    # For the whole test process: to make one takes two seconds.
    ends = contextlib.ExitStack()
    atexit.register(ends.close)
    return ends.enter_context(running())


class DatabaseClock(Clock):
    """Lives in the database."""

    def __init__(self, url: str, before: Clock) -> None:
        if isinstance(before, DatabaseClock):
            before.close()
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("CREATE TABLE clock (ticks bigint)")
        self._connection.execute("INSERT INTO clock VALUES (0)")
        self.ticks = before.ticks

    def close(self) -> None:
        self._connection.close()

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        if name == "ticks":
            self._connection.execute("UPDATE clock SET ticks = %s", (value,))


def _sqlite(path: Path, ticks: int, clock: Clock | None = None) -> Counters:
    return SqliteCounters(path, now=clock or Clock(ticks), deadline=PATIENT)


def _valkey(url: str, prefix: str) -> Counters:
    return ValkeyCounters(address(url), prefix=prefix, deadline=PATIENT, clock="tonumber(call('GET', '{clock}'))")


def _postgresql(url: str) -> Counters:
    return PostgresqlCounters(lambda: psycopg.connect(url), deadline=PATIENT, clock="(SELECT ticks FROM clock)")


def elsewhere(kind: str, place: str, more: str) -> Counters:
    """The same place as a house's, in another process."""
    if kind == "postgresql":
        return _postgresql(place)
    return _sqlite(Path(place), int(more)) if kind == "sqlite" else _valkey(place, more)


HOUSES: dict[str, Callable[[Path], House]] = {
    "memory": House,
    "sqlite": SqliteHouse,
    "valkey": ValkeyHouse,
    "postgresql": PostgresqlHouse,
}
SHARED = ["sqlite", "valkey", pytest.param("postgresql", marks=pytest.mark.slow)]
"""Those that processes share, for parametrised tests; one of them takes a server that is slow to make."""
EACH = ["memory", *SHARED]
