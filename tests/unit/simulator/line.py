"""A simulator on a loopback port, and the plainest clients for it: whole answers, and streams as they arrive."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from penstock.simulator.server import Simulator
from penstock.simulator.terseness import Rule
from penstock.wire.listener import Listener


@dataclass(frozen=True)
class Heard:
    """A whole answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Line:
    """Where a simulator listens."""

    port: int

    def ask(
        self, path: str, body: object = None, headers: Mapping[str, str] | None = None, *, method: str | None = None
    ) -> Heard:
        """One request, its whole answer. A body that is no bytes is sent as JSON."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method or ("GET" if sent is None else "POST"), path, sent, dict(headers or {}))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Heard(answer.status, found, answer.read())
        finally:
            connection.close()

    @contextmanager
    def raw(self, path: str, body: object, header: str = "", *, window: int = 1 << 17) -> Iterator[socket.socket]:
        """A connection on which one request was sent, to see what comes back and when; it holds a ``window`` unread."""
        sent = json.dumps(body).encode()
        lines = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(sent)}\r\nx-simulate: {header}\r\n\r\n"
        with socket.socket() as connection:
            connection.settimeout(10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
            connection.connect(("127.0.0.1", self.port))
            connection.sendall(lines.encode() + sent)
            yield connection


@contextmanager
def listening(seed: int = 0, rules: Sequence[Rule] = ()) -> Iterator[Line]:
    """A simulator in a thread of its own."""
    loop = asyncio.new_event_loop()
    ports: list[int] = []
    ready = threading.Event()
    stopping = asyncio.Event()

    async def serve() -> None:
        simulator = Simulator(seed=seed, rules=rules)
        listener = Listener(simulator.handle, simulator.refusal)
        ports.append((await listener.start("127.0.0.1", 0))[1])
        ready.set()
        await stopping.wait()
        await listener.close(0.0)

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.close()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield Line(ports[0])
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(10)


def events(body: bytes) -> list[Any]:
    """The JSON of each data line of an event stream, ``[DONE]`` left out."""
    lines = [line[6:] for line in body.replace(b"\r\n", b"\n").split(b"\n") if line.startswith(b"data: ")]
    return [json.loads(line) for line in lines if line != b"[DONE]"]
