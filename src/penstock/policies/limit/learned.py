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
_FRESH = 1 - FADING
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
        usage, fresh = entry.consumption.usage, _FRESH
        if self.guessed:
            self.guessed, fresh = False, 1.0
        taken, output, cost = self.input, self.output, self.cost
        self.input = taken = taken + (usage.total_input - taken) * fresh
        self.output = output = output + (usage.total_output - output) * fresh
        self.cost = cost = cost + ((entry.cost or 0) - cost) * fresh
        most_taken, most_output, most_cost = self.reserved
        over = taken > most_taken or output > most_output or cost > most_cost
        far = taken < (most_taken - 1) * _FAR or output < (most_output - 1) * _FAR or cost < (most_cost - 1) * _FAR
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
