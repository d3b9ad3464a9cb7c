"""The one mutable object of a request. Each field has one writer, named beside it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Protocol

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

if TYPE_CHECKING:
    from penstock.core.policy import Visit


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


@dataclass(slots=True)
class Exchange:
    """A request under way."""

    id: str  # gateway
    head: RequestHead  # gateway
    match: Match  # gateway; a content policy that names another model puts another path there
    started: float  # gateway: event loop seconds of the first request byte
    visits: "list[Visit]" = field(default_factory=list)  # gateway: who asked to see the way out, outermost first
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
