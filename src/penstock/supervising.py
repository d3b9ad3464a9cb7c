"""The parent of several workers on one address: starts them, replaces them, and stops them; it serves nothing itself.

It holds the listening sockets, one set for each worker, so that a connection which waits while its worker is replaced
is not lost. Workers are fresh interpreters, told by inherited descriptors where to accept. Each has a link to its
parent: on it the worker says that it accepts, the parent that a successor does; where it breaks, one of them has died.
"""

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

READY, SUCCEEDED, LOOK, LOOKED = b"r", b"s", b"l", b"k"
LOOK_SECONDS = 2.0
START_SECONDS = 60.0
# Before a worker that died is started again: the first time, at most, and how long one must live to be forgiven.
PATIENCE, PATIENCE_MOST, FORGIVEN = 0.1, 10.0, 30.0


class WorkerFailedError(RuntimeError):
    """A worker could not start."""


@dataclass(eq=False)
class Worker:
    """One process, and this side's end of the link to it."""

    slot: int
    process: asyncio.subprocess.Process
    link: socket.socket
    began: float
    told: bool = False
    """It has been told to stop, or that another has taken its place."""

    def signal(self, number: int) -> None:
        """Send it a signal, if it still lives."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)


@dataclass
class Supervisor:
    """Keeps one worker for each set of sockets."""

    command: Sequence[str]
    """Starts a worker, with its slot and descriptors as last argument."""
    sets: Sequence[Sequence[socket.socket]]
    before_restart: Callable[[], None]
    """Called before workers are replaced; what it raises as WorkerFailedError forbids it."""
    gone: Callable[[int], None]
    """Told the process id of each worker that has ended."""
    _slots: dict[int, Worker] = field(default_factory=dict)
    _alive: set[Worker] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: bool = False
    _restarting: bool = False
    _patience: dict[int, float] = field(default_factory=dict)

    async def start(self) -> None:
        """Start all workers; WorkerFailedError when one of them cannot."""
        workers = await asyncio.gather(*(self._start(slot) for slot in range(len(self.sets))), return_exceptions=True)
        for found in workers:
            if isinstance(found, BaseException):
                await self.stop()
                raise found
            self._take_in(found)

    def reload(self) -> None:
        """All workers read their configuration again."""
        # Only those that are ready: before that a worker has no ear for the signal, and would die of it.
        for worker in self._slots.values():
            worker.signal(signal.SIGHUP)

    def restart(self) -> None:
        """Replace all workers, one after the other, without losing a request."""
        if not self._restarting:
            self._restarting = True
            self._spawn(self._restart())

    async def look(self) -> None:
        """All workers take over now what was changed in the database; returns when they have, or don't say so in
        time."""
        await asyncio.gather(*(self._asked_to_look(worker) for worker in self._slots.values()))

    async def _asked_to_look(self, worker: Worker) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await loop.sock_sendall(worker.link, LOOK)
                await loop.sock_recv(worker.link, 1)

    async def stop(self) -> None:
        """Let all workers end their running answers; returns when they have."""
        self._stopping = True
        for worker in self._alive:
            worker.told = True
            worker.signal(signal.SIGTERM)
        for sockets in self.sets:
            for one in sockets:
                one.close()
        while self._alive:
            await asyncio.gather(*(worker.process.wait() for worker in list(self._alive)))
            await asyncio.sleep(0)
        for task in list(self._tasks):
            task.cancel()

    def kill(self) -> None:
        """End all workers at once."""
        for worker in self._alive:
            worker.signal(signal.SIGKILL)

    async def _start(self, slot: int) -> Worker:
        """A worker that accepts."""
        if self._stopping:
            raise WorkerFailedError("the gateway is stopping")
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)  # noqa: FBT003 - as the standard library has it
        with theirs:
            descriptors = [one.fileno() for one in self.sets[slot]]
            told = f"{slot}:{theirs.fileno()}:{','.join(map(str, descriptors))}"
            process = await asyncio.create_subprocess_exec(
                *self.command,
                told,
                pass_fds=[*descriptors, theirs.fileno()],
                # A terminal's Ctrl-C is for the parent, which tells its workers in its own way.
                start_new_session=True,
                stdin=asyncio.subprocess.DEVNULL,
            )
        worker = Worker(slot, process, ours, loop.time())
        self._alive.add(worker)
        self._spawn(self._watch(worker))
        try:
            async with asyncio.timeout(START_SECONDS):
                accepting = await loop.sock_recv(ours, 1) == READY
        except (TimeoutError, ConnectionError):
            accepting = False
        if not accepting:
            worker.told = True
            worker.signal(signal.SIGKILL)
            raise WorkerFailedError(f"worker {slot} did not start")
        return worker

    def _take_in(self, worker: Worker) -> None:
        before = self._slots.get(worker.slot)
        self._slots[worker.slot] = worker
        if self._stopping:
            worker.told = True
            worker.signal(signal.SIGTERM)
        if before is not None and before in self._alive:
            before.told = True
            with contextlib.suppress(OSError):
                before.link.send(SUCCEEDED)

    async def _watch(self, worker: Worker) -> None:
        code = await worker.process.wait()
        self._alive.discard(worker)
        worker.link.close()
        self.gone(worker.process.pid)
        if not worker.told and not self._stopping and self._slots.get(worker.slot) is worker:
            await self._again(worker, code)

    async def _again(self, dead: Worker, code: int) -> None:
        """Another worker in the place of one that died."""
        slot = dead.slot
        if asyncio.get_running_loop().time() - dead.began > FORGIVEN:
            self._patience.pop(slot, None)
        while not self._stopping and self._slots[slot] is dead:
            patience = self._patience.get(slot, PATIENCE)
            self._patience[slot] = min(patience * 2, PATIENCE_MOST)
            log.error("worker %d ended (%s); another starts in %g s", slot, _words(code), patience)
            await asyncio.sleep(patience)
            try:
                worker = await self._start(slot)
            except (WorkerFailedError, OSError) as error:
                log.error("%s", error)
                continue
            if self._slots[slot] is dead:
                self._take_in(worker)
            else:
                worker.told = True
                worker.signal(signal.SIGTERM)

    async def _restart(self) -> None:
        try:
            self.before_restart()
            for slot in range(len(self.sets)):
                self._take_in(await self._start(slot))
            log.info("all workers have been replaced")
        except (WorkerFailedError, OSError) as error:
            log.error("the restart was given up, workers that were not replaced go on: %s", error)
        finally:
            self._restarting = False

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Link:
    """A worker's end of the link to its parent."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)  # noqa: FBT003 - as the standard library has it

    def ready(self) -> None:
        """Tell the parent that this worker accepts."""
        with contextlib.suppress(OSError):
            self._socket.send(READY)

    async def heard(self, look: Callable[[], Awaitable[None]]) -> bool:
        """Waits for the parent's last word. True: a successor accepts; False: the parent is gone. ``look`` takes over
        what was changed, whenever the parent says so."""
        loop = asyncio.get_running_loop()
        try:
            while (word := await loop.sock_recv(self._socket, 1)) == LOOK:
                await look()
                await loop.sock_sendall(self._socket, LOOKED)
        except OSError:
            return False
        return word == SUCCEEDED


def told(text: str) -> tuple[int, Link, list[int]]:
    """What the last argument of a worker's command says: its slot, its link, and where to accept."""
    slot, link, descriptors = text.split(":")
    return int(slot), Link(int(link)), [int(one) for one in descriptors.split(",")]


def _words(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"
