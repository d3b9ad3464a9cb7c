"""A body that has come apart into its blocks, once for all who look at them, and a name for each: a hash of what it is
and says, by which what was found in it is remembered.

Kept with the document, and made when it is first asked for. Pure.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

from penstock.core.document import Document
from penstock.core.head import RequestHead
from penstock.core.route import Match
from penstock.core.text import Block, Splice, Walking, spliced


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


def cut(document: Document, walking: Walking, match: Match, head: RequestHead) -> Cut:
    """The blocks of a request that is held; NotReadableError for what can't be walked."""
    known = document.cut
    if known is not None and known.body is document.plain:
        return known
    uploaded, body = walking.reads(match, head), document.plain
    if not body.strip():
        blocks: Sequence[Block] = ()
    else:
        blocks = walking.uploaded(match, head, body) if uploaded else walking.blocks(match, body)
    document.cut = Cut(body, blocks, uploaded=uploaded)
    return document.cut
