"""HTTP as plain bytes: a provider and a client that send exactly what a test writes, right or wrong.

Shares no code with the gateway and knows of HTTP only where a message ends.
"""

import asyncio
import itertools
import re
import socket
import ssl
import struct
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Self

from tests.support.listening import Listening

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_RESET = struct.pack("ii", 1, 0)


def split(data: bytes, places: Iterable[int]) -> list[bytes]:
    """``data`` cut at these places."""
    cuts = [0, *sorted({min(place, len(data)) for place in places}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(cuts) if start < end]


@dataclass(frozen=True)
class Message:
    """A request or an answer as it stood on the wire."""

    head: bytes
    body: bytes
    """Without its chunks, if it had any."""

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def start(self) -> bytes:
        return self.head.split(b"\r\n", 1)[0]

    def header(self, name: str) -> bytes | None:
        """The first value, or None."""
        found = re.search(rb"\r\n%b:[ \t]*([^\r]*)" % re.escape(name.encode()), self.head, re.IGNORECASE)
        return found[1] if found else None


class Visit:
    """One connection that the gateway opened to the provider."""

    def __init__(self, provider: "RawProvider", reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = len(provider.visits)
        self.heard = b""
        """Everything that came and is not yet part of a message that was read."""
        self.requests: list[Message] = []
        self.left_at: float | None = None
        """When the gateway closed it, by time.perf_counter()."""
        self._reader, self._writer = reader, writer

    def leave(self) -> None:
        """The gateway has closed the connection, or reset it."""
        if self.left_at is None:
            self.left_at = time.perf_counter()

    async def some(self) -> bool:
        """Read once into ``heard``; False when the gateway has left."""
        try:
            data = await self._reader.read(65536)
        except ConnectionError:
            data = b""
        if not data:
            self.leave()
        self.heard += data
        return bool(data)

    async def head(self) -> bytes:
        """The next request's head, its body unread; empty when the gateway left."""
        while b"\r\n\r\n" not in self.heard:
            if not await self.some():
                return b""
        return self.heard.partition(b"\r\n\r\n")[0]

    async def request(self) -> Message | None:
        """The next whole request; None when the gateway left."""
        while (found := take_message(self.heard)) is None:
            if not await self.some():
                return None
        message, self.heard = found
        self.requests.append(message)
        return message

    async def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Each piece in a write of its own, waiting until the gateway has taken it."""
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(pause)

    async def left(self) -> None:
        """Wait until the gateway closes, and forget what it sends."""
        while await self.some():
            self.heard = b""

    def close(self) -> None:
        """An orderly end."""
        self._writer.close()

    def reset(self) -> None:
        """A connection that breaks."""
        self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._writer.transport.abort()


Script = Callable[[Visit], Awaitable[None]]


def answering(*pieces: bytes, pause: float = 0.0) -> Script:
    """Answers every request with these very bytes, and keeps the connection."""

    async def script(visit: Visit) -> None:
        while await visit.request() is not None:
            await visit.send(*pieces, pause=pause)

    return script


@dataclass(repr=False)
class RawProvider(Listening):
    """Runs in a thread of its own; a connection is closed when its script ends. Use as a context manager."""

    script: Script
    visits: list[Visit] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    host: str = "127.0.0.1"

    @property
    def base_url(self) -> str:
        return f"{'http' if self.tls is None else 'https'}://{self.host}:{self.port}"

    @property
    def requests(self) -> list[Message]:
        """All whole requests, over all connections."""
        return [message for visit in self.visits for message in visit.requests]

    def play(self, script: Script) -> None:
        """Begin anew with another script: connections that are still open close first."""
        self.script = script
        self.part()
        # The end must have reached the gateway before the next request does.
        time.sleep(0.01)
        self.visits = []

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As the script says."""
        visit = Visit(self, reader, writer)
        self.visits.append(visit)
        try:
            await self.script(visit)
        except ConnectionError:
            visit.leave()
        finally:
            if reader.at_eof():
                visit.leave()


def take_message(data: bytes) -> tuple[Message, bytes] | None:
    """The first whole message and what follows it; one without a length has no body."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    if _CHUNKED.search(head):
        return _take_chunks(head, rest)
    found = _LENGTH.search(head)
    length = int(found[1]) if found else 0
    return None if len(rest) < length else (Message(head, rest[:length]), rest[length:])


def _take_chunks(head: bytes, rest: bytes) -> tuple[Message, bytes] | None:
    body = b""
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            return None
        size = int(line.partition(b";")[0], 16)
        if size == 0:
            _, end, rest = (b"\r\n" + rest).partition(b"\r\n\r\n")
            return (Message(head, body), rest) if end else None
        if len(rest) < size + 2:
            return None
        body, rest = body + rest[:size], rest[size + 2 :]


class RawClient:
    """A client's connection, blocking, with a time limit on everything."""

    def __init__(self, host: str, port: int, *, timeout: float = 30.0, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect((host, port))
        except OSError:
            self.socket.close()
            raise
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *pieces: bytes, pause: float = 0.0) -> None:
        """Each piece in a write of its own."""
        for piece in pieces:
            self.socket.sendall(piece)
            time.sleep(pause)

    def more(self) -> bool:
        """Read once; False at the end."""
        data = self.socket.recv(65536)
        self.heard += data
        return bool(data)

    def answer(self) -> Message:
        """The next whole answer."""
        while (found := take_message(self.heard)) is None:
            if not self.more():
                raise EOFError(f"the connection ended after {self.heard!r}")
        message, self.heard = found
        return message

    def until(self, text: bytes) -> bytes:
        """What has come up to ``text``, which must come."""
        while text not in self.heard:
            if not self.more():
                raise EOFError(f"the connection ended after {self.heard!r}")
        before, _, self.heard = self.heard.partition(text)
        return before + text

    def rest(self) -> bytes:
        """Everything up to the end of the connection; ConnectionError where it breaks."""
        while self.more():
            pass
        heard, self.heard = self.heard, b""
        return heard

    def ended(self) -> bool:
        """The connection has ended or ends within the time limit, in whatever way; nothing more comes before."""
        try:
            return not self.more()
        except ConnectionError:
            return True

    def reset(self) -> None:
        """Break the connection."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.socket.close()


def head(start: str, *lines: str) -> bytes:
    """A request's head from its lines."""
    return "\r\n".join((start, *lines, "", "")).encode("latin-1")


def sized(body: bytes, *lines: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """An answer with a length."""
    return head(f"HTTP/1.1 {status}", f"content-type: {kind}", *lines, f"content-length: {len(body)}") + body


def chunk(data: bytes) -> bytes:
    """One chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


LAST_CHUNK = b"0\r\n\r\n"
STREAM_HEAD = head("HTTP/1.1 200 OK", "content-type: text/event-stream", "transfer-encoding: chunked")


def at_least_once_within(seconds: float, attempt: Callable[[], float]) -> None:
    """One of ten attempts took no longer: a busy machine is late for seconds now and then, a slow gateway always."""
    took: list[float] = []
    while len(took) < 10 and (not took or min(took) >= seconds):
        time.sleep(len(took) / 10)
        took.append(attempt())
    assert min(took) < seconds, took
