"""Commands of the gateway's own that it has carried out beside itself: each by a process of its own, at the lowest
priority, for such work holds Python's lock and a lot of memory. Part of the composition root.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from penstock.core.books import BooksError
from penstock.stores.filling import Filling

log = logging.getLogger(__name__)

FIRST_SECONDS, PERIOD_SECONDS = 120.0, 3600.0
SOON_SECONDS = 5.0
PRUNING = "old exchanges could not be taken out of the books"
SUMMING = "sums that are missing could not be made"
_POLL_SECONDS = 0.2
_LOWEST_PRIORITY = 19
_SAID_LINES = 4


class Chore:
    """Has something done now and then, where it is wanted, until it is closed."""

    def __init__(
        self,
        wanted: Callable[[], bool],
        command: Sequence[str],
        failed: str,
        *,
        first: float = FIRST_SECONDS,
        period: float = PERIOD_SECONDS,
    ) -> None:
        """``wanted`` is asked each time; ``command`` does it; ``failed``: what is said where it could not."""
        self._wanted = wanted
        self._command = command
        self._failed = failed
        self._period = period
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(first,), name="chore", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop, also in the middle: what has not gone will go another time."""
        self._ending.set()
        self._thread.join()

    def _run(self, wait: float) -> None:
        while not self._ending.wait(wait):
            trouble = carried_out(self._command, self._ending) if self._wanted() else ""
            if trouble:
                log.warning("%s, it will be tried again: %s", self._failed, trouble)
            wait = self._period


def sums_missing(engine: Engine) -> bool:
    """Whether the books lack some of the sums that reports of all keys read. Who can't look will look again."""
    try:
        return bool(Filling(engine).missing())
    except BooksError:
        return False


def command(*words: str, config: Path | None) -> Sequence[str]:
    """``penstock`` with these words, for a gateway that runs with this configuration file."""
    return [sys.executable, "-m", "penstock", *words, *([] if config is None else ["--config", str(config)])]


def carried_out(command: Sequence[str], ending: threading.Event) -> str:
    """Waits for the command's end; its words where it failed, nothing where it did not or where ``ending`` was set."""
    process = subprocess.Popen(  # noqa: S603 - this interpreter, with arguments of our own
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # A terminal's Ctrl-C is for the gateway, which tells its children in its own way.
        start_new_session=True,
    )
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _LOWEST_PRIORITY)
    while True:
        try:
            said = process.communicate(timeout=_POLL_SECONDS)[1]
        except subprocess.TimeoutExpired:
            if ending.is_set():
                process.kill()
        else:
            break
    if not process.returncode or ending.is_set():
        return ""
    lines = said.decode(errors="replace").split("\n")[-_SAID_LINES:]
    return legible(" ".join(" ".join(lines).split())) or f"exit code {process.returncode}"


def legible(text: str) -> str:
    """Models are named by clients: no line of the log may end in one."""
    return "".join(letter if letter.isprintable() else "·" for letter in text)
