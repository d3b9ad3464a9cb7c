"""Finds people in prose: what lists know, what cues announce, and again what was found once in the same text.

Pure, and linear in the text: each run of capitalised words is looked at once, with a bounded view to both sides. Most
runs are ordinary words; those are passed over with one look into the table.
"""

from collections.abc import Iterator, Sequence

from penstock.core.finding import Found, Matter, Pause, paced, unhurried
from penstock.detection.names.cues import SIGNS, announced
from penstock.detection.names.grounds import Grounds
from penstock.detection.names.lists import (
    ANY_NAME,
    FAMILY,
    GIVEN,
    NOT_NAMES,
    OPENING,
    OTHER,
    TAIL,
    WORD,
    folded,
    ordinary_words,
    table,
)
from penstock.detection.names.runs import (
    HERALDS,
    SUFFIXES,
    Word,
    cut,
    front,
    inner,
    runs,
    shape,
    stretches,
    weight,
    weight_alone,
)

KIND = "person"
LISTED, CUED, AGAIN = "person.listed", "person.cued", "person.again"
ENOUGH, ENOUGH_ALONE, ENOUGH_AMONG_OTHERS = 3.0, 2.0, 4.5

_INSIDE = dict.fromkeys(map(ord, "-'’."))
"""What may stand inside of a name, beside letters."""


class Persons:
    """See above."""

    signs = SIGNS

    def __init__(self) -> None:
        self._flags = table()

    def find(
        self, text: str, matter: Matter, met: Sequence[int] | None = None, pause: Pause = unhurried
    ) -> Sequence[Found]:
        """The names of people; none where no people's sentences are."""
        if not matter.prose:
            return ()
        search = _Search(text, self._flags, pause)
        search.runs()
        search.cues(met)
        search.again()
        return list(search.told())


class _Search:
    """One text."""

    def __init__(self, text: str, flags: dict[str, int], pause: Pause = unhurried) -> None:
        self._text = text
        self._flags = flags
        self._pause = pause
        self._grounds = Grounds(text, pause)
        self._left: list[tuple[str, int, int]] = []
        """Lone words that may be names known from elsewhere in the text."""
        self._known: set[str] = set()
        self._family: Word | None = None
        """A family name that stood alone in the run before."""
        self.found: dict[tuple[int, int], str] = {}

    def told(self) -> Iterator[Found]:
        """What was found, without what stands inside of what else was found."""
        done = 0
        for start, end in sorted(self.found, key=lambda span: (span[0], -span[1])):
            if end > done:
                yield Found(start, end, KIND, self.found[start, end])
                done = end

    def runs(self) -> None:
        """What lists know."""
        text, known, left = self._text, self._flags.get, self._left
        words = ordinary_words()
        ordinary: set[str] = set()
        for start, end in runs(shape(text), self._pause):
            run = text[start:end]
            # A text says the same words again and again, and the table is large.
            if run in words or run in ordinary:
                continue
            if " " in run:
                if self._promising(run):
                    self._run(start, end)
                else:
                    ordinary.add(run)
                continue
            small = run.lower()
            flag = known(small, 0)
            if flag & NOT_NAMES or (not flag and len(run) < 3):
                ordinary.add(run)
            elif flag:
                self._lone(Word(start, end, flag, small, run.isupper()), run)
            elif small.isascii() and small.isalpha():
                if run[1].islower():
                    left.append((small, start, end))
                else:
                    ordinary.add(run)
            elif known(small[:-2], 0) & NOT_NAMES or not small.translate(_INSIDE).isalpha():
                ordinary.add(run)
            else:
                self._run(start, end)

    def _promising(self, run: str) -> bool:
        """Some word is a name and nothing else, or they stand as in a name, or end as one."""
        small = run.lower() if run.isascii() else folded(run)
        if "'" in small:
            return True
        flags = [self._flags.get(word, 0) for word in small.split(" ")]
        for flag in flags:
            if flag & ANY_NAME and not flag & (WORD | OTHER):
                return True
        if not flags[-1] and (not flags[-2] or small.endswith(SUFFIXES)):
            return True
        return flags[0] & GIVEN > 0 and flags[1] & FAMILY > 0

    def _lone(self, word: Word, shown: str) -> None:
        """A run of one word that lists know as a name. They are many, and few of them are looked at closer."""
        if inner(shown):
            return
        stretch = (word,)
        self._reversed(stretch)
        if not word.flags & GIVEN and front(self._text, word.start)[0] not in HERALDS:
            self._left.append((word.folded, word.start, word.end))
            return
        for _ in self._alone(stretch):
            if not self._grounds.code(word.start, word.end):
                self._take(stretch)

    def _run(self, start: int, end: int) -> None:
        words = cut(self._text, start, end, self._flags)
        self._reversed(words)
        if len(words) > 1 and words[-1].flags & TAIL and not _somebody(words):
            return
        for stretch in stretches(words):
            for name in self._names(stretch):
                if not self._grounds.code(name[0].start, name[-1].end):
                    self._take(_and_word(name, words))

    def _reversed(self, words: Sequence[Word]) -> None:
        """A family name, a comma, a given name, and no more of a sentence: Curie, Marie S."""
        family, given = self._family, words[0]
        self._family = words[0] if len(words) == 1 and given.flags & FAMILY and given.clean else None
        if family is None or not (given.flags & GIVEN and given.clean and len(words) <= 2):
            return
        text, end = self._text, words[-1].end
        alone = text[end : end + 1] in '\n\r\t;)<|"' and words[-1].clean
        if alone and text[family.end : given.start] == ", " and not self._grounds.code(family.start, end):
            self.found[family.start, end] = LISTED

    def _names(self, stretch: Sequence[Word]) -> Iterator[Sequence[Word]]:
        """The names in a stretch of words that may be names."""
        if 1 < len(stretch) <= 4 and self._weight(stretch) >= ENOUGH:
            yield stretch
        elif len(stretch) == 1:
            yield from self._alone(stretch)
        else:
            yield from self._among(stretch)

    def _weight(self, name: Sequence[Word]) -> float:
        heard = weight(self._text, name)
        return heard - 2.0 if heard >= ENOUGH and self._grounds.heading(name[0].start, name[-1].end) else heard

    def _alone(self, stretch: Sequence[Word]) -> Iterator[Sequence[Word]]:
        word = stretch[0]
        if not word.clean:
            return
        if weight_alone(self._text, word) < ENOUGH_ALONE or self._grounds.heading(word.start, word.end):
            self._left.append((word.folded, word.start, word.end))
        else:
            yield stretch

    def _among(self, stretch: Sequence[Word]) -> Iterator[Sequence[Word]]:
        """Sure names of two words in a stretch that is no name as a whole."""
        place = 0
        while place < len(stretch):
            pair = stretch[place : place + 2]
            if len(stretch) > 2 and len(pair) == 2 and self._weight(pair) >= ENOUGH_AMONG_OTHERS:
                yield pair
                place += 2
                continue
            if pair[0].clean and not pair[0].capitals:
                self._left.append((pair[0].folded, pair[0].start, pair[0].end))
            place += 1

    def cues(self, met: Sequence[int] | None) -> None:
        """What cues announce."""
        for start, end in announced(self._text, self._flags, met, self._pause):
            if (start, end) not in self.found and not self._grounds.fenced(start):
                self.found[start, end] = CUED
                self._remember(cut(self._text, start, end, self._flags))

    def again(self) -> None:
        """Parts of names that stand alone elsewhere."""
        for small, start, end in paced(self._left, self._pause):
            if small in self._known and not self._grounds.code(start, end):
                self.found.setdefault((start, end), AGAIN)

    def _take(self, name: Sequence[Word]) -> None:
        self.found[name[0].start, name[-1].end] = LISTED
        if len(name) > 1:
            self._remember(name)

    def _remember(self, name: Sequence[Word]) -> None:
        sure = name[0].flags & GIVEN and name[0].clean
        for word in name:
            if len(word.folded) > 2 and word.clean and (sure or word.flags & ANY_NAME or len(name) == 1):
                self._known.add(word.folded)


def _somebody(words: Sequence[Word]) -> bool:
    """Though the last word makes places: Jonah Hill, Kate Bush."""
    first, last = words[0], words[-1]
    return len(words) == 2 and first.flags & GIVEN > 0 and first.clean and last.flags & FAMILY > 0


def _and_word(name: Sequence[Word], words: Sequence[Word]) -> Sequence[Word]:
    """A given name with the ordinary word behind it, which is a family name then: Emmanuel Macron."""
    place = next((place for place, word in enumerate(words) if word is name[-1]), len(words))
    following = words[place + 1] if len(name) == 1 and place + 1 < len(words) else None
    if following is None or name[0].owns or following.capitals or not following.flags & WORD:
        return name
    return name if following.flags & (OTHER | TAIL | OPENING) else (name[0], following)
