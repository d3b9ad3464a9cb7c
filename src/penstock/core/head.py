"""The heads of HTTP messages as values: what stands before a body.

Header names are lower-case bytes and values are bytes as they came; repeated headers stay repeated and in order.
This file knows names and values, never sockets and never what a header means to a dialect.
"""

from collections.abc import Iterable

import msgspec

Header = tuple[bytes, bytes]

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


def connection_names(headers: Iterable[Header]) -> frozenset[bytes]:
    """The header names that ``Connection`` lists, lower-case: they too stay on their own connection."""
    named: set[bytes] = set()
    for key, value in headers:
        if key == b"connection":
            named.update(part.strip().lower() for part in value.split(b","))
    return frozenset(named)


class RequestHead(msgspec.Struct, frozen=True):
    """A request line and its headers. ``target`` is the request target as it came, query included."""

    method: str
    target: bytes
    headers: tuple[Header, ...]
    secure: bool = False

    @property
    def path(self) -> bytes:
        """The target's path, still percent-encoded."""
        return self.target.partition(b"?")[0]

    @property
    def query(self) -> bytes:
        """The target's query, still percent-encoded, without the question mark."""
        return self.target.partition(b"?")[2]

    def get(self, name: bytes) -> bytes | None:
        """The value of the first header called ``name`` (lower-case), or None."""
        return first(self.headers, name)

    def asking(self, query: bytes) -> "RequestHead":
        """The same request with another query."""
        return msgspec.structs.replace(self, target=self.path + (b"?" + query if query else b""))


class ResponseHead(msgspec.Struct, frozen=True):
    """A status and the headers of an answer."""

    status: int
    headers: tuple[Header, ...]

    @property
    def length(self) -> int | None:
        """The announced body length in bytes, if there is one."""
        value = first(self.headers, b"content-length")
        return int(value) if value is not None and value.isdigit() else None

    def get(self, name: bytes) -> bytes | None:
        """The value of the first header called ``name`` (lower-case), or None."""
        return first(self.headers, name)
