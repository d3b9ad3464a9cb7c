"""What the kernel says of a process and its descendants: processor time, memory, open files. Linux only.

Processor time comes from ``schedstat`` (nanoseconds on a processor, user and system together) and is checked against
the ticks of ``stat``, which also count threads and children that have ended.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stat:
    """The fields of ``/proc/PID/stat`` that matter here."""

    pid: int
    parent: int
    ticks: int
    """User and system time, with that of children that were waited for."""


def parse_stat(line: str) -> Stat:
    """One line of ``/proc/PID/stat``; the name in it may hold spaces and brackets."""
    head, _, rest = line.rpartition(")")
    fields = rest.split()
    return Stat(int(head.partition(" ")[0]), int(fields[1]), sum(int(field) for field in fields[11:15]))


def _stats() -> Iterator[Stat]:
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                yield parse_stat((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue


def tree(root: int) -> list[Stat]:
    """The process and its living descendants, root first; empty when it is gone."""
    stats = list(_stats())
    by_parent: dict[int, list[Stat]] = {}
    for stat in stats:
        by_parent.setdefault(stat.parent, []).append(stat)
    found = [stat for stat in stats if stat.pid == root]
    for stat in found:
        found.extend(by_parent.get(stat.pid, []))
    return found


def _run_nanoseconds(pid: int) -> int:
    total = 0
    try:
        for task in (PROC / str(pid) / "task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return total


@dataclass(frozen=True)
class Spent:
    """Processor seconds of a process tree up to a moment."""

    fine: float
    coarse: float

    def since(self, before: "Spent") -> float:
        """The seconds between two moments."""
        fine, coarse = self.fine - before.fine, self.coarse - before.coarse
        # A tick's rounding is at most one per process; more than that is time of threads or children that ended.
        return coarse if coarse - fine > 0.05 else fine


def spent(root: int) -> Spent:
    """Processor time of the process tree so far."""
    processes = tree(root)
    fine = sum(_run_nanoseconds(stat.pid) for stat in processes) / 1e9
    return Spent(fine, sum(stat.ticks for stat in processes) * TICK)


def busy_seconds() -> float:
    """Processor time that the whole machine has used so far, other than waiting."""
    fields = [int(field) for field in (PROC / "stat").read_text().split("\n", 1)[0].split()[1:9]]
    idle, waiting = fields[3], fields[4]
    return (sum(fields) - idle - waiting) * TICK


def resident(pid: int) -> int:
    """Bytes of a process that are in memory now, shared ones included."""
    return _status_kilobytes(pid, "VmRSS:") * 1024


def peak(pid: int) -> int:
    """The most that ``resident`` has been."""
    return _status_kilobytes(pid, "VmHWM:") * 1024


def _status_kilobytes(pid: int, name: str) -> int:
    try:
        lines = (PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)


def largest(root: int) -> int:
    """The process of the tree that holds most memory: where the data is moved, whatever stands around it."""
    return max((stat.pid for stat in tree(root)), key=resident, default=root)
