"""Looks with the rules for secrets alone: one set of patterns says which fire, those say where. Overlaps stay."""

import functools
from collections.abc import Sequence

import re2

from penstock.core.finding import Found, Matter
from penstock.detection.rule import Candidate, Rule
from penstock.detection.secrets import RULES

MEMORY = 256 << 20


@functools.cache
def pattern_set() -> re2.Set:
    """All signs at once."""
    options = re2.Options()
    options.max_mem = MEMORY
    made = re2.Set.SearchSet(options)
    for rule in RULES:
        made.Add(rule.sign or rule.pattern)
    made.Compile()
    return made


@functools.cache
def pattern(rule: Rule) -> re2._Regexp:
    """One pattern alone."""
    return re2.compile(rule.pattern)


def found_by(rule: Rule, text: str, matter: Matter) -> Sequence[Found]:
    """What one rule finds, whatever its sign says."""
    return [
        Found(start, end, rule.kind, rule.name)
        for start, end in (match.span(rule.group) for match in pattern(rule).finditer(text))
        if start >= 0 and rule.check(Candidate(text[start:end], text, start, end, matter))
    ]


def find(text: str, matter: Matter = Matter.RESULT) -> Sequence[Found]:
    """What the rules find, in order."""
    met = (RULES[number] for number in pattern_set().Match(text) or ())
    return sorted(found for rule in met for found in found_by(rule, text, matter))
