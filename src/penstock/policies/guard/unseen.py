"""Characters that nobody sees and that models read: how text is smuggled past people.

What emoji, Arabic, Persian and Indic scripts need of them is left alone. A message in tag characters, or one byte in
each of a row of variation selectors, is what this is made to find (Unicode Technical Report 36, 3.6).
"""

import re
from collections.abc import Sequence

_LATIN = "[!-~\u00c0-\u024f]"
_FOUND = re.compile(
    # A tag sequence is the rest of a flag (Scotland) where a black flag stands before it and the cancel tag ends it.
    "(?P<flag>\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f)"
    "|[\U000e0000-\U000e007f]+"
    "|[\U000e0100-\U000e01ef]{2,}|[\ufe00-\ufe0f]{2,}"
    "|[\u202a-\u202e\u2066-\u2069]+"
    "|[\u200b\u2060-\u2064\u180e]+"
    f"|(?<={_LATIN})[\u200c\u200d\u034f\ufeff]+(?={_LATIN})"
    "|(?<=.)\ufeff+",
    re.DOTALL,
)


def unseen(text: str) -> Sequence[tuple[int, int]]:
    """Where such characters stand in the text."""
    if text.isascii():
        return ()
    return [found.span() for found in _FOUND.finditer(text) if found["flag"] is None]
