"""Exchanges that are told apart by everyone: the client, the provider and the books each know one by its trace id.

So three accounts of the same traffic can be compared: what clients sent and whose end they saw, what the provider put
down for each, and the entries in the database.
"""

import asyncio
import contextlib
import itertools
import json
import os
import random
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

import yaml

from tests.support.command import piped
from tests.support.gateway import KEY, OPERATOR_KEY, Gateway, settings
from tests.support.provider import Pause, Provider, Received, Scripted, json_answer, stream_answer

MODEL = "claude-sonnet-4-5"
BODIES = {
    stream: b'{"model":"%s","max_tokens":9,"stream":%s,"messages":[]}' % (MODEL.encode(), stream)
    for stream in (b"true", b"false")
}
FRAMES = 12


class Tokens(NamedTuple):
    """What one exchange used."""

    input: int
    output: int


class Upstream:
    """The provider's own account: tokens by trace id, different ones for each exchange."""

    def __init__(self) -> None:
        self.counted: dict[str, Tokens] = {}
        self.twice: list[str] = []

    def __call__(self, received: Received) -> Scripted:
        """Answers, and puts it to the account."""
        trace = (received.header("traceparent") or "").split("-")[1]
        number = int(trace, 16)
        if trace in self.counted:
            self.twice.append(trace)
        tokens = self.counted[trace] = Tokens(1 + number % 9_973, 1 + number % 499)
        pause = Pause(number % 7 / 50)
        if b'"stream":true' in received.body:
            return stream_answer(*_frames(tokens, pause))
        usage = b'{"input_tokens":%d,"output_tokens":%d}' % tokens
        answer = json_answer(b'{"type":"message","model":"%s","usage":%s}' % (MODEL.encode(), usage))
        return Scripted(answer.status, answer.headers, (pause, *answer.pieces))


def _frames(tokens: Tokens, pause: Pause) -> Iterator[bytes | Pause]:
    begun = b'{"type":"message_start","message":{"model":"%s","usage":{"input_tokens":%d,"output_tokens":1}}}'
    yield b"event: message_start\ndata: " + begun % (MODEL.encode(), tokens.input) + b"\n\n"
    for _ in range(FRAMES):
        yield Pause(0.02 + pause.seconds / FRAMES)
        yield b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0}\n\n'
    ended = b'{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":%d}}'
    yield b"event: message_delta\ndata: " + ended % tokens.output + b"\n\n"
    yield b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@dataclass
class Clients:
    """``with Clients(count=200) as clients: clients.turn_to(gateway)``: each asks again and again, and keeps account.

    Half of them stream, and every tenth of these leaves in the middle; every twentieth has a key that nobody knows. A
    client whose connection breaks opens another.
    """

    count: int
    pause: float = 0.0
    sent: set[str] = field(default_factory=set)
    """Requests of which at least a byte was handed to the system."""
    ended: dict[str, int] = field(default_factory=dict)
    """Answers that were read to their last byte: their status."""
    left: set[str] = field(default_factory=set)
    """Streams that the client went away from."""
    broken: set[str] = field(default_factory=set)
    slowest: float = 0.0
    """Seconds that the longest of the ended ones took."""
    under_way: set[str] = field(default_factory=set)
    _address: tuple[str, int] | None = None
    _stop: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(random.getrandbits(100) << 20))

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "some client still waits for its answer"

    def turn_to(self, gateway: Gateway | None) -> None:
        """From now on requests go there; None: to nobody, until there is one again."""
        self._address = None if gateway is None else (gateway.host, gateway.port)

    def quiet(self) -> bool:
        """Nobody waits for an answer."""
        return not self.under_way

    async def _run(self) -> None:
        await asyncio.gather(*(self._live(number) for number in range(self.count)))

    async def _live(self, number: int) -> None:
        stream, leaves = number % 2 == 1, number % 20 == 1
        key = "mt_live_of_nobody_0000000000000000000000000000" if number % 20 == 4 else KEY
        await asyncio.sleep(number / 1000)
        while not self._stop:
            address = self._address
            if address is None:
                await asyncio.sleep(0.02)
                continue
            with contextlib.suppress(OSError):
                await self._visit(address, key, stream=stream, leaves=leaves)
            # A gateway that is not there is not asked without end.
            await asyncio.sleep(0.01)

    async def _visit(self, address: tuple[str, int], key: str, *, stream: bool, leaves: bool) -> None:
        reader, writer = await asyncio.open_connection(*address)
        try:
            keep = True
            while keep and not self._stop and self._address == address:
                keep = await self._exchange(reader, writer, key, stream=stream, leaves=leaves)
                # Refusals are quick: without a pause they would be most of what happens.
                await asyncio.sleep(self.pause if key == KEY else 0.1)
        finally:
            writer.transport.abort()

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, *, stream: bool, leaves: bool
    ) -> bool:
        trace = f"{next(self._numbers):032x}"
        body = BODIES[b"true" if stream else b"false"]
        head = f"POST /v1/messages HTTP/1.1\r\nhost: g\r\nx-api-key: {key}\r\ncontent-type: application/json\r\n"
        told = f"traceparent: 00-{trace}-00f067aa0ba902b7-01\r\ncontent-length: {len(body)}\r\n\r\n"
        self.sent.add(trace)
        self.under_way.add(trace)
        began = time.monotonic()
        try:
            writer.write(f"{head}{told}".encode() + body)
            status, again = await _answered(reader, leaves=leaves)
        except (OSError, EOFError):
            self.broken.add(trace)
            return False
        finally:
            self.under_way.discard(trace)
        if status:
            self.ended[trace] = status
            self.slowest = max(self.slowest, time.monotonic() - began)
        else:
            self.left.add(trace)
        return again


async def _answered(reader: asyncio.StreamReader, *, leaves: bool) -> tuple[int, bool]:
    """Status (0: the client leaves in the middle) and whether the connection may be used again."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split(b" ", 2)[1])
    if b"transfer-encoding: chunked" in head:
        if leaves:
            await reader.read(100)
            return 0, False
        await reader.readuntil(b"\r\n0\r\n\r\n")
    else:
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
    return status, b"connection: close" not in head


class Row(NamedTuple):
    """An entry of the books, as far as it is looked at here."""

    trace: str
    outcome: str
    status: int
    input: int
    output: int
    source: str
    missing: int
    cost: int | None


def configuration(provider: Provider, **more: Any) -> dict[str, Any]:
    """A gateway with books, in front of this provider."""
    row = {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY}
    return {**settings(anthropic=row), "books": True, **more}


def entries(folder: Path | str) -> list[Row]:
    """Everything that stands in the database: SQLite's of a gateway's folder, or PostgreSQL's of a URL."""
    if isinstance(folder, str):
        import psycopg

        with psycopg.connect(folder) as connection:
            rows = connection.execute(f"SELECT {', '.join(Row._fields)} FROM entries".encode()).fetchall()
            return [Row(*row) for row in rows]
    path = folder / "data" / "penstock.db"
    if not path.exists():
        return []
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
        return [Row(*row) for row in database.execute(f"SELECT {', '.join(Row._fields)} FROM entries")]


def all_told(folder: Path | str, upstream: Upstream) -> bool:
    """Whether the books know of every call that the provider had."""
    return upstream.counted.keys() <= {row.trace for row in entries(folder)}


class Accounts(Protocol):
    """A provider's."""

    counted: dict[str, Tokens]
    twice: list[str]


def reconcile(folder: Path | str, clients: Clients, upstream: Accounts, besides: Collection[str] = ()) -> Counter[str]:
    """Holds the books against both other accounts, but for what is told ``besides``; how many exchanges ended in which
    way."""
    found = [row for row in entries(folder) if row.trace not in besides]
    times = Counter(row.trace for row in found)
    assert [trace for trace, count in times.items() if count > 1] == [], "written down twice"
    assert times.keys() - clients.sent == set(), "an entry without an exchange"
    assert upstream.counted.keys() - times.keys() == set(), "the provider was called, and nothing tells of it"
    assert upstream.twice == [], "the provider was called twice"
    closed = {row.trace: row for row in found if row.outcome == "served"}
    refused = {row.trace: row.status for row in found if row.outcome == "refused"}
    # 503 says that nothing more can be written down.
    answered = {trace: status for trace, status in clients.ended.items() if status != 503}
    told = refused | {trace: row.status for trace, row in closed.items()}
    assert answered.items() - told.items() == set(), "a client saw the end of what is not closed"
    assert not refused.keys() & upstream.counted.keys()
    # Of who leaves at the very end all may be known.
    known = closed | {row.trace: row for row in found if row.outcome == "abandoned" and row.source == "reported"}
    assert {trace: Tokens(row.input, row.output) for trace, row in known.items()} == {
        trace: upstream.counted[trace] for trace in known
    }, "what was used is not what the provider counted"
    assert {(row.source, row.missing) for row in known.values()} <= {("reported", 0)}
    others = [row for row in found if row.trace not in told]
    assert {row.outcome for row in others} <= {"killed", "abandoned", "failed"}
    # Of what was cut short something may have been used: it is estimated, says so, and is never free. Who leaves while
    # the request still waits has used nothing.
    used = [row for row in others if row.trace in upstream.counted or row.source != "none"]
    assert {(row.source, row.missing) for row in used if row.trace not in known} <= {("estimated", 1)}
    assert {(row.outcome, row.cost) for row in others if row not in used} <= {("abandoned", 0)}
    assert all(row.cost for row in [*closed.values(), *used])
    return Counter(row.outcome for row in found)


def journals(folder: Path) -> list[str]:
    """The segments that hold something; a killed process also leaves a hidden one that it had not used."""
    return sorted(path.name for path in (folder / "data" / "journal").glob("[0-9a-f]*.journal*"))


def workers(gateway: Gateway) -> list[int]:
    """The processes that the gateway has started; with one worker none."""
    return [int(pid) for pid in Path(f"/proc/{gateway.pid}/task/{gateway.pid}/children").read_text().split()]


def served(clients: Clients) -> int:
    """How many answers with 200 clients have seen."""
    return list(clients.ended.values()).count(200)


def said(gateway: Gateway, words: str) -> int:
    """How many lines of the log hold these words."""
    return sum(words in line for line in gateway.output)


def doctor(gateway: Gateway) -> dict[tuple[str, str], str]:
    """What ``penstock doctor`` finds beside a gateway that runs: (about, state) to words."""
    config = yaml.safe_load((gateway.folder / "penstock.yaml").read_text())
    path = gateway.folder / "doctor.yaml"
    path.write_text(yaml.safe_dump({**config, "listen": f"{gateway.host}:{gateway.port}"}))
    found = json.loads(piped("doctor", "--config", str(path), "--json", folder=gateway.folder).stdout)["findings"]
    return {(row["about"], row["state"]): row["what"] for row in found}


def kill_all(gateway: Gateway) -> None:
    """The whole gateway, its workers first or last as it happens; none of them can do anything about it."""
    pids = [gateway.pid, *workers(gateway)]
    random.shuffle(pids)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
