"""The way out of one exchange whose request holds tokens: their values come back into the answer."""

import codecs
from collections.abc import Awaitable, Callable

import msgspec

from penstock.core.exchange import Answer, Exchange, Visit
from penstock.core.mask import Masks
from penstock.core.restoring import Lanes, Restoring
from penstock.core.route import Match, Reply
from penstock.policies.scrub.vaulting import Keeping

Undo = Callable[[Answer], Answer]
"""An answer without its content encodings; a FaultError where that can't be done."""


class Restored(Visit):
    """Restores, and has kept what the provider keeps."""

    def __init__(
        self,
        match: Match,
        restoring: Restoring,
        masks: Masks,
        undo: Undo,
        keeping: Keeping | None = None,
        *,
        stream: bool,
    ) -> None:
        self.masks = masks
        # A stream's first frames wait for nothing, unless what they make has to be kept before its client knows it.
        bytes_pass = match.route.reply is Reply.BYTES
        self.holds = not bytes_pass and (not stream or keeping is not None)
        self.watches = keeping is not None
        self._keeping = keeping
        self._match = match
        self._restoring = restoring
        self._undo = undo
        # Of bytes that pass piece by piece it must be known beforehand whether they are words.
        self._lanes: Lanes | None = restoring.passing(match, masks) if bytes_pass else None
        self.in_pieces = bool(masks) and self._lanes is not None
        self.rewrites = self.in_pieces or (bool(masks) and not bytes_pass)

    async def answered(self, answer: Answer) -> Answer:
        """A whole answer with its values; of a stream's first frames what they make is kept."""
        if answer.events:
            writing = self.watch(answer.body)
            if writing is not None:
                await writing
            return answer
        answer = self._undo(answer)
        if self._keeping is not None:
            await self._keeping.answered(answer)
        body = self._restoring.whole(self._match, answer.body, self.masks)
        headers = tuple(header for header in answer.headers if header[0] != b"content-length")
        return Answer(answer.status, headers, body)

    def watch(self, frames: bytes) -> Awaitable[None] | None:
        """Whole events that are about to go out."""
        return None if self._keeping is None else self._keeping.told(frames)

    def rewrite(self, frames: bytes) -> bytes:
        """A stream's frames, or the pieces of a file, with their values."""
        if self._lanes is not None:
            return self._lanes.frames(frames)
        self._lanes = self._restoring.lanes(self._match, self.masks)
        # A stream may begin with a byte order mark, which is no part of its first event.
        mark = codecs.BOM_UTF8 if frames.startswith(codecs.BOM_UTF8) else b""
        return mark + self._lanes.frames(frames.removeprefix(mark))

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
