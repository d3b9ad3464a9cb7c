"""Composition root: settings in, running gateway out. The only file that names concrete classes.

The order of the policies stands here, with its reasons.
"""

import asyncio
import contextlib
import functools
import logging
import random
import ssl
import time
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from penstock import routes
from penstock.calling import Calling
from penstock.config.settings import ProviderSettings, Settings
from penstock.core.caller import KeyProfile, digest
from penstock.core.exchange import Answer, Exchange
from penstock.core.fault import Fault
from penstock.core.head import Header, RequestHead
from penstock.core.policy import Policy
from penstock.core.target import Origin, Provider, Timeouts
from penstock.core.ticket import mint
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.explanation import Explanation, explain
from penstock.gateway import Gateway
from penstock.policies.authenticate import Authenticate, KeyRing
from penstock.policies.list_models import ListModels
from penstock.policies.own import Own, Register
from penstock.policies.permit import Permit
from penstock.policies.relink import Relink
from penstock.probes import probe
from penstock.providers.headers import Wording
from penstock.route_rows import ROWS
from penstock.routing.plan import ModelRule, Table, plan
from penstock.stores.keys import KeyStore, StoreError
from penstock.stores.objects import Objects
from penstock.wire.call import Upstream
from penstock.wire.connect import Connector
from penstock.wire.encoding import undone
from penstock.wire.incoming import Incoming
from penstock.wire.listener import Handler, Limits, Listener
from penstock.wire.pool import Pool
from penstock.wire.relay import Passing
from penstock.wire.sweep import Sweep

log = logging.getLogger(__name__)

# What the gateway holds of one answer when a policy must see it before the client does.
KEYS_SECONDS = 0.5
# Between two frames of a demo stream, so that it looks like one.
DEMO_PACE_SECONDS = 0.015
HELD_BYTES = 64 * 1024 * 1024

DIALECTS = {dialect.name: dialect for dialect in (Anthropic(), OpenAI(), Gemini())}


def new_id() -> str:
    """An exchange's id: sorts by time, and no two are alike."""
    return f"{time.time_ns() // 1_000_000:012x}{random.getrandbits(64):016x}"


@dataclass
class Running:
    """A gateway that listens."""

    url: str
    simulated: Sequence[str]
    """The dialects for which the simulator answers."""
    first_key: str | None
    """The key that was made because there was none; for its owner's eyes alone."""


@contextlib.asynccontextmanager
async def running(settings: Settings, *, demo: bool) -> AsyncIterator[Running]:
    """The gateway, listening for as long as the context is open; running answers may end when it closes."""
    sweep = Sweep()
    authorities = {row.origin: row.ca_file for row in settings.providers.values() if row.ca_file is not None}
    pool = Pool(Connector(authorities=authorities, proxy_for=settings.proxies.proxy_for), sweep)
    async with contextlib.AsyncExitStack() as undo:
        undo.callback(sweep.close)
        undo.callback(pool.close)
        store = KeyStore(Path(settings.data_dir))
        undo.callback(store.close)
        ring = KeyRing(store.pepper)
        first_key = None
        if not settings.keys and not store.profiles():
            first_key = store.create("default", prefix=settings.key_prefix).key.reveal()
        undo.enter_context(watching(store, ring, settings))
        simulator = await undo.enter_async_context(simulating(pace=DEMO_PACE_SECONDS)) if demo else None
        upstream = Upstream(pool, sweep, upload_limit=settings.limits.upload)
        wording = Wording(tuple(settings.header_prefixes))
        routing = table(settings, simulator)
        calling = Calling(DIALECTS, upstream, wording.private, HELD_BYTES)
        objects = Objects(store.engine)
        undo.callback(objects.close)
        gateway = Gateway(
            dialects=DIALECTS,
            authenticate=Authenticate(ring),
            policies=policies(settings, routing, calling, objects, store.pepper),
            table=routing,
            calling=calling,
            wording=wording,
            passing=Passing(settings.limits.sse_frame, settings.stream_keepalive),
            new_id=new_id,
            body_limit=settings.limits.body,
            held_limit=HELD_BYTES,
        )
        listener = Listener(_front(gateway), refusal, limits=_limits(settings), tls=_tls(settings))
        host, port = await listener.start(*settings.address)
        undo.push_async_callback(listener.close, settings.limits.drain_seconds)
        scheme = "https" if settings.tls else "http"
        name = f"[{host}]" if ":" in host else host
        simulated = [name for name in DIALECTS if simulator and not _answered_for(gateway.table, name)]
        yield Running(f"{scheme}://{name}:{port}", simulated, first_key)


def explain_request(settings: Settings, head: RequestHead, body: bytes, *, demo: bool) -> Explanation:
    """What would become of a request under these settings; nothing is sent."""
    nowhere = Origin(secure=False, host="127.0.0.1", port=0) if demo else None
    return explain(table(settings, nowhere), DIALECTS, head, body)


@contextlib.contextmanager
def watching(store: KeyStore, ring: KeyRing, settings: Settings) -> Iterator[None]:
    """Keeps the key ring as the file and the database have it: a key made elsewhere is known within a second."""
    declared = {
        digest(store.pepper, row.key.reveal()): KeyProfile(
            f"file:{row.name}", row.name, row.team, row.require_provider_key
        )
        for row in settings.keys
    }
    loop = asyncio.get_running_loop()

    def look() -> None:
        try:
            # Looked up on the loop: a pragma of a third of a millisecond; the rows are read only after a change.
            if store.changed():
                ring.replace({**store.profiles(), **declared})
        except StoreError as error:
            log.warning("the keys can't be read, the known ones stay in force: %s", error)
        timers[:] = [loop.call_later(KEYS_SECONDS, look)]

    timers: list[asyncio.TimerHandle] = []
    look()
    try:
        yield
    finally:
        timers[0].cancel()


def policies(
    settings: Settings, routing: Table, calling: Calling, objects: Register, secret: bytes
) -> Mapping[str, Sequence[Policy]]:
    """The policies after authentication, outermost first, for each route template that they concern."""
    undo = functools.partial(undone, limit=HELD_BYTES)

    def brought(exchange: Exchange) -> bool:
        if exchange.caller is None or exchange.caller.credential is None:
            return False
        attempt = plan(routing, exchange.match, exchange.facts, exchange.caller)[0]
        return attempt.credential is not None and attempt.credential.own

    order: Sequence[Policy] = (
        # Before anything that costs or answers: what a key may not use is refused, whatever would become of it.
        Permit(undo),
        # A list of several providers' models has no provider of its own to go to.
        ListModels(routing.speaking, calling.fetch),
        # Before anything that costs: an object of another tenant is answered 404, whatever else the request asks.
        Own(objects, brought, undo),
        # Innermost: it mends the provider's own links, and what it adds concerns nobody else.
        Relink(settings.public_url, functools.partial(mint, secret), undo, clock=time.time),
    )
    concerned: dict[str, list[Policy]] = {row.template: [] for row in ROWS}
    for template, met in concerned.items():
        rows = [row for row in ROWS if row.template == template]
        met += [policy for policy in order if any(policy.concerns(row) for row in rows)]
    return concerned


def table(settings: Settings, simulator: Origin | None) -> Table:
    """Provider rows and model rules as routing reads them."""
    simulators = {} if simulator is None else {name: _simulated(name, simulator) for name in DIALECTS}
    return Table(
        providers={name: _provider(name, row) for name, row in settings.providers.items()},
        rules=tuple(ModelRule(rule.match, rule.provider) for rule in settings.models),
        simulators=simulators,
    )


def refusal(fault: Fault, head: RequestHead | None) -> tuple[int, list[Header], bytes]:
    """Speaks what went wrong before there was an exchange, in the dialect that the path suggests."""
    dialect = "anthropic" if head is None or not head.target else routes.dialect_of(head)
    answer = DIALECTS[dialect].fault(fault, new_id())
    return answer.status, list(answer.headers), answer.body


def _provider(name: str, row: ProviderSettings) -> Provider:
    return Provider(
        name=name,
        dialect=row.dialect,
        origin=row.origin,
        base_path=row.base_path,
        auth=row.auth,
        credential=row.api_key,
        headers=tuple((header.lower().encode(), value.reveal().encode()) for header, value in row.headers.items()),
        timeouts=Timeouts(row.timeouts.connect, row.timeouts.first_byte, row.timeouts.idle, row.timeouts.total),
    )


def _answered_for(table: Table, dialect: str) -> bool:
    """Some provider of the dialect can be called without the caller's own credential."""
    rows = [row for row in table.providers.values() if row.dialect == dialect][:1]
    return any(row.credential is not None or row.auth == "none" for row in rows)


def _simulated(dialect: str, origin: Origin) -> Provider:
    base_path = "/v1" if dialect == "openai" else ""
    return Provider("simulator", dialect, origin, base_path, auth="none", simulated=True)


@contextlib.asynccontextmanager
async def simulating(
    host: str = "127.0.0.1", port: int = 0, *, seed: int = 0, pace: float = 0.0
) -> AsyncIterator[Origin]:
    """The built-in simulator, listening; port 0 is a free one."""
    # Loaded only where it is wanted: a gateway to real providers has no use for it.
    from penstock.simulator.server import Simulator  # noqa: PLC0415

    simulator = Simulator(seed=seed, pace=pace)
    listener = Listener(simulator.handle, simulator.refusal)
    host, port = await listener.start(host, port)
    try:
        yield Origin(secure=False, host=host, port=port)
    finally:
        await listener.close(0)


def _front(gateway: Gateway) -> Handler:
    # No coroutine around the gateway's own: every request would pass through it at every step.
    def handle(incoming: Incoming) -> Coroutine[None, None, None]:
        answer = probe(incoming.head)
        return gateway.handle(incoming) if answer is None else _reply(incoming, answer)

    return handle


async def _reply(incoming: Incoming, answer: Answer) -> None:
    incoming.reply(answer)


def _limits(settings: Settings) -> Limits:
    limits = settings.limits
    return Limits(
        head_bytes=limits.head,
        header_count=limits.headers,
        head_seconds=limits.head_seconds,
        body_stall_seconds=limits.body_stall_seconds,
        keepalive_seconds=limits.keepalive_seconds,
        write_stall_seconds=limits.write_stall_seconds,
        connections=limits.connections,
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.tls.certificate, settings.tls.key)
    context.set_alpn_protocols(["http/1.1"])
    return context
