"""Names among capitalised words: a run of them is cut into stretches, and each word of a stretch has its say.

A stretch is a name where it is made as names are made: a given name before a family name or a word nobody knows,
initials before a family name, parts beside a word that speaks of people. One word alone is a name where it is a
given name and nothing else, or where the words around it speak of a person. The weights are few and were set by hand.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

import msgspec

from penstock.core.finding import Pause
from penstock.detection.names import lists
from penstock.detection.names.lists import (
    ANY_NAME,
    FAMILY,
    FAMILY_RARE,
    GIVEN,
    GIVEN_RARE,
    NOT_NAMES,
    OPENING,
    OTHER,
    TAIL,
    WORD,
)
from penstock.detection.normalising import foreign


def _capitals() -> str:
    """The capital letters of Latin script, as a class of a pattern."""
    codes = [code for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)) if unicodedata.category(chr(code)) == "Lu"]
    return "A-Z" + "".join(map(chr, codes))


CAPITAL = _capitals()
_AROUND = lists.read("around")
PARTICLES = frozenset(_AROUND["particles"].split())
PARTICLE = f"(?:{'|'.join(sorted(PARTICLES, key=len, reverse=True))})"
_REST = r"(?:\.(?:[ -]?A\.){0,3}|\w*+(?:['’-]\w++)*+)"
RUN = re.compile(rf"A(?<![\w./@_#$~-]A){_REST}(?: (?:{PARTICLE} ){{0,2}}A{_REST}){{0,7}}")
"""A run of words with capitals, in the shape of a text."""

_FOREIGN_CAPITALS = frozenset(CAPITAL.removeprefix("A-Z"))
_SHAPE = bytes.maketrans(ascii_uppercase.encode(), b"A" * 26)


def shape(text: str) -> str:
    """A text of which every capital is an A: a search for one letter is much faster than one for a thousand."""
    data = text.encode("utf-8", "replace")
    plain = data.translate(_SHAPE).decode()
    for capital in _FOREIGN_CAPITALS & foreign(text):
        plain = plain.replace(capital, "A")
    return plain


SLICE, MARGIN = 16_384, 32
"""Letters that are searched at a time, and how far behind its end a run is looked at: for a particle or two."""


def runs(shaped: str, pause: Pause) -> Iterator[tuple[int, int]]:
    """Where the runs stand in a text of this shape, slice by slice. One that comes near the end of a slice is looked
    for again in the next."""
    begun = done = 0
    while begun < len(shaped):
        pause()
        # Twice as far where a run is longer than the slice.
        done = following = min(done + max(SLICE, done - begun), len(shaped))
        for match in RUN.finditer(shaped, begun, done):
            start, end = match.span()
            if end > done - MARGIN and done < len(shaped):
                following = start
                break
            yield start, end
        begun = following


SUFFIXES = tuple(_AROUND["suffixes"].split())
"""Ends of family names in many tongues."""

_SHORT = frozenset(_AROUND["short"].split())
ROLES = frozenset(_AROUND["roles"].split())
_BEFORE = frozenset(_AROUND["before"].split())
_AFTER = frozenset(_AROUND["after"].split())
_SPEECH = frozenset(_AROUND["speech"].split())
HERALDS = ROLES | _BEFORE
"""Words in front that speak of people."""
_HEADS = frozenset(lists.read("nobody")["heads"].split())


class Word(msgspec.Struct, frozen=True, gc=False):
    """One word of a run."""

    start: int
    end: int
    flags: int
    folded: str
    capitals: bool
    """All of it is in capitals."""
    owns: bool = False
    """Stands before 's, which ends a name."""

    @property
    def initial(self) -> bool:
        """Stands for a name by its first letter."""
        return self.folded[1:2] in ("", ".")

    @property
    def clean(self) -> bool:
        """Nothing but a name."""
        return not self.flags & (WORD | OTHER)


def cut(text: str, start: int, end: int, flags: dict[str, int]) -> list[Word]:
    """The words of a run; particles are left to what they stand between."""
    words = []
    place = start
    for part in text[start:end].split(" "):
        last = place + len(part)
        if part and part not in PARTICLES:
            if part.isascii() and part.isalpha():
                stem, owns = part.lower(), False
                known = flags.get(stem, 0)
            else:
                stem, known, owns = _marked(part, flags)
            if not part[1:].islower() and inner(part):
                known = WORD
            words.append(Word(place, last - 2 * owns, known, stem, part.isupper(), owns))
        place = last + 1
    return words


def _marked(part: str, flags: dict[str, int]) -> tuple[str, int, bool]:
    """A word with marks, with a hyphen, or before 's: as the lists have it, what it is, and whether it is the last."""
    plain = lists.folded(part)
    stem = plain[:-2] if plain.endswith(("'s", "’s")) else plain
    known = flags.get(stem, 0)
    if not known and "'" in stem:
        known = flags.get(stem.replace("'", ""), 0)
    if not known and "-" in stem:
        known = _of_halves(stem, flags)
    return stem, known, stem is not plain


def inner(part: str) -> bool:
    """A capital inside, as programs have and few people: MoE, OpenRouter, but McCoy."""
    rest = part[1:]
    if rest.islower() or not rest.isalpha() or part.isupper():
        return False
    return not part.startswith(_JOINED)


_JOINED = ("Mc", "Mac", "De", "Di", "Du", "Da", "La", "Le", "Van", "Fitz", "St")


def _of_halves(stem: str, flags: dict[str, int]) -> int:
    """A double name is what its halves are: Anne-Marie, Smith-Jones."""
    first, _, second = stem.partition("-")
    both = flags.get(first, 0), flags.get(second, 0)
    if all(one & ANY_NAME for one in both):
        return both[0] & both[1] or FAMILY_RARE
    return (both[0] | both[1]) & (WORD | OTHER | TAIL)


def stretches(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The parts of a run that could be names, without the words between that are none."""
    begun = 0
    while begun < len(words) and _opens(words, begun):
        begun += 1
    for place in range(begun, len(words) + 1):
        broken = place == len(words) or (_breaks(words[place]) and not _after_initial(words, begun, place))
        if not broken and words[place].owns:
            yield words[begun : place + 1]
            begun = place + 1
        elif broken:
            while begun < place and words[begun].initial and place - begun == 1:
                begun += 1
            if begun < place:
                yield words[begun:place]
            begun = place + 1


def _opens(words: Sequence[Word], place: int) -> bool:
    """Begins a sentence, and no name."""
    word = words[place]
    if not word.flags & OPENING and word.folded not in ROLES:
        return False
    following = words[place + 1] if place + 1 < len(words) else None
    return not word.flags & ANY_NAME or (following is not None and following.flags & GIVEN > 0 and following.clean)


def _after_initial(words: Sequence[Word], begun: int, place: int) -> bool:
    """Any word may be the last one after a given name and an initial: Jane Q. Public."""
    if place - begun < 2 or not words[place - 1].initial or words[place].capitals:
        return False
    return words[begun].flags & GIVEN > 0 and not words[place].flags & (OTHER | TAIL | OPENING)


def _breaks(word: Word) -> bool:
    """No part of any name."""
    if not word.flags:
        return not word.initial and (word.capitals or not word.folded.replace("-", "").replace("'", "").isalpha())
    return word.flags & NOT_NAMES > 0 and not word.flags & ANY_NAME


def after(text: str, end: int) -> str:
    """The word that follows, in small letters."""
    return text[end + 1 : end + 16].split(" ", 1)[0].rstrip(".,;:!?\n") if text[end : end + 1] == " " else ""


def front(text: str, start: int) -> tuple[str, bool]:
    """The word in front, in small letters; and whether a sentence or a line begins here."""
    ahead = text[max(0, start - 20) : start]
    words = ahead.split()
    said = ahead.rstrip(" \"'“”(*->#")
    return words[-1].strip("\"'“”‘’(,:-").lower() if words else "", not said or said[-1] in ".!?:\n\r\t|"


def weight(text: str, name: Sequence[Word]) -> float:
    """How much speaks for a name of two words or more; three are enough."""
    parts = [word for word in name if not word.initial]
    if not parts:
        return 0.0
    first, last = parts[0], parts[-1]
    total = _build(name, parts)
    if total < _MOST:
        return total
    ahead, begins = front(text, name[0].start)
    total += 2.0 * (ahead in ROLES) + 0.5 * (not begins) + _follows(text, name[-1].end) + _ahead(ahead)
    if first.folded in _HEADS or (first.flags & OTHER and last.flags & OTHER):
        total -= 3.0
    return total - 3.0 * (last.flags & TAIL > 0 and not (first.flags & GIVEN and first.clean and last.flags & FAMILY))


_MOST = -1.0
"""Where the words by themselves say less, nothing around them makes a name of them."""


def _build(name: Sequence[Word], parts: Sequence[Word]) -> float:
    """How much the words by themselves are made as a name."""
    first, last = parts[0], parts[-1]
    if len(parts) > 1:
        total = _first(first) + _last(last) + (2.0 if len(parts) < len(name) else 0.0)
    elif name[0].initial:
        total = 1.5 + _last(last) + (len(name) > 2 or name[0].folded.count(".") > 1)
    else:
        total = 2.0 + _first(first)
    return total - 1.5 * (len(parts) > 3) - 1.0 * any(word.capitals for word in parts)


def _follows(text: str, end: int) -> float:
    """What the words behind a name add: an age, or what only people do."""
    if text[end : end + 2] in (", ", " (") and text[end + 2 : end + 4].isdigit() and text[end + 4 : end + 5] in ",.) ":
        return 1.5
    return 1.0 * (after(text, end) in _SPEECH)


def _ahead(word: str) -> float:
    """What stands in front of no person: a number, as before a street; "the"; "in", as before a place; "Roe v."."""
    if word[-1:].isdigit() or word in ("v.", "vs."):
        return -2.0
    return -1.5 if word in _ARTICLES else -0.75 if word in _PLACES else 0.0


_ARTICLES = frozenset(("the", "der", "die", "das", "la", "el"))
_PLACES = frozenset(("in", "at", "near"))


def _first(word: Word) -> float:
    if word.flags & GIVEN:
        return 3.0 if word.clean else 1.5
    if word.flags & GIVEN_RARE:
        return 2.0 if word.clean else 0.5
    if word.flags & (FAMILY | FAMILY_RARE):
        return 1.0 if word.clean and word.flags & FAMILY else 0.5 * word.clean
    return 0.5 * (_wordlike(word) + word.folded.endswith(SUFFIXES))


def _last(word: Word) -> float:
    if word.flags & FAMILY:
        return 2.0 if word.clean else 1.0
    if word.flags & FAMILY_RARE:
        return 1.5 * word.clean
    if word.flags & (GIVEN | GIVEN_RARE):
        return 1.5 * word.clean
    if not _wordlike(word):
        return -1.0
    return 1.5 if word.folded.endswith(SUFFIXES) else 0.5


def _wordlike(word: Word) -> bool:
    """Could be somebody's name for all its letters."""
    return len(word.folded) > 2 and word.folded.replace("-", "").replace("'", "").isalpha() and not word.capitals


def weight_alone(text: str, word: Word) -> float:
    """How much speaks for a name of one word; two are enough."""
    if len(word.folded) < 4 and word.folded not in _SHORT:
        return 0.0
    if word.flags & GIVEN:
        total = 2.0
    elif word.flags & (GIVEN_RARE | FAMILY):
        total = 0.5
    else:
        total = 0.25 * (word.folded.endswith(SUFFIXES))
    total -= 2.0 * (not word.clean) + 2.0 * word.capitals
    if total < -1.0:
        return total
    ahead, behind = front(text, word.start)[0], after(text, word.end)
    total += 1.5 * (ahead in ROLES) + 0.75 * (ahead in _BEFORE) + 0.5 * (behind in _AFTER) + 1.0 * (behind in _SPEECH)
    return total + _ahead(ahead) + 0.25 * (text[word.end : word.end + 2] in ("'s", "’s"))
