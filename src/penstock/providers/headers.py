"""Which headers cross the gateway, in both directions, and which never do.

Out: everything that the client sent, but what speaks of one connection, of the gateway or of the client's network
place; credentials are replaced. Back: everything, but what would lead a client past the gateway or tell it about the
operator's account. Header lists are open: an unknown header passes.
"""

import re
from collections.abc import Sequence, Set
from urllib.parse import unquote_plus

from penstock.core.caller import Credential
from penstock.core.dialect import Dialect
from penstock.core.exchange import Exchange
from penstock.core.head import HOP_BY_HOP, Header, RequestHead, ResponseHead, connection_names
from penstock.core.ruling import told
from penstock.core.target import Attempt, Provider
from penstock.core.terseness import Intensity, Terseness
from penstock.core.ticket import PARAMETER
from penstock.providers.allowances import Allowances

NEVER_OUT = HOP_BY_HOP | {
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
NEVER_BACK = HOP_BY_HOP | {b"content-length", b"set-cookie", b"alt-svc"}
# They describe the operator's account, which the caller shares with others (wire contract 2.9).
OPERATORS_OWN = (b"anthropic-ratelimit-", b"x-ratelimit-")

# What a sieve remembers of names that strangers make up.
SIEVED_NAMES, SIEVED_NAME_BYTES = 1000, 64

_CHUNKED = (b"transfer-encoding", b"chunked")
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
    sieve: "Sieve",
) -> bytes:
    """The head that the provider receives.

    ``path`` follows the provider's base path. ``length`` None announces a chunked body; 0 announces none. Of the
    client's headers those go on that pass the ``sieve``, which is ``Wording.crossing``.
    """
    provider = attempt.provider
    target = f"{head.method} {provider.base_path}{path}".encode("latin-1")
    if head.query:
        query = _query(head.query)
        target += b"?" + query if query else b""
    sent = sieve.passing(head)
    sent += dialect.required_headers(head)
    if provider.headers:
        own = attempt.credential is not None and attempt.credential.own
        fixed = [header for header in provider.headers if not (own and header[0] in _CREDENTIALS)]
        replaced = {name for name, _ in provider.headers}
        sent = [header for header in sent if header[0] not in replaced] + fixed
    if attempt.credential is not None:
        sent.append(credential_header(provider, attempt.credential, dialect))
    if length is None:
        sent.append(_CHUNKED)
    elif length or head.method not in _BODILESS:
        sent.append((b"content-length", b"%d" % length))
    lines = b"\r\n".join(map(b": ".join, sent))
    return b"%b HTTP/1.1\r\nhost: %b\r\naccept-encoding: identity\r\n%b\r\n\r\n" % (
        target,
        provider.origin.host_header,
        lines,
    )


class Sieve(dict[bytes, bool]):
    """Whether a header of this name passes, worked out once per name: clients send the same names all day."""

    def __init__(self, never: frozenset[bytes], prefixes: tuple[bytes, ...]) -> None:
        self._never = never
        self._prefixes = prefixes

    def __missing__(self, name: bytes) -> bool:
        passes = name not in self._never and not name.startswith(self._prefixes)
        if len(self) < SIEVED_NAMES and len(name) < SIEVED_NAME_BYTES:
            self[name] = passes
        return passes

    def passing(self, head: RequestHead | ResponseHead) -> list[Header]:
        """The headers that pass, but those that ``Connection`` keeps on their own connection."""
        connection = head.get(b"connection")
        if connection is None or (connection in _PLAIN_CONNECTION and head.distinct):
            return [header for header in head.headers if self[header[0]]]
        named = connection_names(head.headers)
        return [header for header in head.headers if self[header[0]] and header[0] not in named]


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
    """The gateway's own headers, under each prefix that the operator wants: as lines, the last without its end."""

    def __init__(
        self, prefixes: tuple[str, ...], chats: Set[str] = frozenset(), allowances: Allowances | None = None
    ) -> None:
        """``chats``: the operations whose answers say how terse they were to be, also where nobody asked."""
        self._chats = chats
        self._allowances = allowances
        private = tuple(sorted({*PRIVATE_PREFIXES, *(prefix.lower().encode() for prefix in prefixes)}))
        self.crossing = Sieve(NEVER_OUT, (b"x-forwarded-", *private))
        """The client's headers that go on to the provider: none that is spoken between client and gateway alone."""
        self._prefixes = len(prefixes)
        self._templates: dict[str, bytes] = {}
        self._chat_templates: dict[str, bytes] = {}
        self._intensity = b"".join(b"\r\n%bIntensity: %%b" % prefix.encode() for prefix in prefixes)
        self._duration = b"X-Penstock-Exchange-Id: %b\r\n" + b"".join(
            b"%bDuration-Ms: %%d\r\n" % prefix.encode() for prefix in prefixes
        )
        # Formatting a float costs more than all else in these lines.
        self._overhead = b"".join(b"%bOverhead-Ms: %%d.%%d\r\n" % prefix.encode() for prefix in prefixes)
        self._refused = self._duration.removesuffix(b"\r\n")
        self._back = Sieve(NEVER_BACK, private)
        self._back_on_operators = Sieve(NEVER_BACK, private + OPERATORS_OWN)

    def returning(self, head: ResponseHead, *, operators: bool) -> tuple[Header, ...]:
        """The provider's headers that go back to the client; ``operators``: on the operator's account."""
        return tuple((self._back_on_operators if operators else self._back).passing(head))

    def own(self, exchange: Exchange, given: Sequence[Header] = (), *, whole: bool = False) -> bytes:
        """What an answer says of its exchange, beside the headers that are ``given``; ``whole``: nothing of it is still
        to come."""
        provider = exchange.attempt.provider if exchange.attempt is not None else None
        terseness = exchange.terseness
        unasked = terseness is None and exchange.match.route.operation in self._chats
        templates = self._chat_templates if unasked else self._templates
        template = templates.get(provider.name if provider is not None else "")
        if template is None:
            template = self._template(provider, unasked=unasked)
            # As many as there are providers.
            templates[provider.name if provider is not None else ""] = template
        elapsed = exchange.first_byte
        tenths = max(0, int((elapsed - exchange.waited) * 10_000 + 0.5))
        durations = (int(elapsed * 1000),) * self._prefixes
        overheads = divmod(tenths, 10) * self._prefixes
        lines = template % (exchange.id.encode(), *durations, *overheads)
        if exchange.scrubbed is not None:
            lines += b"\r\nX-Penstock-Scrubbed: %b" % (exchange.scrubbed.told or "none").encode()
        if exchange.rulings:
            lines += b"\r\nX-Penstock-Policy: %b" % told(exchange.rulings).encode()
        if exchange.allowance is not None and self._allowances is not None:
            lines += self._allowances.good(exchange, exchange.allowance, given, whole=whole)
        return lines if terseness is None else lines + self._decided(terseness)

    def _decided(self, terseness: Terseness) -> bytes:
        lines = self._intensity % ((terseness.ran.value.encode(),) * self._prefixes)
        lines += b"\r\nX-Penstock-Reason: %b\r\nX-Penstock-Arm: %b" % (
            terseness.reason.encode(),
            terseness.arm.value.encode(),
        )
        return lines + b"\r\nX-Penstock-Rules: %b" % terseness.rules.encode() if terseness.rules else lines

    def refused(self, exchange_id: str, elapsed: float, exchange: Exchange | None = None) -> bytes:
        """What a refusal says, whether it came to an exchange or not."""
        lines = self._refused % (exchange_id.encode(), *((int(elapsed * 1000),) * self._prefixes))
        if exchange is not None and exchange.rulings:
            lines += b"\r\nX-Penstock-Policy: %b" % told(exchange.rulings).encode()
        if exchange is not None and self._allowances is not None:
            lines += self._allowances.refused(exchange)
        return lines

    def _template(self, provider: Provider | None, *, unasked: bool) -> bytes:
        lines = self._duration + self._overhead
        if provider is not None:
            lines += b"X-Penstock-Provider: %b\r\n" % provider.name.encode().replace(b"%", b"%%")
            lines += b"X-Penstock-Simulated: true\r\n" if provider.simulated else b""
        lines = lines.removesuffix(b"\r\n")
        if unasked:
            lines += self._intensity % ((Intensity.OFF.value.encode(),) * self._prefixes)
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
