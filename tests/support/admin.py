"""A client of the admin API, over an address or the data folder's socket."""

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode


class _Local(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        """To the socket of the file system."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _remote(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


@dataclass(frozen=True)
class Told:
    """An answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        """The body."""
        return self.content.decode()

    def json(self) -> Any:
        """The body."""
        return json.loads(self.content)


@dataclass(frozen=True)
class Admin:
    """Asks one admin API."""

    where: Path | int
    """The socket, or the port on this machine."""
    token: str | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Told:
        """One request on a connection of its own."""
        sent = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        data = None
        if body is not None:
            sent["content-type"] = "application/json"
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
        target = f"{path}?{urlencode(params)}" if params else path
        connection = _Local(self.where) if isinstance(self.where, Path) else _remote(self.where)
        try:
            connection.request(method, target, data, {**sent, **(headers or {})})
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Told(answer.status, told, answer.read())
        finally:
            connection.close()
