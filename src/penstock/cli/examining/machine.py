"""Looks at the machine: Python and its parts, clocks, descriptors, the address to listen on."""

import importlib.util
import platform
import socket
import sys
import time
from collections.abc import Iterator

import msgspec

from penstock import __version__
from penstock.cli.examining import Finding, good, problem, warning
from penstock.cli.examining.running import asked
from penstock.config.settings import Settings

# No release is older than its own first day; a clock that says so is not set (2026-01-01).
_EARLIEST = 1_767_225_600
_SAMPLE_SECONDS = 0.1
_DRIFT_SECONDS = 0.05


def environment() -> Iterator[Finding]:
    """The interpreter, and the parts that make it fast."""
    yield good("environment", f"penstock {__version__}, Python {platform.python_version()}, {platform.platform()}")
    if sys.platform != "win32" and importlib.util.find_spec("uvloop") is None:
        yield warning("environment", "uvloop is not installed: requests cost more", "install it: pip install uvloop")


def clocks() -> Iterator[Finding]:
    """Whether the wall clock can be right, and runs as fast as the one that only counts."""
    wall, steady = time.time(), time.monotonic()
    time.sleep(_SAMPLE_SECONDS)
    drift = abs((time.time() - wall) - (time.monotonic() - steady))
    if wall < _EARLIEST:
        yield problem("clock", f"the clock is not set: it says {time.ctime(wall)}", "set it, or run an NTP client")
    elif drift > _DRIFT_SECONDS:
        what = f"the clock was moved by {drift:.2f} s while it was looked at"
        yield warning("clock", what, "let an NTP client slew it; keys end and books are dated by it")
    else:
        yield good("clock", "the wall clock can be right and runs evenly")


def descriptors(settings: Settings) -> Iterator[Finding]:
    """Whether the process may open as many files as the limits promise connections."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - not everywhere

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * settings.limits.connections + 100
    if hard == resource.RLIM_INFINITY or hard >= wanted:
        yield good("descriptors", "as many files may be open as limits.connections asks for")
    else:
        what = f"{hard} files may be open; limits.connections = {settings.limits.connections} may need {wanted}"
        yield warning("descriptors", what, f"raise it (LimitNOFILE={wanted} in the unit), or lower the setting")


def address(settings: Settings) -> Iterator[Finding]:
    """Whether the address to listen on is free, or held by a gateway already."""
    host, port = settings.address
    shown = settings.listen
    if port == 0:
        yield good("address", f"{shown} takes any free port")
        return
    try:
        family, kind, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(where)
    except OSError as error:
        if error.errno is not None and _answers(settings):
            yield good("address", f"a gateway listens on {shown}")
        else:
            what = f"{shown} can't be had: {error.strerror or error}, and no gateway answers there"
            yield problem("address", what, "stop what holds it (`ss -ltnp` shows it), or set another `listen`")
    else:
        yield good("address", f"{shown} is free; no gateway runs there")


def _answers(settings: Settings) -> bool:
    """Whether a gateway answers at the address."""
    try:
        found = msgspec.json.decode(asked(settings, "/healthz") or b"null")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(found, dict) and "status" in found
