"""Composition root: settings in, running gateway out. It and ``order`` alone name concrete classes."""

import asyncio
import contextlib
import functools
import os
import random
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from penstock import routes
from penstock.assembly import composing, scrubbing
from penstock.assembly.bookkeeping import Bookkeeping
from penstock.assembly.limiting import Limiting, terms
from penstock.assembly.observing import PATH as METRICS
from penstock.assembly.observing import Observing
from penstock.background import chores
from penstock.background.credential_watch import CredentialWatch
from penstock.background.key_watch import KeyWatch
from penstock.background.noticing import Noticing, webhook
from penstock.background.reckoning import Reckoning
from penstock.background.reloading import Reloading
from penstock.background.suspending import SavingsJudge, SuspensionWatch, command
from penstock.calling import Calling
from penstock.closing import Closing
from penstock.config.settings import Settings
from penstock.config.source import SettingsSource
from penstock.core.caller import KeyProfile
from penstock.core.counting import Counters
from penstock.core.entry import Entry
from penstock.core.exchange import Answer
from penstock.core.fault import Fault
from penstock.core.head import Header, RequestHead
from penstock.core.target import Origin, Provider, Timeouts
from penstock.gateway import Gateway
from penstock.observe.metrics import Gauge
from penstock.order import HELD_BYTES, attempt, policies
from penstock.policies.authenticate import Authenticate, KeyRing
from penstock.policies.compress import CHATS
from penstock.policies.compress.deciding import is_off
from penstock.policies.compress.rules import SHIPPED
from penstock.policies.record import Unrecorded
from penstock.probes import probe
from penstock.providers.allowances import Allowances
from penstock.providers.headers import Wording
from penstock.questions import Questions
from penstock.stores.claims import Claims
from penstock.stores.claims.valkey import ValkeyClaims
from penstock.stores.counting.fallback import Fallback
from penstock.stores.counting.leasing import Leasing
from penstock.stores.counting.memory import Memory
from penstock.stores.counting.sqlite import COUNTERS, SqliteCounters
from penstock.stores.counting.valkey import ValkeyCounters
from penstock.stores.counting.valkey_address import address
from penstock.stores.keys import KeyStore
from penstock.stores.ledger import Ledger
from penstock.stores.records import Records
from penstock.stores.suspensions import Suspensions
from penstock.stores.used import Usages
from penstock.stores.warnings import Warnings
from penstock.wire.call import Upstream
from penstock.wire.incoming import Handler, Incoming
from penstock.wire.listener import Listener
from penstock.wire.pool import Pool
from penstock.wire.relay import Passing
from penstock.wire.sweep import Sweep

# Between two frames of a demo stream, so that it looks like one.
DEMO_PACE_SECONDS = 0.015

WEBHOOK_TIMEOUTS = Timeouts(connect=5.0, first_byte=10.0, idle=10.0, total=20.0)
HELD_ANSWER = 64 * 1024
RECKONING_SECONDS = 10.0
"""So long a start waits to hear from the books what was used of quotas."""

DIALECTS = composing.DIALECTS


def new_id() -> str:
    """An exchange's id: sorts by time, and no two are alike."""
    return f"{time.time_ns() // 1_000_000:012x}{random.getrandbits(64):016x}"


class Place(msgspec.Struct, frozen=True):
    """Where this process stands among those that serve the address together."""

    worker: int | None = None
    """Its number from 0; None: it is alone."""
    sockets: tuple[socket.socket, ...] = ()
    """Where it accepts; none: it binds the address itself."""


ALONE = Place()


@dataclass
class Running:
    """A gateway that listens."""

    url: str
    simulated: Sequence[str]
    """The dialects for which the simulator answers."""
    first_key: str | None
    """The key that was made because there was none; for its owner's eyes alone."""
    process: "Process"
    reload: Callable[[], None]
    """Reads the configuration again, now, and judges anew what should be suspended."""

    async def notice(self) -> None:
        """Tell whoever asks that the end is near, and go on for as long as the settings say."""
        self.process.ready = False
        await asyncio.sleep(self.process.settings.limits.notice_seconds)

    async def look(self) -> None:
        """Take over now what was changed in the database; what can't be is taken later."""
        await self.process.look()

    async def hand_over(self) -> None:
        """Let another process accept in this one's place; connections that are here go after their next answer."""
        await self.process.hand_over()


@contextlib.asynccontextmanager
async def running(
    settings: Settings, *, demo: bool, source: SettingsSource | None = None, place: Place = ALONE
) -> AsyncIterator[Running]:
    """The gateway, listening for as long as the context is open; running answers may end when it closes.

    ``source``: where the settings came from, to be read again when they change.
    """
    async with contextlib.AsyncExitStack() as undo:
        simulator = await undo.enter_async_context(simulating(pace=DEMO_PACE_SECONDS)) if demo else None
        process = Process(settings, composing.simulators(DIALECTS, simulator), undo, place)
        await process.reckon()
        host, port = await process.listener.start(*settings.address, place.sockets)
        undo.push_async_callback(process.close_listener)
        origin = source or SettingsSource(None, lambda: settings)
        reloading = Reloading(origin, settings, process.take, aloud=not place.worker)
        undo.push_async_callback(_ended, asyncio.create_task(reloading.run()))
        scheme = "https" if settings.tls else "http"
        name = f"[{host}]" if ":" in host else host
        url = f"{scheme}://{name}:{port}"
        # One of the processes has the books judged for all: each hears of what is suspended.
        judge = None
        if source is not None and process.books is not None and not place.worker:
            judge = SavingsJudge(process.store.engine, command(source.path))
            undo.callback(judge.close)
            prune = chores.command("db", "prune", config=source.path)
            undo.callback(chores.Chore(lambda: process.settings.retention.wanted, prune, chores.PRUNING).close)
            sums, engine = chores.command("db", "sum", config=source.path), process.store.engine
            soon = functools.partial(chores.sums_missing, engine), sums, chores.SUMMING
            undo.callback(chores.Chore(*soon, first=chores.SOON_SECONDS).close)

        def reload() -> None:
            reloading.now()
            if judge is not None:
                judge.now()

        yield Running(url, simulated(settings) if demo else (), process.first_key, process, reload)


class Process:
    """What lives as long as the process, and the gateway that is in force in it."""

    def __init__(
        self, settings: Settings, simulators: Mapping[str, Provider], undo: contextlib.AsyncExitStack, place: Place
    ) -> None:
        self.settings = settings
        self.ready = True
        self._handed_over = False
        self._simulators = simulators
        self._sweep = Sweep()
        undo.callback(self._sweep.close)
        undo.callback(self._close_pool)
        self._ways = composing.ways(settings)
        self._pool = Pool(self._ways.connector(), self._sweep)
        tls = composing.certificate(settings)
        site = composing.site(settings)
        site.make_folder()
        self.store = KeyStore(*site)
        undo.callback(self.store.close)
        # Before the keys are watched, so that it is known from the first request on.
        self.first_key = None if place.worker is not None else _first_key(self.store, settings)
        counters, claims = _shared(settings, alone=place.worker is None)
        self._records = Records.of(self.store.engine, self.store.pepper, self.store.changes, claims)
        undo.callback(self._records.close)
        if claims is not None:
            undo.push_async_callback(claims.close)
        self._ring = KeyRing(self.store.pepper)
        self._noticing = Noticing(Warnings(self.store.engine))
        undo.push_async_callback(self._noticing.close)
        self._limiting = Limiting(counters, DIALECTS, terms(settings), self._noticing.crossed)
        undo.push_async_callback(self._limiting.close)
        self.books: Bookkeeping | None = None
        self._reckoning: Reckoning | None = None
        if settings.books or simulators:
            ledger = Ledger(self.store.engine, lambda entry: self._limiting.counted(entry, self._ring.known))
            found = functools.partial(self._limiting.found, profile=self._ring.known)
            self.books = Bookkeeping(settings, composing.catalog(settings), DIALECTS, ledger, undo, found)
            usages = Usages(self.store.engine, self._limiting.spending)
            counted = self._limiting.counters, self._limiting.settling
            self._reckoning = Reckoning(usages, *counted, lambda: self._ring.profiles, self.books.whole)
            undo.push_async_callback(self._reckoning.close)
        self._suspensions = Suspensions(self.store.engine)
        undo.callback(SuspensionWatch(self._suspensions, self.store.changes).close)
        self._knows_words = False
        declared = composing.declared(settings.keys, self.store.pepper)
        self._keys = KeyWatch(self.store, self._ring, declared, composing.heritage(settings), self._prepare)
        undo.callback(self._keys.close)
        self._credentials = CredentialWatch(
            self.store.engine, self._stores_credentials, lambda: self.take(self.settings), self.store.changes
        )
        undo.callback(self._credentials.close)
        learning = () if self.books is None else (self.books.learn,)
        self._observing = Observing(settings, self._gauges(), learning, shared=place.worker is not None)
        undo.callback(self._observing.close)
        self.gateway = self._furnish(settings, self._pool)
        self.listener = Listener(_front(self, self.gateway), refusal, limits=composing.limits(settings), tls=tls)

    async def reckon(self) -> None:
        """Count what the books say was used already, and know what others decided, before anybody is served."""
        await self._records.conversations.begin()
        if self._reckoning is not None:
            await self._reckoning.begin(alone=isinstance(self._limiting.counters, Memory), patience=RECKONING_SECONDS)

    def take(self, settings: Settings) -> None:
        """Serve by these settings from the next request on; ConfigError or OSError, and nothing has changed.

        Requests under way end as they began: with the gateway, the policies and the connections that they have.
        """
        tls = composing.certificate(settings)
        ways = composing.ways(settings)
        pool = self._pool if ways == self._ways else Pool(ways.connector(), self._sweep)
        gateway = self._furnish(settings, pool)
        self._observing.take(settings)
        if pool is not self._pool:
            self._pool.close()
        self._ways, self._pool, self.settings, self.gateway = ways, pool, settings, gateway
        self._keys.declare(composing.declared(settings.keys, self.store.pepper), composing.heritage(settings))
        if tls is not None:
            self.listener.renew(tls)
        self.listener.limits = composing.limits(settings)
        self.listener.handler = _front(self, gateway)

    def _furnish(self, settings: Settings, pool: Pool) -> Gateway:
        upstream = Upstream(pool, self._sweep, upload_limit=settings.limits.upload)
        prefixes = tuple(settings.header_prefixes)
        wording = Wording(prefixes, CHATS, Allowances(prefixes, DIALECTS, settings.quotas.warn_at / 100))
        routing = composing.table(settings, self._simulators, self._credentials.kept)
        calling = Calling(DIALECTS, upstream, wording.crossing, HELD_BYTES)
        listed = composing.catalog(settings)
        row, limit = settings.quotas.webhook, None
        told = None if row is None else webhook(row.url, row.secret)
        self._noticing.take(told, functools.partial(_told, upstream))
        if self.books is not None:
            going = functools.partial(attempt, routing)
            limit = self._limiting.limit(settings, listed, going, self.books.tokens, terms(settings))
        record = Unrecorded() if self.books is None else self.books.record(settings, listed, self._closed)
        return Gateway(
            dialects=DIALECTS,
            record=record,
            authenticate=Authenticate(self._ring),
            policies=policies(
                settings,
                routing,
                Questions(calling, record, new_id),
                self._records,
                self.store.pepper,
                self._suspensions.held,
                limit,
            ),
            table=routing,
            calling=calling,
            closing=Closing(upstream.woken),
            wording=wording,
            passing=Passing(settings.limits.sse_frame, settings.stream_keepalive, HELD_BYTES),
            new_id=new_id,
            body_limit=settings.limits.body,
        )

    def _closed(self, entry: Entry) -> None:
        self._limiting.settling.closed(entry)
        self._observing.closed(entry)

    def _prepare(self, keys: Collection[KeyProfile]) -> None:
        """For keys that are about to be in force. What detection looks for takes up to a second to read: not when the
        first request is here, and not where nobody wants it."""
        wishes = composing.wishes(self.settings)
        if not self._knows_words and (self.settings.terser.when or any(not is_off(wishes.of(one)) for one in keys)):
            self._knows_words = True
            threading.Thread(target=_read_words, name="detection", daemon=True).start()
        if any(scrubbing.wanted(self.settings, key) for key in keys):
            prepared = functools.partial(scrubbing.prepare, self.settings, keys)
            threading.Thread(target=prepared, name="scrubbing", daemon=True).start()

    async def look(self) -> None:
        """Look at once at what is looked at twice a second."""
        await asyncio.gather(self._keys.look(), self._credentials.look())

    async def hand_over(self) -> None:
        """Let running answers end, and each client ask once more."""
        self.ready, self._handed_over = False, True
        await self.listener.hand_over(self.settings.limits.drain_seconds)

    async def close_listener(self) -> None:
        """Let running answers end, where they have not had their time."""
        self.ready = False
        await self.listener.close(0 if self._handed_over else self.settings.limits.drain_seconds)

    def observed(self, incoming: Incoming) -> Answer | None:
        """What is told to those who may know how the gateway is doing."""
        return self._observing.answer(incoming)

    def _gauges(self) -> Sequence[Gauge]:
        def census(place: int) -> Callable[[], float]:
            return lambda: self.listener.census()[place]

        gauges = [
            Gauge("penstock_open_connections", "Connections of clients.", census(0)),
            Gauge("penstock_open_requests", "Requests under way.", census(1)),
            Gauge("penstock_open_streams", "Answers that have begun and not ended.", census(2)),
            Gauge("penstock_idle_provider_connections", "To providers, kept for reuse.", lambda: self._pool.idle),
        ]
        if self.books is not None:
            journal, writer = self.books.journal.state, self.books.writer.state

            def refusing() -> float:
                return float(not journal().accepting)

            gauges += [
                Gauge("penstock_journal_held_records", "In memory alone.", lambda: journal().held),
                Gauge("penstock_journal_segments", "Files not yet emptied.", lambda: journal().segments),
                Gauge("penstock_journal_failing_seconds", "Since it can't be written.", lambda: journal().failing_for),
                Gauge("penstock_journal_refusing", "1: requests are refused for it.", refusing),
                Gauge("penstock_books_failing_seconds", "Since it takes no entries.", lambda: writer().failing_for),
                Gauge("penstock_books_behind_seconds", "Since it had everything.", lambda: writer().behind),
            ]
        health = self._limiting.counters.health

        def unanswered() -> float:
            return 0.0 if health().answers else time.time() - health().since

        gauges += [
            Gauge("penstock_counters_failing_seconds", "Since quotas can't be counted.", unanswered),
            Gauge("penstock_counters_waiting", "Settlements that are still to be counted.", lambda: health().waiting),
        ]
        return gauges

    def _stores_credentials(self) -> bool:
        return any(row.api_key_stored for row in self.settings.providers.values())

    def _close_pool(self) -> None:
        self._pool.close()


async def _told(upstream: Upstream, origin: Origin, head: bytes, body: bytes) -> Answer:
    return await upstream.fetch(origin, WEBHOOK_TIMEOUTS, head, HELD_ANSWER, body)


def _shared(settings: Settings, *, alone: bool) -> tuple[Counters, Claims | None]:
    """Where quotas are counted: with other gateways, with the other processes of this one, or here; and where gateways
    agree on how they decide conversations, on the same way."""
    far: Counters
    claims: Claims | None = None
    if settings.shared is not None:
        process = f"{os.uname().nodename} {os.getpid()}"
        far = valkey = ValkeyCounters(address(settings.shared.reveal()), process=process)
        claims = ValkeyClaims(valkey)
    elif settings.database is not None:
        # Load a driver that SQLite has no use for.
        from penstock.stores.claims.postgresql import PostgresqlClaims  # noqa: PLC0415
        from penstock.stores.counting.postgresql import PostgresqlCounters  # noqa: PLC0415
        from penstock.stores.server import connect, named  # noqa: PLC0415

        reach, name = functools.partial(connect, settings.database), named(settings.database)
        far, claims = PostgresqlCounters(reach, name), PostgresqlClaims(reach, name)
    elif alone:
        return Memory(), None
    else:
        far = SqliteCounters(Path(settings.data_dir) / COUNTERS)
    counters = Leasing(far, Fallback(far, processes=settings.workers))
    # Reaches out before the first request does.
    counters.renew(())
    return counters, claims


def _read_words() -> None:
    from penstock.policies.compress import lexicon, reasks  # noqa: PLC0415 - take megabytes

    lexicon.prepare()
    reasks.prepare()


def prepare(settings: Settings) -> str | None:
    """Make the data folder ready for the processes that will share it; the first key, where there was none.

    ConfigError for what would keep each of them from starting.
    """
    composing.table(settings, {})
    site = composing.site(settings)
    site.make_folder()
    store = KeyStore(*site)
    try:
        return _first_key(store, settings)
    finally:
        store.close()


def simulated(settings: Settings) -> Sequence[str]:
    """The dialects for which the simulator answers in a demo: no provider of theirs can be called."""
    routing = composing.table(settings, {})
    return [name for name in DIALECTS if not composing.answered_for(routing, name)]


def refusal(fault: Fault, head: RequestHead | None) -> tuple[int, list[Header], bytes]:
    """Speaks what went wrong before there was an exchange, in the dialect that the path suggests."""
    dialect = "anthropic" if head is None or not head.target else routes.dialect_of(head)
    answer = DIALECTS[dialect].fault(fault, new_id())
    return answer.status, list(answer.headers), answer.body


@contextlib.asynccontextmanager
async def simulating(
    host: str = "127.0.0.1", port: int = 0, *, seed: int = 0, pace: float = 0.0
) -> AsyncIterator[Origin]:
    """The built-in simulator, listening; port 0 is a free one."""
    # Loaded only where it is wanted: a gateway to real providers has no use for it.
    from penstock.simulator.server import Simulator  # noqa: PLC0415
    from penstock.simulator.terseness import Rule  # noqa: PLC0415

    rules = [Rule(intensity.value, words.text) for intensity, words in SHIPPED.items()]
    simulator = Simulator(seed=seed, pace=pace, rules=rules)
    listener = Listener(simulator.handle, simulator.refusal)
    host, port = await listener.start(host, port)
    try:
        yield Origin(secure=False, host=host, port=port)
    finally:
        await listener.close(0)


def _front(process: Process, gateway: Gateway) -> Handler:
    # No coroutine around the gateway's own: every request would pass through it at every step.
    def handle(incoming: Incoming) -> Coroutine[None, None, None]:
        answer = probe(incoming.head, ready=process.ready)
        if incoming.head.target == METRICS:
            answer = process.observed(incoming)
        return gateway.handle(incoming) if answer is None else _reply(incoming, answer)

    return handle


async def _reply(incoming: Incoming, answer: Answer) -> None:
    incoming.reply(answer)


def _first_key(store: KeyStore, settings: Settings) -> str | None:
    if settings.keys or store.any():
        return None
    # Loaded at the very first start alone.
    from penstock.administering import keys  # noqa: PLC0415

    return keys.create_first(store, settings)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
