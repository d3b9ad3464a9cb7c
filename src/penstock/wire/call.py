"""Stop 5 as one verb: get a connection, send the request, wait for the answer's head.

Retries once, and only where a reused connection closed before any byte of an answer and the body is at hand: then
nothing has reached the client and, by all signs, nothing reached the provider.
"""

from collections.abc import Callable

from penstock.core.exchange import Answer
from penstock.core.fault import FaultError
from penstock.core.target import Origin, Timeouts
from penstock.wire.incoming import Incoming
from penstock.wire.pool import Pool
from penstock.wire.receiver import StaleConnectionFault
from penstock.wire.relay import Relay
from penstock.wire.sweep import Sweep
from penstock.wire.upload import Upload
from penstock.wire.upstream import UpstreamConnection


class Upstream:
    """Calls providers."""

    def __init__(self, pool: Pool, sweep: Sweep, *, upload_limit: int) -> None:
        self._pool = pool
        self._sweep = sweep
        self._upload_limit = upload_limit
        self.woken: set[Relay] = set()
        """Answers that have begun and whose callers have not gone on yet: they do so in the same turn of the loop."""

    async def call(
        self,
        incoming: Incoming | None,
        origin: Origin,
        timeouts: Timeouts,
        head: bytes,
        body: bytes | None,
        see: Callable[[bytes], None] | None = None,
    ) -> Relay:
        """A relay whose head has arrived. ``body`` None: the request's body streams through from ``incoming``, and past
        ``see``."""
        bodiless = False
        if incoming is not None:
            bodiless = incoming.head.method == "HEAD"
            if body is None:
                incoming.require(self._upload_limit)
        connection = self._pool.reuse(origin)
        while True:
            reused = connection is not None
            if connection is None:
                connection = await self._pool.open(origin, timeouts.connect)
            relay = Relay(incoming, connection, self._sweep, self.woken)
            try:
                connection.call(relay, timeouts, bodiless=bodiless)
                self._send(connection, incoming, head, body, see)
                await relay.begins()
            except FaultError as error:
                relay.close()
                if not reused or body is None or not isinstance(error.fault, StaleConnectionFault):
                    raise
                connection = None
            except BaseException:
                relay.close()
                raise
            else:
                return relay

    async def fetch(self, origin: Origin, timeouts: Timeouts, head: bytes, limit: int, body: bytes = b"") -> Answer:
        """A whole answer to a request, for the gateway's own use."""
        relay = await self.call(None, origin, timeouts, head, body)
        try:
            whole = await relay.whole(limit)
            return Answer(relay.response.status, relay.response.headers, whole)
        finally:
            relay.close()

    def _send(
        self,
        connection: UpstreamConnection,
        incoming: Incoming | None,
        head: bytes,
        body: bytes | None,
        see: Callable[[bytes], None] | None,
    ) -> None:
        if body is not None:
            connection.send_body(head, body)
        elif incoming is not None:
            connection.send(head)
            incoming.stream_body(Upload(incoming, connection, see), self._upload_limit)
