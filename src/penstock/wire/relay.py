"""Stops 5 to 7 as bytes: from a provider's connection to a client's, without an await per frame.

A Relay first holds what arrives, until the gateway has seen the head and decided; then it passes bytes on from the
parser's callback to the client's socket. Of an event stream only whole frames go out, so that a keep-alive or an
error ending never lands inside one. It knows what the endings look like because it is told, not because it reads.
"""

import asyncio
from collections import deque
from time import perf_counter

import msgspec

from penstock.core.dialect import StreamManner
from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.head import ResponseHead
from penstock.wire.incoming import Incoming, Source
from penstock.wire.sse import boundary
from penstock.wire.sweep import Sweep
from penstock.wire.upstream import UpstreamConnection

# What may wait in memory for the gateway's decision before the provider is told to slow down.
UNDECIDED = 256 * 1024
# The last frame of a stream is whole in one of these, for only whole frames go out; a comment may follow.
LATEST = 4
FIRST_FRAME_BYTES = 16 * 1024 * 1024


class Passing(msgspec.Struct, frozen=True):
    """How event streams pass: a frame of more than ``frame_cap`` bytes is not held for its end, and after
    ``keep_alive_seconds`` of silence the client is told that the stream lives."""

    frame_cap: int = 16 * 1024 * 1024
    keep_alive_seconds: float | None = 15.0


class _Nowhere:
    """The receiving end of an answer that the gateway fetches for itself."""

    source: Source | None = None
    writable = True

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def flush(self) -> None:
        """There is no head to send."""


_NOBODY = _Nowhere()


class Relay:
    """One answer on its way. A Receiver for the provider's connection, a Source for the client's."""

    def __init__(self, incoming: Incoming | None, connection: UpstreamConnection, sweep: Sweep) -> None:
        self.expires: float | None = None
        self.waited = 0.0
        """Seconds from the call to the answer's head."""
        self.length: int | None = None
        """The body length that the provider announced."""
        self.bodiless = connection.bodiless
        self._loop = asyncio.get_running_loop()
        self._called = perf_counter()
        self._incoming = incoming or _NOBODY
        self._connection = connection
        self._sweep = sweep
        self._head: asyncio.Future[ResponseHead] = self._loop.create_future()
        self._changed: asyncio.Future[None] | None = None
        self._held: list[bytes] = []
        self._size = 0
        self._over = False
        self._fault: Fault | None = None
        self._limit = UNDECIDED
        self._slowed = False
        self._passing = False
        self._manner: StreamManner | None = None
        self._tail: list[bytes] = []
        self._tail_size = 0
        self._latest: deque[bytes] = deque(maxlen=LATEST)
        self._frame_cap = 0
        self._keep_alive_seconds: float | None = None

    # --- what the provider's connection hands over --------------------------------------------------------------

    def head(self, head: ResponseHead) -> None:
        self.waited = perf_counter() - self._called
        self.length = head.length
        if not self._head.done():
            self._head.set_result(head)

    def data(self, data: bytes) -> None:
        if self._passing:
            self._pass(data)
            return
        self._held.append(data)
        self._size += len(data)
        if self._size > self._limit:
            self._slowed = True
            self._connection.pause()
        self._wake()

    def end(self) -> None:
        self._over = True
        self._wake()

    def failed(self, fault: Fault) -> None:
        self._over = True
        self._fault = fault
        if not self._head.done():
            self._head.set_exception(FaultError(fault))
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    async def _change(self) -> None:
        self._changed = self._loop.create_future()
        await self._changed

    # --- what the gateway asks for --------------------------------------------------------------------------------

    async def response(self) -> ResponseHead:
        """The answer's head; FaultError when there is none."""
        return await self._head

    async def begun(self) -> bytes:
        """What has arrived of the body, from its first byte that is not white space; empty when it has none."""
        while not (found := b"".join(self._held).lstrip()) and not self._over:
            await self._change()
        return found

    async def whole(self, limit: int) -> bytes:
        """The whole body, or a FaultError; of a body cut short nothing."""
        self._limit = limit
        self._release()
        while not self._over:
            if self._size > limit:
                raise refuse(FaultKind.BROKEN_ANSWER, f"The provider's answer is larger than {limit} bytes.")
            await self._change()
        if self._fault is not None:
            raise FaultError(self._fault)
        return b"".join(self._held)

    async def first_frames(self) -> bytes:
        """Whole frames from the stream's beginning, at least one that is not white space, if there is one."""
        self._limit = FIRST_FRAME_BYTES
        self._release()
        while True:
            held = b"".join(self._held)
            length = boundary(held)
            if held[:length].strip() or self._over or self._size > self._limit:
                break
            await self._change()
        if self._over or self._size > self._limit:
            length = len(held)
        self._held = [held[length:]]
        self._size = len(held) - length
        return held[:length]

    @property
    def complete(self) -> bytes | None:
        """The whole body, if all of it is here already."""
        return b"".join(self._held) if self._over and self._fault is None else None

    def pass_on(self, manner: StreamManner | None, passing: Passing) -> None:
        """From now on bytes go straight to the client. ``manner`` None: not an event stream, no framing."""
        self._manner = manner
        self._frame_cap = passing.frame_cap
        self._keep_alive_seconds = passing.keep_alive_seconds
        self._passing = True
        self._incoming.source = self
        held, self._held = self._held, []
        for piece in held:
            self._pass(piece)
        self._incoming.flush()
        if not self._incoming.writable:
            self.pause()
        elif self._slowed:
            self._release()
        if manner is not None and self._keep_alive_seconds is not None and not self._over:
            self.expires = self._loop.time() + self._keep_alive_seconds
            self._sweep.add(self)

    async def finished(self) -> Fault | None:
        """Waits for the answer's end; the fault that cut it, or None. The last bytes are still to be sent."""
        while not self._over:
            await self._change()
        self._sweep.discard(self)
        manner = self._manner
        if manner is None or _holds(self.last + b"".join(self._tail), manner.endings):
            # What breaks after a stream's own ending spoils nothing that the client needs.
            return self._fault if manner is None else None
        if self._fault is None and manner.ending_required:
            return Fault(kind=FaultKind.BROKEN_ANSWER, words="The provider's stream stopped before its end.")
        return self._fault

    def remainder(self) -> bytes:
        """What the provider sent after its last whole frame."""
        tail, self._tail = b"".join(self._tail), []
        return tail

    @property
    def last(self) -> bytes:
        """The stream's latest whole frames: they tell where it stood at its end."""
        return b"".join(self._latest)

    def close(self) -> None:
        """Nobody wants the answer any more: leave the provider at once."""
        self._sweep.discard(self)
        self._incoming.source = None
        if not self._over:
            self._over = True
            self._connection.abort()
        if self._head.done() and not self._head.cancelled():
            self._head.exception()

    # --- passing ----------------------------------------------------------------------------------------------

    def _pass(self, data: bytes) -> None:
        manner = self._manner
        if manner is None:
            self._incoming.write(data)
            return
        # A boundary may lie across several reads: a blank line is at most four bytes long.
        overlap = b"".join(self._tail[-3:])[-3:]
        length = max(0, boundary(overlap + data) - len(overlap))
        if self._keep_alive_seconds is not None:
            self.expires = self._loop.time() + self._keep_alive_seconds
        if not length and self._tail_size + len(data) <= self._frame_cap:
            self._tail.append(data)
            self._tail_size += len(data)
            return
        # A frame beyond the cap is let through as it comes rather than held: its bytes are the client's.
        length = length or len(data)
        whole = data if length == len(data) else data[:length]
        if self._tail:
            whole = b"".join(self._tail) + whole
        self._tail = [data[length:]] if length < len(data) else []
        self._tail_size = len(data) - length
        self._latest.append(whole)
        self._incoming.write(whole)

    def expired(self, now: float) -> None:
        """Silence: tell the client, in its own way, that the stream lives."""
        if self._manner is not None and self._incoming.writable:
            self._incoming.write(self._manner.keep_alive)
        self.expires = None if self._keep_alive_seconds is None else now + self._keep_alive_seconds

    def pause(self) -> None:
        """The client is slow."""
        self._connection.pause()

    def resume(self) -> None:
        """The client reads again."""
        self._connection.resume()

    def _release(self) -> None:
        if self._slowed:
            self._slowed = False
            self._connection.resume()


def _holds(frames: bytes, endings: tuple[bytes, ...]) -> bool:
    return any(ending in frames for ending in endings)
