"""Counting: how many tokens a text is worth to the simulator. Pure, and the same rule everywhere.

Input weighs one token per four bytes of UTF-8, so that half a megabyte of history costs a length and not a scan.
Output is counted in pieces (a word of up to eight letters with the space before it, or one sign), because each piece
is also what one frame of a stream carries. No provider counts exactly so; what holds is that ``count_tokens`` and
``usage`` agree.
"""

import re

_PIECE = re.compile(r"\s*\w{1,8}|\s*[^\w\s]|\s+")

# What a picture or a document costs that nobody looks into: about a 1092 x 1092 image, and about two pages.
PICTURE_TOKENS = 1600
DOCUMENT_TOKENS = 3000


def weight(text: str | bytes) -> int:
    """Input tokens of a text."""
    size = len(text) if isinstance(text, bytes) or text.isascii() else len(encoded(text))
    return (size + 3) // 4


def encoded(text: str) -> bytes:
    """UTF-8, also of a text with a lone surrogate, which JSON can spell and UTF-8 can't."""
    return text.encode("utf-8", "replace")


def pieces(text: str) -> list[str]:
    """The output tokens of a text; joined they are the text."""
    return _PIECE.findall(text)


def chunks(text: str, size: int) -> list[str]:
    """The text in parts of ``size`` output tokens, as a stream carries it."""
    parts = pieces(text)
    if size == 1:
        return parts
    return ["".join(parts[start : start + size]) for start in range(0, len(parts), size)]
