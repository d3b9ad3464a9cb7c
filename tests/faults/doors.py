"""The provider's doors: one that opens, one that is impatient, and each way in which none opens.

A request is led to a door by its model: ``open``, ``impatient``, ``refused``, ``expired`` …
"""

import contextlib
import socket
import ssl
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.forms import EVERY
from tests.faults.matrix import ROWS
from tests.faults.providers import IDLE
from tests.faults.row import Answering
from tests.path.wire.certificates import Authority
from tests.path.wire.raw import RawProvider, Script, Visit, answering, sized
from tests.support.gateway import OPERATOR_KEY

HANDSHAKE = 1.5
"""How long the mute door may take to open."""
DIALECTS = {"anthropic": "", "openai": "/v1", "gemini": ""}


@dataclass
class Double:
    """The provider: does what the row says that a request's headers name."""

    answers: Mapping[str, Answering] = field(default_factory=lambda: {name: row.provider for name, row in ROWS.items()})
    arrived: Counter[str] = field(default_factory=Counter)
    """Requests of which the head has come, by their trace."""
    left: Counter[str] = field(default_factory=Counter)
    """Connections that ended while they served a request, in whatever way."""
    visits: dict[str, list[Visit]] = field(default_factory=dict)

    async def __call__(self, visit: Visit) -> None:
        going = True
        while going and await visit.head():
            name, form, trace = (self._told(visit, header) for header in ("x-row", "x-form", "traceparent"))
            self.arrived[trace] += 1
            self.visits.setdefault(trace, []).append(visit)
            try:
                going = await self.answers[name](visit, EVERY[form])
            finally:
                self.left[trace] += 1

    @staticmethod
    def _told(visit: Visit, name: str) -> str:
        lines = visit.heard.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        value = next(line.partition(": ")[2] for line in lines if line.lower().startswith(name + ":"))
        return value.split("-")[1] if name == "traceparent" else value

    def calls(self, trace: str) -> int:
        """How many whole requests have come."""
        messages = {id(message): message for visit in self.visits.get(trace, []) for message in visit.requests}
        return sum(trace.encode() in message.head for message in messages.values())

    def forget(self) -> None:
        """Nothing of what has been is looked at any more."""
        self.arrived.clear()
        self.left.clear()
        self.visits.clear()


async def _mute(visit: Visit) -> None:
    await visit.left()


async def _plain(visit: Visit) -> None:
    await visit.some()
    await visit.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def _old(authority: Authority) -> ssl.SSLContext:
    context = authority.server()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def _authority(folder: Path, **more: Any) -> Authority:
    folder.mkdir()
    return Authority(folder, **more)


@contextlib.contextmanager
def doors(folder: Path, double: Double) -> Iterator[tuple[dict[str, Any], list[RawProvider]]]:
    """Rows of ``providers`` and ``models`` for a gateway, and who stands behind the doors."""
    good = _authority(folder / "good")
    expired = _authority(folder / "expired", days=-1)
    misnamed = _authority(folder / "misnamed", names="DNS:elsewhere.test")
    unknown = _authority(folder / "unknown")
    ok: Script = answering(sized(b"{}"))
    behind = {
        "open": RawProvider(double),
        "expired": RawProvider(ok, tls=expired.server()),
        "misnamed": RawProvider(ok, tls=misnamed.server()),
        "unknown": RawProvider(ok, tls=unknown.server()),
        "old": RawProvider(ok, tls=_old(good)),
        "plaintext": RawProvider(_plain),
        "mute": RawProvider(_mute),
    }
    trusted = {"expired": expired, "misnamed": misnamed, "old": good}
    with contextlib.ExitStack() as stack:
        closed = stack.enter_context(socket.socket())
        # Bound and never listening: nobody else gets the port.
        closed.bind(("127.0.0.1", 0))
        for one in behind.values():
            stack.enter_context(one)
        places = {name: ("http" if name == "open" else "https", one.port) for name, one in behind.items()}
        places |= {"impatient": places["open"], "refused": ("http", closed.getsockname()[1])}
        extra: dict[str, dict[str, Any]] = {name: {"ca_file": str(one.file)} for name, one in trusted.items()}
        extra["impatient"] = {"timeouts": {"first_byte": IDLE, "idle": IDLE}}
        extra["mute"] = {"timeouts": {"connect": HANDSHAKE}}
        rows = {
            f"{dialect}-{name}": {"dialect": dialect, "base_url": f"{scheme}://127.0.0.1:{port}{path}",
                                  "api_key": OPERATOR_KEY, **extra.get(name, {})}
            for dialect, path in DIALECTS.items() for name, (scheme, port) in places.items()
        }  # fmt: skip
        yield rows, list(behind.values())
