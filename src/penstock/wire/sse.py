"""Server-sent events: where one frame ends and the next begins (WHATWG HTML, 9.2.6).

Two readers of the same grammar. ``boundary`` finds the last place in a piece of a stream where everything before it
is whole frames, which is all that a relay needs. ``Decoder`` takes the frames apart, whatever way the bytes were split.
"""

import re
from collections.abc import Iterator

import msgspec

# A blank line ends a frame; a line ends with CRLF, LF or CR. A CR at the very end of what has arrived decides nothing
# yet: a LF may follow.
_BLANK = re.compile(rb"(?:\r\n|\n|\r(?!\n|\Z))(?:\r\n|\n|\r(?!\n|\Z))")
_LINE = re.compile(rb"\r\n|\n|\r")


def boundary(data: bytes) -> int:
    """The length of the longest head of ``data`` that consists of whole frames; 0 if there is none."""
    if data.endswith((b"\n\n", b"\n\r\n")):
        return len(data)
    plain = data.rfind(b"\n\n")
    carriage = data.rfind(b"\n\r\n")
    end = max(plain + 2 if plain >= 0 else 0, carriage + 3 if carriage >= 0 else 0)
    if end == 0 and b"\r" in data:
        for found in _BLANK.finditer(data):
            end = found.end()
    return end


class Frame(msgspec.Struct, frozen=True):
    """One event: its name, its data, and the very bytes that it stood in, blank line included.

    ``data`` None means that the frame has no data line: a comment or a lone field, which clients never see.
    """

    event: bytes
    data: bytes | None
    raw: bytes


class FrameTooLargeError(ValueError):
    """A frame grew past the cap without ending."""


class Decoder:
    """Bytes in, frames out; ``b"".join(frame.raw)`` over all frames and ``rest`` is what came in."""

    def __init__(self, cap: int = 16 * 1024 * 1024) -> None:
        self._cap = cap
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that these bytes complete; FrameTooLargeError when one grows past the cap."""
        self._buffer += data
        start = 0
        for found in _BLANK.finditer(self._buffer):
            yield _frame(self._buffer[start : found.end()])
            start = found.end()
        self._buffer = self._buffer[start:]
        if len(self._buffer) > self._cap:
            raise FrameTooLargeError(f"an event is larger than {self._cap} bytes")

    @property
    def rest(self) -> bytes:
        """What has arrived of a frame that is not complete."""
        return self._buffer


def _frame(raw: bytes) -> Frame:
    event = b""
    data: list[bytes] | None = None
    for line in _LINE.split(raw.removeprefix(b"\xef\xbb\xbf")):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data = [value] if data is None else [*data, value]
        elif name == b"event":
            event = value
    return Frame(event, None if data is None else b"\n".join(data), raw)
