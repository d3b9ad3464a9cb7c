"""The mock upstream: answers Anthropic Messages and OpenAI Chat requests as the model's name asks, and nothing else.

Runs as a process of its own: ``python -m bench.mock`` prints its port. It refuses a request whose credential is not the
provider's, so that a gateway that forwards the client's key does not get a figure.
"""

import asyncio
import functools
import sys
from typing import cast

import httptools
import uvloop

from bench.bodies import MODEL, PATHS, answer_body, answer_frames, shape_of
from bench.messages import END, announced_length, chunk

PROVIDER_KEY = "sk-bench-provider-0000000000000000"
KEY = PROVIDER_KEY.encode()

DIALECTS = {path: dialect for dialect, path in PATHS.items()}

UNARY_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_011BenchBenchBench\r\n"
    b"anthropic-organization-id: 00000000-0000-0000-0000-000000000000\r\ncontent-length: %d\r\n\r\n"
)
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"request-id: req_011BenchBenchBench\r\ntransfer-encoding: chunked\r\n\r\n"
)


Stream = tuple[tuple[bytes, ...], float]


def complaint(status: int, words: str) -> bytes:
    """A refusal that shows what was wrong with the request."""
    body = b'{"type":"error","error":{"type":"invalid_request_error","message":"%b"}}' % words.encode()
    head = b"HTTP/1.1 %d Refused\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(body)) + body


@functools.lru_cache(maxsize=64)
def answer_to(target: bytes, model: bytes, received: int) -> bytes | Stream:
    """All bytes of a sized answer, or one element a write and the seconds between two writes."""
    dialect = DIALECTS.get(target.partition(b"?")[0])
    shape = shape_of(model)
    if dialect is None or shape is None:
        return complaint(400, "unknown path or model")
    if not shape.streams:
        body = answer_body(dialect, model.decode(), shape.size, received)
        return UNARY_HEAD % len(body) + body
    chunks = [chunk(frame) for frame in answer_frames(dialect, model.decode(), shape.frames, received)]
    chunks[0] = STREAM_HEAD + chunks[0]
    chunks[-1] += chunk(b"")
    return tuple(chunks), shape.pace_ms / 1000


class Whole:
    """Collects a chunked request with llhttp and hands over its length."""

    def __init__(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.body = bytearray()
        self.complete = False

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


class Upstream(asyncio.Protocol):
    """One connection; one request at a time, as HTTP/1.1 clients without pipelining send them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._start = b""
        self._length = 0
        self._missing = 0
        self._whole: Whole | None = None
        self._writes: tuple[bytes, ...] = ()
        self._written = 0
        self._began = 0.0
        self._pace = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are asyncio's by behaviour, not by inheritance.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        if self._whole is not None:
            self._feed(data)
        elif self._missing:
            if len(self._start) < 4096:
                self._start += data[:4096]
            self._missing -= len(data)
            if self._missing <= 0:
                self._answer()
        else:
            self._begin(self._head + data if self._head else data)

    def _begin(self, data: bytes) -> None:
        end = data.find(END)
        if end < 0:
            self._head = data
            return
        length = announced_length(data, end + 2)
        if length is None:
            self._head = data[: end + 2]
            self._whole = Whole()
            self._feed(data)
            return
        self._head = data[: end + 2]
        self._start = data[end + 4 : end + 4100]
        self._length = length
        self._missing = length - (len(data) - end - 4)
        if self._missing <= 0:
            self._answer()

    def _feed(self, data: bytes) -> None:
        whole = self._whole
        assert whole is not None
        whole.parser.feed_data(data)
        if whole.complete:
            self._whole = None
            self._start = bytes(whole.body)
            self._length = len(whole.body)
            self._answer()

    def _answer(self) -> None:
        head, self._head = self._head, b""
        self._missing = 0
        assert self._transport is not None
        model = MODEL.search(self._start)
        if KEY not in head:
            self._transport.write(complaint(401, "not the provider's key"))
            return
        answer = answer_to(head.split(b" ", 2)[1], model[1] if model else b"", self._length)
        if isinstance(answer, bytes):
            self._transport.write(answer)
            return
        self._writes, self._pace = answer
        self._written = 0
        self._began = self._loop.time()
        self._write_frame()

    def _write_frame(self) -> None:
        if self._transport is None:
            return
        self._transport.write(self._writes[self._written])
        self._written += 1
        if self._written < len(self._writes):
            # From the start, not from now: a late frame must not make all later ones late.
            due = self._began + self._written * self._pace
            if self._pace:
                self._timer = self._loop.call_at(due, self._write_frame)
            else:
                self._loop.call_soon(self._write_frame)


async def serve() -> None:
    """Listen on a free port, print it, and answer until the standard input closes."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Upstream, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(serve())
