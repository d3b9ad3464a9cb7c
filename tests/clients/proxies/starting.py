"""Starts a proxy and waits until it listens; a test skips, and says so, where there is none."""

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.clients import debian


@contextlib.contextmanager
def listening(name: str, arguments: Callable[[int], Sequence[str]], said: Path) -> Iterator[int]:
    """The port that a program listens on; ``arguments`` are made for it, and what it prints goes into ``said``."""
    program = debian.find(name)
    if program is None:
        pytest.skip(f"skipped: {name} is not installed; python3 tests/clients/install.py gets nginx and HAProxy")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with said.open("wb") as output:
        process = subprocess.Popen(
            [program, *arguments(port)], stdout=output, stderr=subprocess.STDOUT, env=debian.environment()
        )
    try:
        _wait(port, process, said)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: "subprocess.Popen[bytes]", said: Path) -> None:
    ends = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < ends, said.read_text()
        time.sleep(0.02)
