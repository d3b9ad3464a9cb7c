"""Pictures, documents and sounds inside a JSON body: which of its bytes are base64 and not words.

Only an estimate wants to know, and it must not cost a request anything worth naming: short windows at even distances
tell whether there is any base64 at all, and only around one that looks like it the string's ends are searched for.
Nothing is decoded, and nothing of the content is kept.
"""

import string

import msgspec

SMALL = 16 * 1024
"""A body up to this length is not looked at: a picture in it is smaller than an estimate's own error."""
LEAST = 1024
"""Shorter strings are ids, signatures and keys, which models read as text."""
_LOOKS = 32
_MOST_LOOKS = 512
_WINDOW = 96
# Both alphabets (RFC 4648, 4 and 5); a slash may stand behind a backslash, as PHP writes it.
_ALPHABET = (string.ascii_letters + string.digits + "+/-_=").encode()


class AttachedBytes(msgspec.Struct, frozen=True):
    """What of a body is no text."""

    count: int = 0
    share: float = 0.0
    """Of the body's bytes, 0 to 1."""


NONE = AttachedBytes()


class Passed(msgspec.Struct, frozen=True):
    """What went through the gateway, as far as an estimate can use it."""

    bytes_in: int
    bytes_out: int
    attached: AttachedBytes = NONE
    came: int = 0
    """Tokens that a quota had counted of the answer when it cut it: no fewer came out."""


def attachments(body: bytes) -> AttachedBytes:
    """The strings of a JSON ``body`` that are base64 from end to end, or a data URI with it. One that is shorter than
    the distance between two looks may be missed, a 32nd of the body, later half of what was found; a run inside a
    longer text is text."""
    size = len(body)
    if size <= SMALL:
        return NONE
    step = max(size // _LOOKS, _WINDOW)
    count = found = at = 0
    while at < size - _WINDOW:
        # Words have spaces between them: to find one takes a fifth of the time of the whole question.
        if body.find(b" ", at, at + _WINDOW) >= 0 or not _is_base64(body[at : at + _WINDOW]):
            at += step
            continue
        start, end = body.rfind(b'"', 0, at) + 1, body.find(b'"', at)
        end = size if end < 0 else end
        if end - start >= LEAST and _is_whole(body, start, end):
            count += 1
            found += end - start
            # Screenshots come in dozens and of one size: the next ones are not to fall between two looks.
            step = max(min(step, (end - start) // 2), size // _MOST_LOOKS)
        at = end + 1
    return AttachedBytes(count, found / size) if count else NONE


def _is_whole(body: bytes, start: int, end: int) -> bool:
    if body.startswith(b"data:", start):
        start = body.find(b",", start, start + 200) + 1
    return start > 0 and _is_base64(body[start : start + _WINDOW]) and _is_base64(body[end - _WINDOW : end])


def _is_base64(piece: bytes) -> bool:
    others = piece.translate(None, _ALPHABET)
    return not others or (others.count(b"\\") == len(others) == piece.count(b"\\/"))
