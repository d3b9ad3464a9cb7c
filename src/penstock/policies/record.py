"""Writes every exchange down: its beginning before the provider is called, its end before the last byte goes.

The outermost policy: refusals are written down too, and its visit leaves last. It puts the row together and hands it to
the books it is given; it knows neither a file nor a database, and never a word of what was asked or answered.
"""

import re
import time
from collections.abc import Callable
from functools import lru_cache
from time import perf_counter
from typing import Protocol

import msgspec

from penstock.core.attachments import NONE, Passed, attachments
from penstock.core.ending import Ending
from penstock.core.entry import Entry, Opened
from penstock.core.exchange import Exchange, Outcome, Visit
from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.head import RequestHead
from penstock.core.legible import NotReadableError
from penstock.core.route import Body
from penstock.core.target import Provider
from penstock.core.usage import UNREAD, Consumption

# Names and versions as clients spell them; whatever else stands in the header is not kept.
_CLIENT = re.compile(rb"[A-Za-z][\w.+-]{0,40}(?:/[\w.+-]{1,40})?(?: \d[\w.+-]{0,20})?")
_SESSION = re.compile(rb"[\w.:-]{1,80}")
# W3C Trace Context 3.2: version ff and a trace of zeros are invalid.
_TRACE = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-")

# Claude Code's and Codex's own (wire contract 3.2, 4.4).
_SESSIONS = (b"x-claude-code-session-id", b"session-id")

MODEL_LENGTH = 200
"""So much of a model's name is kept: a client may send anything there, and no model is called longer."""

_IN_ORDER = Ending.PLAIN
_SILENT = frozenset({FaultKind.UNREACHABLE, FaultKind.TIMED_OUT})


class Books(Protocol):
    """Where rows go. Neither method waits or fails."""

    @property
    def accepting(self) -> bool:
        """False while rows could be lost: then nothing new may begin."""

    def opened(self, opened: Opened) -> None:
        """An exchange has begun."""

    def closed(self, entry: Entry) -> None:
        """An exchange is over."""


Value = Callable[[Consumption, str, Provider | None], tuple[str, int | None]]
"""What was used, the model that was asked for and the provider that was called, to the version of the prices and the
cost in micro-dollars; None where something has no price."""

Complete = Callable[[Consumption, Opened, Passed], Consumption]
"""What was told in part, by which exchange, and what passed of it, to the same with what is missing estimated."""


class Record:
    """Makes a row of every exchange."""

    counts = True

    def __init__(self, books: Books, value: Value, complete: Complete) -> None:
        self._books = books
        self._value = value
        self._complete = complete

    def enter(self, exchange: Exchange) -> Visit:
        """Visit every exchange; FaultError 503 while the books can't be kept."""
        if not self._books.accepting:
            words = "This gateway can't write its books and takes no requests until it can; tell your operator."
            raise FaultError(Fault(kind=FaultKind.OVERLOADED, words=words, retry_after=10))
        return _Recording(self._books, self._value, self._complete, exchange.started)


class Unrecorded:
    """Where no books are kept: nothing is written down."""

    counts = False
    _nothing = Visit()

    def enter(self, exchange: Exchange) -> Visit:
        """The same idle visit for all."""
        del exchange
        return self._nothing


class _Recording(Visit):
    __slots__ = ("_at", "_attached", "_books", "_complete", "_opened", "_value")

    def __init__(self, books: Books, value: Value, complete: Complete, started: float) -> None:
        self._books = books
        self._value = value
        self._complete = complete
        self._at = time.time() - (perf_counter() - started)
        self._opened: Opened | None = None
        self._attached = NONE

    def begin(self, exchange: Exchange) -> None:
        """From here on the provider may charge for it. The body is let go of once it is sent: what an estimate wants
        to know of it is asked now."""
        if exchange.document is not None and exchange.match.route.routed:
            self._attached = attachments(exchange.document.plain)
        self._opened = opening(exchange, self._at)
        self._books.opened(self._opened)

    def leave(self, exchange: Exchange) -> None:
        """The row is complete."""
        self._books.closed(self._entry(exchange, self._opened or opening(exchange, self._at)))

    def _entry(self, exchange: Exchange, opened: Opened) -> Entry:
        if exchange.form is not None and exchange.form.value is not None:
            # It has streamed through since the exchange was opened.
            opened = msgspec.structs.replace(opened, model=exchange.form.value)
        tap, fault, outcome = exchange.tap, exchange.fault, exchange.outcome or Outcome.FAILED
        passed = 0 if tap is None else tap.size
        consumption, ending = Consumption(), _IN_ORDER
        if tap is not None:
            consumption, ending = tap.consumed(), tap.ending
        elif self._opened is not None and (outcome is Outcome.ABANDONED or _unanswered(fault)):
            # The provider has read the request and may charge for it, though nobody heard its answer.
            consumption = UNREAD
        if consumption.missing:
            told = passed if tap is None else passed - tap.own
            known = Passed(exchange.bytes_in, told, self._attached, exchange.came)
            consumption = self._complete(consumption, opened, known)
        if len(consumption.model or "") > MODEL_LENGTH:
            consumption = _named_in_short(consumption)
        provider = None if exchange.attempt is None else exchange.attempt.provider
        price, cost = "", None if consumption.untold else 0
        if consumption.shares and not consumption.untold:
            price, cost = self._value(consumption, opened.model, provider)
        return Entry(
            opened,
            outcome.value,
            exchange.status or 0,
            "" if fault is None else fault.kind.label,
            "" if fault is None else fault.blame.value,
            consumption,
            price,
            cost,
            max(exchange.bytes_out, passed),
            exchange.first_byte,
            perf_counter() - exchange.started,
            max(0.0, exchange.first_byte - exchange.waited),
            "" if tap is None else tap.batch,
            "" if ending is _IN_ORDER else ending.value,
            exchange.scrubbed,
            exchange.rulings,
        )


def _unanswered(fault: Fault | None) -> bool:
    """The whole request was sent, and no answer came: what may be sent again has not been read."""
    return fault is not None and fault.kind in _SILENT and not fault.may_retry


def _named_in_short(consumption: Consumption) -> Consumption:
    """Many a server answers under whatever name it was asked for."""
    shares = [msgspec.structs.replace(share, model=(share.model or "")[:MODEL_LENGTH]) for share in consumption.shares]
    return msgspec.structs.replace(consumption, shares=tuple(shares))


def opening(exchange: Exchange, at: float) -> Opened:
    """What is known of an exchange when its provider is about to be called, or when it ends without that."""
    caller, route, facts, head = exchange.caller, exchange.match.route, exchange.facts, exchange.head
    key = None if caller is None else caller.key
    attempt = exchange.attempt or (exchange.plan[0] if exchange.plan else None)
    credential = None if attempt is None else attempt.credential
    agent, trace = head.get(b"user-agent"), head.get(b"traceparent")
    return Opened(
        exchange.id,
        at,
        "" if key is None else key.tenant,
        "" if key is None else key.id,
        "" if key is None else key.name,
        "" if key is None else key.team or "",
        "" if attempt is None else attempt.provider.name,
        "" if credential is None else "caller" if credential.own else "operator",
        route.dialect,
        route.operation,
        (_in_document(exchange) if facts.model is None else facts.model)[:MODEL_LENGTH],
        facts.stream,
        "" if agent is None else _client(agent),
        _conversation(head),
        "" if trace is None else _trace(trace),
        exchange.bytes_in,
        exchange.terseness,
        "" if key is None else key.user or "",
    )


def _in_document(exchange: Exchange) -> str:
    """The model of a JSON body whose operation also takes forms, and so is not routed by it."""
    if exchange.document is None or exchange.match.route.body is not Body.ANY:
        return ""
    try:
        return exchange.document.facts().model or ""
    except NotReadableError:
        return ""


@lru_cache(maxsize=1024)
def _client(agent: bytes) -> str:
    found = _CLIENT.match(agent)
    return "" if found is None else found[0].decode("ascii")[:80]


def _conversation(head: RequestHead) -> str:
    for name in _SESSIONS:
        value = head.get(name)
        if value is not None and _SESSION.fullmatch(value):
            return value.decode("ascii")
    return ""


def _trace(value: bytes) -> str:
    found = _TRACE.match(value)
    return "" if found is None else found[1].decode("ascii")
