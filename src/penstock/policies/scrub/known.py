"""The values that a request has been found to hold so far, on the way from its first block to its last.

What was found in a block is masked in the blocks after it wherever it stands, whatever stands around it. It never
reaches back: what was sent before stays as it was sent.
"""

import hashlib
from collections.abc import Iterator
from typing import Protocol

import msgspec

WHOLE_WORDS_BELOW = 12
"""Characters: a shorter value counts only where no letter or digit goes on from it, or ``Ann`` would be found in
``Annual``."""
SHORTEST, LONGEST = 4, 65_536
"""Characters: what is shorter or longer is masked where it is found, and looked for nowhere else. To search for a value
of a megabyte among others takes half a second of preparation, in which nothing else goes on."""
AT_ONCE = 64
"""Values are looked for one by one until there are so many new ones."""


class Value(msgspec.Struct, frozen=True, gc=False):
    """A private value, and what stands for it."""

    value: str
    kind: str
    token: str
    number: bool = False
    """The token is digits, in a number's place."""


class _Automaton(Protocol):
    def find_matches_as_indexes(self, text: str) -> list[tuple[int, int, int]]:
        """Number of the term, where it begins, where it ends."""


class Known:
    """Values by what they are; ``digest`` says which, in the order in which they were learnt."""

    __slots__ = ("_automaton", "_later", "_terms", "digest", "tokens", "values")

    def __init__(self, other: "Known | None" = None) -> None:
        self.values: dict[str, Value] = {} if other is None else dict(other.values)
        self.tokens: dict[str, Value] = {} if other is None else dict(other.tokens)
        self.digest: bytes = b"" if other is None else other.digest
        self._automaton: _Automaton | None = None
        self._terms: list[str] = []
        self._later: list[str] = []
        """Learnt since the automaton was built."""

    def learn(self, value: Value) -> None:
        """One more; a value that is known already stays as it was learnt."""
        key = _key(value.value, number=value.number)
        if key in self.values:
            return
        self.values[key] = value
        self.tokens[value.token] = value
        self.digest = hashlib.blake2b(self.digest + value.token.encode(), digest_size=16).digest()
        if not value.number and SHORTEST <= len(value.value) <= LONGEST:
            self._later.append(value.value)

    def get(self, value: str, *, number: bool) -> Value | None:
        """What is known of this very value."""
        return self.values.get(_key(value, number=number))

    def within(self, text: str) -> Iterator[tuple[int, int, Value]]:
        """Where known values stand in a text, in order; the longest where several begin."""
        if not self.values:
            return
        later = self._later
        # A new one for each value would take as long as all that it is asked; what stands not in the text needs none.
        if self._automaton is None or len(later) > AT_ONCE or any(term in text for term in later):
            self._automaton, self._terms = _automaton(self.values)
            self._later = []
        for number, start, end in self._automaton.find_matches_as_indexes(text):
            value = self.values[self._terms[number]]
            if len(value.value) >= WHOLE_WORDS_BELOW or _stands_alone(text, start, end):
                yield start, end, value


def _key(value: str, *, number: bool) -> str:
    return f"\0{value}" if number else value


def _automaton(values: dict[str, Value]) -> tuple[_Automaton, list[str]]:
    # Loaded only where something is scrubbed.
    from ahocorasick_rs import AhoCorasick, MatchKind  # noqa: PLC0415

    terms = [key for key, value in values.items() if not value.number and SHORTEST <= len(value.value) <= LONGEST]
    return AhoCorasick(terms, matchkind=MatchKind.LeftmostLongest), terms


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = text[start - 1 : start] if text[start].isalnum() else ""
    after = text[end : end + 1] if text[end - 1].isalnum() else ""
    return not (before.isalnum() or after.isalnum())
