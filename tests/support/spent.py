"""What a process spent while somebody waited for it: to tell a slow gateway from a busy machine."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")


def cpu_seconds(pid: int) -> float:
    """The CPU time of its threads: the first field of schedstat, in nanoseconds (Linux, sched-stats.rst)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
        except (FileNotFoundError, ProcessLookupError):
            # A thread that has ended meanwhile.
            continue
    return total / 1e9


def held_up(pid: int, wait: Callable[[], Answer]) -> tuple[Answer, float]:
    """What we waited for, and how long the process itself worked meanwhile, on this or on anything else. Whoever waits
    longer than that waits for the machine."""
    before, began = cpu_seconds(pid), time.perf_counter()
    answer = wait()
    return answer, min(cpu_seconds(pid) - before, time.perf_counter() - began)
