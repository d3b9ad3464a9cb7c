"""Results of a batch: JSON lines, each an answer of its own, read as they pass. Knows no dialect.

What a line is worth its dialect says. A file that turns out to be something else is let by.
"""

from collections.abc import Callable

from penstock.core.ending import Ending
from penstock.core.usage import Consumption, Share, Source
from penstock.dialects.collecting import WholeLines
from penstock.dialects.counting import shared

ReadLine = Callable[[bytes], tuple[Share, ...]]
"""What one line used; nothing for a request that failed."""


class Results:
    """A ``Tally`` over lines. ``signs`` are pieces that the first line of results holds, every one of them."""

    __slots__ = ("_batch", "_begun", "_lines", "_looking", "_read", "_seen", "_shares", "_signs")

    def __init__(self, batch: str, read: ReadLine, signs: tuple[bytes, ...]) -> None:
        self._batch = batch
        self._read = read
        self._signs = signs
        self._lines = WholeLines()
        self._begun = False
        self._looking = True
        self._seen = False
        self._shares: tuple[Share, ...] = ()

    @property
    def batch(self) -> str:
        """Whose results these are; empty until one of them has told its usage."""
        return self._batch if self._shares else ""

    sign = b""
    ending = Ending.PLAIN
    """Each line has its own: the whole has none."""

    def frames(self, frames: bytes) -> None:
        """Results are no events."""

    def latest(self, frames: bytes) -> None:
        """Nor do they end like events."""

    def piece(self, data: bytes) -> None:
        """Reads the lines that are whole by now."""
        if not self._looking:
            return
        if not self._begun:
            begun = data.lstrip()
            self._begun = bool(begun)
            self._looking = not begun or begun.startswith(b"{")
        for line in self._lines.feed(data):
            self._take(line)

    def consumed(self) -> Consumption:
        """The sum over the lines; ``missing`` if some of them were cut off or too large to be read."""
        rest = self._lines.rest().strip()
        if rest:
            self._take(rest)
        cut = self._lines.lost or (bool(rest) and not rest.endswith(b"}"))
        if not self._shares:
            return Consumption()
        return Consumption(self._shares, Source.REPORTED, missing=cut)

    def _take(self, line: bytes) -> None:
        if not self._looking or not line.strip():
            return
        if not self._seen:
            self._seen = True
            self._looking = all(sign in line for sign in self._signs)
        shares = self._read(line) if self._looking else ()
        if shares:
            self._shares = shared((*self._shares, *shares))
