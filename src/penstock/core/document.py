"""A request body: the bytes as they came, and a lazy view of what they say.

Nothing is decoded before it is asked for, and then one level at a time (``msgspec.Raw``), so that half a megabyte of
history costs a scan and not a tree. With no edits, what goes upstream is the very object of bytes that came in.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from penstock.core.cut import Cut


class Facts(msgspec.Struct, frozen=True, gc=False):
    """What the path must know of a request, read without decoding its messages."""

    model: str | None = None
    stream: bool = False


class _Head(msgspec.Struct):
    model: msgspec.Raw = msgspec.Raw(b"")
    stream: msgspec.Raw = msgspec.Raw(b"")


# Escapes in the order in which they stand: a pair of halves is one character, half of one alone is none.
_ESCAPE = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_REPLACED = rb"\ufffd"
_UNKNOWN = re.compile(rb"\\(?:(ufffd)|.)", re.DOTALL)

_decode_head = msgspec.json.Decoder(_Head).decode
_decode_name = msgspec.json.Decoder(str).decode


class NotReadableError(ValueError):
    """The body is not what its operation needs: the message says what is wrong, never what it contains."""


def legible(plain: bytes) -> bytes:
    """The text to read in place of one that spells out half characters (``\\ud83d``), as clients do that cut texts
    anywhere: JSON by its grammar (RFC 8259, 8.2), and the provider's to judge. The same object where there are none."""
    if b"\\ud" not in plain and b"\\uD" not in plain:
        return plain
    found = _ESCAPE.sub(lambda escape: _REPLACED if escape[2] else escape[0], plain)
    return plain if found == plain else found


class Document:
    """A request body that is held: JSON, or an upload that a policy wants. ``raw`` is what goes upstream, ``plain``
    what is read of it: without its content encoding, and ``legible`` where it is not otherwise."""

    __slots__ = ("_decoded", "cut", "encoded", "plain", "raw", "undone")

    def __init__(self, raw: bytes, plain: bytes, *, undone: bool = False) -> None:
        self.raw = raw
        self.plain = plain
        self._decoded = plain
        self.encoded = raw is not plain
        """It goes upstream in a content encoding: nothing can be put into it."""
        self.undone = undone
        """Its content encoding was taken off for good: no header may speak of one any more."""
        self.cut: Cut | None = None
        """``core.cut``'s, which makes it when somebody asks."""

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
            whole = _with_halves(text, self.plain, self.raw)
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


def _with_halves(edited: bytes, plain: bytes, raw: bytes) -> bytes | None:
    spelt = [raw[slice(*one.span())] for one in _UNKNOWN.finditer(plain) if one[1]]
    rest = iter(spelt)
    whole, _ = _UNKNOWN.subn(lambda one: next(rest, b"") if one[1] else one[0], edited)
    # None too many, and none too few.
    return whole if len(whole) == len(edited) and next(rest, None) is None else None


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
