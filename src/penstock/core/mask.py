"""Tokens that stand for private values: what they look like, and how the values come back.

A token is a label, an underscore and ten characters: ``EMAIL_k3v9x2mw7q``. Letters, digits and one underscore need no
escaping in JSON, XML, shells, URLs or Markdown; without vowels and look-alikes they are copied well and spell nothing;
the last one checks the others. No token is the beginning of another. What is restored is exact: never a token that is
merely alike, never one that this very request did not carry.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

ALPHABET = "bcdfghjkmnpqrstvwxyz23456789"
BODY = 10
"""Characters behind the underscore; the last checks the others."""
LABEL_LEAST, LABEL_MOST = 2, 8
LONGEST = LABEL_MOST + 1 + BODY

# Odd and not divisible by seven: no single miscopied character goes unnoticed among 28.
_WEIGHTS = (1, 3, 5, 9, 11, 13, 15, 17, 19)
_VALUE = {letter: number for number, letter in enumerate(ALPHABET)}
_TOKEN = re.compile(rf"[A-Z]{{{LABEL_LEAST},{LABEL_MOST}}}_[{ALPHABET}]{{{BODY}}}")
_ALIKE = re.compile(rf"[A-Za-z]{{{LABEL_LEAST},{LABEL_MOST}}}\\?_[{ALPHABET}{ALPHABET.upper()}]{{{BODY}}}")
_DIGITS = re.compile(r"(?<![0-9])[0-9]{6,19}(?![0-9])")
_LAST_DIGITS = re.compile(r"(?<![0-9])[0-9]{1,19}\Z")
_NONE: Mapping[str, str] = {}
_BEGUN = re.compile(rf"(?:[A-Z]{{1,{LABEL_MOST}}}|[A-Z]{{{LABEL_LEAST},{LABEL_MOST}}}_[{ALPHABET}]{{0,{BODY - 1}}})\Z")


def spelt(label: str, number: int) -> str:
    """The token of this label whose body says this number, modulo 28 to the ninth."""
    body = []
    for _ in _WEIGHTS:
        number, rest = divmod(number, len(ALPHABET))
        body.append(ALPHABET[rest])
    return f"{label}_{''.join(body)}{_check(''.join(body))}"


def well_formed(token: str) -> bool:
    """Whether a text has a token's form and its last character agrees with the others."""
    return _TOKEN.fullmatch(token) is not None and _check(token[-BODY:-1]) == token[-1]


def _check(body: str) -> str:
    return ALPHABET[sum(weight * _VALUE[one] for weight, one in zip(_WEIGHTS, body, strict=True)) % len(ALPHABET)]


class Masks:
    """What the tokens of one request stand for, and what became of them on the way back."""

    __slots__ = ("_numbers", "_sorted", "_tools", "_values", "altered", "miscopied", "restored", "unresolved")

    def __init__(
        self, values: Mapping[str, str], *, tools: Mapping[str, str] = _NONE, numbers: Mapping[str, str] = _NONE
    ) -> None:
        """``values`` by token: those of this request that may be restored anywhere. ``tools``: those that may be
        restored in what the model gives to a tool, and nowhere else. ``numbers``: by the digits that stand for them."""
        self._values = values
        self._tools = tools
        self._numbers = numbers
        self._sorted = sorted((*values, *tools))
        self.restored = 0
        self.unresolved = 0
        """Well-formed tokens that this request did not carry, or that are not restored where they stood."""
        self.miscopied = 0
        """Of a token's form, with a last character that does not agree."""
        self.altered = 0
        """Tokens of this request in another spelling: they stay as they are."""

    def __bool__(self) -> bool:
        return bool(self._sorted or self._numbers)

    @property
    def numbers(self) -> bool:
        """Digits stand for numbers: without a token's form they may be anywhere."""
        return bool(self._numbers)

    def put_back(self, text: str, escape: Callable[[str], str] | None = None, *, tool: bool = False) -> str:
        """The text with its tokens' values, each escaped for the place where it stands; the same object where there is
        nothing to restore. ``tool``: it is what the model gives to a tool."""
        if "_" in text:
            text = _ALIKE.sub(lambda found: self._value(found[0], escape, tool=tool), text)
        if self._numbers:
            text = _DIGITS.sub(self._number, text)
        return text

    def _value(self, token: str, escape: Callable[[str], str] | None, *, tool: bool) -> str:
        # Letters may stand right before a token: the end of what was met is what counts.
        for skipped in range(len(token) - BODY - LABEL_LEAST):
            value = self._values.get(token[skipped:])
            if value is None and tool:
                value = self._tools.get(token[skipped:])
            if value is not None:
                self.restored += 1
                return token[:skipped] + (value if escape is None else escape(value))
        label, _, body = token.replace("\\", "").rpartition("_")
        plain = f"{label.upper()}_{body.lower()}"
        if plain != token:
            self.altered += plain in self._values or plain in self._tools
        elif well_formed(token):
            self.unresolved += 1
        else:
            self.miscopied += 1
        return token

    def _number(self, found: re.Match[str]) -> str:
        value = self._numbers.get(found[0])
        self.restored += value is not None
        return found[0] if value is None else value

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """What is put back meanwhile has been counted already: it is told a second time."""
        counts = self.restored, self.unresolved, self.miscopied, self.altered
        try:
            yield
        finally:
            self.restored, self.unresolved, self.miscopied, self.altered = counts

    def held_back(self, text: str) -> int:
        """How many characters at the text's end may be the beginning of one of these tokens: none, nearly always."""
        found = _BEGUN.search(text, max(0, len(text) - LONGEST + 1))
        if found is not None:
            begun = found[0]
            for skipped in range(len(begun)):
                if self._begins(begun[skipped:]):
                    return len(begun) - skipped
        if self._numbers and (digits := _LAST_DIGITS.search(text)):
            # Another digit behind it, and it would be another number.
            return len(digits[0]) if any(one.startswith(digits[0]) for one in self._numbers) else 0
        return 0

    def _begins(self, begun: str) -> bool:
        place = bisect_left(self._sorted, begun)
        return place < len(self._sorted) and self._sorted[place].startswith(begun)
