"""A running gateway: ``penstock serve`` as a process of its own, with a configuration that the test writes."""

import os
import queue
import re
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import yaml

from penstock.stores.database import DATABASE
from tests.support.forked import Forked, possible
from tests.support.made import made_folder
from tests.support.provider import GATEWAY_KEY

READY = re.compile(r"listening on (https?)://([^\s:]+|\[[^\]]+\]):(\d+)", re.IGNORECASE)

KEY = GATEWAY_KEY
"""The gateway key that ``settings`` declares, unless the test says otherwise."""


CALLER_KEY = "sk-canary-callers-own-8f1d5b0c7a2e49d3"
"""The caller's own provider credential: for ``X-Provider-Key``. Like every credential here, a canary."""

OPERATOR_KEY = "sk-canary-operators-3b9e6f2a8c714d05"
"""The operator's credential: for a provider row's ``api_key``."""


def settings(**providers: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with these providers, one key, and a free port."""
    return {
        "listen": "127.0.0.1:0",
        "admin": {"listen": None},
        "providers": dict(providers),
        "keys": [{"name": "test", "key": KEY}],
    }


@dataclass
class Gateway:
    """``with Gateway(settings(...), tmp_path) as gateway: gateway.url``."""

    config: dict[str, Any]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    output: list[str] = field(default_factory=list)
    """Every line that the process has printed, standard output and error together."""
    new: bool = False
    """It finds no database, and makes its own."""
    forked: bool = True
    """It need not be started from nothing (see ``tests.support.forked``)."""

    def __enter__(self) -> Self:
        config = {"data_dir": str(self.folder / "data"), **self.config}
        data = Path(config["data_dir"])
        if not self.new and "database" not in config and not (data / DATABASE).exists():
            made_folder(data)
        path = self.folder / "penstock.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._process = self._start(
            ("serve", "--config", str(path), *self.arguments), {**inherited, **self.environment}
        )
        ready: queue.Queue[re.Match[str] | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, args=(ready,), daemon=True)
        self._reader.start()
        try:
            found = ready.get(timeout=90)
        except queue.Empty:
            found = None
        if found is None:
            self._stop()
            raise RuntimeError("the gateway did not start:\n" + "".join(self.output))
        self.scheme, self.host, self.port = found[1], found[2], int(found[3])
        return self

    def _start(self, arguments: tuple[str, ...], environment: dict[str, str]) -> "Forked | subprocess.Popen[str]":
        if self.forked and possible(environment):
            return Forked(arguments, environment, self.folder)
        return subprocess.Popen(
            [sys.executable, "-m", "penstock", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={"PYTHONUNBUFFERED": "1", **environment},
            cwd=self.folder,
        )

    def _read(self, ready: "queue.Queue[re.Match[str] | None]") -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.output.append(line)
            if found := READY.search(line):
                ready.put(found)
        ready.put(None)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self, timeout: float = 60) -> int:
        """Stop gracefully; the exit code."""
        self._process.terminate()
        return self._process.wait(timeout)

    def secrets(self) -> set[str]:
        """Every credential that this gateway was given, in the shape in which it must appear nowhere."""
        keys = {row["key"] for row in self.config.get("keys", [])}
        rows = {row["api_key"] for row in self.config.get("providers", {}).values() if row.get("api_key")}
        return {secret for secret in keys | rows | {CALLER_KEY} if not secret.startswith("${")}

    def leaks(self) -> list[str]:
        """Where a credential stands that should not: the canary that travels through every test."""
        places = {path: path.read_bytes() for path in (self.folder / "data").rglob("*") if path.is_file()}
        places[Path("output")] = "".join(self.output).encode()
        return [
            f"{path.name}: {secret[:12]}…"
            for path, content in places.items()
            for secret in self.secrets()
            if secret.encode() in content
        ]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stop()
        if kind is None and (leaks := self.leaks()):
            raise AssertionError(f"credentials leaked: {leaks}")

    def _stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        self._reader.join(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
