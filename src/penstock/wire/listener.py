"""Stop 1 and stop 7: where clients connect, how many may, and how all of it stops gracefully.

Owns the listening sockets; what happens on one client's connection is ``connection.py``'s.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Any

import msgspec

from penstock.core.fault import Fault, FaultKind
from penstock.wire.connection import Connection, Refusal
from penstock.wire.incoming import Handler
from penstock.wire.limits import Limits
from penstock.wire.sweep import Sweep

# How many connections may wait to be accepted.
BACKLOG = 4096
# How long idle clients may take, at a hand-over, to send the request after which they connect anew.
HAND_OVER_SECONDS = 2.0
# What running answers get to end in their client's own terms, once the time to end by themselves is over.
LAST_WORDS_SECONDS = 1.0


class Listener:
    """Accepts connections and serves their requests until it is closed."""

    def __init__(
        self,
        handler: Handler,
        refusal: Refusal,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.handler = handler
        self.refusal = refusal
        self.limits = limits or Limits()
        self.loop = asyncio.get_running_loop()
        self.secure = tls is not None
        self.draining = False
        self.leaving = False
        """Each answer from now on is the last of its connection."""
        self._tls = self._newest = tls
        self._connections: set[Connection] = set()
        self._sweep = Sweep()
        self._servers: list[asyncio.Server] = []
        self._emptied: asyncio.Future[None] | None = None

    async def start(self, host: str, port: int, sockets: Sequence[socket.socket] = ()) -> tuple[str, int]:
        """Listen; returns the address in use (``port`` 0 takes a free one). ``sockets``: on these, bound already."""
        if self._tls is not None:
            self._tls.sni_callback = self._show_newest
        for given in sockets:
            self._servers.append(await self._serve(sock=given))
        if not sockets:
            self._servers.append(await self._serve(host=host, port=port, reuse_address=True))
        address = self._servers[0].sockets[0].getsockname()
        return address[0], address[1]

    async def _serve(self, **where: Any) -> asyncio.Server:
        secure = self._tls is not None
        return await self.loop.create_server(
            lambda: Connection(self),
            ssl=self._tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=self.limits.head_seconds if secure else None,
            ssl_shutdown_timeout=self.limits.linger_seconds if secure else None,
            **where,
        )

    def renew(self, tls: ssl.SSLContext) -> None:
        """Handshakes that begin from now on show this certificate; connections that stand keep theirs."""
        self._newest = tls

    def _show_newest(self, tls: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _first: ssl.SSLContext) -> None:
        # OpenSSL asks in every handshake, whether or not the client names a host.
        if self._newest is not None:
            tls.context = self._newest

    def census(self) -> tuple[int, int, int]:
        """How many connections are open, how many of them have a request under way, how many an answer begun."""
        connections = list(self._connections)
        under_way = sum(one.under_way for one in connections)
        return len(connections), under_way, sum(one.answering for one in connections)

    def opened(self, connection: Connection) -> bool:
        """A client connected; whether there is room for it. The one beyond the limit is told so, not cut off."""
        self._connections.add(connection)
        self._sweep.add(connection)
        surplus = len(self._connections) - self.limits.connections
        if surplus > self.limits.connections // 10 + 10:
            # Telling each of a flood would take the descriptors that the others need.
            connection.abort()
        return surplus <= 0 and not self.draining

    def closed(self, connection: Connection) -> None:
        """A client's connection is over."""
        self._connections.discard(connection)
        self._sweep.discard(connection)
        if self._emptied is not None and not self._connections and not self._emptied.done():
            self._emptied.set_result(None)

    def overload(self) -> Fault:
        """The fault that a request meets when there is no room for it, or no time."""
        words = "This gateway has more connections than it is set to hold; try again in a moment."
        if self.draining:
            words = "This gateway is shutting down; send the request again."
        return Fault(kind=FaultKind.OVERLOADED, words=words, retry_after=1)

    async def hand_over(self, drain_seconds: float) -> None:
        """Accept nothing new, and let each connection go after its next answer, so that no request meets its end.

        HTTP/1.1 has no word for it: who is silent for too long may still send into a connection that is being closed.
        After ``drain_seconds`` the rest is for ``close``.
        """
        self.leaving = True
        for server in self._servers:
            server.close()
        brief = msgspec.structs.replace(self.limits, keepalive_seconds=HAND_OVER_SECONDS)
        for connection in list(self._connections):
            connection.leave(brief)
        await self._empty(drain_seconds)

    async def close(self, drain_seconds: float) -> None:
        """Accept nothing new, let running requests end for at most ``drain_seconds``, then break off the rest."""
        self.draining = True
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.drain()
        await self._empty(drain_seconds)
        words = (
            "This gateway is shutting down and gave this request up. It may have been paid for: send it again only if "
            "you need the answer."
        )
        stopping = Fault(kind=FaultKind.OVERLOADED, words=words, retryable=False)
        for connection in list(self._connections):
            connection.interrupt(stopping)
        await self._empty(LAST_WORDS_SECONDS)
        for connection in list(self._connections):
            connection.abort()
        await self._empty(LAST_WORDS_SECONDS)
        self._sweep.close()

    async def _empty(self, seconds: float) -> None:
        """Waits until no connection is left, at most so long."""
        if self._connections:
            self._emptied = self.loop.create_future()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._emptied, seconds)
