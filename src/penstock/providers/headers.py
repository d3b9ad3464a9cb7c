"""Which headers cross the gateway, in both directions, and which never do.

Out: everything that the client sent, but what speaks of one connection, of the gateway or of the client's network
place; credentials are replaced. Back: everything, but what would lead a client past the gateway or tell it about the
operator's account. Header lists are open: an unknown header passes.
"""

import re
from urllib.parse import unquote_plus

from penstock.core.caller import Credential
from penstock.core.dialect import Dialect
from penstock.core.exchange import Exchange
from penstock.core.head import HOP_BY_HOP, Header, RequestHead, ResponseHead, connection_names
from penstock.core.target import Attempt, Provider
from penstock.core.ticket import PARAMETER

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
    # Services that honour these serve another method or path than the one that was matched and allowed; Google's do.
    b"x-http-method",
    b"x-http-method-override",
    b"x-method-override",
    b"x-original-url",
    b"x-rewrite-url",
}
# A fixed header of one of these names speaks for the operator; a caller's own credential never goes beside it.
_CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"x-auth-token"})
PRIVATE_PREFIXES = (b"x-penstock-", b"x-mintoken-")

# A cookie or an alternative service of the provider's belongs to the gateway's own connection.
_NEVER_BACK = HOP_BY_HOP | {b"content-length", b"set-cookie", b"alt-svc"}
# They describe the operator's account, which the caller shares with others (wire contract 2.9).
_OPERATORS = (b"anthropic-ratelimit-", b"x-ratelimit-")

_PLAIN_CONNECTION = frozenset({b"keep-alive", b"Keep-Alive", b"close"})
_BODILESS = frozenset({"GET", "HEAD", "DELETE"})

_OWN_QUERY = frozenset({"key", "intensity", PARAMETER})
# Google's way around CORS: headers and method in the query (closure-library, goog.net.rpc.HttpCors).
_OTHER_REQUEST = ("$httpmethod", "$httpheaders")
_NOT_PASSED = re.compile(rb"key|intensity|%b|%%|\$http" % PARAMETER.encode(), re.IGNORECASE)


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
    query = _query(head.query)
    parts = [
        head.method.encode(), b" ", provider.base_path.encode(), path.encode("latin-1"), b"?" if query else b"", query,
        b" HTTP/1.1\r\nhost: ", provider.origin.authority.encode(), b"\r\naccept-encoding: identity\r\n",
    ]  # fmt: skip
    sent = [*crossing(head, private), *dialect.required_headers(head)]
    if provider.headers:
        own = attempt.credential is not None and attempt.credential.own
        fixed = [header for header in provider.headers if not (own and header[0] in _CREDENTIALS)]
        replaced = {name for name, _ in provider.headers}
        sent = [header for header in sent if header[0] not in replaced] + fixed
    if attempt.credential is not None:
        sent.append(credential_header(provider, attempt.credential, dialect))
    for name, value in sent:
        parts += (name, b": ", value, b"\r\n")
    if length is None:
        parts.append(b"transfer-encoding: chunked\r\n\r\n")
    elif length or head.method not in _BODILESS:
        parts.append(b"content-length: %d\r\n\r\n" % length)
    else:
        parts.append(b"\r\n")
    return b"".join(parts)


def crossing(head: RequestHead, private: tuple[bytes, ...]) -> list[Header]:
    """The client's headers that go on to the provider."""
    dropped = _dropped(head.get(b"connection"), head.headers, _NEVER_OUT)
    prefixes = (b"x-forwarded-", *private)
    return [header for header in head.headers if header[0] not in dropped and not header[0].startswith(prefixes)]


def _dropped(connection: bytes | None, headers: tuple[Header, ...], never: frozenset[bytes]) -> frozenset[bytes]:
    if connection is None or connection in _PLAIN_CONNECTION:
        return never
    return never | connection_names(headers)


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
    """The gateway's own headers, under each prefix that the operator wants: as lines, each with its line end."""

    def __init__(self, prefixes: tuple[str, ...]) -> None:
        self.private = tuple(sorted({*PRIVATE_PREFIXES, *(prefix.lower().encode() for prefix in prefixes)}))
        """How header names begin that are spoken between client and gateway alone."""
        self._prefixes = len(prefixes)
        self._templates: dict[str, bytes] = {}
        self._duration = b"X-Penstock-Exchange-Id: %b\r\n" + b"".join(
            b"%bDuration-Ms: %%d\r\n" % prefix.encode() for prefix in prefixes
        )
        self._overhead = b"".join(b"%bOverhead-Ms: %%.1f\r\n" % prefix.encode() for prefix in prefixes)

    def returning(self, head: ResponseHead, *, operators: bool) -> tuple[Header, ...]:
        """The provider's headers that go back to the client; ``operators``: on the operator's account."""
        dropped = _dropped(head.get(b"connection"), head.headers, _NEVER_BACK)
        prefixes = self.private + _OPERATORS if operators else self.private
        kept = [header for header in head.headers if header[0] not in dropped and not header[0].startswith(prefixes)]
        return tuple(kept)

    def own(self, exchange: Exchange, elapsed: float) -> bytes:
        """What an answer says of its exchange; ``elapsed`` seconds have passed since the request's first byte."""
        provider = exchange.attempt.provider if exchange.attempt is not None else None
        template = self._templates.get(provider.name if provider is not None else "")
        if template is None:
            template = self._template(provider)
        durations = (elapsed * 1000,) * self._prefixes
        overheads = (max(0.0, (elapsed - exchange.waited) * 1000),) * self._prefixes
        return template % (exchange.id.encode(), *durations, *overheads)

    def refused(self, exchange_id: str, elapsed: float) -> bytes:
        """What an answer says that has no exchange to speak of."""
        return self._duration % (exchange_id.encode(), *((elapsed * 1000,) * self._prefixes))

    def _template(self, provider: Provider | None) -> bytes:
        lines = self._duration + self._overhead
        if provider is not None:
            lines += b"X-Penstock-Provider: %b\r\n" % provider.name.encode().replace(b"%", b"%%")
            lines += b"X-Penstock-Simulated: true\r\n" if provider.simulated else b""
        # As many as there are providers.
        self._templates[provider.name if provider is not None else ""] = lines
        return lines


def credential_refused(provider: Provider) -> str:
    """Words for a caller who is not to blame when the operator's credential is no good."""
    return f"The gateway's credential for {provider.name} was refused by the provider; tell your operator."


def _query(query: bytes) -> bytes:
    if not query or _NOT_PASSED.search(query) is None:
        return query
    return b"&".join(part for part in query.split(b"&") if _passes(part.partition(b"=")[0]))


def _passes(name: bytes) -> bool:
    # As the provider reads it: an escape in a name spells the same parameter.
    plain = unquote_plus(name.decode("latin-1"))
    return plain not in _OWN_QUERY and not plain.lower().startswith(_OTHER_REQUEST)
