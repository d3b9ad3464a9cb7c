"""``penstock`` in processes that begin with everything imported: forks of one that waits for each test process.

To start Python and import a gateway takes four fifths of a gateway's start, half a second of a core, and the tests
start a thousand. What is forked is the same program, from its command line on: arguments, environment, folder, output,
signals and exit code are its own. Tests of starting itself, of command lines and of memory ask for the usual kind.
"""

import atexit
import functools
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

IMPORTED = ("penstock.cli.serve", "penstock.app", "penstock.background.attending", "uvloop")
"""What a gateway needs, directly and by what these import."""
_LONGEST = 256 * 1024


def possible(environment: Mapping[str, str]) -> bool:
    """Whether a fork can stand for a process that is given this: what Python itself reads, it reads at its start."""
    return hasattr(os, "pidfd_open") and not any(name.startswith(("PYTHON", "LD_")) for name in environment)


class Forked:
    """One of them, with what is used of ``subprocess.Popen``."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        output, theirs = os.pipe()
        told, telling = os.pipe()
        order = json.dumps([list(arguments), dict(environment), str(folder)]).encode()
        socket.send_fds(_stem(), [order], [theirs, telling])
        os.close(theirs)
        os.close(telling)
        self.stdout: IO[str] = os.fdopen(output, encoding="utf-8")
        self._told = os.fdopen(told, encoding="ascii")
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code; ``subprocess.TimeoutExpired`` while it runs on. A signal's number is negative."""
        if self.returncode is None:
            if not select.select([self._told], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("penstock", timeout or 0)
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode

    def poll(self) -> int | None:
        """The same, or None at once."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def send_signal(self, number: int) -> None:
        """Nothing where it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@functools.cache
def _stem() -> socket.socket:
    """Where orders go: to a process that ends with this one."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    atexit.register(process.wait)
    atexit.register(mine.close)
    return mine


class BranchError(Exception):
    """Thrown in a fork, so that nothing of its stem is left on the stack."""


def stem(orders: socket.socket) -> None:
    """Fork for each order, tell of each end, until nobody is there to order."""
    selector = selectors.DefaultSelector()
    selector.register(orders, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not orders:
                process, telling = key.data
                selector.unregister(key.fileobj)
                os.close(key.fd)
                code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
                os.write(telling, f"{code}\n".encode())
                os.close(telling)
                continue
            order, descriptors, _, _ = socket.recv_fds(orders, _LONGEST, 2)
            if not order:
                return
            output, telling = descriptors
            process = os.fork()
            if not process:
                os.dup2(output, 1)
                os.dup2(output, 2)
                # Refers to itself, so that it would be closed much later: whatever has its number then, with it.
                selector.close()
                raise BranchError(order)
            os.close(output)
            os.write(telling, f"{process}\n".encode())
            selector.register(os.pidfd_open(process), selectors.EVENT_READ, (process, telling))


def main() -> None:
    """The stem; and in each fork, the program."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in IMPORTED:
        __import__(name)
    try:
        stem(socket.socket(fileno=int(sys.argv[1])))
        return
    except BranchError as branch:
        arguments, environment, folder = json.loads(branch.args[0])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.closerange(3, 4096)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = arguments
    from penstock.cli import main as penstock

    penstock()


if __name__ == "__main__":
    main()
