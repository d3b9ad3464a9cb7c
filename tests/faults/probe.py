"""What a running gateway holds: tasks and objects as its own interpreter counts them, descriptors, memory.

The interpreter is asked by a signal, which a ``sitecustomize`` makes it answer; nothing of ours is patched.
"""

import contextlib
import os
import signal
from collections import Counter
from pathlib import Path

from tests.support.waiting import until

_SITE = """
import asyncio, collections, gc, os, signal

COUNTED = {"Connection", "UpstreamConnection", "Relay", "Incoming", "Exchange", "RequestReader", "Upload", "Holding"}

def tell(*_):
    gc.collect()
    found = collections.Counter(
        type(one).__name__ for one in gc.get_objects()
        if type(one).__name__ in COUNTED and type(one).__module__.startswith("penstock.")
    )
    found["Task"] = len(asyncio.all_tasks(asyncio.get_running_loop()))
    path = os.environ["PROBE"]
    with open(path + ".new", "w") as file:
        file.write(" ".join(f"{name}={count}" for name, count in found.items()))
    os.rename(path + ".new", path)

signal.signal(signal.SIGUSR1, tell)
"""


class Probe:
    """``environment`` is for the gateway's process."""

    def __init__(self, folder: Path) -> None:
        site = folder / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(_SITE)
        self._path = folder / "probe"
        self.environment = {"PYTHONPATH": str(site), "PROBE": str(self._path)}

    def objects(self, pid: int) -> Counter[str]:
        """How many there are of each kind, tasks among them."""
        self._path.unlink(missing_ok=True)
        os.kill(pid, signal.SIGUSR1)
        until(self._path.exists, 30)
        pairs = (pair.split("=") for pair in self._path.read_text().split())
        return Counter({name: int(count) for name, count in pairs})


def descriptors(pid: int) -> Counter[str]:
    """What is open: sockets together, files by their kind, as a journal goes on in new ones."""
    found: Counter[str] = Counter()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            target = path.readlink()
            found[target.suffix or target.name.partition(":")[0]] += 1
    return found


def memory(pid: int) -> int:
    """Bytes that the process has in use."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
