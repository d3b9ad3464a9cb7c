"""One rule: a pattern that finds candidates, and a check that judges each. Data and a pure function.

All patterns of an engine are searched for at once, and only the rules that were met look again for where. Patterns are
RE2's, so that no text makes them slow.
"""

from collections.abc import Callable

import msgspec

from penstock.core.finding import Matter


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """What a rule's pattern has met, and where: enough to judge it by itself and by its surroundings."""

    value: str
    """What the rule's group has met."""
    text: str
    start: int
    """``text[start:end]`` is the value, in characters."""
    end: int
    matter: Matter

    def before(self, most: int = 60) -> str:
        """What stands in front of it, up to so many characters."""
        return self.text[max(0, self.start - most) : self.start]

    def after(self, most: int = 60) -> str:
        """What follows it, up to so many characters."""
        return self.text[self.end : self.end + most]


def always(candidate: Candidate) -> bool:
    """The pattern alone decides."""
    del candidate
    return True


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """How values of one form are found."""

    name: str
    """Unique; the kind, a dot, and what tells it from its siblings: ``card.luhn``, ``secret.github-token``."""
    kind: str
    pattern: str
    """RE2; no lookaround. Matches may be long, groups tell the value."""
    group: int = 0
    sign: str = ""
    """A cheaper pattern, met in every text that the pattern is met in. All signs are looked for at once, in one
    automaton: one should be short, without repetitions that are counted, or that go on behind a beginning that is often
    met. Where it is empty, letters that every match must hold are worked out of the pattern, and looked for; a pattern
    that has none is searched for in every text, which costs a pass of its own."""
    check: Callable[[Candidate], bool] = always
