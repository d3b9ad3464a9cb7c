"""What the bench reads from the kernel."""

import os
import subprocess
import sys
import time

import pytest

from bench import procfs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")

BURN = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"


def test_stat_line_with_brackets_and_spaces_in_its_name() -> None:
    """A process may call itself anything; the fields stand after the last bracket."""
    line = "4242 (a (b) c) S 17 4242 4242 0 -1 4194304 100 0 0 0 11 22 3 4 20 0 1 0 12345 1000 200"
    assert procfs.parse_stat(line) == procfs.Stat(pid=4242, parent=17, ticks=11 + 22 + 3 + 4)


def test_time_of_a_child_counts_while_it_lives() -> None:
    """A gateway's worker is part of the gateway."""
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BURN!r}]); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE) as parent:
        before = procfs.spent(parent.pid)
        deadline = time.monotonic() + 30
        while procfs.spent(parent.pid).since(before) < 0.2 and time.monotonic() < deadline:
            time.sleep(0.02)
        used = procfs.spent(parent.pid).since(before)
        assert parent.stdin is not None
        parent.stdin.close()
    assert 0.2 <= used < 2


def test_a_process_that_sleeps_costs_nothing() -> None:
    """Waiting is not processor time."""
    with subprocess.Popen([sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        before = procfs.spent(child.pid)
        time.sleep(0.2)
        assert procfs.spent(child.pid).since(before) < 0.1
        assert [stat.pid for stat in procfs.tree(child.pid)] == [child.pid]
        child.stdin.close()
    assert procfs.tree(child.pid) == []


def test_memory_of_this_process() -> None:
    """Resident memory is more than nothing and no more than its own peak."""
    assert 1_000_000 < procfs.resident(os.getpid()) <= procfs.peak(os.getpid())
