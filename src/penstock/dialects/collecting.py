"""Bytes of an answer on the way to being read: events, elements, lines, bodies. Knows no dialect.

Memory has stated bounds: of a body's pieces at most ``CAP`` bytes are held, and beyond it only its last ``TAIL``, where
providers tell usage. Of what is no JSON (audio, pictures, subtitles) the first piece is held, until the second comes.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator

CAP = 4 * 1024 * 1024
TAIL = 64 * 1024
# A model's text cannot hold an unescaped key, but its tools' arguments can: so many places are tried, from the end.
_TRIES = 8

# A pattern of which each way begins with one byte is looked for five times as fast as one that begins with a choice.
FRAME_END = re.compile(rb"\n(?:\n|\r\n?)|\r(?:\n(?:\n|\r\n?)|\r\n?)")
_LINE_END = re.compile(rb"\r\n|\n|\r")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|["\[\]{}]', re.DOTALL)
_SPACE = b" \t\r\n"


def event_data(frames: bytes, needle: bytes) -> Iterable[bytes]:
    """The data of those events that hold ``needle``."""
    # Nearly always it is one event, whose only line of data is the last, behind its name or alone.
    end = -2 if frames.endswith(b"\n\n") else -4
    at = frames.rfind(b"\n", 0, end) + 1
    alone = at == 0 or (frames.startswith(b"event:") and frames.find(b"\n") == at - 1)
    ended = end == -2 or frames.endswith(b"\r\n\r\n")
    if not (alone and ended and frames.startswith(b"data:", at) and frames.find(b"\r", 0, end) < 0):
        return _event_data(frames, needle)
    return (frames[at + 5 : end].lstrip(b" "),) if frames.find(needle) >= 0 else ()


def _event_data(frames: bytes, needle: bytes) -> Iterator[bytes]:
    for frame in FRAME_END.split(frames):
        if needle not in frame:
            continue
        unmarked = frame.removeprefix(BOM_UTF8)
        lines = [line[5:].lstrip(b" ") for line in _LINE_END.split(unmarked) if line.startswith(b"data:")]
        if lines:
            yield b"\n".join(lines)


def elements(text: bytes) -> Iterator[bytes]:
    """The whole elements, objects only, of a JSON array that was cut anywhere."""
    depth = start = 0
    for found in _TOKEN.finditer(text):
        byte = found[0]
        if byte == b'"':
            return
        if byte in b"[{":
            depth += 1
            start = found.start() if depth == 2 else start
        elif byte in b"]}":
            depth -= 1
            if depth == 1:
                yield text[start : found.end()]


def endings(tail: bytes, key: bytes) -> Iterator[bytes]:
    """The end of an object that began long before, as objects that begin with ``key``: the latest first.

    Read as JSON, only one that begins at the outermost level is whole: any other has brackets too many.
    """
    place = len(tail)
    for _ in range(_TRIES):
        place = tail.rfind(key, 0, place)
        if place < 0:
            return
        yield b"{" + tail[place:]


class Collected:
    """A JSON body, put together from its pieces. Nearly every body is one piece, which is kept as it came."""

    __slots__ = ("_cap", "_first", "_json", "_over", "_rest")

    def __init__(self, first: bytes, cap: int = CAP) -> None:
        self._first = first
        self._cap = cap
        self._rest: bytearray | None = None
        self._json: bool | None = None
        self._over = False

    def add(self, data: bytes) -> None:
        """One more piece."""
        if self._rest is None:
            self._rest = bytearray()
            self._append(self._first)
            self._first = b""
        self._append(data)

    @property
    def over(self) -> bool:
        """It is larger than the cap: ``text`` is its end."""
        if self._rest is None and len(self._first) > self._cap:
            self.add(b"")
        return self._over

    @property
    def text(self) -> bytes:
        """The body, or its end if it is ``over`` the cap."""
        return self._first if self._rest is None else bytes(self._rest)

    def _append(self, data: bytes) -> None:
        if self._json is None and (begun := data.lstrip(_SPACE)):
            self._json = begun[0] in b"{["
        if self._json is False or self._rest is None:
            return
        self._rest += data
        self._over = self._over or len(self._rest) > self._cap
        if self._over and len(self._rest) > 2 * TAIL:
            del self._rest[:-TAIL]


class WholeLines:
    """Whole lines of a body that is cut anywhere."""

    __slots__ = ("_cap", "_held", "_skipping", "lost")

    def __init__(self, cap: int = CAP) -> None:
        self._cap = cap
        self._held = bytearray()
        self._skipping = False
        self.lost = False
        """A line was larger than the cap and has been left out."""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that this piece completes."""
        *whole, rest = data.split(b"\n")
        lines: list[bytes] = []
        for line in whole:
            if not self._skipping:
                lines.append(bytes(self._held) + line if self._held else line)
            self._skipping = False
            self._held.clear()
        if not self._skipping:
            self._held += rest
            if len(self._held) > self._cap:
                self._held.clear()
                self._skipping = self.lost = True
        return lines

    def rest(self) -> bytes:
        """What came after the last line end."""
        return bytes(self._held)
