"""What the estimate of savings needs of a finished exchange: values only, and no content of any request or answer.

Whoever reads the books fills these in; what a conversation is, which arm it stands in and what went wrong was decided
elsewhere. ``savings`` works with them.
"""

from collections.abc import Callable
from enum import Enum

import msgspec

from penstock.core.terseness import Arm
from penstock.core.usage import Consumption, Share, Source, Usage
from penstock.ledger.prices import Priced, charge


class Guardrail(Enum):
    """What terse answers must not do more often than others."""

    TRUNCATED = "truncated"
    """The answer ended at its cap."""
    REFUSED = "refused"
    INVALID = "invalid"
    """JSON or tool arguments that can't be read."""
    REASKED = "re-asked"
    """The user asks again for what an answer left out."""
    REPEATED = "repeated"
    """The same prompt came again within minutes."""
    FAILED = "failed"
    """The provider answered with an error."""
    OVERRIDDEN = "overridden"
    """Somebody set an intensity by hand in this conversation. Found by the estimate, in rows of arm ``forced``."""


class Observed(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One finished exchange."""

    conversation: str
    """The conversation's hash: what the arm was drawn for."""
    arm: Arm
    at: float
    """Seconds since the epoch."""
    key: str
    model: str
    klass: str = ""
    """What detection took the conversation for."""
    intensity: str = ""
    """Of a control: the one that it would have had."""
    rules: str = ""
    """Version of the text; of a control: the one that it would have had."""
    lowered: bool = False
    """The format's own measure of length was set low beside the text; of a control: would have been."""
    operation: str = ""
    stream: bool = False
    tools: bool = False
    bytes_in: int = 0
    """Of the request as the client sent it, before any words of ours."""
    added_bytes: int = 0
    """How many bytes longer the request went to the provider: always 0 in the control arm."""
    holdout: float | None = None
    """With what odds the conversation was drawn for the control arm; None where that is not known, and is always the
    same. Conversations of different odds are never compared; at 0 there was no draw."""
    usage: Usage = Usage()
    source: Source = Source.REPORTED
    cost: int | None = None
    """Micro-dollars at list prices for everything, or None: unpriced."""
    input_cost: int | None = None
    """Of it, for what went in, cached or not (``input_cost``): needed to hold cache counters equal."""
    broke: tuple[Guardrail, ...] = ()


INPUT = ("input", "input_audio", "input_image", "cache_write_5m", "cache_write_1h", "cache_read")

SIZES = ("under 1 kB", "1 to 4 kB", "4 to 16 kB", "16 to 64 kB", "64 to 256 kB", "256 kB to 1 MB", "over 1 MB")


def size(bytes_in: int) -> int:
    """Which of ``SIZES`` a request belongs to."""
    return min(max(0, (bytes_in.bit_length() - 9) // 2), len(SIZES) - 1)


def input_cost(consumption: Consumption, asked: str, find: Callable[[str], Priced | None]) -> int | None:
    """Micro-dollars for all that went in; None when any of it has no price. Rounded for each share, like the whole."""
    return charge(Consumption(tuple(map(_taken, consumption.shares))), asked, find)


def _taken(share: Share) -> Share:
    return Share(share.model, Usage(**{name: getattr(share.usage, name) for name in INPUT}), share.tier)
