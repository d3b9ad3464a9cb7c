"""What the gateway needs of a wire format. Each dialect is one pure module under ``dialects/``."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from penstock.core.allowance import Allowance
from penstock.core.document import Facts
from penstock.core.ending import Ending
from penstock.core.equipment import Equipping
from penstock.core.exchange import Answer
from penstock.core.fault import Fault
from penstock.core.head import Header, RequestHead
from penstock.core.hearing import Hearing
from penstock.core.restoring import Restoring
from penstock.core.route import Match
from penstock.core.terseness import Speaking
from penstock.core.text import Walking
from penstock.core.usage import Consumption


class StreamManner(msgspec.Struct, frozen=True):
    """How an event stream of one operation behaves.

    ``keep_alive`` may be written between two frames while the provider is silent. A stream whose latest frames hold one
    of ``endings`` is complete; with ``ending_required`` a stream without one is not. An ending that is a quoted word
    cannot be forged by a model: inside its text the quotes are escaped.
    """

    keep_alive: bytes
    endings: tuple[bytes, ...] = ()
    ending_required: bool = False
    last: bytes = b""
    """A piece that every frame with an ordinary ending holds, and few others: a look at a frame must cost nothing."""
    array: bool = False
    """Where the answer is no event stream, it is a JSON array that streams element by element."""


class Tally(Protocol):
    """Reads what one answer used, while it passes. Never raises, whatever the bytes are.

    Bytes come without their content encoding. An answer is fed by ``frames`` or by ``piece``, not by both.
    """

    @property
    def batch(self) -> str:
        """The object whose usage this is and can be read again: a batch, a response in the background, a run.

        Its usage counts once, however often it is fetched. Empty for all other answers, and while it tells no usage.
        """

    @property
    def ending(self) -> Ending:
        """How the answer ended, as far as it tells; asked after ``consumed``."""

    @property
    def sign(self) -> bytes:
        """What a stream's frames hold that could tell anything from now on; empty: any could. Others need not be shown:
        a call for each frame costs more than all that is done with it."""

    def frames(self, frames: bytes) -> None:
        """Whole events of a stream, one or many; at least all that hold the ``sign``."""

    def piece(self, data: bytes) -> None:
        """A piece of any other body: a JSON value, a JSON array that streams, JSON lines; cut anywhere."""

    def latest(self, frames: bytes) -> None:
        """The stream's latest whole frames, shown before or not; told once, before ``consumed``. They say how it ended,
        where nothing does that holds the ``sign``."""

    def consumed(self) -> Consumption:
        """What has been told so far; asked once, when the answer is over, however it ended."""


class Dialect(Protocol):
    """Sans-I/O: facts in, faults out, in the client's own words."""

    @property
    def name(self) -> str:
        """As configuration spells it."""

    @property
    def speaking(self) -> Speaking:
        """Where words of the gateway's own can stand in requests."""

    @property
    def walking(self) -> Walking:
        """Where people's words stand in requests."""

    @property
    def restoring(self) -> Restoring:
        """How private values come back into answers."""

    @property
    def hearing(self) -> Hearing:
        """What models say in answers."""

    @property
    def equipping(self) -> Equipping:
        """What a request brings besides its words."""

    def facts(self, match: Match, facts: Facts) -> Facts:
        """Complete what the body says by what the path says."""

    def fault(self, fault: Fault, exchange_id: str, asked: RequestHead | None = None) -> Answer:
        """A fault in this dialect's envelope, with the headers that its clients act on; ``asked`` by this request, for
        clients that are not like the others."""

    def quotas(self, allowance: Allowance, now: float, given: Sequence[Header], *, refused: bool) -> bytes:
        """How the caller's quotas stand, in the headers that its clients look for: as lines, each begun by a line end.
        None of a name that stands in ``given``, which the provider says of the caller's own account. ``now``: seconds
        since the epoch; ``refused``: they go with a refusal."""

    def manner(self, match: Match) -> StreamManner:
        """How streams of this operation behave."""

    def broken_off(self, match: Match, fault: Fault, exchange_id: str, last: bytes) -> bytes:
        """The frames that end a stream which the provider cut; ``last`` is what came last before the cut."""

    def tally(self, match: Match) -> Tally | None:
        """What reads the usage of this operation's good answers; None where it never consumes tokens."""

    def credential_header(self, secret: str) -> Header:
        """The header that carries this provider credential by default."""

    def required_headers(self, head: RequestHead) -> tuple[Header, ...]:
        """Headers that the provider needs and the client left out."""


def fault_headers(fault: Fault, id_header: bytes, exchange_id: str) -> tuple[Header, ...]:
    """The headers that carry a fault's retry answer to every dialect's clients.

    ``x-should-retry`` overrides what the Anthropic and OpenAI SDKs would do by status alone.
    """
    headers: list[Header] = [(b"content-type", b"application/json"), (id_header, exchange_id.encode())]
    if not fault.may_retry:
        headers.append((b"x-should-retry", b"false"))
    if fault.retry_after is not None:
        headers.append((b"retry-after", b"%d" % fault.retry_after))
    if fault.retry_after_ms is not None:
        headers.append((b"retry-after-ms", b"%d" % fault.retry_after_ms))
    if fault.allow:
        headers.append((b"allow", ", ".join(fault.allow).encode()))
    return tuple(headers)
