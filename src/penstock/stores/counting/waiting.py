"""Futures that fail with Unanswered once they have waited for too long: one timer for all of them, not one for each."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from penstock.core.counting import Unanswered


class Waiting:
    """In the order of asking, for one deadline."""

    def __init__(self, seconds: float, late: Callable[[], None] | None = None) -> None:
        """``late`` is told when some have waited in vain."""
        self._seconds = seconds
        self._late = late
        self._asked: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def future(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Any]:
        """One that fails when its time has come."""
        made: asyncio.Future[Any] = loop.create_future()
        self._asked.append((loop.time() + self._seconds, made))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._look, loop)
        return made

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now, self._timer = loop.time(), None
        late = False
        while self._asked:
            until, future = self._asked[0]
            if not future.done():
                if until > now:
                    self._timer = loop.call_at(until, self._look, loop)
                    break
                future.set_exception(Unanswered("no answer in time"))
                late = True
            self._asked.popleft()
        if late and self._late is not None:
            self._late()
