"""What must hold of a value beside its pattern: judgements by name, as the forms' tables ask for them.

Each takes a candidate and says whether it is a secret. Their docstrings stand in the reference page. None may take more
than linear time in the value, or look further around it than a fixed number of letters.
"""

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from penstock.detection.rule import Candidate
from penstock.detection.secrets import checksums
from penstock.detection.secrets.labels import Label, is_strong_name, label_of, name_before
from penstock.detection.secrets.placeholders import is_no_secret
from penstock.detection.secrets.strength import has_letter_and_digit, is_gibberish, is_password, is_random

Check = Callable[[Candidate], bool]

KEY_LEAST = 16
"""Letters of a key, at least, where only its name tells that it is one."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_KEY_LETTERS = re.compile(r"[A-Za-z0-9_+/=.~:!@#$%^&*(),;|?<>{}\[\]-]+$")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n|$|[#;]|\\[nr])")
_ATTRIBUTE = re.compile(r"[a-z_][a-z0-9_]{0,30}(?:\.[A-Za-z_]\w*)+$")
_NAME_LIKE = re.compile(r"[A-Za-z_][A-Za-z_]*[0-9]?$|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+$")


def mixed(candidate: Candidate) -> bool:
    """Has letters and digits."""
    return has_letter_and_digit(candidate.value)


def random(candidate: Candidate) -> bool:
    """Looks made by a machine: changes often between letters, capitals and digits, and is not made of words."""
    return is_random(candidate.value) and not is_no_secret(candidate.value)


def jwt(candidate: Candidate) -> bool:
    """The first part decodes to a JSON object with `alg`, the second to a JSON object."""
    return checksums.jwt(candidate.value)


def bech32(candidate: Candidate) -> bool:
    """The bech32 checksum is right."""
    return checksums.bech32(candidate.value)


def base58(candidate: Candidate) -> bool:
    """The base58 checksum is right."""
    return checksums.base58(candidate.value)


def key_block(candidate: Candidate) -> bool:
    """At least 48 letters of base64 stand in the block."""
    return sum(map(len, re.findall(r"[A-Za-z0-9+/=]{16,}", candidate.value))) >= 48 and "..." not in candidate.value


def encoded_private_key(candidate: Candidate) -> bool:
    """Decodes to a PEM block that says private key."""
    head = candidate.value[:120]
    return b"PRIVATE KEY" in checksums.decoded(head[: len(head) // 4 * 4])


def discord(candidate: Candidate) -> bool:
    """The first part decodes to a number, the id of the bot."""
    return checksums.decoded(candidate.value.partition(".")[0]).isdigit()


def mailgun(candidate: Candidate) -> bool:
    """36 letters with `key-`, 50 without."""
    return len(candidate.value) == (36 if candidate.value.startswith("key-") else 50)


def line_end(candidate: Candidate) -> bool:
    """The line ends after it, or goes on with a comment; it does not end like a statement of code."""
    return _LINE_END.match(candidate.after(4)) is not None and candidate.value[-1] not in ",;{(["


def assigned(candidate: Candidate) -> bool:
    """The name in front says password or key in its last word; the value suits: a password has letters with digits or
    marks, or letters that make no words; a key has at least 16 letters and looks random. Neither is a placeholder, a
    variable, a path or a word of everyday use."""
    name = name_before(candidate)
    label = label_of(name)
    if label is None or is_no_secret(candidate.value):
        return False
    if label is Label.KEY:
        return _key(candidate.value, name) and not (_bare(candidate) and _ATTRIBUTE.match(candidate.value))
    return is_password(candidate.value) and not (_bare(candidate) and _is_name(candidate.value))


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
    return bool(checksums.decoded(candidate.value)) if marked else strong(candidate)


def strong(candidate: Candidate) -> bool:
    """Letters with digits or marks, or letters that make no words; no placeholder, variable, path or everyday word."""
    return not is_no_secret(candidate.value) and is_password(candidate.value)


def named(candidate: Candidate) -> bool:
    """No placeholder, variable, path or everyday word: where it stands leaves no doubt of what it is."""
    return not is_no_secret(candidate.value) and len(set(candidate.value)) > 3


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
    return not is_no_secret(value.replace(" ", "-")) and not re.match(r"[0-9]{2,5}(?:,|$)", value)


def parameter(candidate: Candidate) -> bool:
    """A password as above; a key or token looks random and has at least 16 letters."""
    name = candidate.before(60).rstrip("=")
    name = re.split(r"[?&;]", name)[-1]
    if name.lower() in {"key", "token"} or label_of(name) is Label.KEY:
        return not is_no_secret(candidate.value) and _key(candidate.value, name)
    return strong(candidate)


def credentials(candidate: Candidate) -> bool:
    """Decodes to a user, a colon and a password that is no everyday word."""
    plain = checksums.decoded(candidate.value)
    user, colon, password = plain.partition(b":")
    return bool(colon and password) and _is_text(user) and _is_text(password) and not is_no_secret(password.decode())


def said(candidate: Candidate) -> bool:
    """Has letters and digits or marks, is no name, and no placeholder, variable, path or everyday word."""
    value = candidate.value
    if not strong(candidate) or _is_name(value) or "/" in value or "(" in value:
        return False
    if re.search(r"(?i)(?:key|token|secret)", candidate.before(40)):
        return len(value) >= KEY_LEAST and is_random(value)
    return has_letter_and_digit(value)


def _key(value: str, name: str) -> bool:
    if len(value) < KEY_LEAST or not _KEY_LETTERS.match(value):
        return False
    if _UUID.match(value):
        return is_strong_name(name)
    return is_random(value)


def _is_name(value: str) -> bool:
    """Whether it could as well be a variable or a member of one."""
    return _NAME_LIKE.match(value) is not None and not is_gibberish(value)


def _bare(candidate: Candidate) -> bool:
    return candidate.before(1) not in {"'", '"', "`"}


def _quoted_name(candidate: Candidate) -> str:
    found = re.search(r"[\"']([A-Za-z0-9_.:/-]+)[\"']\s{0,3},\s{0,40}[\"']$", candidate.before(100))
    return found[1] if found else ""


def _is_text(data: bytes) -> bool:
    return data.isascii() and data.decode().isprintable()


def length(argument: str) -> Check:
    """Has that many letters."""
    least, _, most = argument.partition("-")
    allowed = range(int(least), int(most or least) + 1)
    return lambda candidate: len(candidate.value) in allowed


def crc32_base62(argument: str) -> Check:
    """The last six letters are the CRC-32, in base62, of what follows a prefix of that length."""
    start = int(argument)
    return lambda candidate: checksums.crc32_base62(candidate.value[start:-6]) == candidate.value[-6:]


_PLAIN = (
    mixed, random, jwt, bech32, base58, key_block, encoded_private_key, discord, mailgun, line_end, assigned,
    app_password, defined,
    element, strong, named, option, word_of_its_own, url_password, parameter, credentials, said,
)  # fmt: skip

CHECKS: Mapping[str, Check] = {check.__name__.replace("_", "-"): check for check in _PLAIN}

MADE: Mapping[str, Callable[[str], Check]] = {"length": length, "crc32-base62": crc32_base62}
"""Checks that take a number."""


def named_check(name: str) -> Check:
    """The check that a form asks for, such as ``jwt`` or ``length:40``."""
    plain, _, argument = name.partition(":")
    return MADE[plain](argument) if argument else CHECKS[plain]
