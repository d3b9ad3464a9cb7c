"""Is a good answer what its operation promises, and which of the two: JSON or a stream of events? A 2xx that is neither
is no answer, and nothing at all is none of a model.

Captive portals, load balancers and misconfigured servers answer 200 with a page of HTML, or with nothing; a client that
was promised JSON dies of it without a word. Judged before the answer's head goes out; what is odd in a stream stays.
"""

from codecs import BOM_UTF8

from penstock.core.fault import FaultError, FaultKind, refuse
from penstock.core.head import JSON, passes_apart
from penstock.core.route import Reply, Route
from penstock.wire.relay import Relay

_STREAM_STARTS = (b"data:", b"event:", b":", b"id:", b"retry:")


def is_stream(relay: Relay) -> bool:
    """A good answer that is an event stream which can be framed: not compressed."""
    head = relay.response
    return relay.events and passes_apart(head.status, head.get(b"content-encoding"))


def unclear(relay: Relay, route: Route, *, streams: bool) -> bool:
    """Whether the head leaves open if any client of this operation could read the answer; then ``judge`` it.

    ``streams``: the client asked for a stream. FaultError where it is clear already that none could.
    """
    head = relay.response
    if 300 <= head.status < 400 and head.get(b"location") is not None:
        # Followed, it would carry the gateway key to another host.
        raise refuse(
            FaultKind.BROKEN_ANSWER, "The provider answered with a redirect, which this gateway never passes on."
        )
    if relay.fault is not None and not is_stream(relay):
        # Known before the head is sent, a cut is told in words; later only a broken transfer can tell it.
        raise FaultError(relay.fault)
    if not 200 <= head.status < 300 or route.reply is Reply.BYTES or relay.bodiless:
        return False
    if route.routed and (relay.length == 0 or head.status == 204 or relay.empty):
        raise refuse(FaultKind.BROKEN_ANSWER, "The provider's answer is empty.")
    if head.status == 204 or head.get(b"content-encoding") is not None:
        return False
    # What is not what was asked for may bear a false name.
    return not _named(relay) or (route.routed and relay.events is not streams)


async def judge(relay: Relay, route: Route) -> None:
    """Sees by the first bytes whether the answer is JSON or a stream of events, for ``relay.events``: by a false name
    it would be neither framed nor seen by policies. Its client gets the name as it came. FaultError 502 for what is
    neither."""
    begun = (await relay.begun()).removeprefix(BOM_UTF8)
    if not begun and relay.fault is not None:
        raise FaultError(relay.fault)
    if not begun and not route.routed:
        return
    # The longest start that tells is "event:"; with fewer bytes the first one has to do.
    if any(begun.startswith(start[: len(begun)]) for start in _STREAM_STARTS if begun):
        relay.events = True
        return
    if begun[:1] in {b"{", b"["}:
        relay.events = False
        return
    if begun and _named(relay):
        return
    raise refuse(
        FaultKind.BROKEN_ANSWER, "The provider answered with something that is neither JSON nor an event stream."
    )


def _named(relay: Relay) -> bool:
    """Its head calls it the one or the other."""
    return relay.events or (relay.response.get(b"content-type") or b"").lower().startswith(JSON)
