"""The two ends of a replay: a provider that answers what was recorded, and clients that keep what comes back.

Both are bare asyncio protocols on one loop, in the test's own process; the gateway between them is another process.
The answer is chosen by the header ``x-replay-id``, which the gateway forwards like any header that it does not know.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress

from tests.corpus.exchange import Planned, Request, pieces
from tests.corpus.messages import BrokenFramingError, Message, Reader

ONE_EXCHANGE = 20.0
"""Seconds after which an exchange counts as never answered."""


class Provider:
    """Answers by replay id, and keeps every request that reached it."""

    def __init__(self) -> None:
        self.plans: Mapping[str, Planned] = {}
        self.received: dict[str, list[Message]] = defaultdict(list)
        self.troubles: list[str] = []

    async def start(self) -> str:
        """Listen; the origin to configure."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _ProviderSide(self), "127.0.0.1", 0)
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Listen no more."""
        self._server.close()


class _ProviderSide(asyncio.Protocol):
    """One connection from the gateway."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.reader = Reader(answers=False)
        self.answering: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            message = self.reader.feed(data)
        except (BrokenFramingError, ValueError) as error:
            self.provider.troubles.append(f"the gateway sent {error}")
            self.transport.abort()
            return
        if message is not None:
            self.answering = asyncio.get_running_loop().create_task(self._answer(message))

    async def _answer(self, message: Message) -> None:
        named = message.values("x-replay-id")
        plan = self.provider.plans.get(named[0]) if len(named) == 1 else None
        if plan is None:
            self.provider.troubles.append(f"a request that no client sent: {message.first} {named}")
            self.transport.abort()
            return
        self.provider.received[plan.recorded.id].append(message)
        for number, piece in enumerate(pieces(plan)):
            if self.transport.is_closing():
                return
            self.transport.write(piece)
            if len(piece) == 1:
                # Long enough for the gateway to read this byte alone.
                await asyncio.sleep(0.0005)
            elif number % 3 == 2:
                await asyncio.sleep(0)
        if plan.answer.framing == "closed" or plan.answer.cut is not None:
            self.transport.close()


class Client(asyncio.Protocol):
    """One connection to the gateway, used for one exchange after the other."""

    def __init__(self) -> None:
        self.reader = Reader(answers=True)
        self.open = True
        self.waiter: asyncio.Future[Message] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            self._came(self.reader.feed(data))
        except (BrokenFramingError, ValueError) as error:
            self._failed(error)

    def connection_lost(self, error: Exception | None) -> None:
        self.open = False
        try:
            self._came(self.reader.eof())
        except BrokenFramingError as broken:
            self._failed(broken)
        self._failed(error or BrokenFramingError("closed without an answer"))

    def _came(self, message: Message | None) -> None:
        if message is not None and self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(message)

    def _failed(self, error: Exception) -> None:
        self.open = False
        self.transport.abort()
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(error)

    async def send(self, request: Request, host: str) -> Message:
        """Send one request, and wait for its whole answer."""
        self.waiter = asyncio.get_running_loop().create_future()
        self.transport.write(wire(request, host))
        message = await asyncio.wait_for(self.waiter, ONE_EXCHANGE)
        if not message.keeps:
            self.open = False
            self.transport.close()
        return message


def wire(request: Request, host: str) -> bytes:
    """A request's bytes."""
    lines = [f"{request.method} {request.target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    body = request.body
    if body is not None and request.chunked:
        lines.append("Transfer-Encoding: chunked")
        third = len(body) // 3
        parts = [part for part in (body[:third], body[third : third + 1], body[third + 1 :]) if part]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
    elif body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


async def replay(plans: Iterable[Planned], host: str, port: int, at_once: int) -> dict[str, Message | str]:
    """Send every exchange, several at once; the answers by id, or what went wrong instead."""
    waiting = iter(plans)
    answers: dict[str, Message | str] = {}

    async def work() -> None:
        client: Client | None = None
        for plan in waiting:
            if client is None or not client.open:
                loop = asyncio.get_running_loop()
                _, client = await loop.create_connection(Client, host, port)
            try:
                answers[plan.recorded.id] = await client.send(plan.request, f"{host}:{port}")
            except (BrokenFramingError, ValueError, OSError, TimeoutError) as error:
                answers[plan.recorded.id] = f"{type(error).__name__}: {error}"
                client.open = False
                with suppress(OSError):
                    client.transport.abort()

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())
    return answers
