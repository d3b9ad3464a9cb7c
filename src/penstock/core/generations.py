"""A memory with a bound, for what can always be worked out again: two generations, of which the older one goes when the
younger is full.

Threads may share it. Nothing is ever taken out of the order in which it came, so none of them finds another's work
half done.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

V = TypeVar("V")


class Generations(Generic[V]):
    """What is not asked for while a generation fills up is forgotten."""

    __slots__ = ("_most", "_new", "_old", "_weigh", "_weight")

    def __init__(self, most: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        """``most``: what each of the two may weigh in all; unless ``weigh`` says otherwise, each thing weighs one."""
        self._most = most
        self._weigh = weigh
        self._new: dict[bytes, V] = {}
        self._old: dict[bytes, V] = {}
        self._weight = 0

    def get(self, key: bytes) -> V | None:
        """What is remembered, or None."""
        found = self._new.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self.keep(key, found)
        return found

    def keep(self, key: bytes, value: V) -> None:
        """Remember it. What was kept last is there."""
        if self._weight >= self._most:
            self._old, self._new, self._weight = self._new, {}, 0
        self._new[key] = value
        self._weight += self._weigh(value)
