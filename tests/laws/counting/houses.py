"""Where each store lives in tests: how it is opened, several times over where processes share it, and its clock."""

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from penstock.core.counting import Counters
from penstock.stores.counting.memory import Memory
from penstock.stores.counting.sqlite import SqliteCounters
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_line import address
from tests.support.valkey import ValkeyServer


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

    async def open(self, *, fresh: bool = False) -> Counters:
        """A store; ``fresh``: with nothing in it."""
        return Memory(self.clock)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends what was started."""


class SqliteHouse(House):
    """A file for each store that is to be fresh."""

    files: int = 0

    async def open(self, *, fresh: bool = False) -> Counters:
        self.files += fresh
        return SqliteCounters(self.folder / f"counters{self.files}.db", now=self.clock, deadline=10)


class ValkeyHouse(House):
    """One server; each fresh store has a prefix of its own. The clock is a key that the tests set."""

    openings: int = 0
    server: ValkeyServer | None = None

    async def open(self, *, fresh: bool = False) -> Counters:
        if self.server is None:
            self.server = ValkeyServer(self.folder)
            self.server.start()
            clock = ServerClock(self.server.socket)
            clock.ticks = self.clock.ticks
            self.clock = clock
        self.openings += fresh
        return ValkeyCounters(
            address(self.server.url),
            prefix=f"test{self.openings}",
            deadline=10,
            clock="tonumber(call('GET', '{clock}'))",
        )

    def __exit__(self, *_: object) -> None:
        if isinstance(self.clock, ServerClock):
            self.clock.close()
        if self.server is not None:
            self.server.stop()


class ServerClock(Clock):
    """Lives in the server."""

    def __init__(self, place: Path) -> None:
        self._line = socket.socket(socket.AF_UNIX)
        self._line.connect(str(place))

    def close(self) -> None:
        self._line.close()

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)
        if name == "ticks":
            self._line.sendall(f"SET {{clock}} {value}\r\n".encode())
            assert self._line.recv(64) == b"+OK\r\n"


HOUSES: dict[str, Callable[[Path], House]] = {"memory": House, "sqlite": SqliteHouse, "valkey": ValkeyHouse}
