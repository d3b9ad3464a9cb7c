"""A client that keeps no rule: requests as raw bytes, with whatever the attack needs in them."""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.gateway import KEY, Gateway

KEYED = (f"x-api-key: {KEY}",)


@dataclass(frozen=True)
class Raw:
    """An answer as it came over the socket."""

    content: bytes

    @property
    def status(self) -> int:
        found = re.match(rb"HTTP/1\.1 (\d{3})", self.content)
        return int(found[1]) if found else 0


def send(gateway: Gateway, data: bytes, seconds: float = 30) -> Raw:
    """Bytes out, and all that comes back until the gateway closes."""
    content = b""
    with socket.create_connection((gateway.host, gateway.port), timeout=seconds) as client:
        client.sendall(data)
        while piece := client.recv(65536):
            content += piece
    return Raw(content)


def attack(
    gateway: Gateway,
    target: str,
    headers: Sequence[str] = KEYED,
    body: bytes = b'{"model":"m","messages":[]}',
    *,
    method: str = "POST",
) -> Raw:
    """One request, head and body in one write. Headers are lines; characters stand for the bytes of latin-1."""
    length = f"Content-Length: {len(body)}"
    lines = [f"{method} {target} HTTP/1.1", "Host: gateway.test", "Connection: close", length, *headers, "", ""]
    return send(gateway, "\r\n".join(lines).encode("latin-1") + body)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A provider that says the same bytes to everyone; its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                with client:
                    client.recv(65536)
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
