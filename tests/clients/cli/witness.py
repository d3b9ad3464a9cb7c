"""Stands between a client and the gateway and keeps the bytes that passed, so that a test can compare both ends.

Forwards without looking; parses only afterwards, with h11, which shares no code with the gateway's own parser.
"""

import asyncio
from dataclasses import dataclass, field

import h11

from tests.support.listening import Listening
from tests.support.provider import Header, Received


@dataclass(frozen=True)
class Passed:
    """One request as the client sent it, and the answer as the client got it (status 0: nothing came)."""

    request: Received
    status: int
    headers: tuple[Header, ...]
    body: bytes
    complete: bool


@dataclass
class Line:
    """One connection's bytes, each way."""

    sent: bytearray = field(default_factory=bytearray)
    got: bytearray = field(default_factory=bytearray)


class Witness(Listening):
    """``with Witness(port) as witness: ... witness.passed()``. Listens on a free loopback port."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._lines: list[Line] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def passed(self) -> list[Passed]:
        """Every exchange whose request was complete, in the order in which connections opened."""
        return [exchange for line in self._lines for exchange in exchanges(bytes(line.sent), bytes(line.got))]

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What comes goes on, both ways."""
        line = Line()
        self._lines.append(line)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(copy(reader, far_writer, line.sent))
                both.create_task(copy(far_reader, writer, line.got))
        except* ConnectionError:
            pass
        finally:
            far_writer.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    """One direction. When one side closes, so does the other: half-closed connections are nobody's habit here."""
    while piece := await reader.read(65536):
        kept += piece
        writer.write(piece)
        await writer.drain()
    raise ConnectionResetError


def exchanges(sent: bytes, got: bytes) -> list[Passed]:
    """One connection's whole requests, one after the other, each with as much of its answer as came."""
    found: list[Passed] = []
    while sent:
        asked = Message(h11.Connection(h11.SERVER), sent)
        if not isinstance(asked.head, h11.Request) or not asked.complete:
            break
        sent = asked.rest
        client = h11.Connection(h11.CLIENT)
        client.send(h11.Request(method=asked.head.method, target="/", headers=[("host", "x")]))
        client.send(h11.EndOfMessage())
        answered = Message(client, got)
        got = answered.rest
        status = answered.head.status_code if isinstance(answered.head, h11.Response) else 0
        method, target = asked.head.method.decode(), asked.head.target.decode()
        request = Received(method, target, asked.headers, asked.body)
        found.append(Passed(request, status, answered.headers, answered.body, answered.complete))
    return found


class Message:
    """The first message in these bytes, and what follows it."""

    def __init__(self, machine: h11.Connection, data: bytes) -> None:
        self.head: h11.Request | h11.Response | None = None
        self.body = b""
        self.rest = b""
        self.complete = False
        machine.receive_data(data)
        while not self.complete:
            event = machine.next_event()
            if isinstance(event, h11.Request | h11.Response):
                self.head = event
            elif isinstance(event, h11.Data):
                self.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self.complete = True
                self.rest = machine.trailing_data[0]
            elif not isinstance(event, h11.InformationalResponse):
                return

    @property
    def headers(self) -> tuple[Header, ...]:
        """Names in lower case; none where no head was seen."""
        pairs = self.head.headers if self.head is not None else ()
        return tuple((name.decode(), value.decode("latin-1")) for name, value in pairs)
