"""What makes one request's answer its own, and the same every time: ids, moments and choices drawn from its bytes.

Nothing here looks at a clock or a random source, so the same request and seed give the same answer on any machine.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

# 2026-01-01T00:00:00Z; answers are dated within the 300 days after it.
_EPOCH = 1_767_225_600
_SPAN = 300 * 24 * 3600

Item = TypeVar("Item")


class Dice:
    """Choices that look free and are not: the n-th throw depends on the seed and n alone."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._throws = 0

    def below(self, bound: int) -> int:
        """A number from 0 to ``bound`` - 1."""
        self._throws += 1
        digest = hashlib.blake2b(self._seed, digest_size=8, salt=self._throws.to_bytes(16, "big")).digest()
        return int.from_bytes(digest, "big") % bound

    def pick(self, items: Sequence[Item]) -> Item:
        """One of them."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """All of them, in another order."""
        rest = list(items)
        return [rest.pop(self.below(len(rest))) for _ in range(len(rest))]


class Identity:
    """The ids and the moment of one request's answer."""

    def __init__(self, digest: bytes) -> None:
        self.digest = digest

    def dice(self, purpose: str) -> Dice:
        """Choices for one purpose, independent of those for any other."""
        return Dice(self._draw(purpose, 16))

    def name(self, prefix: str, purpose: str, size: int = 22) -> str:
        """An id as providers make them: a prefix and ``size`` letters and digits."""
        number = int.from_bytes(self._draw(prefix + purpose, 64), "big")
        letters = []
        for _ in range(size):
            number, rest = divmod(number, 62)
            letters.append(_ALPHABET[rest])
        return prefix + "".join(letters)

    def hexadecimal(self, prefix: str, purpose: str, size: int = 48) -> str:
        """An id of hexadecimal digits."""
        return prefix + self._draw(prefix + purpose, 64).hex()[:size]

    def signature(self, purpose: str) -> bytes:
        """Bytes that stand where a provider would sign; they begin with a word that says who did not."""
        return b"penstock-simulator:" + self._draw("signature" + purpose, 48)

    def moment(self) -> int:
        """When this answer claims to have been made, in Unix seconds."""
        return _EPOCH + int.from_bytes(self._draw("moment", 8), "big") % _SPAN

    def milliseconds(self) -> int:
        """How long this answer claims to have taken."""
        return 80 + int.from_bytes(self._draw("milliseconds", 4), "big") % 900

    def _draw(self, purpose: str, size: int) -> bytes:
        return hashlib.blake2b(purpose.encode(), key=self.digest, digest_size=size).digest()
