"""The tap on an answer that passes: counts its bytes, and lets a tally read what was used.

It takes what goes to the client and changes none of it. Of an answer that the provider compressed it keeps a copy, up
to a bound, and undoes the encoding once at the end, as far as it has come: asked for ``identity``, hardly any provider
compresses.
"""

import re

from penstock.core.dialect import Tally
from penstock.core.ending import Ending
from penstock.core.fault import FaultError
from penstock.core.head import EVENTS, ResponseHead
from penstock.core.usage import Consumption
from penstock.wire.encoding import beginning, decode
from penstock.wire.sse import Frames
from penstock.wire.trail import Trail

# What is kept of a compressed answer, and what it may unfold to.
CODED_BYTES, PLAIN_BYTES = 1024 * 1024, 8 * 1024 * 1024

# How JSON and events begin, and nothing that is compressed.
_PLAIN = re.compile(rb'\s*(?:\{\s*"|\[\s*\{|data:|event:)')

_IN_ORDER = Ending.PLAIN


class Tap:
    """What passes of one answer."""

    __slots__ = ("_coded", "_consumed", "_encodings", "_events", "_tally", "counts", "look", "own", "size", "trail")

    def __init__(self, tally: Tally | None, head: ResponseHead, *, stream: bool, counts: bool) -> None:
        self.counts = counts
        """Somebody wants to know what passed."""
        self.size = 0
        """Bytes that have gone to the client."""
        self.own = 0
        """Of these, the gateway's own."""
        self.trail: Trail | None = None
        """What went out last of a stream of events; whoever keeps it puts it here."""
        self._consumed: Consumption | None = None
        self._tally = tally
        self._coded: bytearray | None = None
        self._encodings = head.get(b"content-encoding")
        # An answer without success used nothing that its body could tell.
        self.look = None if tally is None or head.status >= 400 else tally.frames if stream else tally.piece
        """Reads what passes; for a stream's relay, which counts by itself: a call less for each frame."""
        if self.look is not None and self._encodings is not None and self._encodings.lower() != b"identity":
            self._coded = bytearray()
            self.look = self._keep
            self._events = (head.get(b"content-type") or b"").lower().startswith(EVENTS)

    @property
    def sign(self) -> bytes:
        """As the tally says; of a coded answer every byte is needed."""
        return b"" if self._tally is None or self._coded is not None else self._tally.sign

    def take(self, data: bytes) -> None:
        """These go out."""
        self.size += len(data)
        if self.look is not None:
            self.look(data)

    def spent(self, data: bytes) -> None:
        """These came, and do not go out: they were paid for all the same."""
        if self.look is not None:
            self.look(data)

    def count(self, data: bytes) -> None:
        """These go out, and are the gateway's own words: they tell of no usage."""
        self.size += len(data)
        self.own += len(data)

    @property
    def batch(self) -> str:
        """As the tally says."""
        return "" if self._tally is None else self._tally.batch

    def consumed(self) -> Consumption:
        """What the answer told; asked at its end."""
        if self._consumed is None:
            self._consumed = self._read()
        return self._consumed

    def _read(self) -> Consumption:
        if self._tally is None or self.look is None:
            return Consumption()
        if self._coded is not None and self._encodings is not None:
            plain = self._undone(bytes(self._coded), self._encodings.decode("latin-1"))
            if plain and self._events:
                self.trail = Trail(())
                self.trail.add(plain)
                self._tally.frames(plain)
            elif plain:
                self._tally.piece(plain)
        if self.trail is not None:
            self._tally.latest(self.trail.text)
        return self._tally.consumed()

    @property
    def ending(self) -> Ending:
        """How the answer ended; asked after ``consumed``."""
        return _IN_ORDER if self._tally is None else self._tally.ending

    def _undone(self, coded: bytes, encodings: str) -> bytes:
        """The answer without its encoding; of one that was cut short or is too long its beginning, in whole frames.

        What stands there plain is read as it is: a policy has undone it, or its head says what is not so.
        """
        try:
            return decode(coded, encodings, PLAIN_BYTES)
        except FaultError:
            found = coded if _PLAIN.match(coded) else beginning(coded, encodings, PLAIN_BYTES)
            return Frames(PLAIN_BYTES).feed(found) if self._events else found

    def _keep(self, data: bytes) -> None:
        if self._coded is not None and len(self._coded) <= CODED_BYTES:
            self._coded += data
