"""A body that has come apart into its blocks, once for all who look at them, and a name for each: a hash of what it is
and says, by which what was found in it is remembered.

``Document.cut`` makes it when somebody first asks, and keeps it. Pure.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from penstock.core.text import Block, Splice, spliced


class Cut:
    """One body's blocks, in the order in which a model reads them."""

    __slots__ = ("_names", "blocks", "body", "uploaded")

    def __init__(self, body: bytes, blocks: Sequence[Block], *, uploaded: bool) -> None:
        self.body = body
        self.blocks = blocks
        self.uploaded = uploaded
        """It is no JSON, but a form or a file."""
        self._names: Sequence[bytes] | None = None

    def piece(self, block: Block) -> bytes:
        """What stands there."""
        return self.body[block.start : block.end]

    @property
    def names(self) -> Sequence[bytes]:
        """Each block's, in their order."""
        if self._names is None:
            self._names = [self._name(block) for block in self.blocks]
        return self._names

    def _name(self, block: Block) -> bytes:
        named = blake2b(f"{block.kind}\0{block.line.value}\0".encode(), digest_size=16)
        named.update(memoryview(self.body)[block.start : block.end])
        return named.digest()

    def masked(self, body: bytes, splices: Mapping[int, Sequence[Splice]]) -> bytes:
        """The body with these splices of its blocks, which are told by their places in the list; also a body whose
        values stand at the same places."""
        found = sorted((self.blocks[place].start, one) for place, several in splices.items() for one in several)
        return spliced(body, ((first + start, first + end, put) for first, (start, end, put) in found))
