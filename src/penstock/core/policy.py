"""The one signature of every policy: ``enter`` on the way in, a Visit for the way out.

``enter`` returns nothing (no further interest), an Answer (the provider is not called), or a Visit, which stands beside
``Exchange``. Refusing is raising a FaultError. Order is a list with reasons, in ``order.py``. Also here: what several
visits do with an answer together.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, runtime_checkable

from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.fault import Fault
from penstock.core.head import ResponseHead
from penstock.core.route import Route


class Policy(Protocol):
    """One room of ``policies``."""

    def concerns(self, route: Route) -> bool:
        """Whether requests on this route can be any of its business; asked once per route, not per request."""

    async def enter(self, exchange: Exchange) -> Answer | Visit | None:
        """Look at the request; answer it, refuse it (FaultError), visit its way out, or let it be."""


class Look(Protocol):
    """One policy's look at an upload while it arrives, before anything of it is sent on."""

    def see(self, data: bytes) -> bool | None:
        """The upload's next bytes. True: it is wanted whole; False: it may stream through; None: that can't be told
        yet, and at the upload's end it is a no. Never raises, whatever the bytes are."""

    def outgrown(self) -> None:
        """It is too long to be held, and was wanted or might have been: it streams through, unless this refuses it
        (FaultError)."""


class WantedWhole(Look):
    """It is wanted whole, whatever it holds; what outgrows that streams through, and ``exchange.document`` is None."""

    def see(self, data: bytes) -> bool:
        """Always."""
        del data
        return True

    def outgrown(self) -> None:
        """For the policies to judge, when they enter."""


@runtime_checkable
class UploadPolicy(Protocol):
    """A policy that reads, or changes, what else would stream through."""

    def look(self, exchange: Exchange) -> Look | None:
        """Asked for each upload, before its body: None lets it stream through. What any policy's look wants is held,
        and stands in ``exchange.document`` when policies enter; ``core.multipart`` finds a form's parts in it."""


@runtime_checkable
class CappingPolicy(Protocol):
    """A policy that says how long a caller's request may be."""

    def cap(self, exchange: Exchange) -> tuple[int, Fault] | None:
        """Asked where the caller has a quota of bytes, before any of the body is read: the most bytes, as they come and
        decoded, and the refusal of more."""


class Recorder(Protocol):
    """The outermost policy: it sees a request before anyone has judged it, and its visit leaves last."""

    counts: bool
    """It wants to know what answers used; to read that costs something."""

    def enter(self, exchange: Exchange) -> Visit:
        """Visit every exchange; FaultError 503 while what happens could not be written down."""


def rewritten_only(visits: Sequence[Visit]) -> bool:
    """Somebody rewrites what passes, and nobody holds it."""
    return any(visit.rewrites for visit in visits) and not any(visit.holds for visit in visits)


def of_bytes(visits: Sequence[Visit], head: ResponseHead) -> Sequence[Visit]:
    """Those that may rewrite an answer of bytes: a good one, all of it, and as it is."""
    plain = head.get(b"content-encoding") in {None, b"identity"}
    return [visit for visit in visits if visit.in_pieces] if head.status == 200 and plain else ()


def holding(visits: Sequence[Visit], *, passes: bool) -> list[Visit]:
    """Those that want the answer before the client does, the innermost first. Who would rewrite it piece by piece wants
    all of one that does not pass so."""
    return [visit for visit in reversed(visits) if visit.holds or (visit.rewrites and not passes)]


Watch = Callable[[bytes], Awaitable[None] | None]


def watched(watches: Sequence[Watch]) -> Watch | None:
    """Several watches as one; None for none."""
    if len(watches) < 2:
        return watches[0] if watches else None

    def watch(frames: bytes) -> Awaitable[None] | None:
        waiting = [found for one in watches if (found := one(frames)) is not None]
        return _in_turn(waiting) if waiting else None

    return watch


async def _in_turn(waiting: Sequence[Awaitable[None]]) -> None:
    for one in waiting:
        await one


Rewrite = Callable[[bytes], bytes]


def rewriting(visits: Sequence[Visit]) -> Rewrite | None:
    """What these visits make of a stream's frames together, the innermost first; None where none rewrites."""
    met = [visit.rewrite for visit in reversed(visits) if visit.rewrites]
    if len(met) < 2:
        return met[0] if met else None

    def rewrite(frames: bytes) -> bytes:
        for one in met:
            frames = one(frames)
        return frames

    return rewrite


def flushed(visits: Sequence[Visit]) -> bytes:
    """What all of them have kept back; what comes from within is rewritten by those around it."""
    frames = b""
    for visit in reversed(visits):
        if visit.rewrites:
            frames = (visit.rewrite(frames) if frames else b"") + visit.flush()
    return frames
