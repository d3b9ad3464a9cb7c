"""A scripted provider: a real HTTP/1.1 server on loopback whose answers a test writes and whose requests it keeps.

Parses with h11, an implementation that shares no code with the gateway's own, so that the two check each other.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import h11

from tests.support.listening import Listening

Header = tuple[str, str]

GATEWAY_KEY = "mt_live_test000000000000000000000000000000000000"
"""The gateway key of tests; no provider may ever receive it."""


@dataclass(frozen=True)
class Received:
    """One request as it reached the provider. Header names are lower-case."""

    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name.lower()), None)

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Pause:
    """Wait before the next piece."""

    seconds: float


class Cut:
    """Close the connection here, in the middle of the answer."""


CUT = Cut()
Piece = bytes | Pause | Cut


@dataclass(frozen=True)
class Scripted:
    """An answer: status, headers, and the body in the pieces in which it is written.

    With a ``content-length`` header the body is sized, else chunked; ``raw_head`` False leaves headers as they are.
    """

    status: int = 200
    headers: Sequence[Header] = (("content-type", "application/json"),)
    pieces: Sequence[Piece] = ()
    sized: bool = True


def json_answer(body: bytes, status: int = 200, headers: Sequence[Header] = ()) -> Scripted:
    """A whole JSON body."""
    return Scripted(status, (("content-type", "application/json"), *headers), (body,))


def stream_answer(*pieces: Piece, headers: Sequence[Header] = ()) -> Scripted:
    """An event stream in these pieces."""
    return Scripted(200, (("content-type", "text/event-stream"), *headers), pieces, sized=False)


Script = Callable[[Received], Scripted]


class Hearing(Protocol):
    """Looks at each request before anybody else does: what the script hears, and what is kept for the test."""

    def __call__(self, request: Received) -> tuple[Received, Received]: ...


@dataclass
class Provider(Listening):
    """Runs in a thread of its own; use as a context manager."""

    script: Script
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    closed_early: list[float] = field(default_factory=list)
    """Loop times at which a client closed before its answer was complete."""
    hearing: Hearing | None = None

    def __exit__(self, kind: type[BaseException] | None = None, *told: object) -> None:
        super().__exit__(kind, *told)
        if kind is None:
            leaked = [request.target for request in self.received if GATEWAY_KEY in repr(request)]
            assert not leaked, f"the gateway key reached the provider: {leaked}"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests in their order, answered by the script."""
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (ConnectionError, h11.RemoteProtocolError):
            pass
        finally:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        machine = h11.Connection(h11.SERVER, max_incomplete_event_size=256 * 1024)
        while True:
            request = await self._read(machine, reader)
            if request is None:
                return
            heard, kept = self.hearing(request) if self.hearing is not None else (request, request)
            self.received.append(kept)
            if not await self._answer(machine, reader, writer, heard):
                return
            if machine.our_state is not h11.DONE or machine.their_state is not h11.DONE:
                return
            machine.start_next_cycle()

    async def _read(self, machine: h11.Connection, reader: asyncio.StreamReader) -> Received | None:
        head: h11.Request | None = None
        body: list[bytes] = []
        while True:
            event = machine.next_event()
            if event is h11.NEED_DATA:
                machine.receive_data(await reader.read(65536))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.Data):
                body.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                assert head is not None
                headers = tuple((name.decode(), value.decode("latin-1")) for name, value in head.headers)
                return Received(head.method.decode(), head.target.decode(), headers, b"".join(body))
            else:
                return None

    async def _answer(
        self,
        machine: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        request: Received,
    ) -> bool:
        scripted = self.script(request)
        headers = [(name, value) for name, value in scripted.headers]
        if scripted.sized and scripted.status not in {204, 304}:
            size = sum(len(piece) for piece in scripted.pieces if isinstance(piece, bytes))
            headers.append(("content-length", str(size)))
        elif not scripted.sized:
            headers.append(("transfer-encoding", "chunked"))
        head = h11.Response(status_code=scripted.status, headers=headers, reason=b"Scripted")
        writer.write(machine.send(head) or b"")
        for piece in scripted.pieces:
            if isinstance(piece, Cut):
                return False
            if isinstance(piece, Pause):
                await writer.drain()
                if await self._left(reader, piece.seconds):
                    return False
            else:
                writer.write(machine.send(h11.Data(data=piece)) or b"")
                await writer.drain()
        writer.write(machine.send(h11.EndOfMessage()) or b"")
        await writer.drain()
        return True

    async def _left(self, reader: asyncio.StreamReader, seconds: float) -> bool:
        deadline = self._loop.time() + seconds
        while self._loop.time() < deadline:
            # A connection that was reset has no end, but an exception.
            if reader.at_eof() or reader.exception() is not None:
                self.closed_early.append(self._loop.time())
                return True
            await asyncio.sleep(min(0.005, max(0.0, deadline - self._loop.time())))
        return False
