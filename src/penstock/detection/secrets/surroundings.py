"""Whether a value stands alone: no letter of its own alphabet right before or after it.

RE2 has no lookaround, so a pattern alone would find a token of 36 letters in a run of 60.
"""

import re
from enum import Enum

from penstock.detection.rule import Candidate


class Edge(Enum):
    """What must not stand beside a value."""

    WORD = "word"
    DASH = "dash"
    BASE64 = "base64"
    TILDE = "tilde"
    CRYPT = "crypt"
    ANY = "any"
    """Anything may: the pattern itself tells where the value ends."""


_BEFORE = {
    Edge.WORD: re.compile(r"[A-Za-z0-9_]"),
    Edge.DASH: re.compile(r"[A-Za-z0-9_-]"),
    Edge.BASE64: re.compile(r"[A-Za-z0-9_+/-]"),
    Edge.TILDE: re.compile(r"[A-Za-z0-9_~.-]"),
    Edge.CRYPT: re.compile(r"[A-Za-z0-9_$]"),
}
_AFTER = {**_BEFORE, Edge.BASE64: re.compile(r"[A-Za-z0-9_+/=-]"), Edge.TILDE: re.compile(r"[A-Za-z0-9_~-]")}

# A line end written as \n inside of a string, a percent escape, a terminal's colour: their last letter is no neighbour.
_ESCAPE = re.compile(r"(?:\\[abfnrtv]|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]{0,8}m)$")


def stands_alone(candidate: Candidate, edge: Edge) -> bool:
    """Whether nothing of the kind stands beside the value."""
    if edge is Edge.ANY:
        return True
    before, after = candidate.before(1), candidate.after(1)
    if after and _AFTER[edge].match(after):
        return False
    return not before or not _BEFORE[edge].match(before) or _ESCAPE.search(candidate.before(12)) is not None
