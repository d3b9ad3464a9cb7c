"""How random a value looks: its entropy, and how often it changes between capitals, small letters, digits and marks.

Names and paths are read by people, and so keep to one class of letters for a whole word; random text changes class at
every second letter. All take time linear in the value.
"""

import math
import re
from collections import Counter

_VOWELS = frozenset("aeiouyAEIOUY")
_MARKS = frozenset("!@#$%^&*+=?~|<>(){}[];,\"'`\\€£§")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

RANDOM_CHANGES = 0.22
"""Changes of class for each letter, at least, in what looks random. Identifiers of English words have about 0.15,
random base62 about 0.6, random hexadecimal about 0.45."""


def entropy(value: str) -> float:
    """Shannon's, in bits a character."""
    size = len(value)
    if not size:
        return 0.0
    return -sum(count / size * math.log2(count / size) for count in Counter(value).values())


def is_random(value: str) -> bool:
    """Whether it looks made by a machine, to be kept: neither words nor a number nor a path."""
    if len(value) < 8 or sum(map(str.isalpha, value)) < 3:
        return False
    least = RANDOM_CHANGES if has_letter_and_digit(value) else 2 * RANDOM_CHANGES
    return _changes(value) >= least and not _mostly_words(value)


def has_letter_and_digit(value: str) -> bool:
    """Whether both stand in it."""
    return any(map(str.isalpha, value)) and any(map(str.isdigit, value))


def is_password(value: str) -> bool:
    """Whether it looks chosen as a password: not only letters, or letters that make no words."""
    letters = sum(map(str.isalpha, value))
    marks = sum(each in _MARKS for each in value)
    digits = sum(map(str.isdigit, value))
    if letters and (marks or digits):
        return True
    if letters:
        return is_gibberish(value)
    return digits >= 4 and marks > 0


def is_gibberish(value: str) -> bool:
    """Whether letters alone make no words: capitals at every second letter, or hardly a vowel."""
    letters = [each for each in value if each.isascii() and each.isalpha()]
    if len(letters) < 8:
        return False
    if len(letters) < 3 * len(_WORDS.findall(value)):
        return True
    vowels = sum(each in _VOWELS for each in letters) / len(letters)
    return vowels < 0.14 and _longest_consonants(value) >= 5 and not value.isupper()


def _changes(value: str) -> float:
    """Changes of class between neighbours, for each letter. A capital that begins a word is no change."""
    changes = 0
    last = ""
    for each in value:
        kind = "d" if each.isdigit() else "u" if each.isupper() else "l" if each.islower() else "m"
        changes += last not in {kind, ""} and not (last == "u" and kind == "l")
        last = kind
    return changes / len(value)


def _mostly_words(value: str) -> bool:
    """Whether words of at least four letters, with vowels as words have them, make up most of it."""
    words = [word for word in _WORDS.findall(value) if len(word) >= 4 and _pronounceable(word)]
    return sum(map(len, words)) * 5 >= len(value) * 3


def _pronounceable(word: str) -> bool:
    vowels = sum(each in _VOWELS for each in word) / len(word)
    return 0.2 <= vowels <= 0.7 and _longest_consonants(word) <= 4


def _longest_consonants(value: str) -> int:
    longest = current = 0
    for each in value:
        current = current + 1 if each.isalpha() and each not in _VOWELS else 0
        longest = max(longest, current)
    return longest
