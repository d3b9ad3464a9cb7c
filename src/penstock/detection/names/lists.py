"""Which words are names, and what else they are: read once, when somebody first looks for people.

Words are compared in small letters without marks (``folded``), since lists and people differ in them. What each list
is and where it comes from stands at its head.
"""

import functools
import tomllib
import unicodedata
from importlib import resources

GIVEN, GIVEN_RARE, FAMILY, FAMILY_RARE, WORD, OTHER, TAIL, OPENING = (1 << place for place in range(8))
"""What a word is: a name that many or few bear; a word of ordinary English; a place, people, month, program or firm;
what makes a place or a firm of the words before it; what begins a sentence."""

ANY_GIVEN = GIVEN | GIVEN_RARE
ANY_FAMILY = FAMILY | FAMILY_RARE
ANY_NAME = ANY_GIVEN | ANY_FAMILY
NOT_NAMES = WORD | OTHER | TAIL | OPENING

_PLAIN = {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i", "’": "'"}


class _Marks(dict[int, str]):
    """What each letter is without its marks, worked out when first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        plain = _PLAIN.get(letter) or unicodedata.normalize("NFKD", letter)
        self[code] = plain = "".join(part for part in plain if not unicodedata.combining(part))
        return plain


_MARKS = _Marks()


def folded(word: str) -> str:
    """A word as the lists have it."""
    small = word.lower()
    return small if small.isascii() else small.translate(_MARKS)


@functools.cache
def table() -> dict[str, int]:
    """What each word of the lists is."""
    world, american, words, nobody, around = map(read, ("world", "american", "words", "nobody", "around"))
    flags: dict[str, int] = dict.fromkeys(words["words"].split(), WORD)
    for flag, listed in (
        (GIVEN_RARE, american["given_rare"]),
        (FAMILY_RARE, american["family_rare"]),
        (FAMILY, american["family"]),
        (GIVEN, american["given"]),
        (FAMILY, world["family"]),
        (GIVEN, world["given"]),
        (WORD, words["names"]),
        (WORD, around["roles"]),
        (OTHER, nobody["others"]),
        (OTHER, nobody["things"]),
        (TAIL, nobody["tails"]),
        (OPENING, nobody["openings"]),
    ):
        fresh = dict.fromkeys(listed.split(), flag)
        for word in fresh.keys() & flags.keys():
            fresh[word] |= flags[word]
        flags.update(fresh)
    return flags


@functools.cache
def ordinary_words() -> frozenset[str]:
    """Words that are no names, as they stand where a sentence begins: most words with a capital are such."""
    return frozenset(word.capitalize() for word, flag in table().items() if flag & NOT_NAMES and word.isalpha())


def read(name: str) -> dict[str, str]:
    """The lists of one file, by their names; words stand between blanks."""
    path = resources.files("penstock.detection.names") / f"{name}.toml"
    lists: dict[str, str] = tomllib.loads(path.read_text("utf-8"))
    return lists
