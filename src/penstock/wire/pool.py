"""Connections that can be used again, by origin: the last one used first, so that idle ones age and go.

The pool hands out connections and takes them back; it neither sends nor reads.
"""

import asyncio
from collections import defaultdict

from penstock.core.target import Origin
from penstock.wire.connect import Connector
from penstock.wire.sweep import Sweep
from penstock.wire.upstream import UpstreamConnection

# Shorter than the idle limits of the usual load balancers (60 s and more), so that most keepalive races never happen.
IDLE_SECONDS = 50.0
IDLE_PER_ORIGIN = 512


class Pool:
    """Keeps idle connections and opens new ones."""

    def __init__(self, connector: Connector, sweep: Sweep) -> None:
        self._connector = connector
        self._sweep = sweep
        self._idle: dict[Origin, list[UpstreamConnection]] = defaultdict(list)
        self._loop = asyncio.get_running_loop()
        self._retired = False

    def reuse(self, origin: Origin) -> UpstreamConnection | None:
        """An idle connection to the origin, or None."""
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.usable:
                return connection
        return None

    async def open(self, origin: Origin, seconds: float) -> UpstreamConnection:
        """A fresh connection; FaultError when there is none within ``seconds``."""
        return await self._connector.connect(
            origin, lambda: UpstreamConnection(origin, self._sweep, self._released), seconds
        )

    def _released(self, connection: UpstreamConnection) -> None:
        idle = self._idle[connection.origin]
        if connection.usable and not self._retired and len(idle) < IDLE_PER_ORIGIN:
            connection.expires = self._loop.time() + IDLE_SECONDS
            self._sweep.add(connection)
            idle.append(connection)
        elif connection.usable:
            connection.abort()
        elif connection in idle:
            idle.remove(connection)

    @property
    def idle(self) -> int:
        """How many connections wait to be used again."""
        return sum(len(connections) for connections in self._idle.values())

    def close(self) -> None:
        """Close what is idle, and from now on each connection after its call."""
        self._retired = True
        for idle in self._idle.values():
            for connection in list(idle):
                connection.abort()
        self._idle.clear()
