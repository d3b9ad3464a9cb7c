"""Starts a client as a script would: no terminal, a home and a working folder of its own, and no way out but loopback.

Whatever honours a proxy variable and wants to leave the machine is sent to ``outside``, a server that refuses; a test
then says that nobody asked. (Programs that ignore proxy variables are held only by a network namespace around the run.)
"""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.provider import Provider


@dataclass(frozen=True)
class Finished:
    """What a client left behind."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """The folders of one run, and the server that stands where the outside world would be."""

    home: Path
    work: Path
    outside: Provider

    def environment(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Nothing inherited but the search path."""
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "HTTP_PROXY": self.outside.base_url,
            "HTTPS_PROXY": self.outside.base_url,
            "NO_PROXY": "127.0.0.1,localhost",
            **extra,
        }

    @contextmanager
    def started(self, words: Sequence[str], extra: Mapping[str, str]) -> "Iterator[subprocess.Popen[str]]":
        """The client while it runs; whatever it started ends with the block."""
        process = subprocess.Popen(
            words,
            cwd=self.work,
            env=self.environment(extra),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                end_session(process)

    def run(self, words: Sequence[str], extra: Mapping[str, str], timeout: float = 30) -> Finished:
        """Run to the end."""
        with self.started(words, extra) as process:
            out, err = process.communicate(timeout=timeout)
            return Finished(process.returncode, out, err)


def interrupt(process: "subprocess.Popen[str]", ending: signal.Signals) -> None:
    """As a terminal does it, to the whole session: Gemini CLI works in a child of the process that was started."""
    os.killpg(process.pid, ending)


def end_session(process: "subprocess.Popen[str]") -> None:
    """A client that hangs has children that hold its pipes: the whole session goes."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
