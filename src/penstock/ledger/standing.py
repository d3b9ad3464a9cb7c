"""What the journal holds at this moment, read without changing anything: for a copy that is to lack nothing.

Processes that live go on writing; a dead one's exchanges that were under way have no end but this. What the database
has already may be among it, because it takes each entry once.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from penstock.core.entry import Entry, Opened
from penstock.ledger.recovery import Killed, by_process, closed, killed


def standing(folder: Path, ending: Killed = killed) -> Iterator[Entry]:
    """The exchanges that are over, as far as journals in ``folder`` tell of them. OSError."""
    for paths in by_process(folder) if folder.is_dir() else ():
        # Looked at first: who dies meanwhile is alive for this once, and its exchanges are not over.
        dead = not any(map(_owned, paths))
        under_way: dict[str, Opened] = {}
        for path in paths:
            yield from closed(_read(path), under_way)
        if dead:
            yield from map(ending, under_way.values())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        # All of it has gone into the database since the folder was listed.
        return b""


def _owned(path: Path) -> bool:
    """Whether a living process holds the segment, or somebody is bringing it in."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        # Shared and let go at once. Whoever wants to take it over just then tries again in a moment.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        with contextlib.suppress(OSError):
            os.close(descriptor)
