"""The access log: one line for each finished exchange, for people or for programs. Never a key, credential or content.

Nothing is formatted or written on the path: entries are queued, and a thread of the log's own writes them ten times a
second. When it cannot keep up, lines are dropped and their number is told.
"""

import asyncio
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import msgspec

from penstock.core.entry import Entry
from penstock.core.ruling import told
from penstock.core.usage import Usage

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.1
QUEUE_MOST = 50_000
# A pipe takes so much in one piece: lines of several workers do not run into each other (PIPE_BUF of POSIX on Linux).
PIECE = 4096
_STDOUT = 1

# Whatever could end a line, move a terminal's cursor, or turn the order of what follows around.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")


class AccessLog:
    """Writes until it is closed."""

    def __init__(self, form: str, path: str | None = None) -> None:
        """``form`` is ``human`` or ``json``; without a path lines go to standard output."""
        self._format = FORMS[form]
        self._path = path
        self._queue: list[Entry] = []
        self._lost = 0
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="access-log")
        self._descriptor = self._open()

    def closed(self, entry: Entry) -> None:
        """An exchange is over."""
        if len(self._queue) >= QUEUE_MOST:
            self._lost += 1
            return
        self._queue.append(entry)
        if self._timer is None:
            self._timer = self._loop.call_later(FLUSH_SECONDS, self._flush)

    def reopen(self) -> None:
        """Write to the file that now has the log's name: the one before has been moved away."""
        if self._path is not None:
            self._thread.submit(self._exchange)

    def close(self) -> None:
        """Write what is left."""
        if self._timer is not None:
            self._timer.cancel()
        self._thread.submit(self._write, self._queue, self._lost)
        self._queue, self._lost = [], 0
        self._thread.shutdown()
        if self._path is not None:
            os.close(self._descriptor)

    def _flush(self) -> None:
        entries, self._queue = self._queue, []
        lost, self._lost = self._lost, 0
        self._timer = None
        self._thread.submit(self._write, entries, lost)

    # --- in the log's own thread ------------------------------------------------------------------------------

    def _open(self) -> int:
        if self._path is None:
            sys.stdout.flush()
            return _STDOUT
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def _exchange(self) -> None:
        try:
            opened = self._open()
        except OSError as error:
            log.error("the access log can't be opened anew, the file before is still written: %s", error.strerror)
            return
        os.close(self._descriptor)
        self._descriptor = opened

    def _write(self, entries: Sequence[Entry], lost: int) -> None:
        if lost:
            log.error("the access log could not keep up: %d lines are missing", lost)
        try:
            for piece in _pieces(map(self._format, entries)):
                while piece:
                    piece = piece[os.write(self._descriptor, piece) :]  # noqa: PLW2901 - what is left of it
        except OSError as error:
            log.error("the access log can't be written, %d lines are missing: %s", len(entries), error.strerror)


def json_line(entry: Entry) -> str:
    """One JSON object; names as in the ledger's own reports."""
    opened, usage = entry.opened, entry.consumption.usage
    fields = {
        "time": _time(entry),
        "id": opened.id,
        "key": opened.key,
        "key_name": opened.key_name,
        "team": opened.team,
        "provider": opened.provider,
        "credential": opened.credential,
        "dialect": opened.dialect,
        "operation": opened.operation,
        "model": opened.model,
        "served": entry.consumption.model or "",
        "stream": opened.stream,
        "client": opened.client,
        "status": entry.status,
        "outcome": entry.outcome,
        "fault": entry.fault,
        "blame": entry.blame,
        "usage": {name: count for name in usage.__struct_fields__ if (count := getattr(usage, name))},
        "source": entry.consumption.source.value,
        "cost": entry.cost,
        "bytes_in": opened.bytes_in,
        "bytes_out": entry.bytes_out,
        "first_byte": round(entry.first_byte, 6),
        "duration": round(entry.duration, 6),
        "overhead": round(entry.overhead, 6),
        "conversation": opened.conversation,
        "trace": opened.trace,
        "batch": entry.batch,
        "policies": told(entry.rulings),
    }
    text = msgspec.json.encode({name: _valid(value) for name, value in fields.items()}).decode()
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def human_line(entry: Entry) -> str:
    """Time, status, who, what, where, how long, how much; a hyphen stands for nothing."""
    opened, usage = entry.opened, entry.consumption.usage
    words = [
        _time(entry),
        str(entry.status or "-"),
        entry.outcome,
        opened.key_name or "-",
        f"{opened.dialect}:{opened.operation}" if opened.operation else "-",
        opened.model or "-",
        f"-> {opened.provider}" if opened.provider else "-> -",
        f"{entry.duration:.3f}s",
        _tokens(usage),
        "" if not entry.consumption.shares else "unpriced" if entry.cost is None else f"${entry.cost / 1e6:.6f}",
        f"({entry.fault}, {entry.blame})" if entry.fault else "",
        opened.id,
    ]
    return " ".join(_plain(word) for word in words if word)


FORMS: dict[str, Callable[[Entry], str]] = {"human": human_line, "json": json_line}


def _tokens(usage: Usage) -> str:
    return f"{usage.total_input}+{usage.total_output} tokens" if usage.total_input or usage.total_output else ""


def _time(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.opened.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _valid(value: object) -> object:
    """Half of a surrogate pair, which JSON and paths can spell, is nothing that UTF-8 can hold."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _plain(text: str) -> str:
    """Text that cannot end the line or move the cursor."""
    safe = _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return safe.encode("utf-8", "backslashreplace").decode()


def _pieces(lines: Iterator[str]) -> Iterator[bytes]:
    """Whole lines, as many as go out in one piece."""
    piece = b""
    for line in lines:
        encoded = line.encode("utf-8", "backslashreplace") + b"\n"
        if piece and len(piece) + len(encoded) > PIECE:
            yield piece
            piece = b""
        piece += encoded
    if piece:
        yield piece
