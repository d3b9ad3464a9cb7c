"""A process that serves keeps what a large body took, for the next one."""

import os
import subprocess
import sys

import pytest

BODIES, BYTES, PAGE = 60, 1_000_000, 4096

SCRIPT = f"""
import resource
from penstock.cli.serve import keep_memory
keep_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def body():
    return bytearray(b"x") * {BYTES}
body(), body()
before = faults()
for _ in range({BODIES}):
    body()
print(faults() - before)
"""


def _is_glibc() -> bool:
    try:
        return bool(os.confstr("CS_GNU_LIBC_VERSION"))
    except ValueError:
        return False


def faults(**environment: str) -> int:
    """Pages that the kernel had to give for bodies that came one after the other."""
    given = {**os.environ, **environment}
    return int(subprocess.run([sys.executable, "-c", SCRIPT], env=given, capture_output=True, check=True).stdout)


@pytest.mark.skipif(not _is_glibc(), reason="another C library has its own ways")
def test_pages_are_used_again() -> None:
    """Else each body costs as many page faults as it has pages; an operator's own settings are left alone."""
    pages = BODIES * BYTES // PAGE
    assert faults() < pages / 10
    assert faults(MALLOC_TRIM_THRESHOLD_="1", MALLOC_MMAP_THRESHOLD_="65536") > pages / 2
