"""The one mutable object of a request, each field with its one writer named beside it; how it ends, and who sees that.

An Exchange holds the visits of the policies that want to see its way out, and a Visit is told of the exchange: so they
stand here together. Nothing here decides anything.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import msgspec

from penstock.core.allowance import Allowance
from penstock.core.caller import Caller
from penstock.core.document import Document, Facts
from penstock.core.ending import Ending
from penstock.core.fault import Fault
from penstock.core.forms import FormField
from penstock.core.head import Header, RequestHead
from penstock.core.route import Match
from penstock.core.ruling import Destination, Ruling
from penstock.core.scrubbed import Scrubbed
from penstock.core.target import Attempt
from penstock.core.terseness import Foreseen, Terseness
from penstock.core.usage import Consumption


class Outcome(Enum):
    """How an exchange ended; every accepted request has exactly one."""

    SERVED = "served"
    REFUSED = "refused"
    FAILED = "failed"
    ABANDONED = "abandoned"
    CUT = "cut"


class Tap(Protocol):
    """What passes of an answer, seen from the books."""

    size: int
    """Bytes that have gone to the client."""
    own: int
    """Of these, the gateway's own words, which no provider is paid for."""

    @property
    def batch(self) -> str:
        """The object whose usage this is and can be read again, or empty."""

    def consumed(self) -> Consumption:
        """What the answer told that it used; asked at its end."""

    @property
    def ending(self) -> Ending:
        """How the answer ended, as it told; asked after ``consumed``."""


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A status, headers and a whole body, or the first frame of a stream."""

    status: int
    headers: tuple[Header, ...]
    body: bytes
    events: bool = False
    """It is a stream of events, compressed or not, whatever its headers call it."""


class Visit:
    """A policy's interest in one exchange's way out. What a policy does not override costs nothing."""

    holds = False
    """Wants the answer before the client sees any of it: whole, or of an event stream the first frame."""

    watches = False
    """Wants to see a stream's later frames as well, before the client does."""

    rewrites = False
    """Takes something out of a stream's frames, or puts something in."""

    in_pieces = False
    """Rewrites an answer of bytes as well, in pieces that are cut anywhere."""

    def begin(self, exchange: "Exchange") -> None:
        """The plan is made and the provider is about to be called: nothing has been spent yet."""

    async def answered(self, answer: Answer) -> Answer:
        """Called once with what was held; returns what the client gets in its place."""
        return answer

    def watch(self, frames: bytes) -> Awaitable[None] | None:
        """Whole frames that are about to go out; what is returned is waited for before they do. Nearly always None."""
        del frames
        return None

    def rewrite(self, frames: bytes) -> bytes:
        """What the client gets of a stream's whole frames, maybe nothing; the books read what the provider sent."""
        return frames

    def flush(self) -> bytes:
        """What ``rewrite`` has kept back: nothing comes any more, and the gateway's own ending would be next."""
        return b""

    def leave(self, exchange: "Exchange") -> None:
        """The exchange is over and ``exchange.outcome`` says how. Always called, also when things broke."""


@dataclass(slots=True)
class Exchange:
    """A request under way."""

    id: str  # gateway
    head: RequestHead  # gateway
    match: Match  # gateway; a content policy that names another model puts another path there
    started: float  # gateway: event loop seconds of the first request byte
    visits: list[Visit] = field(default_factory=list)  # gateway: who asked to see the way out, outermost first
    document: Document | None = None  # gateway, stop 2; None: no held body. A policy may put an edited one there
    facts: Facts = field(default_factory=Facts)  # gateway, stop 2
    caller: Caller | None = None  # authenticate
    plan: tuple[Attempt, ...] = ()  # gateway, stop 4
    attempt: Attempt | None = None  # calling: the one under way
    status: int | None = None  # gateway: of the answer that the client got
    outcome: Outcome | None = None  # closing
    fault: Fault | None = None  # gateway
    again: Callable[[bytes], Awaitable[Answer]] | None = None
    """gateway, stop 5: repeats the call with another query, for lists that go on over several pages."""
    waited: float = 0.0  # gateway: seconds spent waiting for the provider's first byte
    first_byte: float = 0.0  # gateway: seconds from the first request byte until the answer's head was written
    bytes_in: int = 0  # gateway: length of the request's body, as far as it has come
    bytes_out: int = 0  # gateway: length of an answer that went out whole
    form: FormField | None = None  # calling: what a form that streams through says of its model
    foreseen: Foreseen | None = None  # compress, before anything is taken: which conversation it belongs to
    terseness: Terseness | None = None  # compress
    scrubbed: Scrubbed | None = None  # scrub
    rulings: tuple[Ruling, ...] = ()  # guard and judge: what content policies have met, in order
    destination: Destination | None = None  # guard: where a content policy sends it
    allowance: Allowance | None = None  # limit: how the caller's quotas stood when it took from them; None: it has none
    came: int = 0  # limit: the tokens that it had counted of a stream when it cut it
    tap: Tap | None = None  # gateway, stop 6: on the answer that passes

    @property
    def called(self) -> Attempt:
        """The attempt under way; to ask before stop 5 is a bug."""
        if self.attempt is None:
            raise RuntimeError("no attempt has been planned yet")
        return self.attempt

    @property
    def on_operators_account(self) -> bool:
        """The credential in force is the operator's and not the caller's own."""
        return self.attempt is not None and self.attempt.credential is not None and not self.attempt.credential.own
