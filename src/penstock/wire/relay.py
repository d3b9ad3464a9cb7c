"""Stops 5 to 7 as bytes: from a provider's connection to a client's, without an await per frame.

A Relay first holds what arrives, until the gateway has seen the head and decided; then it passes bytes on from the
parser's callback to the client's socket. Of an event stream only whole frames go out, so that a keep-alive or an
error ending never lands inside one. It knows what the endings look like because it is told, not because it reads.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

import msgspec

from penstock.core.dialect import StreamManner
from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.head import EVENTS, ResponseHead
from penstock.core.policy import Rewrite, Watch
from penstock.wire.elements import Elements
from penstock.wire.gathered import Gathered
from penstock.wire.incoming import Flow, Incoming
from penstock.wire.sse import Frames
from penstock.wire.sweep import Sweep
from penstock.wire.tap import Tap
from penstock.wire.trail import Trail
from penstock.wire.upstream import UpstreamConnection

# What may wait in memory for the gateway's decision before the provider is told to slow down.
UNDECIDED = 256 * 1024
FIRST_FRAME_BYTES = 16 * 1024 * 1024


class Passing(msgspec.Struct, frozen=True):
    """How answers pass: of an event stream a frame of more than ``frame_cap`` bytes is not held for its end, and after
    ``keep_alive_seconds`` of silence the client is told that it lives; of others at most ``held`` bytes are held."""

    frame_cap: int = 16 * 1024 * 1024
    keep_alive_seconds: float | None = 15.0
    held: int = 64 * 1024 * 1024


class _Nowhere:
    """The receiving end of an answer that the gateway fetches for itself."""

    def __init__(self) -> None:
        self.source: Flow | None = None
        self.interrupt: object = None
        self.writable = True

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def flush(self) -> None:
        """There is no head to send."""


class Relay:
    """One answer on its way. A Receiver for the provider's connection, a Source for the client's."""

    # What every answer begins with stands here, not in each: few answers change more than some of it.
    expires: float | None = None
    waited = 0.0
    """Seconds from the call to the answer's head."""
    length: int | None = None
    """The body length that the provider announced."""
    fault: Fault | None = None
    """What cut the answer short."""
    first = b""
    """Frames that the gateway has looked at already; of a stream they go out before all others."""
    rewrite: Rewrite | None = None
    """Makes of a stream's whole frames, of an array's elements, or of any other body's pieces what the client gets; the
    tap sees what came."""
    flush: Callable[[], bytes] | None = None
    """What ``rewrite`` has kept back, once nothing comes any more."""
    _changed: asyncio.Future[None] | None = None
    _blank = True
    _over = False
    _limit = UNDECIDED
    _slowed = False
    _passing = False
    _manner: StreamManner | None = None
    _frames: Frames | None = None
    _elements: Elements | None = None
    _missing: int | None = None
    """How much of a body of announced length has not come yet."""
    _refused = False
    """A watch did not let go of some frames: the client has no ending, whatever came."""
    _trail: Trail | None = None
    _keep_alive_seconds = 0.0
    _watch: Watch | None = None
    _offers = False
    """Somebody looks at frames before they go out."""
    _waiting: asyncio.Task[None] | None = None
    _last = b""
    _sign = b""
    """What a frame must hold to be shown to the tap; nothing, until it has seen one."""

    def __init__(
        self, incoming: Incoming | None, connection: UpstreamConnection, sweep: Sweep, woken: set["Relay"]
    ) -> None:
        self.bodiless = connection.bodiless
        self._loop = connection.loop
        self._called = perf_counter()
        self._incoming = incoming or _Nowhere()
        self._incoming.interrupt = connection.break_off
        self._connection = connection
        self._sweep = sweep
        self._woken = woken
        self._head: asyncio.Future[ResponseHead | None] = self._loop.create_future()
        self._held = Gathered()
        self.response: ResponseHead
        """The answer's head, once it has begun."""
        self.events: bool
        """It is a stream of events, compressed or not: by its head, unless its first bytes have told otherwise."""

    # --- what the provider's connection hands over --------------------------------------------------------------

    def head(self, head: ResponseHead) -> None:
        self.waited = perf_counter() - self._called
        self.length = head.length
        if not self._head.done():
            self._head.set_result(head)
            self._woken.add(self)

    def data(self, data: bytes) -> None:
        if self._passing:
            frames = self._frames
            if frames is None:
                self._pass(data)
                return
            whole = frames.feed(data)
            if self._offers:
                self._offer(whole)
            elif whole:
                self._send(whole, whole)
            return
        self._held.add(data)
        self._blank = self._blank and data.isspace()
        if self._held.size > self._limit:
            self._slowed = True
            self._connection.pause()
        self._wake()

    def end(self) -> None:
        self._over = True
        self._wake()

    def failed(self, fault: Fault) -> None:
        self._over = True
        self.fault = fault
        if not self._head.done():
            self._head.set_result(None)
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)

    async def _change(self) -> None:
        self._changed = self._loop.create_future()
        await self._changed

    # --- what the gateway asks for --------------------------------------------------------------------------------

    async def begins(self) -> None:
        """Waits for the answer's head, ``response``; FaultError when there will be none."""
        head = await self._head
        self._woken.discard(self)
        if head is None:
            # Made here: kept in the future, it would hold all frames that it passed, and they the future.
            raise FaultError(self.fault or Fault(kind=FaultKind.UNREACHABLE, words="The call has been given up."))
        self.response = head
        self.events = (head.get(b"content-type") or b"").lower().startswith(EVENTS)

    async def begun(self) -> bytes:
        """What has arrived of the body, from its first byte that is not white space; empty when it has none."""
        while self._blank and not self._over and not self._slowed:
            await self._change()
        return self._look().lstrip()

    async def whole(self, limit: int) -> bytes:
        """The whole body, or a FaultError; of a body cut short nothing."""
        self._limit = limit
        self._release()
        while not self._over and self._held.size <= limit:
            await self._change()
        if self._held.size > limit:
            raise refuse(FaultKind.BROKEN_ANSWER, f"The provider's answer is larger than {limit} bytes.")
        if self.fault is not None:
            raise FaultError(self.fault)
        return self._look()

    async def first_frames(self) -> bytes:
        """Whole frames from the stream's beginning, at least one that is not white space, if there is one."""
        self._limit = FIRST_FRAME_BYTES
        self._release()
        frames = self._frames = Frames(FIRST_FRAME_BYTES)
        first = Gathered()
        blank = True
        while True:
            whole = frames.feed(self._held.take())
            first.add(whole)
            blank = blank and not whole.strip()
            if not blank or self._over or first.size > FIRST_FRAME_BYTES:
                break
            await self._change()
        if blank and self.fault is None:
            first.add(frames.rest())
        return first.take()

    @property
    def complete(self) -> bytes | None:
        """The whole body, if all of it is here already."""
        return self._look() if self._over and self.fault is None else None

    @property
    def empty(self) -> bool:
        """The answer has ended in order, and nothing was in it."""
        return self._over and self.fault is None and not self._held.size

    def _look(self) -> bytes:
        whole = self._held.take()
        self._held.add(whole)
        return whole

    def pass_on(
        self,
        manner: StreamManner,
        passing: Passing,
        tap: Tap,
        ending: Callable[[], None],
        watch: Watch | None = None,
        *,
        stream: bool,
    ) -> None:
        """From now on bytes go straight to the client, past the ``tap``; of a ``stream`` (of events) only whole frames.

        ``watch`` sees the whole frames that are about to go out; where it returns something to wait for, they wait.
        ``ending`` is called before frames go out that hold the stream's own ending: many clients read no further.
        """
        self._watch = watch
        self._offers = watch is not None or self.rewrite is not None
        # Where nobody wants to know what passed, a frame costs no look at all.
        self._tap = tap if tap.counts else None
        if manner.array and not stream:
            self._elements = Elements(passing.frame_cap)
        if stream:
            self._manner = manner
            if manner.endings:
                self._trail = tap.trail = Trail(manner.endings)
                self._last = manner.last
                self._ending = ending
            self._frames = self._frames or Frames(passing.frame_cap)
            if self.first:
                self._send(self._rewritten(self.first), self.first)
        elif self._elements is None and self.rewrite is None:
            self._missing = self.length
        self._passing = True
        self._incoming.source = self
        if self._held.size:
            self.data(self._held.take())
        self._incoming.flush()
        if not self._incoming.writable:
            self.pause()
        elif self._slowed:
            self._release()
        if stream and passing.keep_alive_seconds is not None and not self._over:
            self._keep_alive_seconds = passing.keep_alive_seconds
            self.expires = self._loop.time() + self._keep_alive_seconds
            self._sweep.add(self)

    async def finished(self) -> Fault | None:
        """Waits for the answer's end; the fault that cut it, or None. The last bytes are still to be sent."""
        await self._let_go()
        if self._offers and self._frames is not None and self.fault is None:
            # The last frame may have come without the blank line that ends it; half a frame is none.
            rest = self._frames.rest()
            if not self._stops_short(rest):
                self._offer(rest)
                await self._let_go()
        self._sweep.discard(self)
        self._flush()
        # The last frame of a stream that ended in order may lack its blank line; one that was cut off is no ending.
        rest = self._frames.held() if self._frames is not None and self.fault is None else b""
        if self._trail is not None and not self._refused and self._trail.ended(rest):
            # What breaks after a stream's own ending spoils nothing that the client needs.
            return None
        if self._elements is not None and self._elements.closed and self.length is None and not self._refused:
            self.fault = None
        if self.fault is None and self._stops_short(rest):
            self.fault = Fault(kind=FaultKind.BROKEN_ANSWER, words="The provider's stream stopped before its end.")
        if self.fault is not None and self._frames is not None and self._frames.torn:
            # What comes now must not become a part of the frame that is half out.
            self._incoming.write(b"\n\n")
        return self.fault

    def _stops_short(self, rest: bytes) -> bool:
        """What it needs never came, neither before nor in this ``rest``: its ending, or anything at all."""
        manner, trail, tap = self._manner, self._trail, self._tap
        if manner is None:
            return False
        if manner.ending_required:
            return trail is None or not trail.ended(rest)
        # Nobody who counts nothing looks at a dialect whose streams have no ending.
        came = trail.text if trail is not None else tap is None or tap.size
        return not (came or rest)

    def _flush(self) -> None:
        """What was kept back of the frames that came goes out behind them."""
        try:
            kept = b"" if self.rewrite is None or self.flush is None else self.flush()
        except FaultError as error:
            self._refuse(error.fault)
            kept = error.fault.before
        if not kept:
            return
        if self._frames is None:
            self._incoming.write(kept)
            return
        if self._frames.torn:
            self._incoming.write(b"\n\n")
        self._send(kept, b"")

    async def _let_go(self) -> None:
        while not self._over or self._waiting is not None:
            await self._change()
            if self._waiting is not None and self._waiting.done():
                # A bug in a watch is the gateway's to report.
                self._waiting.result()

    def remainder(self) -> bytes:
        """What is still to be sent: what came after the last whole frame, or completed a body of announced length."""
        if self._elements is not None:
            return self._elements.rest()
        return self._held.take() if self._frames is None else self._frames.rest()

    def ended_by(self, event: bytes, element: bytes) -> bytes | None:
        """What ends a cut stream as its client can read it: of events, or of an array's elements; None where nothing
        can."""
        if self._elements is not None:
            # Where a length was announced, nothing but its very bytes may follow.
            return self._elements.ended_by(element) if self.length is None else None
        return None if self._frames is None else event

    @property
    def last(self) -> bytes:
        """The stream's latest whole frames that went out: they tell where it stood at its end."""
        return b"" if self._trail is None else self._trail.text

    def close(self) -> None:
        """Nobody wants the answer any more: leave the provider at once."""
        self._woken.discard(self)
        self._sweep.discard(self)
        self._incoming.source = self._incoming.interrupt = None
        if self._waiting is not None:
            self._waiting.cancel()
        if not self._over:
            self._over = True
            self._connection.abort()

    # --- passing ----------------------------------------------------------------------------------------------

    def _pass(self, data: bytes) -> None:
        """Bytes of an answer that is no stream of events."""
        if self._missing is not None:
            self._missing -= len(data)
            if self._missing <= 0:
                # A client that knows the length would see the end before the exchange is closed.
                self._held.add(data)
                return
        passed = data if self._elements is None else self._elements.feed(data)
        told = self._rewritten(passed)
        if self._tap is not None:
            self._tap.take(passed)
            self._tap.size += len(told) - len(passed)
        self._incoming.write(told)

    def _offer(self, whole: bytes) -> None:
        """Whole frames go out, at once or when the watch lets go of them."""
        if not whole:
            return
        waiting = self._watch(whole) if self._watch is not None else None
        if waiting is None:
            self._send(self._rewritten(whole), whole)
        else:
            self._passing = False
            self._waiting = self._loop.create_task(self._wait(waiting, whole))
            self._waiting.add_done_callback(lambda _: self._wake())

    def _rewritten(self, came: bytes) -> bytes:
        if self.rewrite is None:
            return came
        try:
            return self.rewrite(came)
        except FaultError as error:
            self._refuse(error.fault)
            return error.fault.before

    def _refuse(self, fault: Fault) -> None:
        """A policy does not let these frames go, nor any that follow."""
        self.fault, self._refused = fault, True
        if not self._over:  # by then the connection may serve another call
            self._over = True
            self._connection.abort()
        self._wake()

    def _send(self, whole: bytes, came: bytes) -> None:
        """These whole frames go out, for those that came."""
        trail, tap, size = self._trail, self._tap, len(whole)
        if trail is not None and size:
            trail.add(whole)
        if tap is not None:
            tap.size += size
            # find, because ``in`` first asks whether it is given a number, which takes as long again.
            if tap.look is not None and came.find(self._sign) >= 0:
                tap.look(came)
                self._sign = tap.sign
            if trail is not None and whole.find(self._last) >= 0 and trail.ended():
                self._ending()
        self._incoming.write(whole)

    async def _wait(self, waiting: Awaitable[None], whole: bytes) -> None:
        """Hold these frames, and what comes meanwhile, until a policy lets go of them."""
        try:
            await waiting
        except FaultError as error:
            self._refuse(error.fault)
            self._waiting = None
        else:
            # What has come meanwhile may have to wait in its turn.
            self._waiting = None
            self._send(self._rewritten(whole), whole)
            self._passing = True
            if self._held.size:
                self.data(self._held.take())
            if self._passing:
                self._release()

    def expired(self, now: float) -> None:
        """Silence: tell the client, in its own way, that the stream lives."""
        due = self._connection.heard_at + self._keep_alive_seconds
        if now < due and not self._over:  # by then what the connection hears is another call's
            # Frames only note when they came: to move the deadline with each of them would cost more.
            self.expires = due
            return
        torn = self._frames is not None and self._frames.torn
        ended = self._trail is not None and self._trail.ended()
        if self._manner is not None and self._incoming.writable and not torn and not ended:
            self._incoming.write(self._manner.keep_alive)
        self.expires = now + self._keep_alive_seconds

    def pause(self) -> None:
        """The client is slow."""
        if not self._over:  # by then the connection serves another call
            self._connection.pause()

    def resume(self) -> None:
        """The client reads again."""
        if not self._over:
            self._connection.resume()

    def _release(self) -> None:
        if self._slowed:
            self._slowed = False
            self.resume()
