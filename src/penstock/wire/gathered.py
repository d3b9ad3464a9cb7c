"""Bytes that arrive in pieces and are wanted whole.

A sender chooses the size of the pieces, so it must not matter: a list of one-byte pieces would cost forty times its
bytes in memory, and joining anew with every piece would cost the square of their number in time.
"""

# Up to here a list that is joined once costs least: ordinary bodies arrive in a few large reads.
_PIECES = 64


class Gathered:
    """Bytes in order; linear in time and memory however they were cut."""

    __slots__ = ("_folded", "_pieces", "size")

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._folded: bytearray | None = None
        self.size = 0

    def add(self, data: bytes) -> None:
        """One piece more."""
        self.size += len(data)
        self._pieces.append(data)
        if len(self._pieces) == _PIECES:
            if self._folded is None:
                self._folded = bytearray()
            self._folded += b"".join(self._pieces)
            self._pieces = []

    def take(self) -> bytes:
        """All of it; afterwards there is nothing."""
        pieces, folded = self._pieces, self._folded
        self._pieces, self._folded, self.size = [], None, 0
        if folded is None:
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)
        folded += b"".join(pieces)
        return bytes(folded)
