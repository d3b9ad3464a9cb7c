"""Which headers cross the gateway, in both directions, and which never do.

Out: everything that the client sent, but what speaks of one connection, of the gateway or of the client's network
place; credentials are replaced. Back: everything, but what would lead a client past the gateway or tell it about the
operator's account. Header lists are open: an unknown header passes.
"""

from collections.abc import Iterable

from penstock.core.caller import Credential
from penstock.core.dialect import Dialect
from penstock.core.exchange import Exchange
from penstock.core.head import HOP_BY_HOP, Header, RequestHead, ResponseHead, connection_names
from penstock.core.target import Attempt, Provider

_NEVER_OUT = HOP_BY_HOP | {
    b"host",
    b"content-length",
    b"expect",
    b"accept-encoding",
    b"cookie",
    b"forwarded",
    b"via",
    b"x-real-ip",
    b"x-provider-key",
    b"authorization",
    b"x-api-key",
    b"x-goog-api-key",
}
PRIVATE_PREFIXES = (b"x-penstock-", b"x-mintoken-")

# A cookie or an alternative service of the provider's belongs to the gateway's own connection.
_NEVER_BACK = HOP_BY_HOP | {b"content-length", b"set-cookie", b"alt-svc"}
# They describe the operator's account, which the caller shares with others (wire contract 2.9).
_OPERATORS = (b"anthropic-ratelimit-", b"x-ratelimit-")

_OWN_QUERY = (b"key", b"intensity")


def request_head(
    head: RequestHead,
    path: str,
    attempt: Attempt,
    dialect: Dialect,
    *,
    length: int | None,
    private: tuple[bytes, ...] = PRIVATE_PREFIXES,
) -> bytes:
    """The head that the provider receives.

    ``path`` follows the provider's base path. ``length`` None announces a chunked body; 0 announces none. Headers
    whose names begin like one of ``private`` stay here.
    """
    provider = attempt.provider
    target = provider.base_path.encode() + path.encode("latin-1")
    query = _query(head.query)
    if query:
        target += b"?" + query
    lines = [
        b"%b %b HTTP/1.1\r\nhost: %b\r\naccept-encoding: identity\r\n"
        % (head.method.encode(), target, provider.origin.authority.encode())
    ]
    fixed = {name for name, _ in provider.headers}
    crossed = [header for header in crossing(head, private) if header[0] not in fixed]
    lines += [b"%b: %b\r\n" % header for header in crossed]
    lines += [b"%b: %b\r\n" % header for header in dialect.required_headers(head) if header[0] not in fixed]
    lines += [b"%b: %b\r\n" % header for header in provider.headers]
    if attempt.credential is not None:
        lines.append(b"%b: %b\r\n" % credential_header(provider, attempt.credential, dialect))
    if length is None:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif length or head.method not in {"GET", "HEAD", "DELETE"}:
        lines.append(b"content-length: %d\r\n" % length)
    lines.append(b"\r\n")
    return b"".join(lines)


def crossing(head: RequestHead, private: tuple[bytes, ...]) -> list[Header]:
    """The client's headers that go on to the provider."""
    dropped = _NEVER_OUT
    named = head.get(b"connection")
    if named is not None and named.lower() not in {b"keep-alive", b"close"}:
        dropped = dropped | connection_names(head.headers)
    prefixes = (b"x-forwarded-", *private)
    return [header for header in head.headers if header[0] not in dropped and not header[0].startswith(prefixes)]


def credential_header(provider: Provider, credential: Credential, dialect: Dialect) -> Header:
    """How this credential is shown to this provider."""
    secret = credential.secret.reveal()
    if credential.header is not None:
        shown = (
            b"Bearer " + secret.encode("latin-1") if credential.header == b"authorization" else secret.encode("latin-1")
        )
        return credential.header, shown
    if provider.auth == "bearer":
        return b"authorization", b"Bearer " + secret.encode()
    if provider.auth in {"x-api-key", "x-goog-api-key"}:
        return provider.auth.encode(), secret.encode()
    return dialect.credential_header(secret)


class Wording:
    """The gateway's own headers, under each prefix that the operator wants."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self.private = tuple(sorted({*PRIVATE_PREFIXES, *(prefix.lower().encode() for prefix in prefixes)}))
        """How header names begin that are spoken between client and gateway alone."""
        self._duration = tuple(f"{prefix}Duration-Ms".encode() for prefix in prefixes)
        self._overhead = tuple(f"{prefix}Overhead-Ms".encode() for prefix in prefixes)

    def returning(self, head: ResponseHead, *, operators: bool) -> tuple[Header, ...]:
        """The provider's headers that go back to the client; ``operators``: on the operator's account."""
        dropped = _NEVER_BACK
        named = head.get(b"connection")
        if named is not None and named.lower() not in {b"keep-alive", b"close"}:
            dropped = dropped | connection_names(head.headers)
        prefixes = self.private + _OPERATORS if operators else self.private
        return tuple(
            header for header in head.headers if header[0] not in dropped and not header[0].startswith(prefixes)
        )

    def own(self, exchange: Exchange, elapsed: float) -> list[Header]:
        """What an answer says of its exchange; ``elapsed`` seconds have passed since the request's first byte."""
        headers = self.refused(exchange.id, elapsed)
        overhead = b"%.1f" % max(0.0, (elapsed - exchange.waited) * 1000)
        headers += [(name, overhead) for name in self._overhead]
        if exchange.attempt is not None:
            headers.append((b"X-Penstock-Provider", exchange.attempt.provider.name.encode()))
            if exchange.attempt.provider.simulated:
                headers.append((b"X-Penstock-Simulated", b"true"))
        return headers

    def refused(self, exchange_id: str, elapsed: float) -> list[Header]:
        """What an answer says that has no exchange to speak of."""
        duration = b"%d" % (elapsed * 1000)
        return [(b"X-Penstock-Exchange-Id", exchange_id.encode()), *((name, duration) for name in self._duration)]


def credential_refused(provider: Provider) -> str:
    """Words for a caller who is not to blame when the operator's credential is no good."""
    return f"The gateway's credential for {provider.name} was refused by the provider; tell your operator."


def _query(query: bytes) -> bytes:
    if not any(name + b"=" in query for name in _OWN_QUERY):
        return query
    parts: Iterable[bytes] = query.split(b"&")
    return b"&".join(part for part in parts if part.partition(b"=")[0] not in _OWN_QUERY)
