"""What would become of a request: the path's pure parts, run without a provider. Behind ``penstock explain``.

Sends nothing, asks for no key, and never shows a credential.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from penstock import routes
from penstock.core.caller import Caller, Credential, KeyProfile, Secret
from penstock.core.dialect import Dialect
from penstock.core.document import Document, Facts
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.legible import NotReadableError
from penstock.core.ruling import Ruling
from penstock.core.target import Attempt
from penstock.core.terseness import Intensity, Opening, Terseness
from penstock.policies.ask_usage import AskUsage
from penstock.policies.compress import Compress, Suspended
from penstock.policies.compress.deciding import Detect
from penstock.policies.compress.own_rules import OwnRule
from penstock.policies.compress.reasons import Detected
from penstock.policies.guard import Guard
from penstock.policies.judge import Judging
from penstock.policies.scrub import Scrub
from penstock.providers import headers
from penstock.routing.plan import Table, plan


class Explanation(msgspec.Struct, frozen=True):
    """Where a request goes and what the provider receives. ``request`` is its head as text, secrets as dots."""

    dialect: str
    operation: str
    model: str | None
    stream: bool
    provider: str
    reason: str
    credential: str
    changes: tuple[str, ...]
    url: str | None
    """None where the simulator answers: it is in the gateway, at whatever address that finds free."""
    request: str
    body_bytes: int
    terseness: Terseness | None
    """What was decided about terser answers, as for the first request of a conversation; None: nothing."""
    own_rules: tuple[str, ...]
    """The names of the operator's own rules that decided it: one, or in a batch several."""
    suspended: tuple[Intensity, ...]
    """What new conversations of this key with this model are not given, though somebody set it."""
    rulings: tuple[Ruling, ...]
    """What content policies have met in the request."""
    body: bytes
    """What the provider receives after the head."""


class NotedDetection:
    """Detection that also says which of the operator's own rules decided: in a batch, and where a level is suspended,
    the decision that is told does not."""

    def __init__(self, detect: Detect) -> None:
        self._detect = detect
        self.rules: dict[str, None] = {}
        """Their names, in the order in which they decided."""

    def __call__(self, opening: Opening, model: str, *, known: bool, rules: Sequence[OwnRule]) -> Detected:
        """What suits a conversation that begins so."""
        found = self._detect(opening, model, known=known, rules=rules)
        if found.rule:
            self.rules[found.rule] = None
        return found


class Changing(msgspec.Struct, frozen=True):
    """The policies that may change a request's body, or where it goes."""

    guard: Guard
    judges: Sequence[Judging]
    """Who would be asked; nobody is."""
    scrub: Scrub
    compress: Compress
    listening: NotedDetection
    """What ``compress`` detects with."""
    asking: Sequence[AskUsage]
    suspended: Suspended


_BECAME = {
    "mask": "tokens in the place of values",
    "redact": "values taken out",
    "flag": "found, and left",
    "scan": "looked through",
}

NOBODY = KeyProfile("explain", "explain")
"""A key for which nothing is set."""


def explain(
    table: Table,
    dialects: Mapping[str, Dialect],
    head: RequestHead,
    body: bytes,
    changing: Changing,
    key: KeyProfile = NOBODY,
) -> Explanation:
    """The explanation; FaultError, with the words that a client would get, when the request can go nowhere."""
    match = routes.match(head)
    dialect = dialects[match.route.dialect]
    facts, document = Facts(), Document(body, body)
    if match.route.routed:
        try:
            facts = document.facts()
        except NotReadableError as error:
            raise refuse(FaultKind.MALFORMED, str(error)) from None
    facts = dialect.facts(match, facts)
    own = head.get(b"x-provider-key")
    caller = Caller(key, Credential(Secret("***"), own=True) if own else None)
    exchange = Exchange("explain", head, match, 0.0, facts=facts, caller=caller, document=document)
    exchange.bytes_in = len(body)
    edits = list(_edited(exchange, changing))
    sent = body if exchange.document is None else exchange.document.raw
    match = exchange.match
    attempt = plan(table, match, facts, caller, exchange.destination)[0]
    masked = _masked(attempt)
    sieve = headers.Wording(()).crossing
    request = headers.request_head(head, match.path, masked, dialect, length=len(sent), sieve=sieve)
    kept = {name for name, _ in sieve.passing(head)}
    dropped = sorted({name.decode("latin-1") for name, _ in head.headers if name not in kept})
    added = [name.decode() for name, _ in dialect.required_headers(head)]
    changes = [f"header {name}: not sent on" for name in dropped] + [f"header {name}: added" for name in added]
    rest = "unchanged, byte for byte" if sent == body else "all else byte for byte"
    changes += [*edits, f"body: {rest}"]
    scheme = "https" if attempt.provider.origin.secure else "http"
    target = request.split(b" ", 2)[1].decode("latin-1")
    return Explanation(
        dialect=match.route.dialect,
        operation=match.route.operation,
        model=facts.model,
        stream=facts.stream,
        provider=attempt.provider.name,
        reason=attempt.reason,
        credential=_whose(attempt.credential),
        changes=tuple(changes),
        url=None if attempt.provider.simulated else f"{scheme}://{attempt.provider.origin.authority}{target}",
        request=request.decode("latin-1"),
        body_bytes=len(sent),
        terseness=exchange.terseness,
        own_rules=tuple(changing.listening.rules),
        suspended=tuple(one for one in Intensity if changing.suspended(key.id, facts.model or "", one)),
        rulings=exchange.rulings,
        body=sent,
    )


def _edited(exchange: Exchange, changing: Changing) -> Iterator[str]:
    """Puts the policies' edits into the exchange, and says what they are."""
    before = exchange.document
    changing.guard.rule(exchange)
    for ruling in exchange.rulings:
        yield f"content policy {ruling.policy}: {ruling.check} is met; {ruling.told}"
    for judging in changing.judges:
        if exchange.caller is not None and judging.bound.holds(exchange.caller.key):
            yield f"content policy {judging.policy}: the judge {judging.rule.name} would be asked"
    if exchange.document is not before:
        yield "body: words masked, or its model replaced"
    if exchange.document is None:
        return
    changing.scrub.mask(exchange)
    for count in () if exchange.scrubbed is None else exchange.scrubbed.counts:
        yield f"body: {_BECAME[count.action]}: {count.number} of the kind {count.kind} ({count.place})"
    if not exchange.match.route.routed:
        return
    changing.compress.steer(exchange)
    terseness = exchange.terseness
    if terseness is not None:
        # In a batch there may be several.
        others = "".join(f", {name}" for name in changing.listening.rules if not terseness.reason.endswith(f":{name}"))
        why = f"{terseness.intensity.value}, arm {terseness.arm.value}, because: {terseness.reason}{others}"
        low = ", `verbosity` set to `low` among them," if terseness.lowered else ""
        words = (
            f"{terseness.added} bytes of words ({terseness.rules}){low} added" if terseness.added else "no words added"
        )
        yield f"body: {words}; {why}"
    for policy in changing.asking:
        if policy.asks(exchange):
            yield "body: `include_usage` added"


def _masked(attempt: Attempt) -> Attempt:
    """The attempt without a secret; the operator's fixed headers may be credentials too."""
    row = attempt.provider
    fixed = tuple((name, b"***") for name, _ in row.headers)
    credential = attempt.credential and msgspec.structs.replace(attempt.credential, secret=Secret("***"))
    return Attempt(msgspec.structs.replace(row, headers=fixed), credential, attempt.reason)


def _whose(credential: Credential | None) -> str:
    if credential is None:
        return "none"
    return "the caller's" if credential.own else "the operator's"
