"""Private values made by chance after their published forms: valid, nobody's, and easy to look for.

What is looked for is the value and every way to write it that a program would see through.
"""

import base64
import json
import string
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import unquote

from tests.support.secret_examples import token

TERMS = ("Nachtigall-Umbau", "Kolbenfeld & Söhne", "Ottilie Wirsching")
PATTERN = r"\bKDN-[0-9]{7}\b"
RULES: Mapping[str, Any] = {
    "terms": {"project": {"terms": list(TERMS)}},
    "patterns": {"customer": {"match": PATTERN}},
}
"""What the settings of ``scrub`` say so that the operator's own kinds are found."""


@dataclass(frozen=True)
class Private:
    """A value of a kind, and words before it that say what it is."""

    kind: str
    value: str
    before: str = ""

    @property
    def said(self) -> str:
        """As it stands in a sentence."""
        return f"{self.before} {self.value}" if self.before else self.value


def _digits(dice: Random, count: int) -> str:
    return "".join(dice.choices(string.digits, k=count))


def _email(dice: Random) -> str:
    name = "".join(dice.choices(string.ascii_lowercase, k=6))
    return f"{name}.{_digits(dice, 3)}@kolbenfeld-{''.join(dice.choices(string.ascii_lowercase, k=5))}.de"


def _card(dice: Random) -> str:
    front = "4539" + _digits(dice, 11)
    total = sum(sum(divmod(int(one) * (2 if place % 2 == 0 else 1), 10)) for place, one in enumerate(front))
    return front + str(-total % 10)


def _iban(dice: Random) -> str:
    account = _digits(dice, 18)
    return f"DE{98 - int(account + '131400') % 97:02d}{account}"


def _social(dice: Random) -> str:
    return f"{dice.randrange(200, 600)}-{dice.randrange(11, 99)}-{dice.randrange(1000, 9999)}"


def _octet(dice: Random) -> int:
    return dice.randrange(1, 250)


KINDS: Mapping[str, Callable[[Random], Private]] = {
    "email": lambda dice: Private("email", _email(dice)),
    "phone": lambda dice: Private("phone", f"+49 30 2{_digits(dice, 7)}", "phone"),
    "card": lambda dice: Private("card", _card(dice), "card"),
    "iban": lambda dice: Private("iban", _iban(dice)),
    "ip": lambda dice: Private(
        "ip", f"81.{dice.randrange(16, 250)}.{dice.randrange(1, 250)}.{dice.randrange(1, 250)}", "came from"
    ),
    "national-id": lambda dice: Private("national-id", _social(dice), "SSN"),
    "secret": lambda dice: Private("secret", token(dice.choice(("github", "aws-access-key-id")), dice)),
    "project": lambda dice: Private("project", dice.choice(TERMS)),
    "customer": lambda dice: Private("customer", f"KDN-{_digits(dice, 7)}"),
}
"""Kinds with a checksum, a pattern or a list."""

TOOLS_ONLY = frozenset({"secret"})
"""What comes back to tools alone, unless settings say otherwise."""


def some(dice: Random, count: int) -> list[Private]:
    """So many values, each of another kind as far as there are any."""
    names = list(KINDS)
    dice.shuffle(names)
    return [KINDS[names[place % len(names)]](dice) for place in range(count)]


def told_anywhere(text: bytes, values: Iterable[str]) -> list[str]:
    """Values that a text holds, as it is or in any encoding that is seen through here."""
    views = list(_views(text.decode("utf-8", "replace"), 3))
    return [value for value in values if any(value in view for view in views)]


def _views(text: str, deeper: int) -> Iterator[str]:
    yield text
    if not deeper:
        return
    if "%" in text and (plain := unquote(text)) != text:
        yield from _views(plain, deeper - 1)
    if text[:1] in {"{", "[", '"'}:
        try:
            tree = json.loads(text)
        except ValueError:
            tree = None
        for leaf in leaves(tree):
            yield from _views(leaf, deeper - 1)
    for word in text.split():
        if len(word) >= 40 and len(word) % 4 == 0 and word.isascii():
            try:
                yield base64.b64decode(word, validate=True).decode()
            except ValueError:
                continue


def leaves(tree: Any) -> Iterator[str]:
    """All strings of a JSON value, names of members too, and numbers as they are written."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, dict):
        for name, one in tree.items():
            yield name
            yield from leaves(one)
    elif isinstance(tree, list):
        for one in tree:
            yield from leaves(one)
    elif isinstance(tree, int | float) and not isinstance(tree, bool):
        yield str(tree)
