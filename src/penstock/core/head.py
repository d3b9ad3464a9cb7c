"""The heads of HTTP messages as values: what stands before a body.

Header names are lower-case bytes and values are bytes as they came; repeated headers stay repeated and in order.
This file knows names and values, never sockets and never what a header means to a dialect.
"""

from collections.abc import Callable, Iterable

Header = tuple[bytes, bytes]

EVENTS, JSON = b"text/event-stream", b"application/json"

# RFC 9110 7.6.1 and the names that old proxies still send: they speak of one connection, not of the message.
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


def first(headers: Iterable[Header], name: bytes) -> bytes | None:
    """The value of the first header called ``name`` (lower-case), or None."""
    for key, value in headers:
        if key == name:
            return value
    return None


def passes_apart(status: int, coding: bytes | None) -> bool:
    """Whether a stream of events with this status and content encoding is taken apart on its way: a good one that is
    not compressed. Some servers answer every POST with 201."""
    return 200 <= status < 204 and (coding or b"identity").strip().lower() == b"identity"


def connection_names(headers: Iterable[Header]) -> frozenset[bytes]:
    """The header names that ``Connection`` lists, lower-case: they too stay on their own connection."""
    named: set[bytes] = set()
    for key, value in headers:
        if key == b"connection":
            named.update(part.strip().lower() for part in value.split(b","))
    return frozenset(named)


class RequestHead:
    """A request line and its headers. ``target`` is the request target as it came, query included.

    Made once per request and never changed. A class of its own rather than a struct, because what every stop asks for
    is worked out once here: path and query apart, and the first value of each header by name.
    """

    __slots__ = ("distinct", "get", "headers", "method", "path", "query", "secure", "target", "values")

    get: Callable[[bytes], bytes | None]
    """The value of the first header of this name (lower-case), or None. The dictionary's own method, not one around
    it: a request asks some twenty times."""

    def __init__(self, method: str, target: bytes, headers: tuple[Header, ...], *, secure: bool = False) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.secure = secure
        self.path, _, self.query = target.partition(b"?")
        named = dict(reversed(headers))
        self.get = named.get
        self.values = named.values()
        """The first value of each header."""
        self.distinct = len(named) == len(headers)
        """No header is repeated."""

    def asking(self, query: bytes) -> "RequestHead":
        """The same request with another query."""
        target = self.path + b"?" + query if query else self.path
        return RequestHead(self.method, target, self.headers, secure=self.secure)

    def without(self, name: bytes) -> "RequestHead":
        """The same request without the headers of this name (lower-case)."""
        headers = tuple(header for header in self.headers if header[0] != name)
        return RequestHead(self.method, self.target, headers, secure=self.secure)


class ResponseHead:
    """A status and the headers of an answer. Made once and never changed."""

    __slots__ = ("distinct", "get", "headers", "status")

    get: Callable[[bytes], bytes | None]
    """As a request head's."""

    def __init__(self, status: int, headers: tuple[Header, ...]) -> None:
        self.status = status
        self.headers = headers
        named = dict(reversed(headers))
        self.get = named.get
        self.distinct = len(named) == len(headers)
        """No header is repeated."""

    @property
    def length(self) -> int | None:
        """The announced body length in bytes, if there is one."""
        value = self.get(b"content-length")
        return int(value) if value is not None and value.isdigit() else None
