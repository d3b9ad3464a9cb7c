"""What a PDF says, asked of a process that is started for it and for nothing else.

A PDF can be made to take all memory, to go on for ever, or to find a bug in what reads it. The process has limits of
time, memory and files, an empty environment and no word of the configuration; whatever becomes of it, the gateway goes
on. It blocks: call it beside the event loop.
"""

import math
import subprocess
import sys
from pathlib import Path

import msgspec

from penstock.core.pages import Pages, Unread

_CHILD = str(Path(__file__).with_name("child.py"))
_WAITED = 2.0
"""Of a machine that has much else to do: so many times the seconds that the process may run."""
_STARTED = 1.0
"""Seconds that may pass until it does."""
_read = msgspec.json.Decoder(Pages).decode


def extract(pdf: bytes, seconds: float) -> Pages:
    """What it says; ``seconds`` of computing at most."""
    command = [sys.executable, "-I", "-W", "ignore", _CHILD, str(math.ceil(seconds))]
    try:
        done = subprocess.run(  # noqa: S603 - nothing of the command comes from outside
            command,
            input=pdf,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            timeout=_STARTED + _WAITED * seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Pages(unread=Unread.LONG)
    except OSError:
        return Pages(unread=Unread.BUSY)
    if done.returncode < 0:
        # The system ended it: out of time, or out of memory.
        return Pages(unread=Unread.LONG)
    try:
        return _read(done.stdout) if done.returncode == 0 else Pages(unread=Unread.DAMAGED)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Pages(unread=Unread.DAMAGED)
