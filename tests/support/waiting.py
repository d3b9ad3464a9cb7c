"""Waiting for what is to become true, with a limit that only a mistake reaches."""

import time
from collections.abc import Callable


def until(true: Callable[[], object], seconds: float = 30.0, what: str = "") -> float:
    """How long it takes."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < seconds, f"not within {seconds} s{what and f': {what}'}"
        time.sleep(0.01)
    return time.monotonic() - began
