"""Reads HTTP/1.1 messages from bytes, strictly: what the gateway writes must need no goodwill.

Small and quick, because some ten thousand messages in a million pieces go through it. No socket, no clock.
"""

from collections.abc import Generator
from dataclasses import dataclass

Header = tuple[str, str]
Steps = Generator[None, None, None]


class BrokenFramingError(Exception):
    """The peer's bytes are no HTTP/1.1 message."""


@dataclass
class Message:
    """A whole message. Header names are lower-case, values Latin-1."""

    first: str
    headers: list[Header]
    body: bytes = b""
    keeps: bool = True
    """The connection can be used again after this message."""

    def values(self, name: str) -> list[str]:
        """All values of a header, in order."""
        return [value for key, value in self.headers if key == name]

    @property
    def status(self) -> int:
        """An answer's status."""
        return int(self.first.split(" ")[1])


class Reader:
    """Feed it what a socket gives; it gives a message when one is whole. ``answers``: it reads a client's side."""

    def __init__(self, *, answers: bool) -> None:
        self.answers = answers
        self.buffer = bytearray()
        self.parts: list[bytes] = []
        self.message: Message | None = None
        self.closed = False
        self.done = False
        self.steps = self._message()

    def feed(self, data: bytes) -> Message | None:
        """The message that these bytes complete; nothing may follow it, for no request is sent before its answer."""
        self.buffer += data
        next(self.steps, None)
        if not self.done:
            return None
        if self.buffer:
            raise BrokenFramingError(f"more bytes after the message: {bytes(self.buffer[:80])!r}")
        return self._begin_again()

    def eof(self) -> Message | None:
        """The peer has closed: the end of a body that has no other end, and an error within any other message."""
        self.closed = True
        next(self.steps, None)
        if self.done:
            return self._begin_again()
        if self.message is not None or self.buffer:
            raise BrokenFramingError("closed in the middle of a message")
        return None

    def _begin_again(self) -> Message | None:
        message = self.message
        assert message is not None
        message.body, self.parts = b"".join(self.parts), []
        self.message, self.done, self.steps = None, False, self._message()
        return message

    def _message(self) -> Steps:
        while True:
            head = yield from self._until(b"\r\n\r\n")
            self.message = _head(head)
            if not (self.answers and 100 <= self.message.status < 200):
                break
        sizes, codings = self.message.values("content-length"), self.message.values("transfer-encoding")
        if len(sizes) + len(codings) > 1 or codings not in ([], ["chunked"]):
            raise BrokenFramingError(f"framing by {sizes} and {codings}")
        if codings:
            yield from self._chunks()
        elif sizes:
            yield from self._take(int(sizes[0]))
        elif self.answers and self.message.status not in {204, 304}:
            self.message.keeps = False
            while not self.closed:
                self._move(len(self.buffer))
                yield
        self.done = True

    def _chunks(self) -> Steps:
        while True:
            line = yield from self._until(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            yield from self._take(size)
            end = yield from self._until(b"\r\n")
            if end:
                raise BrokenFramingError(f"after a chunk: {end!r}")
            if size == 0:
                return

    def _until(self, mark: bytes) -> Generator[None, None, bytes]:
        while (end := self.buffer.find(mark)) < 0:
            yield
        found = bytes(self.buffer[:end])
        del self.buffer[: end + len(mark)]
        return found

    def _take(self, size: int) -> Steps:
        while size > len(self.buffer):
            size -= self._move(len(self.buffer))
            yield
        self._move(size)

    def _move(self, size: int) -> int:
        if size:
            self.parts.append(bytes(self.buffer[:size]))
            del self.buffer[:size]
        return size


def _head(data: bytes) -> Message:
    first, *lines = data.decode("latin-1").split("\r\n")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\n" in line:
            raise BrokenFramingError(f"header line {line!r}")
        headers.append((name.lower(), value.strip(" \t")))
    message = Message(first, headers)
    message.keeps = "close" not in ",".join(message.values("connection")).lower()
    return message
