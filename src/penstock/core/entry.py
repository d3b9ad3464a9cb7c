"""One row of the books, and the note that says a row is to come. Values only; never any content.

``Opened`` is written before the provider is called, ``Entry`` before the last byte of the answer is handed to the
client's socket. An ``Opened`` whose ``Entry`` never came is a killed exchange (``killed``). Both are positional on the
wire (``array_like``): fields are added at the end, with defaults, and never moved.
"""

import msgspec

from penstock.core.ruling import Ruling
from penstock.core.scrubbed import Scrubbed
from penstock.core.terseness import Terseness
from penstock.core.usage import Consumption


class Opened(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="o"):
    """An exchange that has begun."""

    id: str
    at: float
    """Seconds since the epoch, UTC, of the request's first byte."""
    tenant: str
    """As ``KeyProfile.tenant`` spells it; empty for a stranger."""
    key: str
    """The gateway key's identity, never the key; empty for a stranger."""
    key_name: str
    team: str
    provider: str
    """The provider row's name; empty when none was called."""
    credential: str
    """Whose credential the provider was shown: ``caller``, ``operator`` or empty."""
    dialect: str
    operation: str
    """As the route's row names it. What matches no route is answered 404, and is no exchange."""
    model: str
    """As the client asked; empty where the operation names none."""
    stream: bool
    client: str
    """What the client says that it is, name and version, such as ``claude-cli/2.1.329``; at most 80 characters."""
    conversation: str
    """The client's own id of the session, where it sends one; it only groups rows."""
    trace: str
    """The trace id of a ``traceparent`` header, or empty."""
    bytes_in: int
    """Length of the request's body."""
    terseness: Terseness | None = None
    """What was decided about terser answers; None where there was nothing to decide."""
    owner: str = ""
    """Whose key it was then, by name; empty where it is nobody's."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False, tag="e"):
    """A finished exchange: a pure function of what is known at its end."""

    opened: Opened
    outcome: str
    """``served``, ``refused``, ``failed``, ``abandoned``, ``cut`` or ``killed``."""
    status: int
    """Of the answer that the client got; 0 where it got none."""
    fault: str
    """The fault's kind, or empty."""
    blame: str
    """``client``, ``gateway``, ``upstream``, or empty without a fault."""
    consumption: Consumption
    price: str
    """The version of the price table that ``cost`` comes from; empty where nothing was priced."""
    cost: int | None
    """Micro-dollars at list prices, or None: unpriced. Without any usage it is 0."""
    bytes_out: int
    """Length of the answer's body as it went to the client."""
    first_byte: float
    """Seconds from the request's first byte until the answer's head was written; 0 where there was no answer."""
    duration: float
    """Seconds from the request's first byte to its end."""
    overhead: float
    """Of these, seconds that the gateway took until the answer's head was written."""
    batch: str = ""
    """The batch whose results these are: its usage counts once, however often it is fetched."""
    ending: str = ""
    """What the answer told of its end: ``truncated``, ``refused`` or ``invalid``; empty where it told nothing else than
    that it is whole."""
    scrubbed: Scrubbed | None = None
    """What was found of private values, and what came back; None where nobody looked."""
    rulings: tuple[Ruling, ...] = ()
    """What content policies have met, and what they did about it."""
