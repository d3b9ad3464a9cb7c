"""The operator's lists: tens of thousands of names of people, customers, projects, found wherever they stand as words.

One automaton for each way of comparing, so a long list costs as much as a short one, and time is linear in the text.
Compared is what a reader would take for the same: without regard to case (unless a list says otherwise), to how a
letter is encoded, and to letters of other scripts that look the same.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence

import msgspec

from penstock.core.finding import Found, Pause, paced, unhurried
from penstock.detection.normalising import foreign

SLICE = 65_536
"""Letters that are folded at a time: nobody else's thread goes on meanwhile."""

_EDGE = "\x01"
"""Put around every word of list and text, so that the automaton itself sees to it that words are whole."""

# Scripts without spaces between words have no edges of words: each letter is a word's part and no edge's.
_APART = (
    "\\W_\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_WORDS = re.compile(f"([^{_APART}]+)")
_GAP = re.compile(f"[{_APART}]")

_LOOKALIKES = str.maketrans(
    # Cyrillic and Greek small letters, after case folding, to the Latin ones that they look like.
    "аеорсухіјѕһԁԛԝвкмнтгӏαορνικτυχγεηβѵ",
    "aeopcyxijshdqwbkmhtrlaopviktuxyenbv",
)


class TermList(msgspec.Struct, frozen=True):
    """One list."""

    kind: str
    terms: tuple[str, ...]
    ignore_case: bool = True
    whole_words: bool = True
    """Not inside other words; an underscore ends a word. Has no meaning in scripts without spaces."""


class TermLists:
    """The lists, ready to be searched for."""

    def __init__(self, lists: Sequence[TermList]) -> None:
        ways: dict[tuple[bool, bool], dict[str, str]] = {}
        for one in lists:
            way = ways.setdefault((one.ignore_case, one.whole_words), {})
            fold = _Fold(ignore_case=one.ignore_case)
            for term in one.terms:
                if folded := fold.folded(unicodedata.normalize("NFKC", term.strip())):
                    way.setdefault(_edged(folded, unhurried) if one.whole_words else folded, one.kind)
        self._ways = [_Way(_Fold(ignore_case=case), words, terms) for (case, words), terms in ways.items() if terms]

    def find(self, text: str, pause: Pause = unhurried) -> Iterator[Found]:
        """Where terms stand, of overlapping ones the first and longest."""
        for way in self._ways:
            yield from way.find(text, pause)


class _Way:
    """All terms that are compared in one way."""

    def __init__(self, fold: "_Fold", words: bool, terms: dict[str, str]) -> None:  # noqa: FBT001
        import ahocorasick_rs  # noqa: PLC0415 - only those with lists need it

        self._fold, self._words = fold, words
        self._kinds = list(terms.values())
        longest = ahocorasick_rs.MatchKind.LeftmostLongest
        self._automaton = ahocorasick_rs.AhoCorasick(list(terms), matchkind=longest, store_patterns=False)

    def find(self, text: str, pause: Pause) -> Iterator[Found]:
        folded, places = self._fold.text(text, pause)
        if self._words:
            folded = _edged(folded, pause)
        edges = last = 0
        for number, begun, ended in paced(self._automaton.find_matches_as_indexes(folded), pause):
            start, end = begun, ended
            if self._words:
                edges += folded.count(_EDGE, last, begun)
                start -= edges
                edges += folded.count(_EDGE, begun, ended)
                end -= edges
                last = ended
            if places is not None:
                start, end = places[start] - 1, places[end - 1]
            kind = self._kinds[number]
            yield Found(start, end, kind, f"{kind}.list")


def _edged(folded: str, pause: Pause) -> str:
    """With an edge before and behind each word: between all parts of what is split at words."""
    plain, parts, begun = folded.replace(_EDGE, " "), [], 0
    while begun < len(plain):
        pause()
        gap = _GAP.search(plain, begun + SLICE)
        end = gap.start() if gap else len(plain)
        parts.append(_EDGE.join(_WORDS.split(plain[begun:end])))
        begun = end
    return "".join(parts)


class _Fold(dict[int, str]):
    """Letter by letter, what it is compared as; grows as letters are met, up to a bound."""

    MOST = 20_000

    def __init__(self, *, ignore_case: bool) -> None:
        super().__init__()
        self._ignore_case = ignore_case
        self._uneven: set[str] = set()

    def __missing__(self, code: int) -> str:
        letter = unicodedata.normalize("NFKC", chr(code))
        if self._ignore_case:
            letter = unicodedata.normalize("NFKC", letter.casefold())
        letter = " " if letter.isspace() else letter.translate(_LOOKALIKES)
        category = unicodedata.category(chr(code))
        if category in {"Cf", "Cs"}:
            # Unseen; half of a surrogate pair.
            letter = "" if category == "Cf" else " "
        if len(letter) != 1:
            self._uneven.add(chr(code))
        if len(self) < self.MOST:
            self[code] = letter
        return letter

    def folded(self, text: str) -> str:
        """What a text is compared as."""
        if text.isascii():
            text = text.lower() if self._ignore_case else text
            return text.replace("\n", " ").replace("\t", " ").replace("\r", " ")
        return "".join([text[begun : begun + SLICE].translate(self) for begun in range(0, len(text), SLICE)])

    def text(self, text: str, pause: Pause) -> tuple[str, "array[int] | None"]:
        """The same, and behind each letter of it the place in the text, None where that is the same place."""
        folded = self.folded(text)
        if text.isascii() or self._uneven.isdisjoint(foreign(text)):
            return folded, None
        places = array("q")
        for place, letter in enumerate(paced(text, pause), 1):
            places.extend([place] * len(self[ord(letter)]))
        return folded, places
