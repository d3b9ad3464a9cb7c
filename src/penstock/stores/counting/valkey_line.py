"""One connection to a Valkey or Redis server: scripts go out, answers come back in order.

Speaks the four kinds of reply that its scripts give (RESP2: text, error, number, bulk); nested ones never come, since
a script packs what it says into one. Commands of one turn of the event loop leave in one write. Knows no counters.
"""

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from typing import cast

Reply = bytes | int | Exception
Answered = Callable[[Reply], None]


class ServerError(Exception):
    """What the server answered instead of a result."""


class Script:
    """A script's source, and the beginning of the command that runs it."""

    def __init__(self, source: str) -> None:
        self.source = source.encode()
        self.digest = hashlib.sha1(self.source, usedforsecurity=False).hexdigest().encode()

    def command(self, prefix: bytes, *words: bytes, whole: bool = False) -> bytes:
        """By its digest, or ``whole`` for a server that does not have it."""
        if whole:
            return command(b"EVAL", self.source, b"1", prefix, *words)
        return command(b"EVALSHA", self.digest, b"1", prefix, *words)


def command(*words: bytes) -> bytes:
    """As it goes out."""
    return b"*%d\r\n" % len(words) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


class ValkeyLine(asyncio.Protocol):
    """A connection, from its making to its loss."""

    def __init__(self, lost: Callable[["ValkeyLine", str], None]) -> None:
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._pending: deque[Answered] = deque()
        self._out: list[bytes] = []
        self._rest = b""
        self.heard = 0.0
        """Event loop seconds when something came last."""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the event loop."""
        # uvloop's transports do not inherit from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """All that waits for an answer gets none."""
        words = f"the connection broke: {type(exc).__name__}" if exc else "the server closed the connection"
        self._transport = None
        pending, self._pending = self._pending, deque()
        for answered in pending:
            answered(ConnectionError(words))
        self._lost(self, words)

    def send(self, words: bytes, answered: Answered) -> None:
        """``answered`` is called with the reply, or with the error that says why none comes."""
        if self._transport is None:
            answered(ConnectionError("the connection is closed"))
            return
        self._pending.append(answered)
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(words)

    def asked(self, words: bytes) -> asyncio.Future[Reply]:
        """The same, awaited; errors are raised."""
        future: asyncio.Future[Reply] = self._loop.create_future()

        def answered(reply: Reply) -> None:
            if not future.done():
                if isinstance(reply, Exception):
                    future.set_exception(reply)
                else:
                    future.set_result(reply)

        self.send(words, answered)
        return future

    def abort(self) -> None:
        """Ends it at once."""
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        if self._transport is not None and self._out:
            self._transport.write(self._out[0] if len(self._out) == 1 else b"".join(self._out))
        self._out.clear()

    def data_received(self, data: bytes) -> None:
        """As many replies as are whole."""
        self.heard = self._loop.time()
        data = self._rest + data if self._rest else data
        start, size = 0, len(data)
        while start < size:
            end = data.find(b"\r\n", start)
            if end < 0:
                break
            kind, told = data[start], data[start + 1 : end]
            after = end + 2
            reply: Reply
            if kind == 36:  # $
                after += int(told) + 2
                if after > size:
                    break
                reply = data[end + 2 : after - 2]
            elif kind == 58:  # :
                reply = int(told)
            elif kind == 45:  # -
                reply = ServerError(told.decode("utf-8", "replace"))
            elif kind == 43:  # +
                reply = told
            else:
                self.abort()
                return
            start = after
            if not self._pending:
                # Said without being asked: too many connections, for one.
                self.abort()
                return
            self._pending.popleft()(reply)
        self._rest = data[start:]
