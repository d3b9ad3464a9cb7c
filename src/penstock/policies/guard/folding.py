"""A text as terms are looked for in it: one case, one width, Latin letters for their look-alikes, one space for many,
nothing unseen.

What is found can be told in the text's own places. Built for search alone: nobody ever sees the view.
"""

import re
import unicodedata
from bisect import bisect_right

# Letters of other scripts that look like Latin ones, after compatibility forms have been undone and case is folded.
_ALIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u0501\u051b\u043a\u043c\u0442\u0432\u043d\u04bb\u0475"
    "\u03b1\u03b5\u03b9\u03ba\u03bd\u03bf\u03c1\u03c4\u03c5\u03c7\u0131\u0261\u0585\u057d\u0578\u0581",
    "aeopcyxsijdwkmtbhhv" + "aeikvoptuxig" + "oung",
)
# What takes no room (Unicode's default ignorable code points, and two letters that are blank).
_UNSEEN = frozenset(
    [
        *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
        *(*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *(*range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000)),
    ]
)
_CLUSTER = re.compile("(?s:.)[\\u0300-\\u036f]*")
_BLANK = re.compile(r"\s+")
_GAP = re.compile(r"\s\s+")


class _Fold(dict[int, str]):
    """What each letter is compared as; grows as letters are met, up to a bound."""

    MOST = 20_000

    def __missing__(self, code: int) -> str:
        letter = "" if code in _UNSEEN else _plain(chr(code))
        if len(self) < self.MOST:
            self[code] = letter
        return letter


_FOLD = _Fold()


def _plain(letters: str) -> str:
    return unicodedata.normalize("NFKC", letters).casefold().translate(_ALIKE)


def folded(text: str) -> str:
    """The view of a text, without its places: in a fraction of the time. Blanks as ``Folded`` has them."""
    plain = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).translate(_FOLD)
    return " ".join(plain.split())


class Folded:
    """The view of a text, and where each of its letters stands."""

    def __init__(self, text: str) -> None:
        self._given = text
        self._places: list[int] | None = None
        self._wide = text.lower() if text.isascii() else self._letters(text)
        self._gaps: tuple[list[int], list[int]] | None = None
        self.text = _BLANK.sub(" ", self._wide)
        """What is searched."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` of the view stands in the text itself."""
        first, last = self._before(start), self._before(end - 1)
        if self._places is not None:
            first, last = self._places[first], self._places[last]
        last += 1
        # What has become one letter with the one before it belongs to it.
        while last < len(self._given) and "\u0300" <= self._given[last] <= "\u036f":
            last += 1
        return first, last

    def _letters(self, text: str) -> str:
        letters: list[str] = []
        places = self._places = []
        for cluster in _CLUSTER.finditer(text):
            letter, place = cluster[0], cluster.start()
            if ord(letter[0]) not in _UNSEEN:
                for one in _plain(letter):
                    letters.append(one)
                    places.append(place)
        return "".join(letters)

    def _before(self, place: int) -> int:
        """The same place before blanks were made one: worked out where something was found, hardly ever."""
        if self._gaps is None:
            ends, lost, gone = [-1], [0], 0
            for gap in _GAP.finditer(self._wide):
                ends.append(gap.start() - gone)
                gone += gap.end() - gap.start() - 1
                lost.append(gone)
            self._gaps = ends, lost
        ends, lost = self._gaps
        return place + lost[bisect_right(ends, place - 1) - 1]
