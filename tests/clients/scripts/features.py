"""Runs in a client's own environment: every feature of a script against every target, one printed JSON line each.

After each line it waits for one on standard input, so that the test knows which requests belong to which feature.
Standard library only; the two SDK generations share each script.
"""

import json
import os
import sys
import time
from collections.abc import Callable

FEATURES = {}
CLIENTS = {}

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"
PDF = (
    "JVBERi0xLjEKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqIDIgMCBvYmo8PC9UeXBlL1BhZ2Vz"
    "L0tpZHNbXS9Db3VudCAwPj5lbmRvYmoKdHJhaWxlcjw8L1Jvb3QgMSAwIFI+PgolJUVPRgo="
)


def feature(function: Callable) -> Callable:
    """Register a feature under its function's name."""
    FEATURES[function.__name__] = function
    return function


def kept(make: Callable, target: dict, **changes: object) -> object:
    """One client for each target, key and option, as a program has it: making one is slow, and connections are kept."""
    wanted = (target["name"], target["key"], *sorted(changes.items()))
    if wanted not in CLIENTS:
        CLIENTS[wanted] = make(target, **changes)
    return CLIENTS[wanted]


def cancelled(begin: Callable[[], object]) -> list:
    """Three times: read two events of a stream that would go on for long, close it, and tell when."""
    told = []
    for _ in range(3):
        stream = begin()
        for _ in range(2):
            next(stream)
        told.append(time.monotonic())
        stream.close()
    return told


def abandoned(call: Callable[[], object]) -> list:
    """Three times: wait for a whole answer for less long than it takes, and tell when that was given up."""
    told = []
    for _ in range(3):
        try:
            call()
        except Exception as raised:
            told.append(time.monotonic())
            if "time" not in f"{type(raised).__name__} {raised}".lower():
                raise
    return told


def main() -> None:
    for target in json.loads(os.environ["PENSTOCK_TEST_TARGETS"]):
        for name, function in FEATURES.items():
            if name not in target["features"]:
                continue
            try:
                printed = function(target)
            except Exception as raised:  # noqa: BLE001 (whatever went wrong is what the test must show)
                printed = {"unexpected": f"{type(raised).__name__}: {raised}"}
            print(json.dumps({"target": target["name"], "feature": name, "printed": printed}), flush=True)
            sys.stdin.readline()
