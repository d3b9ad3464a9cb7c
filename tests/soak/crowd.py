"""A crowd of clients that come and go at random, in every dialect, and a provider that fails now and then.

Each exchange is known by its trace to its client, to the provider and to the books, so that the three accounts of it
can be compared. What goes wrong are rows of the table of faults; what goes well uses tokens of its own.
"""

import asyncio
import random
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tests.faults.doors import Double
from tests.faults.forms import FORMS, Form
from tests.faults.matrix import ROWS
from tests.faults.providers import SERVED
from tests.faults.row import WHOLE, Heard, Seen
from tests.faults.scene import Played, complaints
from tests.path.books.scene import Clients, Tokens
from tests.path.wire.raw import LAST_CHUNK, Visit, chunk, sized
from tests.support.gateway import KEY

GOOD = "the provider answers"
FATES = {
    GOOD: 80,
    "the provider refuses the connection": 1,
    "the provider shows an expired certificate": 1,
    "the provider closes before it answers": 2,
    "the provider resets before it answers": 2,
    "the provider closes within its headers": 1,
    "the provider closes in mid-body": 2,
    "the provider resets in mid-body": 2,
    "the provider falls silent in mid-body": 1,
    "the provider says nothing for longer than the deadline": 1,
    "the provider ends a stream without its ending": 1,
    "the provider sends less than the length it told": 1,
    "the provider sends garbage": 1,
    "the provider sends HTML with 200": 1,
    "the provider sends two lengths": 1,
    "the provider answers with an error of its own": 3,
    "the provider refuses the operator's credential": 1,
}
"""Rows of the table, and how often each is played, in a hundred."""
KEYS = {
    "test": "",
    "counted": "1500 requests per month",
    "wordy": "200k output tokens per month",
    "dear": "$0.80 per month",
    "fast": "200 requests per minute, burst 20",
    "crowded": "6 requests at once",
}
"""Each key and its quota; the first has none of its own."""
STRANGER = "mt_live_of_nobody_0000000000000000000000000000"
UNKNOWN = Seen(401, WHOLE, "unauthenticated", blame="client", outcome="refused")
EXHAUSTED = Seen(429, WHOLE, "exhausted", blame="client", outcome="refused")
THROTTLED = Seen(429, WHOLE, "throttled", blame="client", outcome="refused")
_TAKEN = re.compile(rb'"(input_tokens|prompt_tokens|promptTokenCount)":\d+')
_TOTAL = re.compile(rb'"(total_tokens|totalTokenCount)":\d+')
_METADATA = b'"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2,"totalTokenCount":3}'
_USAGE = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],'
    b'"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}\n\n'
)
_GIVEN = re.compile(rb'"(output_tokens|completion_tokens|candidatesTokenCount)":\d+')


def key(who: str) -> str:
    """The gateway key of this name."""
    return KEY if who == "test" else f"mt_live_{who}_".ljust(48, "0")


def keys() -> list[dict[str, Any]]:
    """Rows of the configuration."""
    return [{"name": who, "key": key(who), **({"quotas": [quota]} if quota else {})} for who, quota in KEYS.items()]


class Account:
    """The provider's: what it gave, by trace."""

    def __init__(self) -> None:
        self.counted: dict[str, Tokens] = {}
        self.twice: list[str] = []
        self.double = Double({**{name: row.provider for name, row in ROWS.items()}, GOOD: self.answer})

    async def answer(self, visit: Visit, form: Form) -> bool:
        """In pieces that take their time, with usage that is this exchange's own."""
        message = await visit.request()
        assert message is not None
        trace = (message.header("traceparent") or b"").split(b"-")[1].decode()
        number = int(trace, 16)
        if trace in self.counted:
            self.twice.append(trace)
        tokens = Tokens(1 + number % 9_973, 1 + number % 499)
        if not form.stream:
            await asyncio.sleep(number % 11 / 50)
            self.counted[trace] = tokens
            await visit.send(sized(_used(form.whole, tokens)))
            return True
        self.counted[trace] = tokens
        frames = form.stream.frames
        # Some are slow, though behind a door that is patient: on a busy machine nobody knows how late they are.
        pause = (5.0 if number % 40 == 0 else number % 13 / 12) / len(frames)
        await visit.send(form.stream.answer_head(), *(chunk(_used(one, tokens)) for one in frames), pause=pause)
        await visit.send(LAST_CHUNK)
        return True


def _used(text: bytes, tokens: Tokens) -> bytes:
    # The table's streams of Chat and Gemini tell no usage.
    text = _USAGE + text if text.startswith(b"data: [DONE]") else text
    text = text.replace(b'"finishReason":"STOP"}]}', b'"finishReason":"STOP"}],%b}' % _METADATA)
    text = _TAKEN.sub(rb'"\1":%d' % tokens.input, text)
    text = _GIVEN.sub(rb'"\1":%d' % tokens.output, text)
    return _TOTAL.sub(rb'"\1":%d' % sum(tokens), text)


class Told(NamedTuple):
    """An exchange as its client saw it."""

    row: str
    form: Form
    who: str
    heard: Heard | None
    """None: the client left."""


@dataclass
class Crowd(Clients):
    """``with Crowd(1000, account=account) as crowd: crowd.turn_to(gateway)``: each comes, asks once or several times
    over one connection, thinks between, and goes again; some go in the middle."""

    account: Account = field(default_factory=Account)
    away: float = 6.0
    """Seconds that a client is away between two visits, on average; it thinks for a third of that between requests."""
    told: dict[str, Told] = field(default_factory=dict)
    unreached: list[str] = field(default_factory=list)
    """What came of connections that could not be opened."""
    _chance: random.Random = field(default_factory=lambda: random.Random("crowd"))

    def seen(self) -> dict[str, tuple[str, Seen]]:
        """What the books must say of those that stayed to the end."""
        return {
            trace: (f"{told.row}: {told.form.name}", _seen(told)) for trace, told in self.told.items() if told.heard
        }

    def complaints(self) -> list[str]:
        """What clients should not have seen."""
        found: list[str] = []
        for told in self.told.values():
            if told.heard is not None:
                played = Played(told.row, told.form, told.heard, _seen(told), None, 1, 0)
                found += [f"{told.row}: {what}" for what in complaints(played)]
        return found

    def played(self) -> set[str]:
        """The traces of what was played from the table, and ended as its rows say."""
        return {trace for trace, told in self.told.items() if told.row != GOOD}

    async def _live(self, number: int) -> None:
        chance = self._chance
        await asyncio.sleep(chance.random() * self.away)
        while not self._stop:
            who = chance.choice([*KEYS, "nobody"]) if chance.random() < 0.5 else "test"
            if self._address is not None:
                try:
                    await self._come(self._address, who)
                except OSError as error:
                    self.unreached.append(str(error))
            await self._wait(self.away)

    async def _wait(self, seconds: float) -> None:
        left = self._chance.expovariate(1 / seconds)
        while left > 0 and not self._stop:
            await asyncio.sleep(min(left, 0.5))
            left -= 0.5

    async def _come(self, address: tuple[str, int], who: str) -> None:
        reader, writer = await asyncio.open_connection(*address)
        try:
            # Whoever thinks when all are called away asks no more.
            while self._address == address and await self._ask(reader, writer, who) and self._chance.random() < 0.6:
                await self._wait(self.away / 3)
        finally:
            writer.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who: str) -> bool:
        """Whether the connection goes on."""
        chance, trace = self._chance, f"{next(self._numbers):032x}"
        name = chance.choices(list(FATES), list(FATES.values()))[0]
        form = FORMS[chance.choice(ROWS[name].forms if name in ROWS else list(FORMS))]
        # Only who was answered well so far can be sure of what would have come.
        leaves = name == GOOD and who == "test" and chance.random() < 0.08
        lines = (f"X-Row: {name}", f"X-Form: {form.name}", f"traceparent: 00-{trace}-00f067aa0ba902b7-01")
        door = ROWS[name].door if name in ROWS else "open"
        request = form.request(f"{form.dialect}-{door}", *lines).replace(b"Connection: close\r\n", b"", 1)
        request = request.replace(KEY.encode(), (STRANGER if who == "nobody" else key(who)).encode(), 1)
        self.sent.add(trace)
        self.under_way.add(trace)
        try:
            writer.write(request)
            if leaves:
                await asyncio.sleep(chance.random() * 0.6)
                self.told[trace] = Told(name, form, who, None)
                self.left.add(trace)
                return False
            heard, goes_on = await _heard(reader)
            self.told[trace] = Told(name, form, who, heard)
            if name == GOOD:
                self.ended[trace] = heard.status
            return goes_on
        finally:
            self.under_way.discard(trace)


async def _heard(reader: asyncio.StreamReader) -> tuple[Heard, bool]:
    """An answer as far as it comes, and whether the connection may be used again."""
    start, body, whole = b"", b"", False
    try:
        start = (await reader.readuntil(b"\r\n\r\n"))[:-4]
        if b"transfer-encoding: chunked" in start.lower():
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readexactly(2)
        else:
            length = int(start.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < length:
                body += await _some(reader, length - len(body))
        whole = True
    except (OSError, EOFError):
        pass
    return Heard(start, body, len(body), whole), whole and b"connection: close" not in start.lower()


async def _some(reader: asyncio.StreamReader, most: int) -> bytes:
    data = await reader.read(most)
    if not data:
        raise EOFError
    return data


def _seen(told: Told) -> Seen:
    assert told.heard is not None
    if told.who == "nobody":
        return UNKNOWN
    if told.heard.status == 429 and told.who != "test":
        # What others have reserved of a month may become free again.
        return EXHAUSTED if b"x-should-retry: false" in told.heard.head.lower() else THROTTLED
    if told.row == GOOD:
        return SERVED
    return ROWS[told.row].sees(told.form, working=True)
