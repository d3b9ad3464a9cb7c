"""What is read of a JSON text that is not quite one: half characters as something else, and an error for what can't be
read at all. Pure; the error repeats nothing of the text.
"""

import re

# Escapes in the order in which they stand: a pair of halves is one character, half of one alone is none.
_ESCAPE = re.compile(
    rb"\\(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_REPLACED = rb"\ufffd"
_UNKNOWN = re.compile(rb"\\(?:(ufffd)|.)", re.DOTALL)


class NotReadableError(ValueError):
    """The body is not what its operation needs: the message says what is wrong, never what it contains."""


def legible(plain: bytes) -> bytes:
    """The text to read in place of one that spells out half characters (``\\ud83d``), as clients do that cut texts
    anywhere: JSON by its grammar (RFC 8259, 8.2), and the provider's to judge. The same object where there are none."""
    if b"\\ud" not in plain and b"\\uD" not in plain:
        return plain
    found = _ESCAPE.sub(lambda escape: _REPLACED if escape[2] else escape[0], plain)
    return plain if found == plain else found


def with_halves(edited: bytes, plain: bytes, raw: bytes) -> bytes | None:
    """``edited`` with the half characters of ``raw``, which is read as ``plain``, where what is read in their place
    stands; None where there are more or fewer of them than there were."""
    spelt = [raw[slice(*one.span())] for one in _UNKNOWN.finditer(plain) if one[1]]
    rest = iter(spelt)
    whole, _ = _UNKNOWN.subn(lambda one: next(rest, b"") if one[1] else one[0], edited)
    # None too many, and none too few.
    return whole if len(whole) == len(edited) and next(rest, None) is None else None
