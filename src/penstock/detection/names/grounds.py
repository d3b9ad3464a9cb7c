"""Where a text is no prose: code between fences or backticks, lines that are code, data or a log.

Answers are made from a bounded neighbourhood of a place, so that many questions about one long line stay cheap.
"""

import re
from bisect import bisect_right

from penstock.core.finding import Pause, paced, unhurried

SIGHT = 160
"""How far to both sides of a place its line is looked at."""

_FENCE = re.compile(r"(?:```|~~~)")
_CODE = re.compile(
    r"[{}\\=>:\";(.<\]_/DIWE](?:(?<=[{}\\])|(?<=[=!<>+&|:-]=)|(?<=\w=)(?=[\w\"'/])|(?<=\w =)(?= [\w\"'])|(?<=[-=]>)"
    r"|(?<=:)(?=//|:)|(?<=\")(?=[ \t]*:)|(?<=;)(?=[ \t]*$)|(?<=\w\()(?=\))|(?<=\w\.)(?=\w+\()|(?<=<)(?=/?\w+[ >])"
    r"|(?<=\])(?=\()|(?<=\w_)(?=\w)|(?<=[A-Za-z]/)(?=[A-Za-z]\w*/\w)"
    r"|(?<=D)EBUG\b|(?<=I)NFO\b|(?<=W)ARN(?:ING)?\b|(?<=E)RROR\b)",
    re.MULTILINE,
)
"""What prose has none of: brackets of code, operators, calls, keywords where a line begins, members of JSON, times at
the head of a line of a log, paths, identifiers. Markdown's links too: their texts are titles. It begins with one class
of letters, and then looks back at which it was: letters of no such class are passed over four times as fast."""
_CODE_HEAD = re.compile(
    r"[ \t]*(?://|\$ |>>> |@\w+\(|(?:import|def|class|func|fn|return|const|let|var|package|use|export"
    r"|public|private|#include"
    r"|#define) |from \S+ import|[-+] {4,}|\W*\d{4}-\d\d-\d\d[T ]\d\d:\d\d)"
)

_SMALL = re.compile(r"\b(?!(?:and|the|for|with|from|und|der|die|das|des|les|del|von|van)\b)[^\W\d_A-Z][a-z]{2,}")
"""A word of some length without a capital."""


class Grounds:
    """What is known of one text."""

    def __init__(self, text: str, pause: Pause = unhurried) -> None:
        self._text = text
        self._ticks = "`" in text
        fenced = "```" in text or "~~~" in text
        self._fences = [
            match.start()
            for match in (paced(_FENCE.finditer(text), pause) if fenced else ())
            if self._heads(match.start())
        ]
        self._line = (1, 0)
        self._coded = self._titled = False

    def _heads(self, place: int) -> bool:
        """Nothing but blanks stands before it in its line."""
        ahead = self._text[max(0, place - 9) : place]
        return not ahead.rpartition("\n")[2].strip(" \t>") and ("\n" in ahead or place < 9)

    def fenced(self, place: int) -> bool:
        """Between two fences."""
        return bool(self._fences) and bisect_right(self._fences, place) % 2 == 1

    def code(self, start: int, end: int) -> bool:
        """In a block of code, in a line that is no sentence, or between backticks."""
        self._look(start, end)
        if self._coded or self.fenced(start):
            return True
        first, last = self._line
        return self._ticks and self._text.count("`", first, start) % 2 == 1 and self._text.find("`", end, last) >= 0

    def heading(self, start: int, end: int) -> bool:
        """In a line of which all words have a capital, and there are others than these."""
        self._look(start, end)
        return self._titled and len(self._text[slice(*self._line)].strip()) > end - start + 4

    def _look(self, start: int, end: int) -> None:
        """At the line, unless it is the one that was looked at last."""
        first, last = self._line
        if first <= start and end <= last:
            return
        text = self._text
        first = max(text.rfind("\n", max(0, start - SIGHT), start) + 1, start - SIGHT, 0)
        last = text.find("\n", end, end + SIGHT)
        last = min(len(text), end + SIGHT) if last < 0 else last
        self._line = first, last
        self._coded = _CODE.search(text, first, last) is not None or _CODE_HEAD.match(text, first, last) is not None
        self._titled = _SMALL.search(text, first, last) is None
