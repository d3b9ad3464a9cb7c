"""What of a stream went out last: it tells where the stream stood when it ended, and whether it had ended by itself.

It finds the endings that it is told of, and reads nothing else.
"""

import functools
import re
from collections import deque

# The last frame of a stream is whole in one of these, for only whole frames go out; a comment may follow.
PIECES = 4
# Of a larger piece only both ends are kept, unless it holds an ending: at its head an event says what it is.
PIECE_BYTES = 64 * 1024
HEAD_BYTES = 4 * 1024
# What makes a word an ending stands this near before it: a name, a colon, spaces.
REACH = 64


class Trail:
    """The latest whole frames of one stream."""

    __slots__ = ("_endings", "_pieces")

    def __init__(self, endings: tuple[bytes, ...]) -> None:
        self._endings = endings
        self._pieces: deque[bytes] = deque(maxlen=PIECES)

    def add(self, frames: bytes) -> None:
        """These went out."""
        if len(frames) > PIECE_BYTES and not self._holds_ending(frames):
            frames = frames[:HEAD_BYTES] + frames[-PIECE_BYTES:]
        self._pieces.append(frames)

    @property
    def text(self) -> bytes:
        """The latest frames in their order."""
        return b"".join(self._pieces)

    def ended(self, rest: bytes = b"") -> bool:
        """One of the endings has gone past; ``rest`` is what came after the last whole frame."""
        return bool(self._endings) and self._holds_ending(self.text + rest)

    def _holds_ending(self, frames: bytes) -> bool:
        # A pattern takes forty times as long for each byte as what looks for a word, and an event can hold a picture.
        return any(_stands(word, self._endings, frames) for word in _words(self._endings))


def _stands(word: bytes, endings: tuple[bytes, ...], frames: bytes) -> bool:
    """Somewhere this word is part of an ending."""
    place = frames.find(word)
    while place >= 0:
        after = place + len(word)
        if _finder(endings).search(frames, max(0, place - REACH), after + 1):
            return True
        place = frames.find(word, after)
    return False


@functools.lru_cache(maxsize=16)
def _words(endings: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """One of these stands in every ending; a quoted word stands without its quotes where it is an event's name."""
    return tuple(one.strip(b'"') if one.count(b'"') == 2 else one for one in endings)


@functools.lru_cache(maxsize=16)
def _finder(endings: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Finds the endings where they are the stream's own words. A model that talks of them ends nothing: a quoted word
    must be an event's type or name, inside a text quotes are escaped, and all else must begin a line."""
    found: list[bytes] = []
    for one in endings:
        word = re.fullmatch(rb'"([^":]+)"', one)
        if word is not None:
            found.append(rb'"type"\s*:\s*' + re.escape(one))
            found.append(rb"(?:\A|[\r\n])event: ?" + re.escape(word[1]) + rb"[\r\n]")
        else:
            found.append((b"" if one.startswith(b'"') else rb"(?:\A|[\r\n])") + re.escape(one))
    return re.compile(b"|".join(found))
