"""Clients that never stop asking, over connections that they keep; every answer is read whole and every failure kept.

They behave as clients do: a connection that the gateway says it closes is not used again. Nothing is sent twice: what
a gateway drops stands in ``failures``.
"""

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Self

from tests.support.gateway import KEY, Gateway

UNARY = b'{"model":"m","max_tokens":9,"messages":[]}'
STREAM = b'{"model":"m","max_tokens":9,"stream":true,"messages":[]}'


def request(body: bytes, key: str = KEY) -> bytes:
    """A request for a message."""
    head = f"POST /v1/messages HTTP/1.1\r\nhost: gateway\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


@dataclass
class Load:
    """``with Load(gateway, asking=4, streams=10) as load: …``: the streams are read to their end when it closes."""

    gateway: Gateway
    asking: int
    streams: int = 0
    pause: float = 0.0
    statuses: list[int] = field(default_factory=list)
    """Of every whole answer to a request that was no stream."""
    ended: list[bytes] = field(default_factory=list)
    """Each stream's body, chunk sizes and all."""
    failures: list[str] = field(default_factory=list)
    _stop: bool = False

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join(90)
        assert not self._thread.is_alive(), "some client still waits for its answer"

    async def _run(self) -> None:
        await asyncio.gather(
            *(self._noted(self._ask()) for _ in range(self.asking)),
            *(self._noted(self._listen()) for _ in range(self.streams)),
        )

    async def _noted(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (OSError, EOFError, ValueError) as error:
            self.failures.append(repr(error))

    async def _ask(self) -> None:
        while not self._stop:
            reader, writer = await asyncio.open_connection(self.gateway.host, self.gateway.port)
            closing = False
            while not self._stop and not closing:
                writer.write(request(UNARY))
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                await reader.readexactly(length)
                self.statuses.append(int(head.split(b" ", 2)[1]))
                closing = b"connection: close" in head.lower()
                await asyncio.sleep(self.pause)
            writer.close()

    async def _listen(self) -> None:
        reader, writer = await asyncio.open_connection(self.gateway.host, self.gateway.port)
        writer.write(request(STREAM))
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise ValueError(head)
        self.ended.append(await reader.readuntil(b"\r\n0\r\n\r\n"))
        writer.close()
