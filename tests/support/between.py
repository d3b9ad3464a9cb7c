"""Stands between clients and a server, passes everything on, and keeps who said what in which order."""

import itertools
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self


class Between:
    """On a port of its own; ``reach`` makes a connection to the server."""

    def __init__(self, reach: Callable[[], socket.socket]) -> None:
        self._reach = reach
        self._open: list[socket.socket] = []
        self.said: list[tuple[str, bytes]] = []
        """``asked`` or ``told``, and what came in one piece."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    @property
    def asked(self) -> list[bytes]:
        """What came from clients, in the pieces in which it came."""
        return [data for side, data in list(self.said) if side == "asked"]

    @property
    def trips(self) -> int:
        """How often the server spoke after somebody had asked."""
        sides = [side for side, _ in list(self.said)]
        return sum(pair == ("asked", "told") for pair in itertools.pairwise(sides))

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._listener.accept()
                there = self._reach()
                self._open += (here, there)
                for way in ((here, there, "asked"), (there, here, "told")):
                    threading.Thread(target=self._pass, args=way, daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, side: str) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 20):
                self.said.append((side, data))
                target.sendall(data)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for one in (self._listener, *self._open):
            one.close()
