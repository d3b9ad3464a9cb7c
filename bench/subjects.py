"""What a subject of the comparison is, and how one runs: bound to its cores, in front of the mock, while a block lasts.

Which subjects there are stands in ``rows.py``.
"""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench import procfs
from bench.bodies import ANTHROPIC, OPENAI, PATHS
from bench.cases import START, Case
from bench.mock import PROVIDER_KEY

ROOT = Path(__file__).resolve().parent.parent
Header = tuple[str, str]

SDK_HEADERS: tuple[Header, ...] = (
    ("accept", "application/json"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("user-agent", "Anthropic/Python 0.128.0"),
    ("x-stainless-lang", "python"),
    ("x-stainless-package-version", "0.128.0"),
    ("x-stainless-os", "Linux"),
    ("x-stainless-arch", "x64"),
    ("x-stainless-runtime", "CPython"),
    ("x-stainless-runtime-version", "3.11.7"),
    ("x-stainless-async", "async:asyncio"),
    ("x-stainless-retry-count", "0"),
    ("x-stainless-read-timeout", "600"),
    ("content-type", "application/json"),
)


def credential(dialect: str, key: str) -> tuple[Header, ...]:
    """The header in which each dialect's SDK sends its key."""
    if dialect == OPENAI:
        return (("authorization", f"Bearer {key}"),)
    return (("x-api-key", key), ("anthropic-version", "2023-06-01"))


@dataclass(frozen=True)
class Started:
    """A subject that runs: where it listens and which process tree is it."""

    port: int
    stream_port: int
    pid: int | None


@dataclass(frozen=True)
class Launch:
    """A command, its environment, and the port it will listen on."""

    command: tuple[str, ...]
    port: int
    stream_port: int
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """One row of the comparison."""

    name: str
    missing: Callable[[], str]
    """Why it cannot be measured here; empty when it can."""
    launch: Callable[[int, Path], Launch] | None
    """From the mock's port and an empty folder; None for the direct call."""
    key: str = PROVIDER_KEY
    turns: tuple[str, ...] = ()
    """Further keys that take turns with it, request by request."""
    headers: Callable[[str, int], tuple[Header, ...]] = lambda _dialect, _mock: ()
    """What its clients must send besides, by dialect and the mock's port."""
    dialects: tuple[str, ...] = (ANTHROPIC, OPENAI)
    cases: tuple[str, ...] = ()
    """The cases that it takes part in; none: all."""
    exact: bool = True
    """It relays the mock's bytes; else its status, what a sized answer says and a stream's end are checked."""
    patience: float = 20.0
    """Seconds it may take to start."""

    def takes(self, case: Case) -> bool:
        """Whether it takes part in a case."""
        if case.kind == START and self.launch is None:
            return False
        return case.dialect in self.dialects and (not self.cases or case.name in self.cases)

    def request_headers(self, dialect: str, mock_port: int) -> tuple[Header, ...]:
        """All headers of one of its clients but host and length."""
        known = (*SDK_HEADERS, *credential(dialect, self.key), *self.headers(dialect, mock_port))
        if self.exact:
            return known
        # Compressing its answers would be charged to a peer, and is not what is measured.
        return tuple((name, "identity" if name == "accept-encoding" else value) for name, value in known)


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def raise_open_files() -> int:
    """As many open files as the machine allows, for us and what we start; the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def bound_to(cores: set[int]) -> Iterator[None]:
    """What is started in this block may use these processors only: children inherit what their parent may use."""
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


@contextlib.contextmanager
def process(command: tuple[str, ...], cores: set[int], log: Path, environment: Mapping[str, str]) -> Iterator[int]:
    """A process bound to ``cores`` that ends with the block; its output goes to ``log``."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("wb") as output, bound_to(cores):
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**inherited, **environment},
            cwd=log.parent,
        )
    try:
        yield child.pid
    finally:
        signal_tree(child.pid, signal.SIGCONT)
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def signal_tree(pid: int, which: signal.Signals) -> None:
    """Send a signal to a process and its descendants; those that have ended meanwhile are left out."""
    for stat in procfs.tree(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(stat.pid, which)


def await_port(port: int, pid: int, patience: float, log: Path) -> None:
    """Return once the port answers; raise with the log's end when it does not in time."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if not Path(f"/proc/{pid}/fd").exists() or _ended(pid):
            break
        time.sleep(0.01)
    raise RuntimeError(f"did not start: {log.read_text(errors='replace')[-600:]}")


def _ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@contextlib.contextmanager
def running(subject: Subject, mock_port: int, cores: set[int], folder: Path) -> Iterator[Started]:
    """The subject in front of the mock, listening."""
    if subject.launch is None:
        yield Started(mock_port, mock_port, None)
        return
    folder.mkdir(parents=True)
    launch = subject.launch(mock_port, folder)
    log = folder / "output.log"
    with process(launch.command, cores, log, launch.environment) as pid:
        await_port(launch.port, pid, subject.patience, log)
        yield Started(launch.port, launch.stream_port, pid)


def target_of(dialect: str) -> str:
    """The path that a client calls."""
    return PATHS[dialect].decode()
