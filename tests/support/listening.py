"""What servers of the tests' own share: a thread with an event loop, a free port, and connections that end with it."""

import asyncio
import ssl
import threading
from typing import Self


class Listening:
    """Use as a context manager. A subclass says what becomes of a connection."""

    host: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None
    port: int

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, from its beginning to its end."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        if not started.wait(10):
            raise RuntimeError(f"{type(self).__name__} did not start")
        return self

    def __exit__(self, kind: type[BaseException] | None = None, *_: object) -> None:
        del kind
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(10)

    def part(self) -> None:
        """End all connections, and go on listening."""
        asyncio.run_coroutine_threadsafe(self._part(), self._loop).result(10)

    async def _part(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main(started))
        self._loop.close()

    async def _main(self, started: threading.Event) -> None:
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._accept, self.host, 0, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stopping.wait()
        server.close()
        await self._part()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.attend(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
