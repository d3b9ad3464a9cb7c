"""Plays rows of the table: one gateway, alone or with policies at work, its provider's doors, and clients."""

import contextlib
import json
import re
import sqlite3
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

from tests.faults.clients import STALL
from tests.faults.doors import Double, doors
from tests.faults.forms import EVERY, Form
from tests.faults.matrix import DIALECTS, ROWS, TYPES
from tests.faults.row import BROKEN, ENDED, GONE, NOTHING, TOLD, WHOLE, Heard, Seen, Talk
from tests.path.wire.raw import RawClient, take_message
from tests.path.wire.streams import unchunked
from tests.support.gateway import Gateway, settings
from tests.support.waiting import until

ATTACHED = ("image", "audio", "pdf", "file", "elsewhere", "state", "unknown")
WORKING: dict[str, Any] = {
    "terser": {"intensity": "full", "holdout": 0},
    "scrub": {"wanted": True, "unreadable": "allow", "attached": dict.fromkeys(ATTACHED, "allow")},
    "quotas": {
        "each_key": ["1M requests per minute", "1000 requests at once", "900M output tokens per month",
                     "$9000000 per month, unpriced"],
    },
    "stream_usage": "ask",
}  # fmt: skip
"""Terser answers, scrubbing and limits together."""
_BY_PROVIDERS = frozenset(("unreachable", "broken_answer", "timed_out"))
_HOST = re.compile(rb"127\.0\.0\.1|localhost|\.invalid")
KEPT = 4_000_000
"""Of a body that is larger, only the length is kept."""


class Booked(NamedTuple):
    """An entry of the books, as far as a row speaks of it."""

    outcome: str
    status: int
    fault: str
    blame: str


@dataclass(frozen=True)
class Played:
    """One row in one form."""

    row: str
    form: Form
    heard: Heard
    seen: Seen
    due: int | None
    """Calls that are due, as in the table."""
    arrived: int
    calls: int


class Scene:
    """``with Scene(folder, working=True) as scene: scene.play(row)``; the books are looked at when it ends."""

    def __init__(
        self,
        folder: Path,
        *,
        working: bool,
        environment: dict[str, str] | None = None,
        double: Double | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """``more``: settings, besides or in place of the usual ones."""
        self._folder = folder
        self._working = working
        self._environment = environment or {}
        self._more = more or {}
        self.double = double or Double()
        self.expected: dict[str, tuple[str, Seen]] = {}
        """What the books must say, by trace, of which row."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            rows, self.providers = stack.enter_context(doors(self._folder, self.double))
            config = {
                **settings(**rows),
                "models": [{"match": name, "provider": name} for name in rows],
                "limits": {"head_seconds": STALL, "body_stall_seconds": STALL, "write_stall_seconds": STALL},
                **(WORKING if self._working else {}),
                **self._more,
            }
            self.gateway = stack.enter_context(Gateway(config, self._folder, self._environment))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *told: object) -> None:
        self._stack.__exit__(*told)  # type: ignore[arg-type]

    def play(self, name: str) -> list[Played]:
        """The row in all of its forms, at once."""
        return self.play_all([(name, form) for form in ROWS[name].forms], at_once=10)

    def play_all(self, parts: Sequence[tuple[str, str]], *, at_once: int) -> list[Played]:
        """These rows in these forms, so many at once."""
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda part: self._play(part[0], EVERY[part[1]]), parts))

    def _play(self, name: str, form: Form) -> Played:
        row, trace = ROWS[name], uuid.uuid4().hex
        lines = (f"X-Row: {name}", f"X-Form: {form.name}", f"traceparent: 00-{trace}-00f067aa0ba902b7-01")
        with ExitStack() as stack:
            talk = Talk(
                lambda: stack.enter_context(RawClient(self.gateway.host, self.gateway.port, timeout=30)),
                form, lines, f"{form.dialect}-{row.door}", hear,
                arrived=lambda: until(lambda: self.double.arrived[trace] > 0, 20) and None,
                held=self._working and row.held,
            )  # fmt: skip
            heard = row.client(talk)
        seen = row.sees(form, working=self._working)
        calls = 0 if self._working and row.held else row.calls
        if seen.way in {GONE, NOTHING} and calls != 0:
            # Whoever leaves takes the call along.
            until(lambda: self.double.left[trace] > 0, 20)
        self.expected[trace] = (f"{name}: {form.name}", seen)
        return Played(name, form, heard, seen, calls, self.double.arrived[trace], self.double.calls(trace))

    def trouble(self) -> list[str]:
        """What the gateway logged that it should not have."""
        return [line for line in self.gateway.output if " ERROR " in line or "Traceback" in line]

    def books(self) -> dict[str, Booked]:
        """All entries, by trace."""
        path = self._folder / "data" / "penstock.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
            query = "SELECT trace, outcome, status, fault, blame FROM entries"
            return {trace: Booked(*rest) for trace, *rest in database.execute(query)}

    def misbooked(self) -> list[str]:
        """Where the books and the table say two things, once all that has an outcome is written down."""
        due = {trace for trace, (_, seen) in self.expected.items() if seen.outcome}
        # Whatever did not come in time is told below, by its name.
        with contextlib.suppress(AssertionError):
            until(lambda: due <= self.books().keys(), 20)
        books = self.books()
        return [
            f"{name}: {books.get(trace)}, not {seen}"
            for trace, (name, seen) in self.expected.items()
            if not _agree(books.get(trace), seen)
        ]


def _agree(booked: Booked | None, seen: Seen) -> bool:
    if booked is None or not seen.outcome:
        return booked is None and not seen.outcome
    status = booked.status if seen.outcome == "abandoned" else seen.status
    return booked == Booked(seen.outcome, status, seen.fault, seen.blame)


def hear(client: RawClient) -> Heard:
    """Reads to the end of the connection, in whatever way it ends."""
    pieces, size = [client.heard], len(client.heard)
    broke = False
    try:
        while data := client.socket.recv(1 << 18):
            size += len(data)
            if size < KEPT:
                pieces.append(data)
    except ConnectionError:
        broke = True
    data = b"".join(pieces)
    start, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return Heard()
    if size >= KEPT:
        size -= len(start) + 4
        told = re.search(rb"content-length: (\d+)", start)
        return Heard(start, rest, size, whole=not broke and (told is None or int(told[1]) == size))
    found = take_message(data)
    if found is not None:
        return Heard(start, found[0].body, len(found[0].body), whole=True)
    body = unchunked(data)[0] if b"chunked" in start.lower() else rest
    return Heard(start, body, len(body), whole=False)


# --- what must hold of what was heard -------------------------------------------------------------------------------


def complaints(played: Played) -> list[str]:
    """Where a row did not come true; empty when it did."""
    heard, seen = played.heard, played.seen
    found = [f"status {heard.status}, not {seen.status}"] if heard.status != seen.status else []
    if not found:
        found = list(_HOLDS[seen.way](played))
    if played.due is not None and played.calls != played.due:
        found.append(f"{played.calls} calls, not {played.due}")
    if played.due is None and not played.arrived:
        found.append("nothing reached the provider")
    return [f"{played.form.name}: {what}: {heard.head!r} {heard.body[:600]!r}" for what in found]


def _whole(played: Played) -> Iterator[str]:
    if not played.heard.whole:
        yield "not whole"
    if (
        played.form.stream
        and played.heard.status == 200
        and played.heard.size < KEPT
        and (wrong := played.form.stream.judge(played.heard.body))
    ):
        yield f"breaks the stream's rules: {wrong}"


def _told(played: Played) -> Iterator[str]:
    heard, seen, dialect = played.heard, played.seen, DIALECTS.index(played.form.dialect)
    if not heard.whole:
        yield "not whole"
        return
    error = json.loads(heard.body)["error"]
    kind = error["status"] if played.form.dialect == "gemini" else error["type"]
    if kind != TYPES[seen.fault][dialect]:
        yield f"error type {kind}, not {TYPES[seen.fault][dialect]}"
    if not error["message"]:
        yield "no words"
    yield from _named(played, heard.body)
    if (b"\r\nx-should-retry: false" in heard.head.lower()) is seen.retry:
        yield f"says {'nothing' if seen.retry else 'something else'} of a retry"


def _ended(played: Played) -> Iterator[str]:
    stream, heard = played.form.stream, played.heard
    assert stream is not None
    if not heard.whole:
        yield "breaks off"
    if not heard.body.startswith(stream.frames[0]):
        yield "lacks what had come"
    told = heard.body[len(stream.frames[0]) :]
    kind = TYPES[played.seen.fault][DIALECTS.index(played.form.dialect)]
    if b'"message":"The provider' not in told or f'"{kind}"'.encode() not in told:
        yield f"no {kind} at its end"
    yield from _named(played, told)
    if wrong := stream.judge(heard.body):
        yield f"breaks the stream's rules: {wrong}"


def _named(played: Played, told: bytes) -> Iterator[str]:
    """Of a provider's fault its users learn which provider it was and whom to ask, and not where it stands."""
    if played.seen.fault not in _BY_PROVIDERS:
        return
    if f"The provider is '{played.form.dialect}-".encode() not in told or b"`penstock providers check`" not in told:
        yield "does not say which provider, or whom to ask"
    if _HOST.search(told):
        yield "tells the provider's host"


def _broken(played: Played) -> Iterator[str]:
    if played.heard.whole:
        yield "looks whole"


def _nothing(_played: Played) -> Iterator[str]:
    yield from ()


_HOLDS = {WHOLE: _whole, TOLD: _told, ENDED: _ended, BROKEN: _broken, NOTHING: _nothing, GONE: _nothing}
