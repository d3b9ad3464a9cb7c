"""A gateway in a process of its own, in front of a provider that sends what a test writes."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from tests.path.wire.raw import RawClient, RawProvider, answering, sized
from tests.support.gateway import OPERATOR_KEY, Gateway, settings


class House:
    """``with House(folder) as house: house.client()``. All three dialects lead to ``house.provider``."""

    def __init__(
        self,
        folder: Path,
        *,
        row: Mapping[str, Any] | None = None,
        provider_tls: object = None,
        environment: Mapping[str, str] | None = None,
        host: str | None = None,
        **config: Any,
    ) -> None:
        self.provider = RawProvider(answering(sized(b"{}")), tls=provider_tls)
        self._folder = folder
        self._row = {"api_key": OPERATOR_KEY, **(row or {})}
        self._config = config
        self._environment = environment or {}
        self._host = host

    def __enter__(self) -> Self:
        self.provider.__enter__()
        url = self.provider.base_url
        if self._host is not None:
            url = url.replace(self.provider.host, self._host)
        rows = {
            "anthropic": {"dialect": "anthropic", "base_url": url, **self._row},
            "openai": {"dialect": "openai", "base_url": f"{url}/v1", **self._row},
            "gemini": {"dialect": "gemini", "base_url": url, **self._row},
        }
        self.gateway = Gateway({**settings(**rows), **self._config}, self._folder, self._environment)
        self.gateway.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.gateway.__exit__(None, None, None)
        self.provider.__exit__()

    def client(self, *, timeout: float = 30.0, receive_buffer: int | None = None) -> RawClient:
        """A connection to the gateway."""
        return RawClient(self.gateway.host, self.gateway.port, timeout=timeout, receive_buffer=receive_buffer)

    @property
    def trouble(self) -> list[str]:
        """What the gateway logged."""
        return [line for line in self.gateway.output if " WARNING " in line or " ERROR " in line or "Traceback" in line]

    @property
    def open_files(self) -> int:
        """How many descriptors the gateway holds."""
        return len(os.listdir(f"/proc/{self.gateway.pid}/fd"))

    @property
    def memory(self) -> int:
        """Bytes of memory that the gateway's process has in use."""
        status = Path(f"/proc/{self.gateway.pid}/statm").read_text(encoding="ascii")
        return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE")
