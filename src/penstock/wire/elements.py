"""A JSON array that is streamed piece by piece: how Gemini answers a streaming request that asks for no events.

Holds the stream back to whole elements, so that an error can become the array's last element when the provider cuts
it. Finds where elements end by counting brackets outside strings; it decodes nothing and changes nothing.
"""

import re

_OUTSIDE = re.compile(rb'["\[\]{}]')
_INSIDE = re.compile(rb'["\\]')
_SPACE = b" \t\r\n"


class Elements:
    """Lets an array through up to the end of its last whole element, and holds the rest until its element is whole.

    An element beyond ``cap`` bytes, and whatever is no array, is let through as it comes. Elements that are neither
    objects nor arrays go out with the next one that is.
    """

    __slots__ = ("_array", "_cap", "_depth", "_escaped", "_held", "_in_string", "_out", "closed", "torn")

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._held = bytearray()
        self._out = False
        self._array: bool | None = None
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self.closed = False
        """The array's last bracket has been let through."""
        self.torn = False
        """Part of an element has been let through: nothing may be put in between now."""

    def feed(self, data: bytes) -> bytes:
        """What may go out now that ``data`` has come."""
        if self._array is None and (begun := data.lstrip(_SPACE)):
            self._array = begun.startswith(b"[")
        place = self._scan(data) if self._array and not self.closed else -1
        whole = b""
        if place >= 0:
            self.torn = False
            whole, data = self.rest() + data[:place], data[place:]
        if self.closed or self.torn or self._array is False or len(self._held) + len(data) > self._cap:
            self.torn = not self.closed
            whole, data = whole + self.rest() + data, b""
        self._held += data
        self._out = self._out or bool(whole)
        return whole

    def rest(self) -> bytes:
        """What has arrived of an element that is not whole; it is given away."""
        held, self._held = bytes(self._held), bytearray()
        return held

    def ended_by(self, element: bytes) -> bytes | None:
        """What makes a whole array of what went out, with ``element`` as its last; None where nothing can."""
        if self.closed:
            return b""
        if self.torn:
            return None
        # The separators are the ones that Google writes.
        return (b"\n,\r\n" if self._out else b"[") + element + b"\n]\n"

    def _scan(self, data: bytes) -> int:
        """Behind the last element that ends in ``data``; -1 if none does."""
        place, at = -1, int(self._escaped and bool(data))
        self._escaped = self._escaped and not data
        while found := (_INSIDE if self._in_string else _OUTSIDE).search(data, at):
            at, byte = found.end(), found[0]
            if byte == b'"':
                self._in_string = not self._in_string
            elif byte == b"\\":
                self._escaped = at == len(data)
                at += 1
            elif byte in b"[{":
                self._depth += 1
            else:
                self._depth -= 1
                if self._depth == 1:
                    place = at
                elif self._depth == 0:
                    self.closed = True
                    return len(data)
        return place
