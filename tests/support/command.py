"""The command line as it is met: in this process for variations, as a process of its own in a pipe or on a terminal."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from click.testing import CliRunner, Result

from penstock.cli import main

PENSTOCK = (sys.executable, "-m", "penstock")


def invoke(*arguments: str, env: Mapping[str, str | None] | None = None) -> Result:
    """A command in this process, in the current folder, without a terminal."""
    found = CliRunner().invoke(main, arguments, env=dict(env or {}))
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


def environment(**more: str) -> dict[str, str]:
    """Nothing but what a process needs, and ``more``."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | more


def piped(*arguments: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """A command as a process, its output in a pipe."""
    return subprocess.run(
        [*PENSTOCK, *arguments], capture_output=True, text=True, timeout=120, cwd=folder, env=environment(**more)
    )


def on_terminal(*arguments: str, folder: Path, typed: str = "", width: int = 120, **more: str) -> tuple[int, str]:
    """A command as a process on a pseudo-terminal: its exit code, and all that the terminal showed."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*PENSTOCK, *arguments],
        stdin=follower, stdout=follower, stderr=follower, cwd=folder, close_fds=True, start_new_session=True,
        env=environment(**{"TERM": "xterm-256color", "COLUMNS": str(width), **more}),
    )  # fmt: skip
    os.close(follower)
    if typed:
        os.write(leader, typed.encode())
    shown, until = b"", time.monotonic() + 30
    while time.monotonic() < until:
        if select.select([leader], [], [], 0.2)[0]:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                # Linux says so when the last holder of the other side is gone.
                break
            if not piece:
                break
            shown += piece
        elif process.poll() is not None:
            break
    os.close(leader)
    return process.wait(10), shown.decode()
