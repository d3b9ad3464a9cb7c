"""Operators' patterns: what is found, what is refused and in which words, and that no text makes one slow."""

import subprocess
import sys
import time
from itertools import pairwise

import pytest

from penstock.core.pattern import INSTRUCTIONS, PatternError, compiled

LETTERS = 2801
"""As many as are ever searched in a user's message."""

FOUND = [
    ("invoice", "An invoice.", True),
    ("invoice", "An Invoice.", False),
    ("(?i)invoice", "An INVOICE.", True),
    (r"(?i)\bстоит\b", "Сколько СТОИТ билет?", False),
    (r"(?i)стоит", "Сколько СТОИТ билет?", True),
    (r"\p{Han}", "彩虹", True),
    ("^claude-haiku", "claude-haiku-4-5", True),
    ("^b", "a\nb", False),
    ("(?m)^b", "a\nb", True),
    ("a.b", "a\nb", False),
    ("(?s)a.b", "a\nb", True),
    (".", "", False),
    ("b", "\ud83d b", True),
    ("é", "caf\u00e9", True),
]


@pytest.mark.parametrize(("pattern", "text", "found"), FOUND)
def test_a_pattern_is_found_where_it_stands(pattern: str, text: str, found: bool) -> None:
    """Anywhere in the text, in any script, and with half a surrogate pair beside it."""
    assert (compiled(pattern).search(text) is not None) is found


UNSUPPORTED = "lookaround, backreferences and possessive or atomic parts are not supported"
REFUSED = [
    ("a(?=b)", "RE2 says invalid perl operator: (?=", UNSUPPORTED),
    ("(?<!a)b", "RE2 says invalid perl operator: (?<", UNSUPPORTED),
    (r"(a)\1", r"RE2 says invalid escape sequence: \1", UNSUPPORTED),
    ("(?>a)b", "RE2 says invalid perl operator: (?>", UNSUPPORTED),
    ("a++", "RE2 says bad repetition operator: ++", UNSUPPORTED),
    ("[a", "RE2 says missing ]: [a", "the syntax is RE2's"),
    ("(a", "RE2 says missing ): (a", "the syntax is RE2's"),
    ("*haiku*", "RE2 says no argument for repetition operator: *", "write .* for any text"),
    ("a{1001}", "RE2 says invalid repetition size: {1001}", "at most 1000"),
    (r"\pL{1000}", "RE2 says pattern too large", "repeat less"),
    (".{900}", f"instructions, more than {INSTRUCTIONS}", "repeat less"),
    ("\ud83d", "half of a surrogate pair", "write the whole letter"),
]


@pytest.mark.parametrize(
    ("pattern", "words", "advice"), REFUSED, ids=[row[0][:12].encode("ascii", "replace").decode() for row in REFUSED]
)
def test_what_is_no_pattern_is_refused(
    pattern: str, words: str, advice: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """In RE2's own words and with what to do; RE2 itself prints nothing."""
    with pytest.raises(PatternError) as caught:
        compiled(pattern)
    assert words in caught.value.words
    assert advice in caught.value.advice
    assert capfd.readouterr() == ("", "")


HOSTILE = ["(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}b", "(x+x+)+y", "(a?){300}a{300}", "(.*)(.*)(.*)(.*)(.*)[^a]b"]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_no_text_makes_a_pattern_slow(pattern: str) -> None:
    """Patterns that take engines with backtracking longer than anyone waits: within half a second of CPU."""
    found = compiled(pattern)
    began = time.process_time()
    for letter in ("a", "x", "ж"):
        found.search(letter * (LETTERS - 1) + "!")
    assert time.process_time() - began < 0.5


@pytest.mark.slow
def test_the_engine_is_loaded_by_the_first_pattern() -> None:
    """Whoever has none pays nothing for it: neither the path nor the check of a configuration loads it."""
    program = """
import sys
import penstock.app, penstock.config
from penstock.core.pattern import compiled
assert "re2" not in sys.modules
compiled("a")
assert "re2" in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_where_the_engine_is_missing_that_is_said() -> None:
    """On a platform for which there is none: a pattern is a mistake then, and all else goes on."""
    program = """
import sys
sys.modules["re2"] = None
from penstock.core.pattern import PatternError, compiled
try:
    compiled("a")
except PatternError as error:
    print(error.words, error.advice, sep="; ")
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, timeout=120, capture_output=True, text=True)
    assert done.stdout == "the package google-re2 is not installed; install it, or remove the pattern\n"


PLACES = [
    (r"\d+", "a12b345", ["12", "345"]),
    ("x*", "axxa", ["xx"]),
    ("é+", "caféé é", ["éé", "é"]),
    (r"(?s)b.*", "a" * 3000 + "b" * 9000, ["b" * 9000]),
    (r"no\. (\w{3})(x)?", "no. abc, no. defx", ["abc", "def"]),
    (r"a(b)?c", "ac abc", ["ac", "b"]),
    (r"\bend$", "the end" + " " * 5000 + "end", ["end"]),
]


@pytest.mark.parametrize(("pattern", "text", "values"), PLACES, ids=[row[0] for row in PLACES])
def test_places_are_told_in_order(pattern: str, text: str, values: list[str]) -> None:
    """None empty, whole ones, also where a text is much longer than what is looked at at once."""
    data = text.encode()
    assert [data[start:end].decode() for start, end in compiled(pattern).spans(data)] == values


def test_a_pattern_that_is_met_everywhere_is_told_as_one_stretch() -> None:
    """Nothing is missed, and time stays linear in the text."""
    data = b"9" * 40_000
    spans = list(compiled(r"\d").spans(data))
    assert len(spans) < 4_000
    assert spans[0][0] == 0
    assert spans[-1][1] == len(data)
    assert all(one[1] == other[0] for one, other in pairwise(spans))


@pytest.mark.slow
def test_matches_that_want_to_read_on_do_not_make_a_text_slow() -> None:
    """Each of two hundred thousand matches would read to the end of a million letters in search of a longer one."""
    started = time.process_time()
    list(compiled(r"foo(?:[^z]*z)?").spans(b"foo.." * 200_000))
    assert time.process_time() - started < 5
