"""Runs one client's feature script as a process, and pairs each line that it prints with what a provider received."""

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.provider import Provider, Received

Script = Sequence[str | Path]


@dataclass(frozen=True)
class Target:
    """Where a client is pointed, and as whom: what a user changes, and nothing else."""

    name: str
    base_url: str
    key: str
    features: Sequence[str]
    headers: Mapping[str, str]
    model: str | None = None

    def described(self) -> dict[str, Any]:
        told = {"name": self.name, "base_url": self.base_url, "key": self.key, "headers": dict(self.headers)}
        model = {"model": self.model} if self.model else {}
        return {**told, **model, "features": list(self.features)}


@dataclass(frozen=True)
class Outcome:
    """What a client printed of a feature, what the provider received, and when it saw a stream being left."""

    printed: Any
    received: Sequence[Received]
    left: Sequence[float]


def run(script: Script, targets: Sequence[Target], provider: Provider, home: Path) -> dict[tuple[str, str], Outcome]:
    """Every feature against every target: (target, feature) to outcome."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PENSTOCK_TEST_TARGETS": json.dumps([target.described() for target in targets]),
    }
    complaints = home / "stderr.txt"
    outcomes: dict[tuple[str, str], Outcome] = {}
    with (
        complaints.open("w") as stderr,
        subprocess.Popen(
            [str(word) for word in script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
            text=True,
        ) as process,
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        received, left = len(provider.received), len(provider.closed_early)
        for line in process.stdout:
            told = json.loads(line)
            wait_for_leaving(told, provider, left)
            outcomes[told["target"], told["feature"]] = Outcome(
                told["printed"], tuple(provider.received[received:]), tuple(provider.closed_early[left:])
            )
            received, left = len(provider.received), len(provider.closed_early)
            process.stdin.write("\n")
            process.stdin.flush()
    if process.returncode:
        raise RuntimeError(f"{script[-1]} ended with {process.returncode}:\n{complaints.read_text()}")
    return outcomes


def wait_for_leaving(told: dict[str, Any], provider: Provider, left: int) -> None:
    """A provider notices that a stream was left shortly after the client said so."""
    if not told["feature"].endswith(("cancel", "abandon")) or not isinstance(told["printed"], list):
        return
    deadline = time.monotonic() + 2
    while len(provider.closed_early) < left + len(told["printed"]) and time.monotonic() < deadline:
        time.sleep(0.005)
