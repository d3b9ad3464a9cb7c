"""Counters in Valkey or Redis (7 and later), for gateways on many machines: one round trip for a take, settlements in
batches beside it.

Who asks waits for as long as the deadline says and no longer. While the server is away, or connected and mute, asks
fail at once and one task tries to get it back; settlements wait, are said again until they are taken (each counts once,
by its lease), and past a bound the oldest is given up. When the server has forgotten everything, leases that it does
not know any more are told to it anew. The password is in no error, no text and no log.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import msgspec

from penstock.core.counting import AMOUNT_MOST, TICKS, Ask, Health, Standing, Unanswered, Verdict, Way
from penstock.stores.counting.valkey_address import Address
from penstock.stores.counting.valkey_line import Reply, Script, ServerError, ValkeyLine, command
from penstock.stores.counting.valkey_scripts import ADJUST, RENEW, SERVER_TIME, SETTLE, STANDINGS, TAKE
from penstock.stores.counting.waiting import Waiting

DEADLINE = 0.05
MOST_WAITING = 50_000
_AT_ONCE = 200
"""Settlements in one command: the server does nothing else meanwhile, some ten microseconds each."""
_GATHERED_SECONDS = 0.005
_CONNECT_SECONDS = 2.0
_MUTE_SECONDS = 2.0
_PAUSES = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0)

_ELSEWHERE = ("LOADING", "READONLY", "MASTERDOWN", "NOAUTH")
"""Another server, or the same one later, may take what this one refuses."""
_PASSING = (*_ELSEWHERE, "OOM", "BUSY", "MISCONF", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "NOPERM")
"""What the next try may find gone."""

_WAYS = {Way.RATE: 0, Way.SPAN: 1, Way.SEATS: 2}
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, int, list[tuple[int, int, int, bool]]]).decode

Words = tuple[str, int, int, int, int, int, int, int, int]
Settlement = tuple[str, int, list[str], list[int], list[Words]]
Told = Callable[[Reply], None]


def _words(ask: Ask) -> Words:
    whole, rest = divmod(ask.ticks, ask.most) if ask.most > 0 else (0, 0)
    needed = ask.amount if ask.strict else 1
    return ask.counter, _WAYS[ask.way], ask.most, needed, ask.amount, ask.ticks, ask.ends, whole, rest


class ValkeyCounters:
    """Counters under a prefix of one server."""

    def __init__(
        self,
        place: Address,
        *,
        prefix: str = "penstock",
        process: str = "",
        deadline: float = DEADLINE,
        clock: str = SERVER_TIME,
    ) -> None:
        """``process``: this one's name among those that share the counters. ``clock``: the Lua expression of the time
        in ticks."""
        self._place = place
        self._prefix = b"{%b}:" % prefix.encode()
        self._process = process.encode()
        sources = (TAKE, SETTLE, RENEW, ADJUST, STANDINGS)
        scripts = [Script(source.replace("CLOCK", clock)) for source in sources]
        self._scripts = scripts
        self._take, self._settle, self._renew, self._adjust, self._standings = scripts
        self._waiting = Waiting(deadline, self._late)
        self._deadline = deadline
        self._line: ValkeyLine | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._gone: asyncio.Future[None] | None = None
        self._queued: list[tuple[Script, tuple[bytes, ...], Told]] = []
        self._settlements: deque[Settlement] = deque()
        self._gathering = False
        self._under_way = 0
        self._sums: deque[tuple[bytes, ...]] = deque()
        self._held: dict[str, tuple[int, Sequence[Ask]]] = {}
        self._generation = 0
        self._health = Health(str(place), since=time.time())
        self._answers = True
        self._dropped = 0
        self._processes = 1
        self._closing = False

    # What is asked.

    def take(self, lease: str, asks: Sequence[Ask]) -> "asyncio.Future[Verdict]":
        """All of them or none."""
        return self._ask_for(lease, asks, b"0")

    def extend(self, lease: str, asks: Sequence[Ask]) -> "asyncio.Future[Verdict]":
        """Reserves more under a lease, all or nothing."""
        return self._ask_for(lease, asks, b"1")

    def _ask_for(self, lease: str, asks: Sequence[Ask], more: bytes) -> "asyncio.Future[Verdict]":
        future = self._waiting.future(asyncio.get_running_loop())

        def answered(reply: Reply) -> None:
            if not isinstance(reply, bytes):
                _fail(future, reply)
                return
            refused, generation, standings = _decode(reply)
            if refused < 0 and not future.done():
                self._hold(lease, generation, asks)
            if not future.done():
                future.set_result(Verdict(tuple([_standing(one) for one in standings]), refused))

        self._ask(self._take, (lease.encode(), more, _encode([_words(ask) for ask in asks])), answered)
        return future

    def standings(self, asks: Sequence[Ask]) -> "asyncio.Future[tuple[Standing, ...]]":
        """How these counters stand; takes nothing."""
        future = self._waiting.future(asyncio.get_running_loop())

        def answered(reply: Reply) -> None:
            if not isinstance(reply, bytes):
                _fail(future, reply)
            elif not future.done():
                future.set_result(tuple([_standing(one) for one in _decode(reply)[2]]))

        self._ask(self._standings, (_encode([_words(ask) for ask in asks]),), answered)
        return future

    def _hold(self, lease: str, generation: int, asks: Sequence[Ask]) -> None:
        self._generation = generation
        before = self._held.get(lease)
        self._held[lease] = (generation, asks if before is None else _merged(before[1], asks))

    def prepare(self, *scripts: Script) -> None:
        """These will be asked, too: the server is to have them, from the next connection on."""
        self._scripts += scripts

    def asked(self, script: Script, words: tuple[bytes, ...]) -> "asyncio.Future[Reply]":
        """What a script that is not the counters' says, in the same write and within the same deadline; Unanswered."""
        future: asyncio.Future[Reply] = self._waiting.future(asyncio.get_running_loop())

        def answered(reply: Reply) -> None:
            if isinstance(reply, Exception):
                _fail(future, reply)
            elif not future.done():
                future.set_result(reply)

        self._ask(script, words, answered)
        return future

    # What is told.

    def settle(self, lease: str, at: float, spent: Mapping[str, int], asks: Sequence[Ask] = ()) -> None:
        """What was truly used, once."""
        held = self._held.pop(lease, None)
        if not asks and held is not None and held[0] != self._generation:
            asks = held[1]
        if len(self._settlements) >= MOST_WAITING:
            self._settlements.popleft()
            self._dropped += 1
        amounts = [min(amount, AMOUNT_MOST) for amount in spent.values()]
        self._settlements.append((lease, int(at) // 3600, list(spent), amounts, [_words(ask) for ask in asks]))
        if not self._gathering:
            self._gathering = True
            asyncio.get_running_loop().call_later(_GATHERED_SECONDS, self._gathered)

    def renew(self, leases: Collection[str]) -> None:
        """These hold for another while; those that were over or forgotten hold again."""
        names = list(leases)
        for start in range(0, max(1, len(names)), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            forgotten = [self._forgotten(name) for name in some]
            self._ask(self._renew, (self._process, _encode(some), _encode(forgotten)), self._counted)

    def _forgotten(self, lease: str) -> list[Words]:
        held = self._held.get(lease)
        return [] if held is None or held[0] == self._generation else [_words(ask) for ask in held[1]]

    def _counted(self, reply: Reply) -> None:
        if isinstance(reply, int):
            self._processes = max(1, reply)

    def adjust(self, counter: str, ends: int, hours: Mapping[int, int], *, least: bool = False) -> None:
        """What was settled in these hours is this and nothing else, or this at least."""
        sums = _encode(list(hours)), _encode(list(hours.values()))
        words = (counter.encode(), b"%d" % ends, *sums, b"1" if least else b"0")
        self._tell_sums(words)

    def _tell_sums(self, words: tuple[bytes, ...]) -> None:
        def answered(reply: Reply) -> None:
            if isinstance(reply, Exception) and len(self._sums) < MOST_WAITING:
                self._sums.append(words)

        self._ask(self._adjust, words, answered)

    def health(self) -> Health:
        """As last known."""
        return msgspec.structs.replace(
            self._health,
            waiting=len(self._settlements) + self._under_way + len(self._sums),
            dropped=self._dropped,
            processes=self._processes,
        )

    async def close(self) -> None:
        """One last try for what waits."""
        self._closing = True
        self._gathered()
        line = self._line
        if line is not None:
            try:
                async with asyncio.timeout(_MUTE_SECONDS):
                    await line.asked(command(b"ZREM", self._prefix + b"processes", self._process))
            except (TimeoutError, ConnectionError, ServerError):
                pass
            line.abort()
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.wait([self._connecting])

    # The way there.

    def _ask(self, script: Script, words: tuple[bytes, ...], answered: Told) -> None:
        line = self._line
        if line is None:
            if not self._answers or self._closing:
                answered(ConnectionError(self._health.words or "closed"))
                return
            # The first of all asks: they wait for the connection, within their deadline.
            self._queued.append((script, words, answered))
            self._connect()
            return
        if not self._answers:
            answered(ConnectionError(self._health.words))
            return
        if self._settlements:
            self._gathered()
        self._run(line, script, words, answered)

    def _run(self, line: ValkeyLine, script: Script, words: tuple[bytes, ...], answered: Told) -> None:
        def replied(reply: Reply) -> None:
            if isinstance(reply, ServerError):
                reason = reply.args[0]
                if reason.startswith("NOSCRIPT"):
                    line.send(script.command(self._prefix, *words, whole=True), answered)
                    return
                if reason.startswith(_ELSEWHERE):
                    line.abort()
            answered(reply)

        line.send(script.command(self._prefix, *words), replied)

    def _gathered(self) -> None:
        """Sends what has gathered, and looks whether the server still says something."""
        self._gathering = False
        line = self._line
        if line is None:
            if self._settlements and self._answers and not self._closing:
                self._connect()
            return
        while self._settlements and self._answers:
            some = [self._settlements.popleft() for _ in range(min(_AT_ONCE, len(self._settlements)))]
            self._under_way += len(some)
            self._run(line, self._settle, (_encode(some),), self._settled(some))

    def _settled(self, some: Sequence[Settlement]) -> Told:
        def answered(reply: Reply) -> None:
            self._under_way -= len(some)
            if not isinstance(reply, Exception):
                return
            if isinstance(reply, ServerError) and not str(reply).startswith(_PASSING):
                self._dropped += len(some)
                return
            self._settlements.extendleft(reversed(some))
            if isinstance(reply, ServerError) and not self._gathering:
                self._gathering = True
                asyncio.get_running_loop().call_later(_PAUSES[-1], self._gathered)

        return answered

    def _connect(self) -> None:
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.get_running_loop().create_task(self._reach())

    async def _reach(self) -> None:
        loop, failures = asyncio.get_running_loop(), 0
        while not self._closing:
            try:
                async with asyncio.timeout(_CONNECT_SECONDS):
                    self._line = await self._dial()
            except TimeoutError:
                self._away("no connection in time")
            except ServerError as error:
                self._away(f"refused: {error.args[0].split(' ', 1)[0]}")
            except OSError as error:
                self._away(error.strerror or type(error).__name__)
            else:
                since = loop.time()
                self._gone = loop.create_future()
                self._back()
                await self._gone
                failures = 0 if loop.time() - since > _MUTE_SECONDS else failures
            failures += 1
            pause = _PAUSES[min(failures, len(_PAUSES)) - 1]
            # Not all processes at once.
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - no secret

    async def _dial(self) -> ValkeyLine:
        loop, place = asyncio.get_running_loop(), self._place
        line = ValkeyLine(self._lost)
        if place.path:
            await loop.create_unix_connection(lambda: line, place.path)
        else:
            await loop.create_connection(lambda: line, place.host, place.port, ssl=place.tls or None)
        try:
            if place.password:
                names = (place.user.encode(),) if place.user else ()
                await line.asked(command(b"AUTH", *names, place.password.encode()))
            if place.database:
                await line.asked(command(b"SELECT", b"%d" % place.database))
            for script in self._scripts:
                await line.asked(command(b"SCRIPT", b"LOAD", script.source))
        except BaseException:
            line.abort()
            raise
        return line

    def _late(self) -> None:
        """Some have waited in vain. Where nothing at all has come meanwhile, nobody else is to wait for it."""
        line, loop = self._line, asyncio.get_running_loop()
        if line is None or not self._answers or loop.time() - line.heard < self._deadline:
            return
        self._away("no answer in time")
        line.send(command(b"PING"), lambda reply: self._heard(line, reply))
        loop.call_later(_MUTE_SECONDS, self._give_up, line)

    def _heard(self, line: ValkeyLine, reply: Reply) -> None:
        if self._line is line and not isinstance(reply, Exception):
            self._back()

    def _give_up(self, line: ValkeyLine) -> None:
        if self._line is line and not self._answers:
            line.abort()

    def _lost(self, line: ValkeyLine, words: str) -> None:
        if self._line is line:
            self._line = None
            self._away(words)
            if self._gone is not None and not self._gone.done():
                self._gone.set_result(None)

    def _away(self, words: str) -> None:
        if self._answers or self._health.words != words:
            since = time.time() if self._answers else self._health.since
            self._health = msgspec.structs.replace(self._health, answers=False, since=since, words=words)
        self._answers = False
        queued, self._queued = self._queued, []
        for _, _, answered in queued:
            answered(ConnectionError(words))

    def _back(self) -> None:
        if not self._answers:
            self._health = msgspec.structs.replace(self._health, answers=True, since=time.time(), words="")
        self._answers = True
        sums, self._sums = self._sums, deque()
        for words in sums:
            self._tell_sums(words)
        self._gathered()
        queued, self._queued = self._queued, []
        for script, words, answered in queued:
            self._ask(script, words, answered)


def _merged(before: Sequence[Ask], more: Sequence[Ask]) -> tuple[Ask, ...]:
    held = {ask.counter: ask for ask in before}
    for ask in more:
        sooner = held.get(ask.counter)
        held[ask.counter] = ask if sooner is None else msgspec.structs.replace(ask, amount=sooner.amount + ask.amount)
    return tuple(held.values())


def _fail(future: "asyncio.Future[Any]", reply: Reply) -> None:
    if not future.done():
        words = str(reply) if isinstance(reply, ConnectionError) else "the server refused the command"
        if isinstance(reply, ServerError):
            words = f"the server answered {reply.args[0].split(' ', 1)[0]}"
        future.set_exception(Unanswered(words))


def _standing(one: tuple[int, int, int, bool]) -> Standing:
    settled, reserved, wait, new = one
    return Standing(settled, reserved, wait / TICKS if wait >= 0 else float("inf"), new)
