"""Somebody who holds the admin API's socket of a data folder and is no gateway in good health."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

from penstock.background.attending import SOCKET

ALIVE = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n" + b'{"status":"ok"}'

Answer = Callable[[bytes], bytes | None]
"""What is sent for a request; None: the connection is ended."""


class Gatekeeper:
    """``with Gatekeeper(folder, answer) as keeper``; without an answer it never accepts."""

    def __init__(self, folder: Path, answer: Answer | None = None) -> None:
        self.heard = b""
        """All that was sent to it, once the context is left."""
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        folder.mkdir(exist_ok=True)
        self._socket.bind(str(folder / SOCKET))
        self._socket.listen()
        self._ending = False
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        if self._answer is not None:
            self._thread.start()
        return self

    def _work(self) -> None:
        while True:
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            with line:
                while not self._ending and (said := line.recv(65536)):
                    self.heard += said
                    answered = self._answer(said) if self._answer else None
                    if answered is None:
                        break
                    line.sendall(answered)

    def __exit__(self, *_: object) -> None:
        self._ending = True
        if self._answer is None:
            self._read_what_waits()
        else:
            # Wakes whoever waits in accept, whatever has become of the socket's name.
            self._socket.shutdown(socket.SHUT_RDWR)
            self._thread.join()
        self._socket.close()

    def _read_what_waits(self) -> None:
        """As a process would that goes on after it was held still."""
        self._socket.setblocking(False)
        while True:
            try:
                line, _ = self._socket.accept()
            except BlockingIOError:
                return
            with line:
                while said := line.recv(65536):
                    self.heard += said
