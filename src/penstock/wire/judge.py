"""Is a good answer what its operation promises? A 2xx that is neither JSON nor an event stream is no answer, and
nothing at all is none of a model.

Captive portals, load balancers and misconfigured servers answer 200 with a page of HTML, or with nothing; a client that
was promised JSON dies of it without a word. Judged before the answer's head goes out; what is odd in a stream stays.
"""

from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.head import ResponseHead
from penstock.core.route import Reply, Route
from penstock.wire.relay import Relay

_KNOWN_TYPES = (b"application/json", b"text/event-stream")
_STREAM_STARTS = (b"data:", b"event:", b":", b"id:", b"retry:")


def is_stream(head: ResponseHead) -> bool:
    """A good answer that is an event stream which can be framed: not compressed."""
    kind = head.get(b"content-type") or b""
    encoding = (head.get(b"content-encoding") or b"identity").lower()
    return head.status == 200 and kind.lower().startswith(b"text/event-stream") and encoding == b"identity"


def unclear(head: ResponseHead, relay: Relay, route: Route) -> bool:
    """Whether the head leaves open if any client of this operation could read the answer; then ``judge`` it.

    FaultError where it is clear already that none could.
    """
    if 300 <= head.status < 400 and head.get(b"location") is not None:
        # Followed, it would carry the gateway key to another host.
        raise refuse(
            FaultKind.BROKEN_ANSWER, "The provider answered with a redirect, which this gateway never passes on."
        )
    if relay.fault is not None and not is_stream(head):
        # Known before the head is sent, a cut is told in words; later only a broken transfer can tell it.
        raise FaultError(relay.fault)
    if not 200 <= head.status < 300 or head.status == 204 or route.reply is Reply.BYTES or relay.bodiless:
        return False
    if route.routed and relay.length == 0:
        raise refuse(FaultKind.BROKEN_ANSWER, "The provider's answer is empty.")
    kind = (head.get(b"content-type") or b"").lower()
    return not kind.startswith(_KNOWN_TYPES) and head.get(b"content-encoding") is None


async def judge(relay: Relay, route: Route) -> None:
    """FaultError 502 unless the answer's first bytes are those of JSON or of an event stream."""
    begun = await relay.begun()
    if not begun and not route.routed:
        return
    # The longest start that tells is "event:"; with fewer bytes the first one has to do.
    if begun[:1] in {b"{", b"["} or any(begun.startswith(start[: len(begun)]) for start in _STREAM_STARTS if begun):
        return
    raise refuse(
        FaultKind.BROKEN_ANSWER, "The provider answered with something that is neither JSON nor an event stream."
    )
