"""What passes between the server and the parts that serve a route: a request in, a reply out. Values only."""

from collections.abc import Callable, Sequence

import msgspec

from penstock.core.head import Header
from penstock.simulator.cache_memory import CacheMemory
from penstock.simulator.identity import Identity
from penstock.simulator.steering import Steering
from penstock.simulator.terseness import Rule


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request, read as far as no dialect is needed for it."""

    body: bytes
    query: dict[str, str]
    version: str | None
    """The ``anthropic-version`` header."""
    header: str
    """The ``x-simulate`` header."""
    identity: Identity
    defaults: Steering
    memory: CacheMemory
    now: float
    rules: Sequence[Rule] = ()
    """Texts that make answers terser where a system text holds them."""
    seen: int
    """How many times the same request came before."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, spelled out: a whole body as one frame, or a stream's frames."""

    status: int = 200
    headers: tuple[Header, ...]
    frames: tuple[bytes, ...]
    streamed: bool = False
    steering: Steering = Steering()
    lasting: bool = False
    """The same request will always be answered with these bytes: no memory had a part in it."""


Serve = Callable[[Request, str], Reply]
"""Serves a route; the string is what the route's template left open (a model's name), or empty."""

JSON_HEADER: Header = (b"content-type", b"application/json")
STREAM_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
