"""The simulator alone: ``penstock simulate`` as a process of its own, a provider whose answers are known."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.command import PENSTOCK, environment

READY = re.compile(r"listening on (http://\S+)")


@contextmanager
def simulated() -> Iterator[str]:
    """Its base URL, for as long as the context is open."""
    command = [*PENSTOCK, "simulate", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(PYTHONUNBUFFERED="1"))
    assert process.stdout is not None
    try:
        found = READY.search(process.stdout.readline())
        assert found is not None, "the simulator did not start"
        yield found[1]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()
