"""What requests of a key to a model have used lately: what is reserved for the next one.

Kept by each process for itself, within a bound, and forgotten with it. What is reserved lies a little above the mean,
and moves only when the mean has moved away from it: so that what was worked out from it stays good for many requests.
"""

import msgspec

from penstock.core.entry import Entry

KEPT = 10_000
"""Pairs of a key and a model; then the one that was made longest ago goes."""
FADING = 0.8
"""What the mean keeps when one more is in: about the last five requests count."""
_ABOVE = 1.25
_FAR = 0.5
FIRST_OUTPUT = 1_000
"""What an answer is taken to be before one was seen, unless its request asks for less."""
FIRST_RATIO = 0.3
"""Tokens to a byte of a request, before one was counted."""


class Size(msgspec.Struct):
    """Of one key's requests to one model."""

    input: float
    output: float
    cost: float
    """Micro-dollars."""
    reserved: tuple[int, int, int] = (0, 0, 0)
    """Of each, what is reserved; another object whenever it changes."""
    guessed: bool = True
    """Nothing has been seen yet."""

    def learn(self, entry: Entry) -> None:
        """From an exchange that used something."""
        usage, fresh = entry.consumption.usage, 1.0 if self.guessed else 1 - FADING
        self.guessed = False
        taken = self.input = self.input + (usage.total_input - self.input) * fresh
        output = self.output = self.output + (usage.total_output - self.output) * fresh
        cost = self.cost = self.cost + ((entry.cost or 0) - self.cost) * fresh
        above = self.reserved
        over = taken > above[0] or output > above[1] or cost > above[2]
        far = taken < (above[0] - 1) * _FAR or output < (above[1] - 1) * _FAR or cost < (above[2] - 1) * _FAR
        if over or far:
            self.settle()

    def settle(self) -> None:
        """Reserve by the means as they are now."""
        self.reserved = _above(self.input), _above(self.output), _above(self.cost)


def _above(mean: float) -> int:
    return int(mean * _ABOVE) + 1


class Sizes:
    """All that is known in this process."""

    def __init__(self) -> None:
        self._sizes: dict[tuple[str, str], Size] = {}

    def of(self, key: str, model: str) -> Size | None:
        """What is known; None: nothing."""
        return self._sizes.get((key, model))

    def begin(self, key: str, model: str, taken: float, output: float, cost: float) -> Size:
        """A first guess."""
        size = self._sizes[(key, model)] = Size(taken, output, cost)
        size.settle()
        if len(self._sizes) > KEPT:
            del self._sizes[next(iter(self._sizes))]
        return size
