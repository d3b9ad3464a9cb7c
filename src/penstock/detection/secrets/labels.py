"""What stands in front of a value as its name, and whether that name says password or key.

Only the last word counts: ``password_reset_url`` is an address, ``DB_PASSWORD_TEST`` a password.
"""

import re
from enum import Enum, auto

from penstock.detection.rule import Candidate
from penstock.detection.secrets.words import words

REACH = 120
"""Letters in front of a value that are read for its name."""

_QUOTES = "\"'`\\"
_LEADS = ("base64:", "bearer ", "token ", "basic ")
_PREFIXES = "brufBRUF@"
"""Letters that stand before a quote in Python and C#."""

_OPERATORS = ("=>", ":=", "=", ":", ",", " is")
_NAME_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$@-")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

_TRAILING = frozenset(words("trailing"))
_PASSWORDS = words("passwords")
_NO_PASSWORDS = frozenset(words("no_passwords"))
_KEYS = words("keys")
_NOT_BEFORE_KEY = frozenset(words("not_before_key"))
_NOT_BEFORE_TOKEN = frozenset(words("not_before_token"))
_STRONG = frozenset(words("strong"))


class Label(Enum):
    """What a name says of its value."""

    PASSWORD = auto()
    KEY = auto()


def label_of(name: str) -> Label | None:
    """What a name says; None: nothing of the kind."""
    parts = _words(name)
    if not parts:
        return None
    last = parts[-1]
    before = parts[-2] if len(parts) > 1 else ""
    if last.endswith(_PASSWORDS):
        return None if last in _NO_PASSWORDS else Label.PASSWORD
    if last == "key":
        return Label.KEY if before and before not in _NOT_BEFORE_KEY else None
    if last.endswith(_KEYS):
        return None if last.endswith("token") and before in _NOT_BEFORE_TOKEN else Label.KEY
    return None


def is_strong_name(name: str) -> bool:
    """Whether the name leaves no doubt, so that even a UUID is a secret."""
    return not _STRONG.isdisjoint(_words(name)) or "apikey" in name.lower()


def name_before(candidate: Candidate) -> str:
    """The name that the value is assigned to, with the word before it if a space alone stands between; empty where
    there is none."""
    text = candidate.before(REACH)
    lead = next((each for each in _LEADS if text[-8:].lower().endswith(each)), "")
    if text[-len(lead) - 1 : -len(lead)] not in _NAME_LETTERS:
        text = text[: len(text) - len(lead)]
    unquoted = text.rstrip(_QUOTES)
    if unquoted != text:
        unquoted = _without_prefix(unquoted)
    text = unquoted.rstrip()
    operator = next((each for each in _OPERATORS if text.endswith(each)), "")
    text = text[: len(text) - len(operator)].rstrip(" \t\r\n\"'`\\])")
    begin = _name_start(text)
    if text[begin - 1 : begin] == " " and text[begin:].isalpha():
        begin = min(begin, _name_start(text[: begin - 1]))
    return text[begin:].lstrip()


def _without_prefix(text: str) -> str:
    """Without the one or two letters that belong to a string's opening quote."""
    plain = text.rstrip(_PREFIXES)
    return plain if len(text) - len(plain) <= 2 and not plain[-1:].isalnum() else text


def _name_start(text: str) -> int:
    start = len(text)
    while start and text[start - 1] in _NAME_LETTERS:
        start -= 1
    return start


def _words(name: str) -> list[str]:
    parts = [word.lower() for word in _WORD.findall(name)]
    while len(parts) > 1 and parts[-1] in _TRAILING:
        parts.pop()
    return parts
