"""What a block was found to hold, remembered for the next request that brings it again. A memory alone: whatever is
forgotten is found again, and is the same.

It holds values in the clear, in this process and nowhere else.
"""

import msgspec

from penstock.core.scrubbed import Count
from penstock.core.text import Splice
from penstock.policies.scrub.known import Value

BLOCKS = 10_000
"""Of each of two generations: an ordinary conversation has some hundred."""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """What a block holds, under one set of rules and after one list of known values."""

    splices: tuple[Splice, ...] = ()
    """What is put into the block."""
    values: tuple[Value, ...] = ()
    """All that its tokens stand for."""
    learnt: tuple[Value, ...] = ()
    """Those that count for the blocks after it."""
    counts: tuple[Count, ...] = ()


class Memory:
    """Two generations: what is not asked for while one fills up is forgotten."""

    __slots__ = ("_new", "_old")

    def __init__(self) -> None:
        self._new: dict[bytes, Seen] = {}
        self._old: dict[bytes, Seen] = {}

    def get(self, key: bytes) -> Seen | None:
        """What is remembered, or None."""
        seen = self._new.get(key)
        if seen is None:
            seen = self._old.get(key)
            if seen is not None:
                self.keep(key, seen)
        return seen

    def keep(self, key: bytes, seen: Seen) -> None:
        """Remember it."""
        if len(self._new) >= BLOCKS:
            self._old, self._new = self._new, {}
        self._new[key] = seen
