"""Whoever knocks at the admin API is attended to: its sockets are open, its process is started when it is wanted.

The gateway holds the sockets and looks only whether somebody is there. The first to knock waits for half a second while
the process starts, which takes the sockets over; when it has been idle for long it ends, and the gateway looks again.
So a gateway that nobody administers carries nothing of it.
"""

import asyncio
import contextlib
import logging
import os
import socket
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

SOCKET = "admin.sock"
"""In the data folder: whoever can open it is the operator."""
CHANGED, DONE = b"c", b"d"
"""What the process says when it has changed something, and what it hears when that is in force."""
_PATIENCE = 5.0
"""After a process that failed, so long nobody is attended to."""
_SUN_PATH = 100
"""Longer paths can't be bound (unix(7): 108 bytes, less elsewhere)."""


class Attendant:
    """Attends to these sockets until it is closed."""

    def __init__(
        self, sockets: Sequence[socket.socket], command: Sequence[str], changed: Callable[[], Awaitable[None]]
    ) -> None:
        """``command``: starts the process; the numbers of the sockets' descriptors are put behind it. ``changed`` is
        called when the process has changed something, and returns when the gateway goes by it."""
        self._sockets = sockets
        self._command = command
        self._changed = changed
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._look()

    async def close(self) -> None:
        """Nobody is attended to any more."""
        self._look_away()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for one in self._sockets:
            if one.family == socket.AF_UNIX:
                with contextlib.suppress(OSError):
                    os.unlink(one.getsockname())
            one.close()

    def _look(self) -> None:
        for one in self._sockets:
            self._loop.add_reader(one.fileno(), self._knocked)

    def _look_away(self) -> None:
        for one in self._sockets:
            self._loop.remove_reader(one.fileno())

    def _knocked(self) -> None:
        self._look_away()
        self._task = self._loop.create_task(self._attend())

    async def _attend(self) -> None:
        numbers = [one.fileno() for one in self._sockets]
        process = await asyncio.create_subprocess_exec(
            *self._command,
            ",".join(map(str, numbers)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=numbers,
        )
        hearing = self._loop.create_task(self._hear(process))
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            if process.stdin is not None:
                process.stdin.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _PATIENCE)
            if process.returncode is None:
                process.kill()
            raise
        finally:
            hearing.cancel()
        if status:
            log.error("the admin API's process ended with status %d", status)
            self._turn_away()
            await asyncio.sleep(_PATIENCE)
            self._turn_away()
        self._look()

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None or process.stdin is None:
            return
        while told := await process.stdout.read(4096):
            await self._changed()
            process.stdin.write(DONE * len(told))

    def _turn_away(self) -> None:
        """Who has knocked is not left to wait for nobody."""
        for one in self._sockets:
            one.setblocking(False)  # noqa: FBT003 - as the socket has it
            with contextlib.suppress(OSError):
                while True:
                    one.accept()[0].close()


def opened(address: tuple[str, int] | None, folder: Path) -> list[socket.socket]:
    """The sockets of the admin API: the address's, if there is one, and the data folder's; OSError where the address
    can't be bound."""
    sockets: list[socket.socket] = []
    if address is not None:
        host, port = address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        one = socket.socket(family, socket.SOCK_STREAM)
        try:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            one.bind((host, port))
            one.listen(64)
        except OSError:
            one.close()
            raise
        sockets.append(one)
    path = folder / SOCKET
    if len(os.fsencode(path)) <= _SUN_PATH and not _attended(path):
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(stat.S_IRWXG | stat.S_IRWXO)
        try:
            path.unlink(missing_ok=True)
            local.bind(str(path))
        finally:
            os.umask(before)
        local.listen(64)
        sockets.append(local)
    return sockets


def _attended(path: Path) -> bool:
    """Another gateway of this folder holds it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        try:
            one.connect(str(path))
        except OSError:
            return False
    return True
