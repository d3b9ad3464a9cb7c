"""Stop 2: takes a request's body in, as much of it as the route needs.

JSON bodies are held and read (undone of their content encoding where they have one); multipart and binary bodies are
left to stream through, unless a policy wants to see one. It reads facts, never messages.
"""

from collections.abc import Sequence
from operator import itemgetter

from penstock.core.document import Document
from penstock.core.exchange import Exchange
from penstock.core.fault import Fault, FaultError, FaultKind, refuse
from penstock.core.legible import NotReadableError
from penstock.core.policy import CappingPolicy, Policy, UploadPolicy
from penstock.core.quota import Unit
from penstock.core.route import Body
from penstock.wire.encoding import decode
from penstock.wire.holding import held
from penstock.wire.incoming import Incoming


async def read(exchange: Exchange, incoming: Incoming, limit: int, policies: Sequence[Policy] = ()) -> None:
    """Fills ``exchange.document`` and ``exchange.facts``; leaves the document None when the body streams through, which
    any of the ``policies`` may prevent."""
    head, route = exchange.head, exchange.match.route
    cap = _cap(exchange, policies)
    if cap is not None:
        incoming.hold_to(*cap)
    if route.body is Body.BYTES or (route.body is Body.ANY and not _is_json(head.get(b"content-type"))):
        looks = [one.look(exchange) for one in policies if isinstance(one, UploadPolicy)]
        wanting = [look for look in looks if look is not None]
        upload = await held(incoming, wanting, limit) if wanting else None
        if upload is not None:
            exchange.document = Document(upload, upload)
        return
    raw = await incoming.body(limit)
    plain = raw
    if raw and head.get(b"content-encoding") is not None:
        # Several headers are one list (RFC 9110 5.3); read in part, what hides in the rest would pass unread.
        encodings = b",".join(value for name, value in head.headers if name == b"content-encoding")
        plain = _decoded(raw, encodings.decode("latin-1"), limit, cap)
    exchange.document = Document(raw, plain)
    if not route.routed:
        exchange.document.make_legible()
        return
    try:
        exchange.facts = exchange.document.facts()
    except NotReadableError as error:
        words = str(error)
        raise refuse(FaultKind.MALFORMED, words[0].upper() + words[1:] + ".") from None


def _cap(exchange: Exchange, policies: Sequence[Policy]) -> tuple[int, Fault] | None:
    caller = exchange.caller
    # Whether a policy caps is slow to ask: only for the few callers that have such a quota.
    if caller is None or not any(quota.unit is Unit.BYTES for quota in caller.key.quotas):
        return None
    found = (policy.cap(exchange) for policy in policies if isinstance(policy, CappingPolicy))
    return min((cap for cap in found if cap is not None), key=itemgetter(0), default=None)


def _decoded(raw: bytes, encodings: str, limit: int, cap: tuple[int, Fault] | None) -> bytes:
    try:
        return decode(raw, encodings, limit if cap is None else min(limit, cap[0]))
    except FaultError as error:
        if cap is None or cap[0] >= limit or error.fault.kind is not FaultKind.TOO_LARGE_DECODED:
            raise
        raise FaultError(cap[1]) from None


def _is_json(content_type: bytes | None) -> bool:
    return content_type is not None and content_type.split(b";")[0].strip().lower() == b"application/json"
