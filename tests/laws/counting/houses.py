"""Where each store lives in tests: how it is opened, several times over where processes share it, and its clock."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from penstock.core.counting import Counters
from penstock.stores.counting.memory import Memory
from penstock.stores.counting.sqlite import SqliteCounters


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


HOUSES: dict[str, Callable[[Path], House]] = {"memory": House, "sqlite": SqliteHouse}
