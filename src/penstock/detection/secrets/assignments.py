"""Judges values that have no form of their own by what names them: an assignment, an option, a URL, a sentence.

A password may look like a word, so its name and place must say what it is; a key looks random. Each check takes a
candidate and reads at most a fixed number of letters around it. Their docstrings stand in the reference page.
"""

import re
from urllib.parse import unquote

from penstock.detection.rule import Candidate
from penstock.detection.secrets import checksums
from penstock.detection.secrets.labels import REACH, Label, is_strong_name, label_of, name_before
from penstock.detection.secrets.placeholders import is_no_secret
from penstock.detection.secrets.strength import has_letter_and_digit, is_gibberish, is_password, is_random

KEY_LEAST = 16
"""Letters of a key, at least, where only its name tells that it is one."""
SECRET_LEAST = 8
"""The same where the name ends with secret."""

KEY_MOST = 4000
PASSWORD_MOST = 256
"""Longer values are texts, pictures or the rest of a file whose quote was never closed."""

WORD_LEAST = 6
"""Letters of a password that is a mere word, at least."""

NEARBY = 300
"""Letters before and after a password in which a user or host makes it part of settings."""
_LINE_NAME = re.compile(r"[\s>#*+-]*[\"']?[\w.$@/:-]+[\"']?\]?$")
_BESIDE = re.compile(
    r"(?i)(?:^|[^a-z])(?:[a-z0-9_.]{0,12}(?:user|username|userid|login|host|hostname|server|address)|uid)"
    r"(?:[\"']?\s{0,10}(?:=>|[:=]|\s)\s{0,10}[\"']?[^\s\"'=:]|>[^<\s])"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_KEY_LETTERS = re.compile(r"[A-Za-z0-9_+/=.~:!@#$%^&*(),;|?<>{}\[\]-]+$")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n|$|[#;]|\\[nr])")
_ATTRIBUTE = re.compile(r"[a-z_][a-z0-9_]{0,30}(?:\.[A-Za-z_]\w*)+$")
_NAME_LIKE = re.compile(r"[A-Za-z_][A-Za-z_]*[0-9]?$|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")


def line_end(candidate: Candidate) -> bool:
    """The line ends after it, or goes on with a comment; it does not end like a statement of code."""
    return _LINE_END.match(candidate.after(4)) is not None and candidate.value[-1] not in ",;{(["


def assigned(candidate: Candidate) -> bool:
    """The name in front says password or key in its last word; the value suits: a password has letters with digits or
    marks, or letters that make no words, or is any word beside a user or host in a file of settings; a key has at least
    16 letters and looks random. Neither is a placeholder, a variable, a path or a word of everyday use."""
    name = name_before(candidate)
    label = label_of(name)
    if label is None or is_no_secret(candidate.value):
        return False
    if label is Label.KEY:
        return _key(candidate.value, name) and not (_bare(candidate) and _ATTRIBUTE.match(candidate.value))
    if strong(candidate) and not (_bare(candidate) and _is_name(candidate.value)):
        return True
    return _in_settings(candidate)


def app_password(candidate: Candidate) -> bool:
    """The name in front says password, and one of the groups has no vowel."""
    groups = candidate.value.split()
    return label_of(name_before(candidate)) is Label.PASSWORD and any(not set("aeiouy") & set(each) for each in groups)


def defined(candidate: Candidate) -> bool:
    """A password as above, or a key that looks random or is full of marks."""
    value = candidate.value
    marks = sum(not each.isalnum() for each in value)
    if is_no_secret(value):
        return False
    if label_of(_quoted_name(candidate)) is Label.PASSWORD:
        return is_password(value)
    return (len(value) >= 24 and marks >= 4) or (len(value) >= KEY_LEAST and is_random(value))


def element(candidate: Candidate) -> bool:
    """A password as above, or anything that is marked as base64."""
    marked = re.search(r"encoding\s{0,3}=\s{0,3}[\"']base64[\"'][^<>]{0,40}>\s{0,3}$", candidate.before()) is not None
    if marked:
        return bool(checksums.decoded(candidate.value))
    return strong(candidate) or (_in_settings(candidate) and not is_no_secret(candidate.value))


def strong(candidate: Candidate) -> bool:
    """Letters with digits or marks, or letters that make no words; no placeholder, variable, path or everyday word."""
    value = candidate.value
    return len(value) <= PASSWORD_MOST and is_password(value) and not is_no_secret(value)


def named(candidate: Candidate) -> bool:
    """No placeholder, variable, path or everyday word: where it stands leaves no doubt of what it is."""
    value = candidate.value
    return len(value) <= PASSWORD_MOST and _is_telling(value) and not is_no_secret(value)


def connected(candidate: Candidate) -> bool:
    """Any password but an everyday word; after a comma, as in the arguments of a call, one as above."""
    name = candidate.before(40).rpartition(",")[2]
    return strong(candidate) if re.match(r"[a-z_]*=", name) else named(candidate)


def option(candidate: Candidate) -> bool:
    """A password as above; a key or token looks random and has at least 16 letters."""
    name = name_before(candidate)
    if label_of(name) is Label.KEY:
        return not is_no_secret(candidate.value) and _key(candidate.value, name)
    return strong(candidate) and not candidate.value.startswith("-")


def word_of_its_own(candidate: Candidate) -> bool:
    """A password as above with a digit or mark, and none of the shapes of code."""
    return strong(candidate) and has_letter_and_digit(candidate.value) and not _is_name(candidate.value)


def url_password(candidate: Candidate) -> bool:
    """Between a user and a host; no placeholder, variable or everyday word."""
    value = unquote(candidate.value)
    return (
        _is_telling(value) and not is_no_secret(value.replace(" ", "-")) and not re.match(r"[0-9]{2,5}(?:,|$)", value)
    )


def parameter(candidate: Candidate) -> bool:
    """A password as above; a key or token looks random and has at least 16 letters."""
    name = candidate.before(60).rstrip("=")
    name = re.split(r"[?&;]", name)[-1]
    if name.lower() in {"key", "token"} or label_of(name) is Label.KEY:
        return not is_no_secret(candidate.value) and _key(candidate.value, name)
    return strong(candidate)


def said(candidate: Candidate) -> bool:
    """Has letters and digits or marks, is no name, and no placeholder, variable, path or everyday word."""
    value = candidate.value
    if "/" in value or "(" in value or not strong(candidate) or _is_name(value):
        return False
    if re.search(r"(?i)(?:key|token|secret)", candidate.before(40)):
        return len(value) >= KEY_LEAST and is_random(value)
    return has_letter_and_digit(value)


def _key(value: str, name: str) -> bool:
    least = SECRET_LEAST if name.lower().endswith("secret") else KEY_LEAST
    if not least <= len(value) <= KEY_MOST or not _KEY_LETTERS.match(value):
        return False
    if _UUID.match(value):
        return is_strong_name(name)
    return is_random(value)


def _is_telling(value: str) -> bool:
    """Whether it is long or mixed enough to be masked wherever it stands later."""
    return is_password(value) if len(value) < WORD_LEAST else len(set(value)) > 3


def _is_name(value: str) -> bool:
    """Whether it could as well be a variable or a member of one."""
    return _NAME_LIKE.match(value) is not None and not is_gibberish(value)


def _in_settings(candidate: Candidate) -> bool:
    """Whether a single word is a password because it stands in settings: its name begins the line, is quoted or is of a
    tag, and a user, host or address is told nearby. An equals sign between spaces is taken for code."""
    value = candidate.value
    if not value.isalpha() or len(value) < WORD_LEAST or (_bare(candidate) and not value.islower()):
        return False
    return _declared(candidate.before(REACH).rpartition("\n")[2]) and (
        _BESIDE.search(candidate.before(NEARBY)) is not None or _BESIDE.search(candidate.after(NEARBY)) is not None
    )


def _declared(line: str) -> bool:
    if line.rfind("<") > line[:-1].rfind(">"):
        return True
    plain = line.rstrip("\"'")
    if plain.endswith("="):
        return _LINE_NAME.fullmatch(plain[:-1]) is not None
    name = plain.rstrip(" \t").removesuffix(":").removesuffix("=>")
    if name == plain.rstrip(" \t"):
        return False
    name = name.rstrip(" \t")
    return name.endswith(('"', "'")) or _LINE_NAME.fullmatch(name) is not None


def _bare(candidate: Candidate) -> bool:
    return candidate.before(1) not in {"'", '"', "`"}


def _quoted_name(candidate: Candidate) -> str:
    found = re.search(r"[\"']([A-Za-z0-9_.:/-]+)[\"']\s{0,3},\s{0,40}[\"']$", candidate.before(100))
    return found[1] if found else ""
