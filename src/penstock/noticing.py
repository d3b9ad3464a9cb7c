"""Tells a webhook that a quota is nearly used up, and that it is: once for each share and span, whoever counts it.

Never on the path: whoever settles only says what it saw. What is told holds no content, and goes to the one address of
the configuration, over the gateway's own way out; no redirect is followed. A receiver that does not answer is asked
again for some hours, and then no more.
"""

import asyncio
import datetime
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from urllib.parse import urlsplit

import msgspec

from penstock.config.urls import origin_of
from penstock.core.books import BooksError
from penstock.core.caller import Secret
from penstock.core.exchange import Answer
from penstock.core.fault import FaultError
from penstock.core.quota import Unit
from penstock.core.quota_text import said
from penstock.core.target import Origin
from penstock.policies.limit.taking import Slot
from penstock.stores.warnings import Warnings

log = logging.getLogger(__name__)

VERSION = 1
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 3600.0)
"""Seconds between two tries."""
MOST_TOLD = 100_000
MOST_WAITING = 1_000
"""Messages under way; with more the receiver has been gone for long, and is told less."""

Send = Callable[[Origin, bytes, bytes], Awaitable[Answer]]
"""A request's head and body, to an origin; FaultError without an answer."""


class Webhook(msgspec.Struct, frozen=True):
    """Where it is told."""

    origin: Origin
    target: bytes
    """Path and query."""
    secret: Secret | None = None
    """What messages are signed with."""


def webhook(url: str, secret: Secret | None) -> Webhook:
    """At an address of the configuration."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Webhook(origin_of(url), target.encode(), secret)


class About(msgspec.Struct, frozen=True):
    """The quota that is told of."""

    text: str
    """As the configuration writes it."""
    unit: str
    """Of ``amount`` and ``used``; money is in micro-dollars."""
    amount: int
    period: str
    models: str
    level: str
    subject: str
    """The team's or owner's name, or the key's identity; empty for the installation."""


class Message(msgspec.Struct, frozen=True):
    """What is posted."""

    version: int
    event: str
    id: str
    """The same whenever it is sent again."""
    at: str
    quota: About
    reached: int
    """Percent."""
    used: int
    begins: str
    ends: str


class Noticing:
    """Of one process."""

    def __init__(self, warnings: Warnings, pauses: tuple[float, ...] = PAUSES) -> None:
        self.webhook: Webhook | None = None
        self.send: Send | None = None
        self._warnings = warnings
        self._pauses = pauses
        self._told: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def crossed(self, slot: Slot, share: int, settled: int) -> None:
        """So much of the quota is settled at least. Nearly always it is known."""
        counter = slot.ask.counter
        if share <= self._told.get(counter, 0) or self.webhook is None or len(self._tasks) >= MOST_WAITING:
            return
        self._told[counter] = share
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        self._start(self._tell(slot, share, settled, self.webhook))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """What has not been told by now is not told."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _tell(self, slot: Slot, share: int, settled: int, to: Webhook) -> None:
        for pause in (*self._pauses, None):
            try:
                mine = await asyncio.to_thread(
                    self._warnings.claim, slot.ask.counter, share, slot.ask.ends, time.time()
                )
                break
            except BooksError as error:
                if pause is None:
                    log.warning("who is to tell of a quota can't be found out, so nobody does: %s", error)
                    return
                await asyncio.sleep(pause)
        if mine:
            body = msgspec.json.encode(message(slot, share, settled, time.time()))
            await self._post(to, body)

    async def _post(self, to: Webhook, body: bytes) -> None:
        trouble = ""
        for pause in (0.0, *self._pauses):
            await asyncio.sleep(pause)
            trouble = await self._posted(to, body)
            if not trouble:
                return
        log.warning("the webhook of quotas was not told: %s", trouble)

    async def _posted(self, to: Webhook, body: bytes) -> str:
        """Why it was not; empty: it was."""
        if self.send is None:
            return "nobody can send it"
        try:
            answer = await self.send(to.origin, head(to, body, int(time.time())), body)
        except FaultError as error:
            return error.fault.words
        return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"


def message(slot: Slot, share: int, settled: int, now: float) -> Message:
    """What is told of a quota."""
    quota, ask = slot.quota, slot.ask
    unit = "micro-dollars" if quota.unit is Unit.DOLLARS else quota.unit.value
    about = About(said(quota), unit, quota.amount, quota.period.value, quota.models, quota.level.value, quota.subject)
    name = hashlib.sha256(f"{ask.counter} {share}".encode()).hexdigest()[:32]
    times = _moment(slot.begins), _moment(ask.ends)
    return Message(VERSION, "quota.reached", name, _moment(now), about, share, settled, *times)


def head(to: Webhook, body: bytes, now: int) -> bytes:
    """The request's head, signed where there is a secret: a receiver that compares can tell who sent it, and when."""
    lines = [
        b"POST %b HTTP/1.1" % to.target,
        b"host: " + to.origin.host_header,
        b"user-agent: penstock",
        b"accept-encoding: identity",
        b"content-type: application/json",
        b"content-length: %d" % len(body),
    ]
    if to.secret is not None:
        signed = hmac.new(to.secret.reveal().encode(), b"%d.%b" % (now, body), hashlib.sha256).hexdigest()
        lines.append(b"x-penstock-signature: t=%d,v1=%b" % (now, signed.encode()))
    return b"\r\n".join((*lines, b"", b""))


def _moment(seconds: float) -> str:
    return f"{datetime.datetime.fromtimestamp(seconds, datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
