"""Base64 in a text that holds words: what it says, decoded once. Pictures and hashes hold none."""

import base64
import binascii
from collections.abc import Iterator

from penstock.core.finding import Pause, unhurried
from penstock.detection.prefilter import spans

_BLOB = r"[A-Za-z0-9+/_-]{32,}={0,2}"
_TASTE = 64
"""Letters of a blob that are looked at first; what is no text there is none."""
_PLAIN = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F)))


def blobs(text: str, pause: Pause = unhurried) -> Iterator[tuple[int, int, str]]:
    """From, to, and the words inside."""
    data = text.encode("ascii", "replace")
    for start, end in spans(_BLOB, 0, data, pause):
        blob = data[start:end].rstrip(b"=")
        if _decoded(blob[:_TASTE]) and (words := _decoded(blob)):
            yield start, end, words


def _decoded(blob: bytes) -> str:
    """What a blob says, nothing where that is no text."""
    if len(blob) % 4 == 1:
        return ""
    try:
        said = base64.b64decode(blob.replace(b"-", b"+").replace(b"_", b"/") + b"=" * (-len(blob) % 4))
    except binascii.Error:
        return ""
    return "" if said.translate(None, _PLAIN) else said.decode("ascii")
