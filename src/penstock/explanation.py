"""What would become of a request: the path's pure parts, run without a provider. Behind ``penstock explain``.

Sends nothing, asks for no key, and never shows a credential.
"""

from collections.abc import Iterable, Mapping

import msgspec

from penstock import routes
from penstock.core.caller import Caller, Credential, KeyProfile, Secret
from penstock.core.dialect import Dialect
from penstock.core.document import Document, Facts, NotReadableError
from penstock.core.fault import FaultKind, refuse
from penstock.core.head import RequestHead
from penstock.core.target import Attempt
from penstock.policies.ask_usage import AskUsage
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


def explain(
    table: Table, dialects: Mapping[str, Dialect], head: RequestHead, body: bytes, asking: Iterable[AskUsage] = ()
) -> Explanation:
    """The explanation; FaultError, with the words that a client would get, when the request can go nowhere."""
    match = routes.match(head)
    dialect = dialects[match.route.dialect]
    facts = Facts()
    if match.route.routed:
        try:
            facts = Document(body, body).facts()
        except NotReadableError as error:
            raise refuse(FaultKind.MALFORMED, str(error)) from None
    facts = dialect.facts(match, facts)
    edit = "unchanged, byte for byte"
    for policy in asking:
        asked = policy.asking(match.route, facts, Document(body, body))
        if asked is not None:
            body, edit = asked.raw, "`include_usage` added, all else byte for byte"
    own = head.get(b"x-provider-key")
    caller = Caller(KeyProfile("explain", "explain"), Credential(Secret("***"), own=True) if own else None)
    attempt = plan(table, match, facts, caller)[0]
    masked = _masked(attempt)
    sieve = headers.Wording(()).crossing
    request = headers.request_head(head, match.path, masked, dialect, length=len(body), sieve=sieve)
    kept = {name for name, _ in sieve.passing(head)}
    dropped = sorted({name.decode("latin-1") for name, _ in head.headers if name not in kept})
    added = [name.decode() for name, _ in dialect.required_headers(head)]
    changes = [f"header {name}: not sent on" for name in dropped] + [f"header {name}: added" for name in added]
    changes.append(f"body: {edit}")
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
        body_bytes=len(body),
    )


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
