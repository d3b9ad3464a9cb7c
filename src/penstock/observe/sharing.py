"""The numbers of several worker processes as one page, whichever of them is asked.

Each worker writes its own to a small file once a second, in place of the one before; whoever is asked adds the files
up, its own included, so that no counter ever seems to go back. What a worker counted outlives it: its parent adds its
last file to those of the others that are gone. At a new start of the parent all begins anew.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from penstock.observe.metrics import Snapshot

FOLDER = "run"
SECONDS = 1.0
# Gauges of a worker that has not written for so long are not true any more.
FRESH_SECONDS = 5.0

_GONE = "metrics-gone.json"


class SharedFile(msgspec.Struct):
    """A file: the numbers, and the processes that they come from."""

    pids: list[int]
    at: float
    snapshot: Snapshot


_decode = msgspec.json.Decoder(SharedFile).decode


class Sharing:
    """The files of one data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / FOLDER

    def begin(self) -> None:
        """Forget what an earlier parent's workers counted."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self._folder.glob("metrics-*"):
            path.unlink(missing_ok=True)

    def write(self, snapshot: Snapshot) -> None:
        """This process's numbers. Where the disk refuses them, the last ones stand."""
        with contextlib.suppress(OSError):
            self._store(f"metrics-{os.getpid()}.json", SharedFile([os.getpid()], time.time(), snapshot))

    def fold(self, pid: int) -> None:
        """A worker is gone: what it counted is added to what the others counted that are gone."""
        path = self._folder / f"metrics-{pid}.json"
        last = _read(path)
        if last is None:
            return
        gone = _read(self._folder / _GONE) or SharedFile([], 0, Snapshot([], []))
        # Only the last ones: who reads the folder in this moment must not count the same process twice.
        pids = [*gone.pids, pid][-1000:]
        last.snapshot.gauges = {}
        with contextlib.suppress(OSError):
            self._store(_GONE, SharedFile(pids, time.time(), gone.snapshot.add(last.snapshot)))
            path.unlink(missing_ok=True)

    def all(self) -> Snapshot:
        """The numbers of all workers since the parent began."""
        # The living first: one that is folded meanwhile is then found twice and counted once, never missed.
        found = list(self._living())
        gone = _read(self._folder / _GONE) or SharedFile([], 0, Snapshot([], []))
        together = gone.snapshot
        for kept in found:
            if not set(kept.pids) & set(gone.pids):
                if time.time() - kept.at > FRESH_SECONDS:
                    kept.snapshot.gauges = {}
                together = together.add(kept.snapshot)
        return together

    def _living(self) -> Iterator[SharedFile]:
        for path in sorted(self._folder.glob("metrics-[0-9]*.json")):
            kept = _read(path)
            if kept is not None:
                yield kept

    def _store(self, name: str, kept: SharedFile) -> None:
        whole = self._folder / f"{name}.{os.getpid()}.new"
        whole.write_bytes(msgspec.json.encode(kept))
        whole.replace(self._folder / name)


def _read(path: Path) -> SharedFile | None:
    try:
        return _decode(path.read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
