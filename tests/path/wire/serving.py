"""A Listener in a thread of its own, with a handler that does what the path says, and a note of all that went wrong."""

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Self

import uvloop

from penstock.core.exchange import Answer
from penstock.core.fault import Fault, FaultError
from penstock.core.head import Header, RequestHead
from penstock.wire.incoming import Incoming
from penstock.wire.limits import Limits
from penstock.wire.listener import Listener

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "uvloop": uvloop.new_event_loop,
    "asyncio": asyncio.SelectorEventLoop,
}


class Served:
    """``with Served() as served: RawClient(*served.address)``."""

    def __init__(self, loop: str = "uvloop", *, tls: ssl.SSLContext | None = None, **limits: float) -> None:
        self._loop_name = loop
        self._tls = tls
        self._limits = Limits(**limits)  # type: ignore[arg-type]
        self.requests: list[str] = []
        """Method, target and body of each request that the handler took whole."""
        self.begun: list[str] = []
        """The target of each request that came to the handler."""
        self.left: list[float] = []
        """When a handler learnt that its client had gone, by time.perf_counter()."""
        self.trouble: list[str] = []
        """Everything that was logged, and every exception that nobody caught."""
        self.flow: list[str] = []
        """Each pause and resume of a source."""

    def __enter__(self) -> Self:
        self.loop = LOOPS[self._loop_name]()
        self.loop.set_exception_handler(lambda _, context: self.trouble.append(str(context)))
        self._log = _Log(self.trouble)
        logging.getLogger().addHandler(self._log)
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.address: tuple[str, int] = self.run(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.listener.close(0))
        self.run(asyncio.sleep(0.01))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
        logging.getLogger().removeHandler(self._log)

    def run(self, coroutine: Any) -> Any:
        """The result of a coroutine that runs in the listener's loop."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    async def _start(self) -> tuple[str, int]:
        self.listener = Listener(self._handle, _refusal, limits=self._limits, tls=self._tls)
        return await self.listener.start("127.0.0.1", 0)

    async def _handle(self, incoming: Incoming) -> None:
        self.begun.append(incoming.head.target.decode("latin-1"))
        _, verb, *rest = incoming.head.path.decode("latin-1").split("/")
        act: Callable[..., Awaitable[None]] = getattr(self, f"do_{verb}", self.do_echo)
        try:
            await act(incoming, *rest)
        except FaultError as error:
            status, headers, body = _refusal(error.fault, incoming.head)
            incoming.reply(Answer(status, tuple(headers), body))
        except asyncio.CancelledError:
            self.left.append(time.perf_counter())
            raise

    def _note(self, incoming: Incoming, body: bytes) -> bytes:
        said = f"{incoming.head.method} {incoming.head.target.decode('latin-1')} {body.decode('latin-1')}"
        self.requests.append(said)
        return said.encode("latin-1")

    async def do_echo(self, incoming: Incoming, *_: str) -> None:
        """Reads the body and says what came."""
        said = self._note(incoming, await incoming.body(100_000))
        incoming.reply(Answer(200, ((b"content-type", b"text/plain"),), said))

    async def do_slow(self, incoming: Incoming, seconds: str) -> None:
        """The same, after a while."""
        body = await incoming.body(100_000)
        await asyncio.sleep(float(seconds))
        incoming.reply(Answer(200, (), self._note(incoming, body)))

    async def do_late(self, incoming: Incoming, seconds: str) -> None:
        """Takes its time before it asks for the body."""
        await asyncio.sleep(float(seconds))
        await self.do_echo(incoming)

    async def do_refuse(self, incoming: Incoming, *_: str) -> None:
        """Answers without a look at the body."""
        self._note(incoming, b"")
        incoming.reply(Answer(401, (), b"no"))

    async def do_sink(self, incoming: Incoming, *_: str) -> None:
        """Lets the body stream through."""
        sink = _Sink()
        incoming.stream_body(sink, 1 << 30)
        size = await sink.done
        incoming.reply(Answer(200, (), b"%d" % size))

    async def do_pieces(self, incoming: Incoming, *pieces: str) -> None:
        """A body without a length, piece by piece."""
        self._note(incoming, await incoming.body(100_000))
        incoming.answer(200, ())
        for piece in pieces:
            incoming.write(piece.encode())
            await asyncio.sleep(0.001)
        incoming.end()

    async def do_status(self, incoming: Incoming, status: str, *_: str) -> None:
        """An answer of this status."""
        incoming.reply(Answer(int(status), (), b"" if status in {"204", "304"} else b"body"))

    async def do_broken(self, incoming: Incoming, *_: str) -> None:
        """A body without a length that is broken off."""
        incoming.answer(200, ())
        incoming.write(b"half")
        await asyncio.sleep(0.05)
        incoming.abort()

    async def do_forever(self, incoming: Incoming, *_: str) -> None:
        """Never answers."""
        await asyncio.Event().wait()

    async def do_flood(self, incoming: Incoming, size: str) -> None:
        """So many bytes, no faster than they are read."""
        flood = _Flood(incoming, int(size), self.flow)
        incoming.answer(200, (), length=int(size))
        await flood.run()
        incoming.end()

    async def do_bug(self, incoming: Incoming, *_: str) -> None:
        """A handler that forgets to answer."""


class _Sink:
    def __init__(self) -> None:
        self.size = 0
        self.done: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def write(self, data: bytes) -> None:
        self.size += len(data)

    def end(self) -> None:
        self.done.set_result(self.size)

    def fail(self, error: FaultError) -> None:
        self.done.set_exception(error)


class _Flood:
    """A Source."""

    def __init__(self, incoming: Incoming, left: int, flow: list[str]) -> None:
        self._incoming = incoming
        self._left = left
        self._flow = flow
        self._moving = asyncio.Event()
        self._moving.set()

    async def run(self) -> None:
        self._incoming.source = self
        try:
            while self._left:
                await self._moving.wait()
                piece = b"x" * min(self._left, 65536)
                self._left -= len(piece)
                self._incoming.write(piece)
                await asyncio.sleep(0)
        finally:
            self._incoming.source = None

    def pause(self) -> None:
        self._flow.append("pause")
        self._moving.clear()

    def resume(self) -> None:
        self._flow.append("resume")
        self._moving.set()


class _Log(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


def _refusal(fault: Fault, head: RequestHead | None) -> tuple[int, list[Header], bytes]:
    where = "nowhere" if head is None else head.target.decode("latin-1")
    return fault.status, [(b"content-type", b"text/plain")], f"{fault.kind.label} {where}".encode()
