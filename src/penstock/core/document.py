"""A request body: the bytes as they came, and a lazy view of what they say.

Nothing is decoded before it is asked for, and then one level at a time (``msgspec.Raw``), so that half a megabyte of
history costs a scan and not a tree. With no edits, what goes upstream is the very object of bytes that came in.
"""

from collections.abc import Callable, Sequence

import msgspec

from penstock.core.cut import Cut
from penstock.core.head import RequestHead
from penstock.core.legible import NotReadableError, legible, with_halves
from penstock.core.route import Match
from penstock.core.text import Block, Walking


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What the path must know of a request, read without decoding its messages."""

    model: str | None = None
    stream: bool = False


class _Head(msgspec.Struct):
    model: msgspec.Raw = msgspec.Raw(b"")
    stream: msgspec.Raw = msgspec.Raw(b"")


_decode_head = msgspec.json.Decoder(_Head).decode
_decode_name = msgspec.json.Decoder(str).decode


class Document:
    """A request body that is held: JSON, or an upload that a policy wants. ``raw`` is what goes upstream, ``plain``
    what is read of it: without its content encoding, and ``legible`` where it is not otherwise."""

    __slots__ = ("_cut", "_decoded", "encoded", "plain", "raw", "undone")

    def __init__(self, raw: bytes, plain: bytes, *, undone: bool = False) -> None:
        self.raw = raw
        self.plain = plain
        self._decoded = plain
        self.encoded = raw is not plain
        """It goes upstream in a content encoding: nothing can be put into it."""
        self.undone = undone
        """Its content encoding was taken off for good: no header may speak of one any more."""
        self._cut: Cut | None = None

    def facts(self) -> Facts:
        """Model and stream flag; NotReadableError where the body is no JSON object.

        A model that is not a string, or a stream flag that is not a boolean, is the provider's to refuse in its own
        words: it reads as absent here.
        """
        try:
            return _facts(self.plain)
        except NotReadableError:
            # To look for half characters takes a while in a long text, and hardly any has them.
            if not self.make_legible():
                raise
            return _facts(self.plain)

    def make_legible(self) -> bool:
        """Read it without half characters from now on; False where it has none."""
        before, self.plain = self.plain, legible(self.plain)
        return self.plain is not before

    def cut(self, walking: Walking, match: Match, head: RequestHead) -> Cut:
        """Its blocks; NotReadableError for what can't be walked."""
        known, body = self._cut, self.plain
        if known is not None and known.body is body:
            return known
        uploaded = walking.reads(match, head)
        if not body.strip():
            blocks: Sequence[Block] = ()
        else:
            blocks = walking.uploaded(match, head, body) if uploaded else walking.blocks(match, body)
        self._cut = known = Cut(body, blocks, uploaded=uploaded)
        return known

    def edited(self, text: bytes) -> "Document | None":
        """The body as it is to be sent and read once ``text`` is its ``plain`` with something added, every other byte
        as it was; None where that can't be said of it, or it is ``encoded``.

        Half characters go upstream as the client spelt them: what is read in their place has their length and stands
        where they stand, and an addition does not change how many there are, nor their order.
        """
        if self.encoded:
            return None
        found = Document(text, text, undone=self.undone)
        if self.plain is not self.raw:
            whole = with_halves(text, self.plain, self.raw)
            if whole is None:
                return None
            found.raw = whole
        return found

    def changed(self, change: Callable[[bytes], bytes]) -> "Document":
        """The body with something else at some places, which are the same in what goes upstream and in what is read of
        it: half characters elsewhere stay as the client spelt them. Not for a body that is ``encoded``."""
        text = change(self.plain)
        found = Document(text, text, undone=self.undone)
        if self.plain is not self.raw:
            found.raw = change(self.raw)
        return found

    def decoded(self) -> "Document":
        """The same body, to go upstream without the content encoding that it came in."""
        if not self.encoded:
            return self
        found = Document(self._decoded, self._decoded, undone=True)
        found.plain = self.plain
        return found


def _facts(plain: bytes) -> Facts:
    try:
        head = _decode_head(plain)
        model = bytes(head.model)
        name = _decode_name(model) if model.startswith(b'"') else None
    except msgspec.ValidationError:
        raise NotReadableError("the request body must be a JSON object") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotReadableError(f"the request body is not valid JSON: {error}") from None
    except RecursionError:
        raise NotReadableError("the request body is nested too deeply") from None
    return Facts(model=name, stream=bytes(head.stream) == b"true")
