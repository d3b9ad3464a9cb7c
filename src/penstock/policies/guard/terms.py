"""Lists of words and phrases, searched for all at once: Aho-Corasick over the folded text, whole words only.

Each word of text and terms stands between two marks, so that nothing but whole words can be met, and the time is linear
in the text whatever text and list are. Scripts that are written without spaces have no whole words to look for: each of
their letters counts as one.
"""

import functools
import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from penstock.detection.normalising import view_of
from penstock.policies.guard.folding import Folded, folded

Span = tuple[int, int]

_MARK = "\0"
_BETWEEN = f"{_MARK}\\g<0>{_MARK}"
# Thai, Lao, Myanmar, Khmer, Kana, Han; Hangul too, whose words end in particles.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


class CompiledTerms:
    """A compiled list."""

    def __init__(self, words: tuple[str, ...], harmless: tuple[str, ...]) -> None:
        # Loaded with the first list, so that nobody else pays for it.
        from ahocorasick_rs import AhoCorasick  # noqa: PLC0415

        sought = dict.fromkeys(filter(None, map(_plain, words)))
        allowed = dict.fromkeys(filter(None, map(_plain, harmless)))
        self._sought = len(sought)
        self._letters: Any = AhoCorasick(sought)
        self._words: Any = AhoCorasick([_marked(term) for term in (*sought, *allowed)])
        self.longest = max(map(len, sought), default=0)
        self._begun = frozenset(term[:length] for term in sought for length in range(1, len(term) + 1))

    def find(self, text: str) -> Sequence[Span]:
        """Where terms stand in the text, in order; where two overlap, as one."""
        # Percent signs, entities and escapes are seen through.
        seen = view_of(text)
        if seen is None:
            return self._find(text)
        return joined([(seen.start(start), seen.end(end)) for start, end in self._find(seen.text)])

    def _find(self, text: str) -> Sequence[Span]:
        # Most texts do not even hold a term's letters.
        if not self._letters.find_matches_as_indexes(folded(text)):
            return ()
        view = Folded(text)
        marked = _marked(view.text)
        met: list[Span] = []
        harmless: list[Span] = []
        for number, start, end in self._words.find_matches_as_indexes(marked, overlapping=True):
            (met if number < self._sought else harmless).append((start, end))
        if harmless:
            met = _outside(met, joined(harmless))
        return [view.span(*one) for one in _without_marks(marked, joined(met))]

    def begins_at_end(self, text: str) -> bool:
        """Whether the text may end in the beginning of a term, or in a whole one whose word may go on."""
        tail = Folded(text[-2 * self.longest - 8 :]).text
        return any(tail[-length:] in self._begun for length in range(1, min(self.longest, len(tail)) + 1))


@functools.lru_cache(maxsize=256)
def terms(words: tuple[str, ...], harmless: tuple[str, ...]) -> CompiledTerms:
    """The list, compiled once. ``harmless``: words and phrases inside of which a term does not count."""
    return CompiledTerms(words, harmless)


def joined(spans: Sequence[Span]) -> list[Span]:
    """The spans in order, those that overlap made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def _plain(term: str) -> str:
    return Folded(term).text.strip()


def _marked(text: str) -> str:
    return _WORD.sub(_BETWEEN, text.replace(_MARK, " "))


def _outside(spans: Sequence[Span], around: Sequence[Span]) -> list[Span]:
    """The spans that lie in none of those; these are in order and apart."""
    starts = [start for start, _ in around]
    return [one for one in spans if not _lies_in(one, around, bisect_right(starts, one[0]) - 1)]


def _lies_in(span: Span, around: Sequence[Span], place: int) -> bool:
    return place >= 0 and span[1] <= around[place][1]


def _without_marks(marked: str, spans: Sequence[Span]) -> list[Span]:
    """The same places in the text without marks; spans in order."""
    found, place, marks = [], 0, 0
    for start, end in spans:
        marks += marked.count(_MARK, place, start)
        inner = marked.count(_MARK, start, end)
        found.append((start - marks, end - marks - inner))
        marks, place = marks + inner, end
    return found
