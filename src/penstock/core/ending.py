"""How an answer ended, as far as its provider told. A word of it stands in the books, and nothing of what was said."""

from collections.abc import Iterable
from enum import Enum


class Ending(Enum):
    """The later stands out: of several that are told of one answer it is the last of these."""

    PLAIN = ""
    """In order, or nothing else was told."""
    INVALID = "invalid"
    """With arguments for a tool that can't be read."""
    REFUSED = "refused"
    """The model would not answer, or its provider held the answer back."""
    TRUNCATED = "truncated"
    """At its cap. What is cut short can't be read either: that is no fault of its own."""


_ORDER = tuple(Ending)


def of_all(endings: Iterable[Ending]) -> Ending:
    """What an answer is said to have ended with whose parts ended so."""
    return max(endings, key=_ORDER.index, default=Ending.PLAIN)
