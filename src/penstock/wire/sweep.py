"""One timer for all deadlines: a sweep several times a second instead of a timer for each request.

Anything with an ``expires`` moment (event loop seconds, or None) and an ``expired`` method can be watched. A deadline
is therefore late by up to one interval, which suits limits of seconds and costs nothing per request.
"""

import asyncio
from typing import Protocol


class Watched(Protocol):
    """Something that must not go on for ever."""

    expires: float | None

    def expired(self, now: float) -> None:
        """Called by the sweep once ``expires`` has passed; may set a new moment."""


class Sweep:
    """Looks at everything it watches once an ``interval`` (seconds)."""

    def __init__(self, interval: float = 0.25) -> None:
        self._interval = interval
        self._watched: set[Watched] = set()
        self._handle: asyncio.TimerHandle | None = None

    def add(self, watched: Watched) -> None:
        """Begin to watch."""
        self._watched.add(watched)
        if self._handle is None:
            self._handle = asyncio.get_running_loop().call_later(self._interval, self._look)

    def discard(self, watched: Watched) -> None:
        """Stop to watch; harmless when it was not watched."""
        self._watched.discard(watched)

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        # Before anything else: an error in one deadline must not stop all others.
        self._handle = loop.call_later(self._interval, self._look) if self._watched else None
        late = [one for one in self._watched if one.expires is not None and one.expires <= now]
        for one in late:
            one.expired(now)

    def close(self) -> None:
        """Stop the timer."""
        self._watched.clear()
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
