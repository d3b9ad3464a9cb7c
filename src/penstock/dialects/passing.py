"""How values come back into answers that are no JSON and no events: files, results of batches, transcripts.

They pass in pieces that are cut anywhere. JSON lines are held up to their ends, and each is restored as what it is; in
any other text tokens are restored wherever they stand, escaped where they stand in a JSON string. Knows no dialect.
"""

import re
from collections.abc import Callable

import msgspec

from penstock.core.mask import Masks
from penstock.core.restoring import Lanes
from penstock.dialects.depth import Depth
from penstock.dialects.putting import held_back, part, puts, stirs
from penstock.dialects.tables import Leaf, restored

LINE_MOST = 16 * 1024 * 1024
"""A longer line passes as it comes, with its tokens."""
_EVENTS = (b"data:", b"event:", b"id:", b":")
_LONGEST = max(_EVENTS, key=len)
_SAID = re.compile(rb"\S")
_FIGURES = frozenset(b"0123456789")

_read = msgspec.json.Decoder(msgspec.Raw).decode

Restore = Callable[[bytes], bytes]
"""One line of JSON with its values."""


class Anywhere(Lanes):
    """A text of any kind."""

    def __init__(self, masks: Masks, *, structured: bool = False) -> None:
        """``structured``: between other words it is surely JSON."""
        self._masks = masks
        self._depth = Depth(0, structured=structured)
        self._held = b""
        self._digit = False

    def frames(self, frames: bytes) -> bytes:
        """All but what may be the beginning of a token."""
        text = self._held + frames
        if not text:
            return b""
        if not stirs(text, self._masks, 0, len(text)):
            return self._decided(text, len(text))
        return self._decided(text, len(text) - held_back(text, self._masks, digit=self._digit))

    def rest(self) -> bytes:
        """What was none."""
        return self._decided(self._held, len(self._held))

    def _decided(self, text: bytes, cut: int) -> bytes:
        self._held = text[cut:]
        if not cut:
            return b""
        found = puts(text, cut, self._depth, self._masks, tool=False, digit=self._digit)
        self._digit = text[cut - 1] in _FIGURES
        return part(text, found, 0, cut) if found else text[:cut]


class RestoredLines(Lanes):
    """JSON lines."""

    def __init__(self, restore: Restore, most: int = LINE_MOST) -> None:
        self._restore = restore
        self._most = most
        self._held = bytearray()
        self._torn = False

    def frames(self, frames: bytes) -> bytes:
        """Whole lines."""
        end = frames.rfind(b"\n") + 1
        whole = b""
        if end:
            whole = self._told(bytes(self._held) + frames[:end])
            self._held.clear()
        self._held += frames[end:]
        if len(self._held) > self._most:
            whole, self._torn = whole + bytes(self._held), True
            self._held.clear()
        return whole

    def rest(self) -> bytes:
        """The last line, if nothing ended it."""
        rest = bytes(self._held)
        self._held.clear()
        return self._told(rest)

    def _told(self, text: bytes) -> bytes:
        lines = text.split(b"\n")
        first = [lines.pop(0)] if self._torn else []
        self._torn = self._torn and not lines
        return b"\n".join((*first, *(self._restore(line) for line in lines)))


class Guessed(Lanes):
    """JSON lines if the first line is JSON and an object; else any text, also a stream of events."""

    def __init__(self, masks: Masks, restore: Restore | None = None) -> None:
        """``restore``: what a line is to become, where its own form says how."""
        self._masks = masks
        self._restore = restore or (lambda line: restored(line, Leaf.TOLD, masks))
        self._lanes: Lanes | None = None
        self._held = bytearray()
        self._blank = 0

    def frames(self, frames: bytes) -> bytes:
        """Nothing before it is clear."""
        if self._lanes is not None:
            return self._lanes.frames(frames)
        self._held += frames
        return self._begin().frames(self._taken()) if self._clear(len(frames)) else b""

    def _clear(self, new: int) -> bool:
        """With so many new bytes it is clear what the text is."""
        found = _SAID.search(self._held, self._blank)
        if found is None:
            self._blank = len(self._held)
            return False
        place = self._blank = found.start()
        begun = bytes(self._held[place : place + len(_LONGEST)])
        if any(one.startswith(begun) and one != begun for one in _EVENTS):
            return False
        ended = self._held.find(b"\n", max(place, len(self._held) - new)) >= 0
        return not begun.startswith(b"{") or ended or len(self._held) > LINE_MOST

    def rest(self) -> bytes:
        """All that there was, where it was no more than a line."""
        if self._lanes is not None:
            return self._lanes.rest()
        lanes = self._begin()
        return lanes.frames(self._taken()) + lanes.rest()

    def _begin(self) -> Lanes:
        begun = bytes(self._held.lstrip())
        if _is_object(begun.partition(b"\n")[0]):
            self._lanes = RestoredLines(self._restore)
        else:
            self._lanes = Anywhere(self._masks, structured=begun.startswith(_EVENTS))
        return self._lanes

    def _taken(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


def _is_object(line: bytes) -> bool:
    if not line.startswith(b"{"):
        return False
    try:
        _read(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
