"""Server-sent events: where one frame ends and the next begins (WHATWG HTML, 9.2.6).

A frame ends at each empty line; lines end with LF, CRLF or CR. Three readers of that one grammar: ``boundary`` finds
the last place in a piece of a stream where a frame begins, ``Frames`` holds a stream back to such places, ``Decoder``
takes the frames apart. None of them knows what an event means. All are linear however small the pieces are.
"""

import re
from collections.abc import Iterator

import msgspec

# The end of a line, followed by an empty line; a CR at the very end decides nothing yet, because an LF may follow.
# Only one byte is consumed: in a row of empty lines each one ends a frame.
_EMPTY = re.compile(rb"\n(?=(\r\n|\n|\r(?!\n|\Z)))|\r(?!\n)(?=(\r\n|\r(?!\n|\Z)))")
_LINE = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"

# A stream begins where a frame begins.
_START = b"\n\n"
_ENDS = (b"\n\n", b"\r\n\r\n")


def boundary(data: bytes, before: bytes = _START) -> int:
    """The last place in ``data`` where a frame begins, len(data) included; -1 when it lies within one frame.

    ``before``: the two bytes that came before. 0 can mean that only now it is clear that a frame had ended there.
    """
    if data.endswith(b"\n\n"):
        return len(data)
    text, start = before + data, len(before)
    place = text.rfind(b"\n\n") + 2
    if place < 2:
        place = -1
    if b"\r" in text:
        place = max(place, _after_cr(text, b"\n\r"), _after_cr(text, b"\r\r"))
    return place - start if place >= start else -1


def _after_cr(text: bytes, pair: bytes) -> int:
    """Behind the last empty line that begins with the second byte of ``pair``, a CR."""
    found = text.rfind(pair)
    if found == len(text) - 2:
        # What comes next decides whether that CR was the whole line end.
        found = text.rfind(pair, 0, found + 1)
    if found < 0:
        return -1
    return found + 3 if text[found + 2] == 0x0A else found + 2


class Frames:
    """Lets a stream through up to the end of its last whole frame, and holds the rest until its frame is whole.

    A frame beyond ``cap`` bytes is let through as it comes rather than held: its bytes are the client's.
    """

    __slots__ = ("_before", "_cap", "_held", "torn")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._before = _START
        self._held = bytearray()
        self.torn = False
        """Part of a frame has been let through: nothing may be put in between now."""

    def feed(self, data: bytes) -> bytes:
        """What may go out now that ``data`` has come."""
        if data.endswith(_ENDS):
            self._before = _START
            self.torn = False
            return self.rest() + data if self._held else data
        place = boundary(data, self._before)
        self._before = data[-2:] if len(data) > 1 else (self._before + data)[-2:]
        whole = b""
        if place >= 0:
            whole, data = self.rest() + data[:place], data[place:]
            self.torn = False
        if not self.torn and len(self._held) + len(data) <= self._cap:
            self._held += data
            return whole
        self.torn = True
        return whole + self.rest() + data

    def held(self) -> bytes:
        """What has arrived of a frame that is not whole."""
        return bytes(self._held)

    def rest(self) -> bytes:
        """The same, given away."""
        held, self._held = bytes(self._held), bytearray()
        return held


class Frame(msgspec.Struct, frozen=True):
    """One event: its name, its data, and the very bytes that it stood in, empty line included.

    ``data`` None means that the frame has no data line: a comment or a lone field, which clients never see.
    """

    event: bytes
    data: bytes | None
    raw: bytes


class FrameTooLargeError(ValueError):
    """A frame is larger than the cap."""


class Decoder:
    """Bytes in, frames out; ``b"".join(frame.raw)`` over all frames and ``rest`` is what came in."""

    def __init__(self, cap: int = 16 * 1024 * 1024) -> None:
        self._cap = cap
        self._before = _START
        self._held = bytearray()
        self._first = True

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete, to be taken to the last; FrameTooLargeError at one beyond the cap."""
        start = 0
        for place in _beginnings(self._before, data):
            if place > start or self._held:
                yield self._whole(data[start:place])
                start = place
        self._before = (self._before + data)[-2:]
        self._held += data[start:]
        self._check(len(self._held))

    @property
    def rest(self) -> bytes:
        """What has arrived of a frame that is not complete."""
        return bytes(self._held)

    def _whole(self, end: bytes) -> Frame:
        self._check(len(self._held) + len(end))
        raw, self._held = bytes(self._held) + end, bytearray()
        first, self._first = self._first, False
        return _frame(raw, raw.removeprefix(_BOM) if first else raw)

    def _check(self, size: int) -> None:
        if size > self._cap:
            raise FrameTooLargeError(f"an event is larger than {self._cap} bytes")


def _beginnings(before: bytes, data: bytes) -> Iterator[int]:
    """Each place in ``data`` where a frame begins because the one before it has ended."""
    text, start = before + data, len(before)
    if b"\r" in text:
        for found in _EMPTY.finditer(text):
            place = found.end(found.lastindex or 0) - start
            if place >= 0:
                yield place
        return
    found_at = text.find(b"\n\n")
    while found_at >= 0:
        if found_at + 2 >= start:
            yield found_at + 2 - start
        found_at = text.find(b"\n\n", found_at + 1)


def _frame(raw: bytes, text: bytes) -> Frame:
    event = b""
    data: list[bytes] | None = None
    for line in _LINE.split(text):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data = [] if data is None else data
            data.append(value)
        elif name == b"event":
            event = value
    return Frame(event, None if data is None else b"\n".join(data), raw)
