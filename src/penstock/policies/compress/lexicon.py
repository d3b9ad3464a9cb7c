"""Which signs of ``signals.toml`` stand in a text, and where. Decides nothing: ``detect.py`` does.

One pass over the words of a bounded text, with a look-up in a table for each: the time grows with the number of words
and with nothing else, whatever they are. Words are looked up in one language, the likeliest, and in English beside it.
"""

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files

import msgspec

STEM = 4
"""Letters of a stem by which it is found; none is shorter."""

_NO_SIGNS = ("common", "numbers")

PLACES = 48
"""Places that are kept of one group: whoever repeats a word all over gets no more attention for it."""

# Scripts without gaps between words; of these, Chinese and Japanese have lists.
_CJK = re.compile("[\u3400-\u9fff\uf900-\ufaff]+")
_KANA = re.compile("[\u3040-\u30ff]+")
GAPLESS_LETTERS = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
# Greek, Armenian … Thai, Georgian, Ethiopic …, Hangul: scripts in which none of the languages with lists is
# written. Greek letters stand in formulas too, so only what a formula does not hold (accents, final sigma) counts.
_FOREIGN = re.compile("[ά-ώς\u0530-\u1cff\u1f00-\u1fff\uac00-\ud7af]+")
TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.!?:;。！？…\n]")
BREAKS = frozenset(".!?:;。！？…\n")

SHORT = 40
"""Words up to which stems are asked for the language too: in longer texts the common words are enough."""

SPACED = ("en", "de", "fr", "es", "pt", "it", "ru")
"""Languages whose words have gaps between them, in the order that decides a draw."""
GAPLESS = ("zh", "ja")
"""Languages in which signs are found anywhere; their places count letters, not words."""


class Sign(msgspec.Struct, frozen=True, gc=False):
    """One sign. It is looked up by its longest word, the rarest as a rule; the others must stand around it."""

    group: str
    text: str
    stem: str = ""
    """What the word begins with by which it is looked up; empty where that is the whole word."""
    around: tuple[tuple[int, str], ...] = ()
    """The other words, each with how far off it stands."""
    first: int = 0
    """How far off the sign begins."""


class Table(msgspec.Struct, frozen=True):
    """The signs of some languages, by what is looked up."""

    words: Mapping[str, tuple[Sign, ...]]
    stems: Mapping[str, tuple[Sign, ...]]
    numbers: frozenset[str]


class FoundSigns(msgspec.Struct):
    """What stands in a text."""

    tokens: list[str]
    language: str
    """A language with a list of its own, or empty."""
    places: dict[str, list[int]]
    """By group, where signs of it stand, in order."""
    kinds: dict[str, set[str]]
    """By group, which signs: what is repeated counts once."""
    starts: list[int]
    """Where sentences begin."""

    def at(self, group: str) -> list[int]:
        """Where signs of a group stand."""
        return self.places.get(group, [])

    def many(self, group: str) -> int:
        """How many different signs of a group there are."""
        return len(self.kinds.get(group, ()))


@functools.cache
def lists() -> dict[str, dict[str, tuple[str, ...]]]:
    """The data file: by language, by group."""
    raw = files("penstock.policies.compress").joinpath("signals.toml").read_bytes()
    data = msgspec.toml.decode(raw, type=dict[str, dict[str, str]])
    return {language: {group: _entries(text) for group, text in groups.items()} for language, groups in data.items()}


def _entries(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(" ".join(entry.split()).lower() for entry in text.split(",") if entry.strip()))


def prepare() -> None:
    """Builds the tables that most texts ask for, so that no request waits for them; the others are built when first
    asked for, which takes some hundredths of a second."""
    _table("any", "en")
    _evidence()


@functools.cache
def _table(*languages: str) -> Table:
    words: dict[str, list[Sign]] = {}
    stems: dict[str, list[Sign]] = {}
    for language in languages:
        for key, sign in _signs(language):
            (stems if sign.stem else words).setdefault(key, []).append(sign)
    return Table(
        words={key: tuple(entries) for key, entries in words.items()},
        stems={key: tuple(entries) for key, entries in stems.items()},
        numbers=frozenset(number for language in languages for number in lists()[language].get("numbers", ())),
    )


@functools.cache
def _signs(language: str) -> tuple[tuple[str, Sign], ...]:
    """The entries of a language, each with what it is looked up by. Tables share them."""
    groups = lists()[language]
    return tuple(_sign(group, text) for group in groups if group not in _NO_SIGNS for text in groups[group])


def _sign(group: str, text: str) -> tuple[str, Sign]:
    parts = text.split()
    at = max(range(len(parts)), key=lambda place: (len(parts[place].rstrip("*")), -place))
    around = tuple((place - at, part) for place, part in enumerate(parts) if place != at)
    head = parts[at]
    if not head.endswith("*"):
        return head, Sign(group, text, "", around, -at)
    if len(head) <= STEM:
        raise ValueError(f"{text}: a stem has at least {STEM} letters")
    return head[:STEM], Sign(group, text, head[:-1], around, -at)


@functools.cache
def _marks(script: str) -> tuple[tuple[str, str, frozenset[str]], ...]:
    return tuple((group, mark, frozenset(mark)) for group, marks in lists()[script].items() for mark in marks)


@functools.cache
def _evidence() -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[tuple[str, str], ...]]]:
    """Which languages a word speaks for, and which a stem."""
    words: dict[str, list[str]] = {}
    stems: dict[str, list[tuple[str, str]]] = {}
    for language in SPACED:
        groups = lists()[language]
        # "Explain photosynthesis" has no other word that shows its language.
        for entry in dict.fromkeys(groups["common"] + groups["asking"] + groups["explain"] + groups["produce"]):
            if entry.endswith("*") and " " not in entry:
                stems.setdefault(entry[:STEM], []).append((entry[:-1], language))
            elif " " not in entry:
                words.setdefault(entry, []).append(language)
    return {word: tuple(known) for word, known in words.items()}, {key: tuple(each) for key, each in stems.items()}


def find(text: str) -> FoundSigns:
    """All signs in a text. Its length is the caller's to bound."""
    text = text.lower().replace("’", "'")
    script = _script(text)
    tokens = TOKEN.findall(GAPLESS_LETTERS.sub(" ", text) if script else text)
    language, tables = (script, ("any", "en")) if script else _language(tokens)
    found = FoundSigns(tokens, language, {}, {}, [])
    _look_up(found, _table(*tables))
    if script:
        _look_in(found, text, _marks(script))
    if not language and not text.isascii():
        _look_in(found, text, _marks("signs"))
    return found


def _script(text: str) -> str:
    """Chinese or Japanese, where a fifth of the letters that are no ASCII and no code are written so."""
    if text.isascii():
        return ""
    signs, kana = "".join(_CJK.findall(text)), "".join(_KANA.findall(text))
    here, foreign = len(signs) + len(kana), len("".join(_FOREIGN.findall(text)))
    # A pasted program or table leaves few signs; the question about it is still in that language.
    if here < 8 if here * 5 < len(text) else not here:
        return ""
    if foreign > here:
        return ""
    return "ja" if len(kana) * 10 > here else "zh"


def _language(tokens: list[str]) -> tuple[str, tuple[str, ...]]:
    """The likeliest language, and the lists to look words up in."""
    counts = dict.fromkeys(SPACED, 0)
    words, foreign, known = _evidence()[0], 0, 0
    for token in tokens:
        if token in words:
            known += 1
            for language in words[token]:
                counts[language] += 1
        elif not token.isascii() and _FOREIGN.search(token):
            foreign += 1
    if len(tokens) < SHORT:
        for language in _stems_say(tokens):
            counts[language] += 1
    best = max(SPACED, key=counts.__getitem__)
    if foreign > known or not counts[best]:
        return "", ("any", "en")
    if best == "en":
        return best, ("any", "en")
    # German "was" and "die" are no English; two words that are nothing else make a text of two languages.
    english = {token for token in tokens if words.get(token) == ("en",)}
    return best, ("any", best, "en") if len(english) > 1 else ("any", best)


def _stems_say(tokens: list[str]) -> Iterator[str]:
    stems = _evidence()[1]
    for token in tokens:
        yield from {language for stem, language in stems.get(token[:STEM], ()) if token.startswith(stem)}


def _look_up(found: FoundSigns, table: Table) -> None:
    tokens, words, stems, numbers = found.tokens, table.words, table.stems, table.numbers
    fresh = True
    for at, token in enumerate(tokens):
        if token in BREAKS:
            fresh = True
            continue
        if fresh:
            found.starts.append(at)
            fresh = False
        for sign in words.get(token, ()):
            if not sign.around or _stands(tokens, at, sign, numbers):
                _note(found, sign, at)
        for sign in stems.get(token[:STEM], ()):
            if token.startswith(sign.stem) and _stands(tokens, at, sign, numbers):
                _note(found, sign, at)


def _stands(tokens: list[str], at: int, sign: Sign, numbers: frozenset[str]) -> bool:
    """Whether the other words of a sign stand around the one that was found."""
    last = len(tokens)
    for off, want in sign.around:
        place = at + off
        if not 0 <= place < last or (want != tokens[place] and not _fits(numbers, want, tokens[place])):
            return False
    return True


def _fits(numbers: frozenset[str], want: str, token: str) -> bool:
    if want == "_":
        return token not in BREAKS
    if want == "#":
        return token in numbers or token[0].isdigit()
    return want[-1] == "*" and token.startswith(want[:-1])


def _note(found: FoundSigns, sign: Sign, at: int) -> None:
    places = found.places.setdefault(sign.group, [])
    if len(places) < PLACES:
        places.append(at + sign.first)
    found.kinds.setdefault(sign.group, set()).add(sign.text)


def _look_in(found: FoundSigns, text: str, marks: Iterable[tuple[str, str, frozenset[str]]]) -> None:
    """Signs of scripts without gaps: anywhere in the text, with the place in letters."""
    letters = set(text)
    for group, mark, needs in marks:
        if needs <= letters and (at := text.find(mark)) >= 0:
            found.places.setdefault(group, []).append(at)
            found.kinds.setdefault(group, set()).add(mark)
