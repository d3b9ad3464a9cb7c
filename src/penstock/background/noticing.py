"""Tells a webhook that a quota is nearly used up, and that it is: once for each share and span, whoever counts it.

Never on the path: whoever settles only says what it saw. A message is kept in the database before it is posted, and
until it was: whichever process looks next posts what another has left. What is told holds no content, and goes to the
one address of the configuration, over the gateway's own way out; no redirect is followed. A receiver that does not
answer is asked again for some hours, and then no more.
"""

import asyncio
import contextlib
import datetime
import hashlib
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import TypeVar
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
from penstock.stores.warnings import MOST_WAITING, Noted, Waiting, Warnings

log = logging.getLogger(__name__)

VERSION = 1
PAUSES = (1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 3600.0)
"""Seconds between two tries."""
LOOK_SECONDS = 15.0
"""Between two looks at what others may have left."""
AT_ONCE = 8
"""So many messages are posted at the same time."""
CLOSING_SECONDS = 2.0
"""What is under way has so long to end by itself; then another process, or this one's next start, does it anew."""
MOST_TOLD = 100_000

T = TypeVar("T")

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

    def __init__(
        self,
        warnings: Warnings,
        pauses: tuple[float, ...] = PAUSES,
        look: float = LOOK_SECONDS,
        most: int = MOST_WAITING,
    ) -> None:
        """``most``: so many messages wait here until the database has them."""
        self._warnings = warnings
        self._pauses = pauses
        self._period = look
        self._most = most
        self._webhook: Webhook | None = None
        self._send: Send | None = None
        self._told: dict[str, int] = {}
        self._full_until = 0.0
        self._noting: set[asyncio.Task[None]] = set()
        self._posting: set[asyncio.Task[None]] = set()
        self._wanted = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def take(self, webhook: Webhook | None, send: Send) -> None:
        """Tell this one from now on, also of what waits from before; nobody, and it waits."""
        self._webhook, self._send = webhook, send
        self._wanted.set()
        if webhook is not None and self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def crossed(self, slot: Slot, share: int, settled: int) -> None:
        """So much of the quota is settled at least. Nearly always it is known."""
        counter = slot.ask.counter
        if share <= self._told.get(counter, 0) or self._webhook is None:
            return
        if len(self._noting) >= self._most or time.monotonic() < self._full_until:
            # It is seen again with the next request.
            return
        self._told[counter] = share
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        _start(self._note(slot, share, settled), self._noting)

    async def close(self) -> None:
        """What has not been told by now is told by others, or after the next start."""
        if self._looking is not None:
            self._looking.cancel()
        tasks = self._noting | self._posting
        if tasks:
            await asyncio.wait(tasks, timeout=CLOSING_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *filter(None, [self._looking]), return_exceptions=True)

    async def _note(self, slot: Slot, share: int, settled: int) -> None:
        now, counter = time.time(), slot.ask.counter
        text = msgspec.json.encode(message(slot, share, settled, now)).decode()
        noted = await self._kept(lambda: self._warnings.note(counter, share, slot.ask.ends, text, time.time()))
        if noted is Noted.NEW:
            self._wanted.set()
        elif noted is not Noted.KNOWN:
            self._told.pop(counter, None)
            self._full_until = time.monotonic() + self._period

    async def _look(self) -> None:
        """Post what is due, whoever noted it."""
        while True:
            self._wanted.clear()
            room = AT_ONCE - len(self._posting)
            if room > 0 and self._webhook is not None:
                # Not to be had now: looked for again.
                with contextlib.suppress(BooksError):
                    for one in await asyncio.to_thread(self._warnings.take, room, time.time()):
                        _start(self._post(one), self._posting, self._wanted.set)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._period):
                    await self._wanted.wait()

    async def _post(self, one: Waiting) -> None:
        trouble = await self._posted(one.message.encode())
        if not trouble or one.tries > len(self._pauses):
            if trouble:
                log.warning("the webhook of quotas was not told: %s", trouble)
            await self._kept(lambda: self._warnings.told(one))
            return
        pause = self._pauses[one.tries - 1]
        due = time.time() + pause
        await self._kept(lambda: self._warnings.put_off(one, due))
        if pause < self._period:
            # Whole seconds stand in the database.
            asyncio.get_running_loop().call_later(pause, self._wanted.set)

    async def _kept(self, work: Callable[[], T]) -> T | None:
        """What the database says, once it does; None: it is gone for too long."""
        for pause in (*self._pauses, None):
            try:
                return await asyncio.to_thread(work)
            except BooksError as error:
                if pause is None:
                    log.warning("a warning of a quota can't be kept in the database: %s", error)
                    return None
                await asyncio.sleep(pause)
        return None

    async def _posted(self, body: bytes) -> str:
        """Why it was not; empty: it was."""
        to, send = self._webhook, self._send
        if to is None or send is None:
            return "there is none any more"
        try:
            answer = await send(to.origin, head(to, body, int(time.time())), body)
        except FaultError as error:
            return error.fault.words
        return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"


def _start(
    work: Coroutine[None, None, None], among: set[asyncio.Task[None]], then: Callable[[], None] | None = None
) -> None:
    task = asyncio.get_running_loop().create_task(work)
    among.add(task)
    task.add_done_callback(among.discard)
    if then is not None:
        task.add_done_callback(lambda _: then())


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
