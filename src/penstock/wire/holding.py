"""Holds an upload while policies look at it: whole where one of them wants it, else it streams through as if nobody had
looked.

What has arrived meanwhile is kept, up to the limit for bodies that are held, and given back. It knows no policy but by
its look, and nothing of what the bytes mean.
"""

import asyncio
import sys
from collections.abc import Sequence

from penstock.core.fault import FaultError
from penstock.core.policy import Look
from penstock.wire.gathered import Gathered
from penstock.wire.incoming import UNWANTED_BODY, Incoming


async def held(incoming: Incoming, looks: Sequence[Look], limit: int) -> bytes | None:
    """The whole body where it is wanted; None where it is to stream through. FaultError where it will never be
    complete, or one of the looks refuses it."""
    holding = Holding(incoming, looks, limit)
    # It lets go at a limit of its own.
    incoming.stream_body(holding, sys.maxsize)
    await holding.over
    if holding.error is not None:
        raise holding.error
    if holding.wanted:
        return holding.gathered.take()
    for look in holding.outgrown:
        look.outgrown()
    return None


class Holding:
    """A Sink that keeps what arrives, until nobody wants it or it is too much."""

    def __init__(self, incoming: Incoming, looks: Sequence[Look], limit: int) -> None:
        self._incoming = incoming
        self._undecided = list(looks)
        self._wanting: list[Look] = []
        self.gathered = Gathered()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.error: FaultError | None = None
        self.outgrown: Sequence[Look] = ()
        """Those who wanted it, or might have."""
        self._too_long = incoming.length is not None and incoming.length > limit
        # Of what can't be held in the end, only the beginning is waited for: it may say that nobody wants it.
        self._most = UNWANTED_BODY if self._too_long else limit

    @property
    def wanted(self) -> bool:
        """Somebody wants it, and it is all there."""
        return bool(self._wanting)

    def write(self, data: bytes) -> None:
        """One piece."""
        self.gathered.add(data)
        if self._undecided:
            told = [(look, look.see(data)) for look in self._undecided]
            self._undecided = [look for look, wants in told if wants is None]
            self._wanting += [look for look, wants in told if wants]
        if not (self._undecided or self._wanting):
            self._let_go()
        elif self.gathered.size > self._most or (self._too_long and self._wanting):
            self.outgrown, self._wanting, self._undecided = (*self._wanting, *self._undecided), [], []
            self._let_go()

    def end(self) -> None:
        """The body is complete."""
        if self.over.done():
            return
        if self._wanting:
            self.over.set_result(None)
        else:
            self._let_go()

    def fail(self, error: FaultError) -> None:
        """The body will never be complete."""
        self.error = error
        if not self.over.done():
            self.over.set_result(None)

    def _let_go(self) -> None:
        self._incoming.give_back(self.gathered.take())
        if not self.over.done():
            self.over.set_result(None)
