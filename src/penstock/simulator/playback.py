"""Sends a reply: at its pace, with the cuts and silences that were asked for, and no faster than the client reads.

The frames are bytes already. A stream has one timer; nothing here awaits per frame, because the benchmarks' mock must
cost little beside what it measures.
"""

import asyncio
from collections.abc import Sequence

from penstock.simulator.failing import wrong_body
from penstock.simulator.serving import Reply
from penstock.simulator.steering import Steering
from penstock.wire.incoming import Incoming

# Frames without a pace leave together, in writes of about this size.
_BURST = 64 * 1024
# A stream that fell behind its pace by more (a slow reader) goes on from now and does not catch up.
_LATEST = 1.0


async def play(incoming: Incoming, reply: Reply) -> None:
    """The whole answer to one request."""
    steering = reply.steering
    if steering.first:
        await asyncio.sleep(steering.first)
    if steering.body is not None:
        reply = wrong_body(reply)
    if reply.streamed:
        frames: Sequence[bytes] = reply.frames
        if steering.shred is not None:
            frames = _slices(b"".join(frames), steering.shred)
        incoming.answer(reply.status, reply.headers)
        await Playback(incoming, frames, steering).run()
        return
    body = reply.frames[0]
    if not _interrupted(steering):
        incoming.answer(reply.status, reply.headers, length=len(body))
        incoming.end(body)
        return
    # A whole answer has one place to be interrupted at: its middle.
    incoming.answer(reply.status, reply.headers, length=None if steering.truncate is not None else len(body))
    half = (len(body) + 1) // 2
    await Playback(incoming, (body[:half], body[half:]), _in_the_middle(steering)).run()


def _slices(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def _interrupted(steering: Steering) -> bool:
    return steering.silence > 0 or not (steering.cut is steering.stall is steering.truncate is None)


def _in_the_middle(steering: Steering) -> Steering:
    return Steering(
        silence=steering.silence,
        cut=None if steering.cut is None else 1,
        stall=None if steering.stall is None else 1,
        truncate=None if steering.truncate is None else 1,
    )


class Playback:
    """One answer's frames on their way."""

    def __init__(self, incoming: Incoming, frames: Sequence[bytes], steering: Steering) -> None:
        self._incoming = incoming
        self._frames = frames
        self._steering = steering
        self._loop = asyncio.get_running_loop()
        self._done = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._due = self._loop.time()
        self._place = 0
        self._paused = not incoming.writable
        self._waiting = False
        self._silence = steering.silence
        places = (steering.cut, steering.stall, steering.truncate, steering.at if steering.silence else None)
        self._events = frozenset(place for place in places if place is not None)

    async def run(self) -> None:
        """Returns once the answer is complete or broken off; cancelled when the client leaves."""
        self._incoming.source = self
        self._step()
        try:
            await self._done
        finally:
            self._incoming.source = None
            if self._timer is not None:
                self._timer.cancel()

    def pause(self) -> None:
        """The client reads slowly."""
        self._paused = True

    def resume(self) -> None:
        """The client reads again."""
        self._paused = False
        if self._waiting:
            self._waiting = False
            self._step()

    def _step(self) -> None:
        """Sends what is due; called by the timer, and at once where nothing has to be waited for."""
        self._timer = None
        while not self._done.done():
            if self._incoming.gone or self._incoming.done:
                self._finish()
            elif self._paused:
                self._waiting = True
                return
            elif self._place in self._events and self._interrupts():
                return
            elif self._place >= len(self._frames) - 1:
                self._incoming.end(self._frames[-1] if self._frames else b"")
                self._finish()
            elif self._steering.pace:
                self._incoming.write(self._frames[self._place])
                self._place += 1
                self._wait(self._steering.pace)
                return
            else:
                self._burst()

    def _interrupts(self) -> bool:
        """Does what was asked for at this place; whether there is nothing more to send for now."""
        steering, place = self._steering, self._place
        if place == steering.cut:
            self._incoming.flush()
            self._incoming.abort()
            self._finish()
            return True
        if place == steering.truncate:
            self._incoming.end()
            self._finish()
            return True
        self._incoming.flush()
        if place == steering.stall:
            return True
        if self._silence:
            silence, self._silence = self._silence, 0.0
            self._due = self._loop.time()
            self._wait(silence)
            return True
        return False

    def _burst(self) -> None:
        """Frames up to the next event, the last frame or the size of a write."""
        start, size = self._place, 0
        while self._place < len(self._frames) - 1 and size < _BURST:
            if self._place in self._events and self._place != start:
                break
            size += len(self._frames[self._place])
            self._place += 1
        self._incoming.write(b"".join(self._frames[start : self._place]))

    def _wait(self, seconds: float) -> None:
        now = self._loop.time()
        self._due = max(self._due + seconds, now - _LATEST)
        self._timer = self._loop.call_at(self._due, self._step)

    def _finish(self) -> None:
        if not self._done.done():
            self._done.set_result(None)
