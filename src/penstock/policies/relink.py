"""Makes the absolute links in answers lead back here: batch results, upload URLs.

A client follows such a link with the credentials that it has, and those are the gateway's: followed to the provider, it
would show the gateway key to a stranger. Only links to the called provider's own origin and base path are touched, and
of an answer nothing but the links.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

import msgspec

from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.route import Route
from penstock.core.target import Provider
from penstock.core.ticket import LIFETIME_SECONDS, PARAMETER, UPLOAD_ID, Ticket

# RFC 9112 3.2: a host and a port, and nothing that could end a URL's authority early.
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")

Mint = Callable[[Ticket, str], str]
"""A ticket and an upload's id, to the ticket as it stands in a URL."""

Undo = Callable[[Answer], Answer]
"""An answer without its content encodings; a FaultError where that can't be done."""


class Relink:
    """Rewrites the links that a route's row names."""

    def __init__(self, public_url: str | None, mint: Mint, undo: Undo, *, clock: Callable[[], float]) -> None:
        self._public_url = public_url
        self._mint = mint
        self._undo = undo
        self._clock = clock

    def concerns(self, route: Route) -> bool:
        """Operations whose answers hold links."""
        return bool(route.links)

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Visit the answers that hold links."""
        if not exchange.match.route.links or exchange.head.method == "HEAD":
            return None
        return _Linked(exchange, origin(exchange.head, self._public_url), self._ticketed, self._undo)

    def _ticketed(self, exchange: Exchange, link: SplitResult) -> str:
        """The link's query, with a ticket where the link is an upload's own."""
        upload = dict(parse_qsl(link.query)).get(UPLOAD_ID)
        if upload is None or exchange.caller is None:
            return link.query
        own = exchange.caller.credential is not None
        ticket = Ticket(exchange.caller.key.id, own, int(self._clock()) + LIFETIME_SECONDS)
        return f"{link.query}&{PARAMETER}={quote(self._mint(ticket, upload), safe='')}"


Ticketed = Callable[[Exchange, SplitResult], str]


class _Linked(Visit):
    holds = True

    def __init__(self, exchange: Exchange, here: str, ticketed: Ticketed, undo: Undo) -> None:
        self._exchange = exchange
        self._here = here
        self._ticketed = ticketed
        self._undo = undo

    async def answered(self, answer: Answer) -> Answer:
        """The answer with its links leading here."""
        if not 200 <= answer.status < 300:
            return answer
        answer = self._undo(answer)
        headers, body = answer.headers, answer.body
        for link in self._exchange.match.route.links:
            kind, colon, name = link.partition(":")
            if colon and kind == "header":
                wanted = name.encode()
                headers = tuple((key, self._header(value) if key == wanted else value) for key, value in headers)
            else:
                body = relinked(body, link, self._moved)
        return Answer(answer.status, headers, body)

    def _header(self, value: bytes) -> bytes:
        moved = self._moved(value.decode("latin-1"))
        return value if moved is None else moved.encode("latin-1")

    def _moved(self, link: str) -> str | None:
        """Where a link leads on this gateway, or None for one that leads elsewhere."""
        exchange = self._exchange
        try:
            parts = urlsplit(link)
            path = below(parts, exchange.called.provider)
        except ValueError:
            return None
        if path is None:
            return None
        # An OpenAI provider's base path ends in /v1, which stands on the client's side of the dialect's own paths.
        version = "/v1" if exchange.match.route.dialect == "openai" else ""
        query = self._ticketed(exchange, parts)
        return f"{self._here}{exchange.match.prefix}{version}{path}" + (f"?{query}" if query else "")


def origin(head: RequestHead, public_url: str | None) -> str:
    """Where the client reaches this gateway: as the operator says, else as the request itself shows.

    FaultError 400 for a Host that no URL can hold. A forwarded scheme is believed: it decides nothing but this client's
    own links.
    """
    if public_url is not None:
        return public_url.rstrip("/")
    host = (head.get(b"host") or b"").decode("latin-1")
    if _HOST.fullmatch(host) is None:
        raise refuse(FaultKind.MALFORMED, "The Host header must name a host, with or without a port.")
    forwarded = (head.get(b"x-forwarded-proto") or b"").lower()
    secure = forwarded == b"https" if forwarded in {b"http", b"https"} else head.secure
    return f"{'https' if secure else 'http'}://{host}"


def below(link: SplitResult, provider: Provider) -> str | None:
    """The link's path below the provider's base path, or None when it leads to another place."""
    here = provider.origin
    usual = {"https": 443, "http": 80}.get(link.scheme)
    if usual is None or link.username is not None or (link.scheme == "https") != here.secure:
        return None
    if (link.hostname or "").lower() != here.host.lower() or (link.port or usual) != here.port:
        return None
    path = link.path.removeprefix(provider.base_path) if link.path.startswith(provider.base_path + "/") else None
    return path if path is None or path.startswith("/") else None


def relinked(body: bytes, path: str, moved: Callable[[str], str | None]) -> bytes:
    """The body with the links at a dotted path moved (``*``: each element of a list); all other bytes as they were."""
    try:
        wanted = {value: there for value in _at(msgspec.json.decode(body), path.split(".")) if (there := moved(value))}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return body
    pieces, end = [], 0
    for found in _values(body, path.rpartition(".")[2]):
        there = wanted.get(found.value)
        if there is not None:
            pieces += [body[end : found.start], msgspec.json.encode(there)]
            end = found.end
    return b"".join([*pieces, body[end:]])


class _Found(NamedTuple):
    value: str
    start: int
    end: int


def _values(body: bytes, key: str) -> Iterator[_Found]:
    # In JSON an unescaped quote before a name begins a string, so that text inside other strings is never met.
    for match in re.finditer(rb'"%b"\s*:\s*("(?:[^"\\]|\\.)*")' % re.escape(key.encode()), body):
        yield _Found(msgspec.json.decode(match[1], type=str), match.start(1), match.end(1))


def _at(value: object, steps: list[str]) -> Iterator[str]:
    if not steps:
        if isinstance(value, str):
            yield value
    elif steps[0] == "*":
        for each in value if isinstance(value, list) else ():
            yield from _at(each, steps[1:])
    elif isinstance(value, dict):
        yield from _at(value.get(steps[0]), steps[1:])
