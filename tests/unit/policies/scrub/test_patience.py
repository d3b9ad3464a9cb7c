"""Who is looked through at length does not keep others waiting."""

import asyncio
import json
import time
from collections.abc import Sequence

import msgspec

from penstock.core.caller import Caller, KeyProfile
from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.finding import Found, Matter, Pause, unhurried
from penstock.core.head import RequestHead
from penstock.policies.scrub import Scrub
from tests.path.wire.raw import at_least_once_within
from tests.unit.policies.scrub.spoken import MATCH, Sight, Spoken, rules
from tests.unit.policies.scrub.test_masking import Silent


class Slow(Sight):
    """Takes a third of a second for each text."""

    def __init__(self) -> None:
        self.begun = 0

    def find(self, text: str, matter: Matter, pause: Pause = unhurried) -> Sequence[Found]:
        """The same, in its own time."""
        self.begun += 1
        for _ in range(60):
            time.sleep(0.005)
            pause()
        return super().find(text, matter, pause)


def test_a_short_text_that_takes_long_is_looked_through_aside() -> None:
    """Begun on the spot, left there when others have waited a while, and done whole in a thread."""
    at_least_once_within(0.15, _longest_wait_beside)


def _longest_wait_beside() -> float:
    slow = Slow()
    held = msgspec.structs.replace(rules(), detector=slow)
    policy = Scrub({"spoken": Spoken()}, {"spoken": Silent()}, lambda _: held, b"s", lambda answer: answer,
                   lambda: lambda: False)  # fmt: skip
    body = json.dumps(["write to joe@corp.org"]).encode()
    exchange = Exchange("x", RequestHead("POST", b"/spoken", ()), MATCH, 0.0, document=Document(body, body),
                        caller=Caller(KeyProfile("key_1", "one")))  # fmt: skip

    async def beside() -> float:
        entering = asyncio.ensure_future(policy.enter(exchange))
        longest = 0.0
        while not entering.done():
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - before)
        await entering
        return longest

    longest = asyncio.run(beside())
    assert slow.begun == 2
    assert exchange.document is not None
    assert b"joe@corp.org" not in exchange.document.raw
    return longest
