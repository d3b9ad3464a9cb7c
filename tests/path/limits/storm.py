"""Many clients that ask at once under many quotas, and three accounts of it: theirs, the provider's, and the books',
which are held against what the counters say.

Each key has one quota, so that each kind is met alone and all of them at the same time.
"""

import asyncio
import contextlib
import json
import random
import re
import sqlite3
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from penstock.core.caller import KeyProfile
from penstock.core.counting import Counters, Standing
from penstock.core.quota import Level, bound
from penstock.core.quota_text import read
from penstock.policies.limit import OperationKind
from penstock.policies.limit.taking import Taking
from penstock.stores.counting.postgresql import PostgresqlCounters
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from tests.path.limits.scene import MODEL, question, streamed
from tests.support.gateway import OPERATOR_KEY, Gateway, settings
from tests.support.provider import Pause, Provider, Received, Scripted, json_answer
from tests.support.valkey import ValkeyServer

PATIENT = 20
"""Seconds of deadline for who looks at the counters from outside."""
_SAID = re.compile(rb"who=(\w+) in=(\d+) out=(\d+) status=(\d+) pause=([\d.]+)")


class Order(NamedTuple):
    """What one client asks for; ``leaves``: it goes away in the middle of its stream."""

    who: str
    given: int
    most: int
    pause: float = 0.0
    status: int = 200
    stream: bool = False
    leaves: bool = False

    @property
    def body(self) -> bytes:
        words = f"who={self.who} in=10 out={self.given} status={self.status} pause={self.pause}"
        more: dict[str, Any] = {"stream": True} if self.stream else {}
        asked = question(max_tokens=self.most, **more)
        asked["messages"] = [{"role": "user", "content": words}]
        return json.dumps(asked).encode()


class Upstream:
    """The provider's own account, by who asked."""

    def __init__(self) -> None:
        self.told: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
        """When it was called, and how many output tokens it gave."""
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        """Under way at a time."""

    def __call__(self, received: Received) -> Scripted:
        said = _SAID.search(received.body)
        assert said is not None
        who, taken, given, status, pause = said[1].decode(), int(said[2]), int(said[3]), int(said[4]), float(said[5])
        if status != 200:
            return json_answer(b'{"type":"error","error":{"type":"api_error","message":"scripted"}}', status)
        self.told[who].append((time.monotonic(), given))
        usage = {"input_tokens": taken, "output_tokens": given}
        if b'"stream": true' in received.body:
            kind, pieces = "text/event-stream", streamed(usage, Pause(pause), ("some ", "words "))
        else:
            body = {"type": "message", "model": MODEL, "content": [{"type": "text", "text": "ok"}], "usage": usage}
            kind, pieces = "application/json", iter((Pause(pause), json.dumps(body).encode()))
        return Scripted(200, (("content-type", kind),), self._counted(who, pieces), sized=False)

    def _counted(self, who: str, pieces: Iterator[Any]) -> Any:
        # Counted while the answer is written, and given up where the connection is.
        self.under_way[who] += 1
        self.most[who] = max(self.most[who], self.under_way[who])
        try:
            yield from pieces
        finally:
            self.under_way[who] -= 1


@dataclass
class Storm:
    """``with Storm(gateway) as storm``: orders are carried out in a thread of its own, some at a time for each key."""

    address: tuple[str, int] | None = None
    lanes: int = 12
    ended: list[tuple[float, str, int]] = field(default_factory=list)
    """When an answer was read to its end, whose it was, and its status."""
    broken: Counter[str] = field(default_factory=Counter)
    took: list[tuple[float, float]] = field(default_factory=list)
    """When an answer with 200 had ended, and the seconds that it took beyond its provider's pause."""
    asking: int = 0
    """How many wait for an answer."""
    _stop: bool = False

    def turn_to(self, gateway: Gateway | None) -> None:
        """From now on requests go there; None: nobody asks until there is one again."""
        self.address = None if gateway is None else (gateway.host, gateway.port)

    def run(self, orders: Sequence[Order]) -> None:
        """All of them; returns when each has its end. 503 is asked again: the store was late."""
        asyncio.run(self._run(orders))

    @contextlib.contextmanager
    def running(self, orders: Sequence[Order]) -> Iterator[None]:
        """The same beside the test."""
        thread = threading.Thread(target=self.run, args=(orders,), daemon=True)
        thread.start()
        yield
        thread.join(100)
        assert not thread.is_alive(), "some client still waits for its answer"

    @contextlib.contextmanager
    def going(self, gateway: Gateway, names: Collection[str], given: int = 20, pause: float = 0.05) -> Iterator[None]:
        """Each key asks again and again, until it ends; every answer is noted as it is, 503 too."""
        self.turn_to(gateway)
        self._stop = False
        lanes = [Order(who, given, given * 2, pause) for who in names for _ in range(self.lanes)]
        thread = threading.Thread(target=lambda: asyncio.run(self._go(lanes)), daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop = True
            thread.join(60)
        assert not thread.is_alive(), "some client still waits for its answer"

    async def _go(self, orders: Sequence[Order]) -> None:
        async def lane(order: Order) -> None:
            while not self._stop:
                if self.address is None:
                    await asyncio.sleep(0.02)
                    continue
                await self.visit(order)
                # Refusals are quick, and clients are not in a hurry.
                await asyncio.sleep(order.pause)

        await asyncio.gather(*map(lane, orders))

    def statuses(self, who: str, since: float = 0.0, until: float = float("inf")) -> Counter[int]:
        """Of what ended in that time."""
        return Counter(status for at, whose, status in self.ended if whose == who and since <= at < until)

    def answers_by_key(self) -> Counter[tuple[str, int]]:
        """How many had which status."""
        return Counter((who, status) for _, who, status in self.ended)

    async def visit(self, order: Order) -> int:
        """Once; the status, which is noted; 0: the connection broke."""
        self.asking += 1
        try:
            status = await self._asked(order)
        finally:
            self.asking -= 1
        if status:
            self.ended.append((time.monotonic(), order.who, status))
        return status

    async def _run(self, orders: Sequence[Order]) -> None:
        by_key: defaultdict[str, list[Order]] = defaultdict(list)
        for order in orders:
            by_key[order.who].append(order)
        lanes = []
        for some in by_key.values():
            queue = iter(some)
            lanes += [self._lane(queue) for _ in range(self.lanes)]
        await asyncio.gather(*lanes)

    async def _lane(self, orders: Iterator[Order]) -> None:
        for order in orders:
            done = False
            while not done:
                done = self.address is not None and await self.visit(order) != 503
                if not done:
                    await asyncio.sleep(0.05)

    async def _asked(self, order: Order) -> int:
        place = self.address
        if place is None:
            return 0
        began = time.monotonic()
        try:
            status = await ask(place, order)
        except (OSError, EOFError, ValueError):
            self.broken[order.who] += 1
            return 0
        if status == 200 and not order.leaves:
            self.took.append((time.monotonic(), time.monotonic() - began - order.pause))
        return status


async def ask(place: tuple[str, int], order: Order) -> int:
    """One request over a connection of its own; the status, once the answer was read to its end or left."""
    reader, writer = await asyncio.open_connection(*place)
    try:
        body = order.body
        head = (
            f"POST /v1/messages HTTP/1.1\r\nhost: g\r\nx-api-key: {key(order.who)}\r\nconnection: close\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        status = int(answer.split(b" ", 2)[1])
        if status == 200 and order.leaves:
            await reader.read(100)
            return status
        length = re.search(rb"content-length: *(\d+)", answer, re.IGNORECASE)
        if length is not None:
            await reader.readexactly(int(length[1]))
        elif not (await reader.read()).endswith(b"0\r\n\r\n"):
            raise EOFError("the answer is not whole")
        return status
    finally:
        writer.transport.abort()


class Place(NamedTuple):
    """Where quotas are counted and the books stand; what the configuration says of it."""

    counters: str
    books: Path | str
    config: dict[str, Any]


@contextlib.contextmanager
def valkey(folder: Path, *, persistent: bool = True) -> Iterator[tuple[ValkeyServer, Place]]:
    """A Valkey that counts, beside books in the folder."""
    server = ValkeyServer(folder / "valkey", persistent=persistent)
    server.start()
    try:
        yield server, Place(server.url, folder, {"shared": server.url})
    finally:
        server.stop()


def key(who: str) -> str:
    """The gateway key of this name."""
    return f"mt_live_{who}_".ljust(48, "0")


def configuration(provider: Provider, quotas: dict[str, str], **more: Any) -> dict[str, Any]:
    """A gateway with a key for each of these quotas."""
    row = {"dialect": "anthropic", "base_url": provider.base_url, "api_key": OPERATOR_KEY}
    config = {**settings(anthropic=row), **more}
    config["keys"] = [{"name": who, "key": key(who), "quotas": [quota]} for who, quota in quotas.items()]
    return config


class Sums(NamedTuple):
    """What the books have of a key, in the units that quotas have."""

    key: str
    entries: int
    requests: int
    output: int
    cost: int


_SUMS = """
SELECT key_name, key, count(*), sum(CASE WHEN status BETWEEN 200 AND 399 OR source <> 'none' THEN 1 ELSE 0 END),
sum(output + output_audio + output_image + reasoning), sum(coalesce(cost, 0)) FROM entries GROUP BY key_name, key
"""


def ledger(place: Path | str) -> dict[str, Sums]:
    """By the key's name: of a gateway's folder, or of PostgreSQL at a URL."""
    if isinstance(place, str):
        with psycopg.connect(place) as connection:
            rows = connection.execute(_SUMS.encode()).fetchall()
    else:
        path = place / "data" / "penstock.db"
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as database:
            rows = database.execute(_SUMS).fetchall()
    return {name: Sums(who, *map(int, sums)) for name, who, *sums in rows}


def standings(store: str, quotas: dict[str, str], ids: dict[str, str]) -> dict[str, Standing]:
    """How the counters of these keys stand, by the store itself."""

    async def asked() -> dict[str, Standing]:
        counters = _opened(store)
        found: dict[str, Standing] = {}
        for who, identity in ids.items():
            quota = bound(read(quotas[who]), Level.KEY, identity)
            profile = KeyProfile(identity, who, quotas=(quota,))
            answer = counters.standings(Taking(profile, MODEL, OperationKind.SPENDS, time.time()).asks)
            found[who] = (answer if isinstance(answer, tuple) else await answer)[0]
        closing = counters.close()
        if closing is not None:
            await closing
        return found

    return asyncio.run(asked())


def _opened(store: str) -> Counters:
    if store.startswith("postgresql"):
        return PostgresqlCounters(lambda: psycopg.connect(store), deadline=PATIENT)
    return ValkeyCounters(address(store), deadline=PATIENT)


def agree(
    store: str, place: Path | str, quotas: dict[str, str], seconds: float = 30, *, held: bool = False
) -> dict[str, Sums]:
    """Waits until nothing is under way and the settled counters are the ledger's sums, of all quotas that count a
    month; what the ledger has. Fails with both where it does not come to that. ``held``: what a process that is gone
    has reserved may be there still."""
    until, seen = time.monotonic() + seconds, 0
    while True:
        sums = ledger(place)
        found = standings(store, quotas, {who: one.key for who, one in sums.items() if "month" in quotas[who]})
        counted = {who: (one.settled, 0 if held else one.reserved) for who, one in found.items()}
        wanted = {who: (_counted(quotas[who], sums[who]), 0) for who in counted}
        seen = seen + 1 if counted == wanted else 0
        # Twice, and nothing comes after it.
        if seen > 1:
            return sums
        assert time.monotonic() < until, {
            who: (counted[who], wanted[who]) for who in counted if counted[who] != wanted[who]
        }
        time.sleep(0.3)


def _counted(quota: str, sums: Sums) -> int:
    if "$" in quota:
        return sums.cost
    return sums.requests if "requests" in quota else sums.output


def admitted(times: Sequence[tuple[float, int]], rate: float, burst: float) -> float:
    """By how much the fullest of all windows of time is over what a rate allows in it, burst and all: never above 0."""
    over, level, last = float("-inf"), 0.0, 0.0
    for at, amount in sorted(times):
        level = max(0.0, level - (at - last) * rate) + amount if last else amount
        over, last = max(over, level - burst), at
    return over


def dice(seed: str) -> Callable[[str, int, float], Order]:
    """Makes orders by chance: streams, clients that leave, errors of the provider."""
    chance = random.Random(seed)

    def thrown(who: str, most: int, pause: float) -> Order:
        given = chance.choice([most, chance.randint(1, most)])
        kind = chance.choices(["plain", "stream", "leaves", "fails"], [6, 3, 1, 1])[0]
        if kind == "fails":
            return Order(who, given, most, pause, status=chance.choice([400, 500, 529]))
        return Order(who, given, most, pause, stream=kind != "plain", leaves=kind == "leaves")

    return thrown
