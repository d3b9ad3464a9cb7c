"""The load generator's connections: they send the order's request, check each answer whole, and time it.

An answer that is not what the mock wrote is counted as bad, with its reason; a round with a bad answer gives no figure.
"""

import asyncio
import itertools
import time
import zlib
from collections.abc import Callable
from typing import cast

import httptools
import msgspec

from bench.bodies import Shape, answer_body, answer_frames, request_body, shape_of
from bench.figures import tail
from bench.messages import END, announced_length
from bench.order import Order, Tally

clock = time.perf_counter


class _Part(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message


class _Answer(msgspec.Struct):
    """Either dialect's, as far as it is looked at."""

    content: list[_Part] = []
    choices: list[_Choice] = []


def said_in(body: bytes | bytearray) -> str:
    """What a sized answer tells its reader, whatever else stands in it and in whichever order."""
    answer = msgspec.json.decode(body, type=_Answer)
    texts = [part.text for part in answer.content] + [choice.message.content or "" for choice in answer.choices]
    return "".join(texts)


class Expected:
    """The bytes of the requests, and what its answer must be."""

    def __init__(self, order: Order) -> None:
        body = request_body(order.dialect, order.model, order.request_size)
        headers = "".join(f"{name}: {value}\r\n" for name, value in order.headers)
        head = f"POST {order.target} HTTP/1.1\r\nhost: 127.0.0.1:{order.port}\r\n{headers}"
        first = f"{head}content-length: {len(body)}\r\n\r\n"
        heads = [first.replace(order.keys[0], key) for key in order.keys] or [first]
        self.requests = itertools.cycle([one.encode() + body for one in heads])
        self.shape = shape_of(order.model.encode()) or Shape()
        self.exact = order.exact
        if self.shape.streams:
            frames = answer_frames(order.dialect, order.model, self.shape.frames, len(body))
            whole = b"".join(frames)
            self.end = frames[-1].split(b"\n", 1)[0]
        else:
            whole = answer_body(order.dialect, order.model, self.shape.size, len(body))
            self.end = b""
        self.body = whole
        self.said = "" if self.shape.streams else said_in(whole)
        self.checksum = zlib.crc32(whole)

    def fault_of_body(self, body: bytes | bytearray) -> str:
        """What is wrong with a sized answer; empty when nothing is."""
        if self.exact:
            return "" if body == self.body else f"body of {len(body)} bytes is not the mock's {len(self.body)}"
        try:
            said = said_in(body)
        except msgspec.DecodeError as error:
            return f"body is no answer: {error}"
        return "" if said == self.said else "body does not say what the mock said"


class Work:
    """The requests still to send, and the tally: shared by all connections."""

    def __init__(self, order: Order, expected: Expected) -> None:
        self.order = order
        self.expected = expected
        self.tally = Tally()
        self.totals: list[float] = []
        self.firsts: list[float] = []
        self.lates: list[float] = []
        self.idle = asyncio.Event()
        self._left = 0
        self._until = 0.0
        self._busy = 0
        self._last = 0.0

    def begin(self, count: int, seconds: float) -> None:
        """From now on ``take`` gives out this many requests."""
        self.tally = Tally()
        for kept in (self.totals, self.firsts, self.lates):
            kept.clear()
        self.idle.clear()
        self._left = count
        self._until = clock() + seconds
        self._last = clock()

    def take(self) -> bool:
        """Whether the asking connection may send one more request."""
        if self._left <= 0 or clock() > self._until:
            if self._busy == 0:
                self.idle.set()
            return False
        self._left -= 1
        self._busy += 1
        return True

    def good(self, sent: float, first: float) -> None:
        """An answer was complete and right."""
        self._busy -= 1
        self.tally.good += 1
        self._last = now = clock()
        self.totals.append(now - sent)
        self.firsts.append(first - sent)

    def bad(self, reason: str) -> None:
        """An answer was wrong, or did not come."""
        self._busy -= 1
        self._last = clock()
        self.tally.bad += 1
        self.tally.reasons[reason] = self.tally.reasons.get(reason, 0) + 1

    def result(self, began: float) -> Tally:
        """The tally with its percentiles."""
        tally = self.tally
        if self._busy:
            tally.bad += self._busy
            tally.reasons["no answer in time"] = self._busy
        tally.elapsed = self._last - began
        tally.total, tally.first, tally.late = tail(self.totals), tail(self.firsts), tail(self.lates)
        if self.order.keep_samples:
            tally.samples = list(self.firsts)
        return tally


class Client(asyncio.Protocol):
    """One connection; what it does with an answer is its subclass's."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.expected = work.expected
        self.sent = 0.0
        self.first = 0.0
        self.waiting = False
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by behaviour, not by inheritance.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self.waiting:
            self.waiting = False
            self.work.bad("connection closed before the answer was complete")

    def start(self) -> None:
        """Send a request if there is one left."""
        if self._transport is None:
            if self.work.take():
                self.work.bad("connection closed between requests")
                self._loop.call_later(0.01, self.start)
            return
        if self.work.take():
            self.waiting = True
            self.first = 0.0
            self.prepare()
            self.sent = clock()
            self._transport.write(next(self.expected.requests))

    def prepare(self) -> None:
        """Forget the last answer."""

    def finish(self, fault: str) -> None:
        """An answer is complete: count it and go on."""
        self.waiting = False
        if fault:
            self.work.bad(fault)
        else:
            self.work.good(self.sent, self.first)
        if self.work.order.gap:
            self._loop.call_later(self.work.order.gap, self.start)
        else:
            self.start()


class SizedClient(Client):
    """Answers that come whole: looked at once, compared once."""

    def prepare(self) -> None:
        self._kept = b""
        self._parsed: Parsed | None = None

    def data_received(self, data: bytes) -> None:
        if not self.first:
            self.first = clock()
        if not self.waiting:
            self.work.tally.reasons["bytes after the answer"] = 1
            return
        if self._parsed is not None:
            self._feed(data)
            return
        if self._kept:
            data = self._kept + data
        end = data.find(END)
        if end < 0:
            self._kept = data
            return
        length = announced_length(data, end + 2)
        if length is None:
            self._parsed = Parsed()
            self._feed(data)
            return
        total = end + 4 + length
        if len(data) < total:
            self._kept = data
        elif len(data) > total:
            self.finish("more bytes than announced")
        elif not data.startswith(b"HTTP/1.1 200"):
            self.finish(f"status {data[9:12].decode('latin-1')}")
        else:
            self.finish(self.expected.fault_of_body(data[end + 4 :]))

    def _feed(self, data: bytes) -> None:
        parsed = self._parsed
        assert parsed is not None
        parsed.parser.feed_data(data)
        if parsed.complete:
            status = parsed.parser.get_status_code()
            body = b"".join(parsed.pieces)
            self.finish(self.expected.fault_of_body(body) if status == 200 else f"status {status}")


class Parsed:
    """A chunked answer on its way through llhttp."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.pieces: list[bytes] = []
        self.complete = False

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)

    def on_message_complete(self) -> None:
        self.complete = True


class StreamClient(Client):
    """Answers that come frame by frame: counted, timed, summed up."""

    began: Callable[[], None]

    def prepare(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._checksum = 0
        self._frames = 0
        self._end = b""

    def data_received(self, data: bytes) -> None:
        if not self.waiting:
            self.work.tally.reasons["bytes after the answer"] = 1
            return
        if not self.first:
            self.first = clock()
            self.began()
        self._parser.feed_data(data)

    def on_body(self, data: bytes) -> None:
        self._checksum = zlib.crc32(data, self._checksum)
        new = data.count(b"\n\n") + (self._end[-1:] == b"\n" and data[:1] == b"\n")
        self._end = (self._end + data)[-160:]
        if new:
            due = self.sent + self._frames * self.expected.shape.pace_ms / 1000
            self.work.lates.append(clock() - due)
            self._frames += new

    def on_message_complete(self) -> None:
        self.work.tally.frames += self._frames
        status = self._parser.get_status_code()
        if status != 200:
            self.finish(f"status {status}")
        elif self.expected.exact and self._checksum != self.expected.checksum:
            self.finish(f"stream of {self._frames} frames is not the mock's {self.expected.shape.frames}")
        elif self.expected.end not in self._end:
            self.finish("stream without its last frame")
        else:
            self.finish("")
