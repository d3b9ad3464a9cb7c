"""The operator's own rules: patterns that decide before detection does, for all, or for some keys and teams.

A pattern comes here compiled, on an engine whose time is linear in the text (``core.pattern``); Python's own ``re`` is
none. It is asked of the same ends of a text that detection reads.
"""

from collections.abc import Iterable
from enum import Enum
from typing import Protocol

import msgspec

from penstock.core.caller import matches
from penstock.core.terseness import Intensity, Opening
from penstock.policies.compress.ends import of_system, of_user

MODEL_HEAD = 200
"""Letters of a model's name that are searched: it is the client's word, and may be as long as a body."""


class Matcher(Protocol):
    """A compiled pattern. Finds in time linear in the text, or it has no place here."""

    def search(self, text: str, /) -> object | None:
        """Something where the pattern stands in the text, None where it does not."""


class Where(Enum):
    """What a pattern is asked of."""

    USER = "user"
    SYSTEM = "system"
    MODEL = "model"


class OwnRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule. ``intensity`` off is "never"; any other, ``ultra`` too, is "always this"."""

    name: str
    matcher: Matcher
    where: Where = Where.USER
    intensity: Intensity
    priority: int = 0
    """The highest decides. Among equals "never" does, then the mildest, then the first by name."""
    keys: tuple[str, ...] = ()
    """Glob patterns of the keys' names that it holds for; none, and no teams either: for all."""
    teams: tuple[str, ...] = ()


_MILDEST_FIRST = tuple(Intensity)


def holding(rules: Iterable[OwnRule], key: str, team: str | None) -> tuple[OwnRule, ...]:
    """The rules for a key, in the order in which they are asked."""
    mine = (rule for rule in rules if _holds(rule, key, team))
    return tuple(sorted(mine, key=lambda rule: (-rule.priority, _MILDEST_FIRST.index(rule.intensity), rule.name)))


def deciding(rules: Iterable[OwnRule], opening: Opening, model: str) -> OwnRule | None:
    """The first rule whose pattern is found; the rules in the order of ``holding``."""
    texts = {
        Where.USER: of_user(opening),
        Where.SYSTEM: of_system(opening),
        Where.MODEL: model[:MODEL_HEAD],
    }
    return next((rule for rule in rules if rule.matcher.search(texts[rule.where]) is not None), None)


def _holds(rule: OwnRule, key: str, team: str | None) -> bool:
    if not rule.keys and not rule.teams:
        return True
    return matches(rule.keys, key) or (team is not None and matches(rule.teams, team))
