"""What a text says once its encodings are seen through, and where each letter of that stood.

Joe's address may be written ``joe%40corp.de``, ``joe\u0040corp.de``, with full-width digits or with letters that nobody
sees. The view holds the plain words; a finding in it is told in places of the text as it was given, escapes included.
A text in which nothing is to be seen through has no view and costs a few searches for single characters.
"""

import functools
import html
import quopri
import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from urllib.parse import unquote

import msgspec

from penstock.core.finding import Pause, paced, unhurried

ROUNDS = 3
"""How often what was seen through is looked at again: JSON in a string in JSON, percent signs that were encoded too."""

SLICE = 65_536
"""Letters that are gone through at a time: nobody else's thread goes on meanwhile."""

AROUND, LINE = 120, 4000
"""Letters on each side of an encoding that are read with it, and how far the ends of a line are looked for."""

_UNSEEN = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
_UNSEEN += "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"
_LETTER = re.compile(f"[{_UNSEEN}]+|(?s:.)")
_MARKS = "\u0300-\u036f"
_MARK_LETTERS = frozenset(map(chr, range(0x300, 0x370)))
_MARKED = re.compile(f"[{_MARKS}]+")
_UNSEEN_LETTERS = re.compile(f"[{_UNSEEN}]+")
_TAGS = {0xE0000 + code: code for code in range(0x20, 0x7F)}
_RUN = "{0,4095}"
"""Escapes that are read at once, besides those that end a letter begun."""
_PERCENT = re.compile(f"%[0-9A-Fa-f]{{2}}(?:%[0-9A-Fa-f]{{2}}){_RUN}(?:%[89ABab][0-9A-Fa-f]){{0,3}}")
_ESCAPE = re.compile(  # Each begins with the one letter that tells it, which makes for a fast search.
    rf"\\(?:u00[0-7][0-9A-Fa-f](?:\\u00[0-7][0-9A-Fa-f]){_RUN}"
    rf"|u[0-9A-Fa-f]{{4}}(?:\\u[0-9A-Fa-f]{{4}}){_RUN}(?:\\u[dD][c-fC-F][0-9A-Fa-f]{{2}})?"
    rf"|x[0-7][0-9A-Fa-f](?:\\x[0-7][0-9A-Fa-f]){_RUN}|[nrtbf\"'/\\@](?:\\[nrtbf\"'/\\@]){_RUN})"
)
_ENTITY = re.compile("&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});")
_QUOTED = re.compile("=(?:[0-9A-F]{2}(?:=[0-9A-F]{2})*|\r?\n)")
_QUOTED_SIGN = re.compile("=(?:40[A-Za-z0-9.-]{1,64}=2E|3D.{1,80}=\r?\n)")
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


class View(msgspec.Struct, frozen=True):
    """A text seen through. Stretch by stretch: where it begins here and there, and how many letters there stand for one
    here, 0 where the stretch is one whole."""

    text: str
    here: "array[int]"
    there: "array[int]"
    strides: "array[int]"
    under: "View | None"
    """What ``there`` means places of; None for the original."""

    def windows(self, pause: Pause = unhurried) -> list[tuple[int, int]]:
        """The parts of the view that say something else than the original, with the lines that they stand in: elsewhere
        there is nothing that is not found in the original too. All of it where it was seen through more than once."""
        windows: list[tuple[int, int]] = []
        if self.under is not None:
            return [(0, len(self.text))]
        ended = -1
        for place in paced(self.here[0 if self.there[0] or self.strides[0] != 1 else 1 : -1], pause):
            if place + AROUND <= ended:
                continue
            start = self.text.rfind("\n", max(0, place - LINE), max(0, place - AROUND))
            start = start + 1 if start >= 0 else max(0, place - LINE)
            found = self.text.find("\n", place + AROUND, place + LINE)
            begun, ended = start, found if found >= 0 else min(len(self.text), place + LINE)
            if windows and begun <= windows[-1][1]:
                begun, _ = windows.pop()
            windows.append((begun, ended))
        return windows

    def start(self, place: int) -> int:
        """Where in the original the letter at this place begins."""
        index = bisect_right(self.here, place) - 1
        found = self.there[index] + (place - self.here[index]) * self.strides[index]
        return self.under.start(found) if self.under else found

    def end(self, place: int) -> int:
        """Where in the original the letter before this place ends."""
        index = bisect_right(self.here, place - 1) - 1
        found = self.there[index] + (place - self.here[index]) * self.strides[index]
        if not self.strides[index]:
            found = self.there[index + 1]
        return self.under.end(found) if self.under else found


def view_of(text: str, pause: Pause = unhurried) -> View | None:
    """The text seen through, None where that is the text itself."""
    view: View | None = None
    now, strange = text, foreign(text)
    for _ in range(ROUNDS):
        before = view
        for reader in _READERS:
            pieces = reader(now, strange)
            if pieces is not None and (seen := _seen(now, paced(pieces, pause), view)):
                view, now, strange = seen, seen.text, foreign(seen.text)
        if view is before:
            break
    return view


_Piece = tuple[int, int, str, int]
"""From, to, what it says, and how many of its letters stand for one of what it says; 0 for no even number."""


def _seen(text: str, pieces: Iterator[_Piece], under: View | None) -> View | None:
    """A text with these pieces seen through, None where there are none."""
    said: list[str] = []
    here, there, strides = array("q"), array("q"), array("q")
    place = done = 0
    for start, end, words, stride in pieces:
        for begun, letters, step in ((done, text[done:start], 1), (start, words, stride)):
            if letters:
                here.append(place)
                there.append(begun)
                strides.append(step)
                said.append(letters)
                place += len(letters)
        done = end
    if not done:
        return None
    for begun, letters, step in ((done, text[done:], 1), (len(text), "", 0)):
        here.append(place)
        there.append(begun)
        strides.append(step)
        said.append(letters)
        place += len(letters)
    return View("".join(said), here, there, strides, under)


_ASCII = bytes(range(128))


def foreign(text: str) -> AbstractSet[str]:
    """The letters of a text beyond ASCII. Bytes are told apart at a tenth of what letters take."""
    if text.isascii():
        return _NONE
    letters: set[str] = set()
    left = text.encode("utf-8", "replace").translate(None, _ASCII).decode()
    for begun in range(0, len(left), SLICE):
        letters.update(left[begun : begun + SLICE])
    return letters


_NONE: frozenset[str] = frozenset()


class _Strange(dict[str, bool]):
    """Letter by letter, whether it looks otherwise than what it says, or is not seen; grows as letters are met, up to a
    bound."""

    MOST = 20_000

    def __missing__(self, letter: str) -> bool:
        strange = not unicodedata.is_normalized("NFKC", letter) or _UNSEEN_LETTERS.match(letter) is not None
        if len(self) < self.MOST:
            self[letter] = strange
        return strange


_STRANGE = _Strange()


class _Plain(dict[int, str]):
    """Letter by letter, what is compatible with it; grows as letters are met, up to a bound."""

    MOST = 20_000

    def __missing__(self, code: int) -> str:
        said = unicodedata.normalize("NFKC", chr(_TAGS.get(code, code)))
        if _UNSEEN_LETTERS.match(said) or len(said) != 1:
            said = ""
        if len(self) < self.MOST:
            self[code] = said
        return said

    def evenly(self, shown: str) -> str:
        """What letters say where each says one letter, nothing elsewhere."""
        said = shown.translate(self)
        return said if len(said) == len(shown) else ""


_PLAIN = _Plain()


def _letters(text: str, among: AbstractSet[str]) -> Iterator[_Piece] | None:
    """Letters that look otherwise, or that nobody sees."""
    strangers = "".join(sorted([letter for letter in among if _STRANGE[letter]]))
    return _read_letters(text, _runs_of(strangers)) if strangers else None


@functools.lru_cache(maxsize=64)
def _runs_of(letters: str) -> re.Pattern[str]:
    return re.compile(f"[{re.escape(letters)}]{{1,{SLICE}}}")


def _read_letters(text: str, strangers: re.Pattern[str]) -> Iterator[_Piece]:
    for run in strangers.finditer(text):
        if plain := _PLAIN.evenly(run[0]):
            yield run.start(), run.end(), plain, 1
            continue
        for letter in _LETTER.finditer(text, run.start(), run.end()):
            plain = unicodedata.normalize("NFKC", _UNSEEN_LETTERS.sub("", letter[0].translate(_TAGS)))
            if plain != letter[0]:
                yield letter.start(), letter.end(), plain, 1 if len(plain) == len(letter[0]) else 0


def _marks(text: str, among: AbstractSet[str]) -> Iterator[_Piece] | None:
    """Marks that stand apart from their letters."""
    return None if _MARK_LETTERS.isdisjoint(among) else _read_marks(text)


def _read_marks(text: str) -> Iterator[_Piece]:
    for marks in _MARKED.finditer(text):
        start, end = max(0, marks.start() - 1), marks.end()
        plain = unicodedata.normalize("NFKC", text[start:end])
        if marks.start() and plain != text[start:end]:
            yield start, end, plain, 0


def _pieces(text: str, pattern: re.Pattern[str], say: Callable[[str], tuple[str, int]]) -> Iterator[_Piece]:
    for match in pattern.finditer(text):
        words, stride = say(match[0])
        if words != match[0]:
            yield match.start(), match.end(), words, stride if len(words) * stride == len(match[0]) else 0


def _escape(shown: str) -> tuple[str, int]:
    if shown[1] == "x":
        return bytes.fromhex(shown.replace("\\x", "")).decode("ascii"), 4
    if shown[1] == "u":
        return bytes.fromhex(shown.replace("\\u", "")).decode("utf-16-be", "replace"), 6
    return "".join([_SHORT.get(letter, letter) for letter in shown[1::2]]), 2


def _percent(shown: str) -> tuple[str, int]:
    return unquote(shown, errors="replace"), 3


def _entity(shown: str) -> tuple[str, int]:
    return html.unescape(shown), 0


def _quoted(shown: str) -> tuple[str, int]:
    return quopri.decodestring(shown.encode()).decode("utf-8", "replace"), 3


def _written(
    pattern: re.Pattern[str], say: Callable[[str], tuple[str, int]], sign: Callable[[str], object]
) -> "_Reader":
    """A reader of one way to write letters; ``sign`` tells at little cost that there may be some."""
    return lambda text, _: _pieces(text, pattern, say) if sign(text) else None


_Reader = Callable[[str, AbstractSet[str]], Iterator[_Piece] | None]
_READERS: tuple[_Reader, ...] = (
    _marks,
    _letters,
    _written(_ESCAPE, _escape, lambda text: "\\" in text),
    _written(_PERCENT, _percent, lambda text: "%" in text),
    _written(_ENTITY, _entity, lambda text: "&" in text and ";" in text),
    _written(_QUOTED, _quoted, lambda text: ("=40" in text or "=3D" in text) and _QUOTED_SIGN.search(text)),
)
"""Who sees through what; None of those who find nothing. Each is given the letters beyond ASCII too."""
