"""The way out of one exchange whose request holds tokens: their values come back into the answer."""

from collections.abc import Callable

import msgspec

from penstock.core.exchange import Answer, Exchange
from penstock.core.mask import Masks
from penstock.core.policy import Visit
from penstock.core.restoring import Lanes, Restoring
from penstock.core.route import Match

Undo = Callable[[Answer], Answer]
"""An answer without its content encodings; a FaultError where that can't be done."""


class Restored(Visit):
    rewrites = True

    def __init__(self, match: Match, restoring: Restoring, masks: Masks, undo: Undo, *, stream: bool) -> None:
        self.masks = masks
        self.holds = not stream
        """A stream's first frames wait for nothing."""
        self._match = match
        self._restoring = restoring
        self._undo = undo
        self._lanes: Lanes | None = None

    async def answered(self, answer: Answer) -> Answer:
        """A whole answer with its values."""
        answer = self._undo(answer)
        body = self._restoring.whole(self._match, answer.body, self.masks)
        headers = tuple(header for header in answer.headers if header[0] != b"content-length")
        return Answer(answer.status, headers, body)

    def rewrite(self, frames: bytes) -> bytes:
        """A stream's frames with their values."""
        if self._lanes is None:
            self._lanes = self._restoring.lanes(self._match, self.masks)
        return self._lanes.frames(frames)

    def flush(self) -> bytes:
        """What is held back, when nothing more comes."""
        return b"" if self._lanes is None else self._lanes.rest()

    def leave(self, exchange: Exchange) -> None:
        """Tell what became of the tokens."""
        scrubbed, masks = exchange.scrubbed, self.masks
        if scrubbed is not None:
            exchange.scrubbed = msgspec.structs.replace(
                scrubbed,
                restored=masks.restored,
                unresolved=masks.unresolved,
                miscopied=masks.miscopied,
                altered=masks.altered,
            )
