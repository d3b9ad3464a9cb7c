"""What must hold of a value beside its pattern: judgements by name, as the forms' tables ask for them.

Each takes a candidate and says whether it is a secret. Their docstrings stand in the reference page. None may take more
than linear time in the value, or look further around it than a fixed number of letters.
"""

import re
from collections.abc import Callable, Mapping

from penstock.detection.rule import Candidate
from penstock.detection.secrets import checksums
from penstock.detection.secrets.assignments import (
    app_password,
    assigned,
    connected,
    defined,
    element,
    line_end,
    named,
    option,
    parameter,
    said,
    strong,
    url_password,
    word_of_its_own,
)
from penstock.detection.secrets.placeholders import is_no_secret
from penstock.detection.secrets.strength import has_letter_and_digit, is_random

Check = Callable[[Candidate], bool]


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


def hash_field(candidate: Candidate) -> bool:
    """With a scheme between dollar signs, or 13 letters of the older kind that look random."""
    return candidate.value.startswith("$") or is_random(candidate.value)


def credentials(candidate: Candidate) -> bool:
    """Decodes to a user, a colon and a password; both are no placeholders, and not both everyday words."""
    plain = checksums.decoded(candidate.value)
    if not plain.isascii() or not plain.decode().isprintable():
        return False
    user, _, password = plain.decode().partition(":")
    return bool(user and password) and not (is_no_secret(user) and is_no_secret(password))


def length(argument: str) -> Check:
    """Has that many letters."""
    least, _, most = argument.partition("-")
    allowed = range(int(least), int(most or least) + 1)
    return lambda candidate: len(candidate.value) in allowed


_PLAIN = (
    mixed, random, jwt, bech32, base58, key_block, encoded_private_key, discord, mailgun, line_end, assigned,
    app_password, defined,
    element, strong, named, option, word_of_its_own, url_password, parameter, credentials, said, connected, hash_field,
)  # fmt: skip

CHECKS: Mapping[str, Check] = {check.__name__.replace("_", "-"): check for check in _PLAIN}

MADE: Mapping[str, Callable[[str], Check]] = {"length": length}
"""Checks that take a number."""


def named_check(name: str) -> Check:
    """The check that a form asks for, such as ``jwt`` or ``length:40``."""
    plain, _, argument = name.partition(":")
    return MADE[plain](argument) if argument else CHECKS[plain]
