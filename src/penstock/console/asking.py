"""Asks the admin API of a running gateway over the socket in its data folder: the same acts, done in its process.

Whoever can open the socket is the operator, so no token is sent. Whether anybody answers is asked first, on the same
connection, with a question that changes nothing: what is not answered then was never asked for, and can be done
elsewhere. What was asked for and not answered may have been done; nothing here asks for it a second time.
"""

import contextlib
import http.client
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args, get_origin
from urllib.parse import quote, urlencode

import msgspec

from penstock.administering.acting import Acts, Page
from penstock.administering.errors import InvalidError, UnavailableError
from penstock.background.attending import SOCKET
from penstock.console.doors import Door, doors
from penstock.console.fitting import PLACE
from penstock.console.problem import Problem, error_of

PATIENCE_SECONDS = 10.0
"""So long whoever knocks waits: the process that answers may have to start, on a machine that has much to do."""
ACT_SECONDS = 60.0
"""So long it waits for an act: longer than acts wait for the database."""

_PARAMETER = re.compile(r"\{(\w+)\}")
_ESCAPED = "surrogateescape"
"""As Python reads what is no text from a command line."""
_JSON = {"content-type": "application/json"}

Item = TypeVar("Item")


class SilentError(Exception):
    """Somebody holds the socket and does not answer. Nothing was asked for."""


class NotToldError(Exception):
    """It was asked for, and nobody said what became of it."""


class _Sheet(msgspec.Struct, Generic[Item], frozen=True):
    """A page as it stands in an answer."""

    items: tuple[Item, ...]
    next: str | None


class _Line(http.client.HTTPConnection):
    """A connection through the file system, which is made once and not again behind anybody's back."""

    auto_open = 0

    def __init__(self, path: Path, patience: float) -> None:
        super().__init__("localhost", timeout=patience)
        self._path = path

    def connect(self) -> None:
        """OSError where nobody listens."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Asking:
    """Does acts by asking the gateway of a data folder."""

    def __init__(self, folder: Path, acts: Acts, *, patience: float = PATIENCE_SECONDS) -> None:
        self._path = folder / SOCKET
        self._doors = {door.act.name: door for door in doors(acts)}
        self._patience = patience

    def reached(self) -> bool:
        """Whether a gateway runs there; SilentError where one does that does not answer."""
        try:
            with self._answering():
                return True
        except OSError:
            return False

    def do(self, name: str, wanted: msgspec.Struct) -> Any:
        """As Administration says; SilentError, NotToldError."""
        door = self._doors[name]
        target, body = _written(door, wanted)
        try:
            with self._answering() as line:
                status, told = _exchanged(line, door.method, target, body)
        except OSError:
            raise SilentError("it has ended") from None
        return _read(door, status, told)

    @contextlib.contextmanager
    def _answering(self) -> Iterator[_Line]:
        """A connection on which somebody answers. OSError: nobody listens."""
        line = _Line(self._path, self._patience)
        with contextlib.closing(line):
            line.connect()
            try:
                line.request("GET", "/healthz")
                found = line.getresponse()
                found.read()
            except TimeoutError:
                raise SilentError(f"it says nothing within {self._patience:g} seconds") from None
            except (OSError, http.client.HTTPException):
                raise SilentError("it ends the connection; its log says why") from None
            if found.status != http.client.OK or line.sock is None:
                raise SilentError(f"it answers {found.status}")
            line.sock.settimeout(ACT_SECONDS)
            yield line


def _exchanged(line: _Line, method: str, target: str, body: bytes | None) -> tuple[int, bytes]:
    try:
        line.request(method, target, body, {} if body is None else _JSON)
        answer = line.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        raise NotToldError from None


def _written(door: Door, wanted: msgspec.Struct) -> tuple[str, bytes | None]:
    """Path and query, and the body of what has one."""
    fields = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    target = _PARAMETER.sub(lambda found: quote(str(fields.pop(found[1])), safe="", errors=_ESCAPED), door.path)
    if door.has_body:
        try:
            return target, msgspec.json.encode(fields)
        except UnicodeEncodeError:
            raise InvalidError("It holds bytes that are no text.") from None
    place = fields.pop(PLACE, None)
    query = [(name, one) for name, value in fields.items() for one in _said(value)]
    if place is not None:
        query.append(("cursor", str(place[0])))
    return (f"{target}?{urlencode(query, errors=_ESCAPED)}" if query else target), None


def _said(value: object) -> Iterator[str]:
    """As a query says it; what is not given is not said."""
    if isinstance(value, (tuple, list)):
        for one in value:
            yield from _said(one)
    elif value is not None:
        plain = msgspec.to_builtins(value)
        yield plain if isinstance(plain, str) else msgspec.json.encode(plain).decode()


def _read(door: Door, status: int, told: bytes) -> Any:
    try:
        if status >= http.client.BAD_REQUEST:
            raise error_of(msgspec.json.decode(told, type=Problem))
        if get_origin(door.act.told) is not Page:
            return msgspec.json.decode(told, type=door.act.told)
        sheet = msgspec.json.decode(told, type=_Sheet[get_args(door.act.told)[0]])  # type: ignore[misc]
        return Page(sheet.items, None if sheet.next is None else (sheet.next,))
    except msgspec.DecodeError:
        raise UnavailableError(
            "The gateway gives an answer that is none of this release's; is it an older one?"
        ) from None
