"""What the controller asks of the load generator, and what it gets back: two records that cross a pipe as JSON."""

import msgspec


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A load: which request, how many at once, how long."""

    port: int
    dialect: str
    model: str
    request_size: int
    headers: tuple[tuple[str, str], ...]
    target: str
    keys: tuple[str, ...] = ()
    """Gateway keys that take turns, request by request: each stands where the first one stands in the headers."""
    connections: int
    count: int
    """Requests to complete, over all connections."""
    seconds: float
    """No request starts later than this after the beginning."""
    warm: int = 1
    """Requests on each connection before the beginning, not counted."""
    gap: float = 0.0
    """Seconds between an answer and the connection's next request."""
    ramp: float = 0.0
    """The connections' first requests are spread over this many seconds."""
    exact: bool = True
    """The answer must be the mock's, byte for byte; else its status is looked at, what a sized
    one says, and a stream's end."""
    keep_samples: bool = False


class Tally(msgspec.Struct, kw_only=True):
    """What came of it. Times are seconds."""

    good: int = 0
    bad: int = 0
    reasons: dict[str, int] = msgspec.field(default_factory=dict)
    elapsed: float = 0.0
    frames: int = 0
    total: list[float] = msgspec.field(default_factory=list)
    """Request sent until answer complete: 50th and 99th percentile, greatest."""
    first: list[float] = msgspec.field(default_factory=list)
    """Request sent until the answer's first byte: the same."""
    late: list[float] = msgspec.field(default_factory=list)
    """Frame seen after its due moment (request sent + number x pace): the same."""
    samples: list[float] = msgspec.field(default_factory=list)
    """Every first-byte time, where the order asked for them."""
