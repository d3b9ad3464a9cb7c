"""How much terser each model answers when a system text holds the gateway's own rules: an effect that is known.

A measurement of savings can be held to it. Which texts are rules is told from outside; nothing here knows their words,
the dialects, or how answers are written. Lengths are drawn skewed, for that is how the lengths of real answers fall.
"""

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from statistics import NormalDist

import msgspec

from penstock.simulator.identity import Dice


class Rule(msgspec.Struct, frozen=True):
    """A text that asks for terser answers, and how terse: ``lite``, ``full`` or ``ultra``."""

    intensity: str
    text: str


EFFECTS: Sequence[tuple[str, Mapping[str, float]]] = (
    ("gemini-*-flash-lite*", {"lite": 1.05, "full": 1.15, "ultra": 1.25}),
    ("gpt-*-nano*", {"lite": 1.0, "full": 1.0, "ultra": 1.0}),
    ("*", {"lite": 0.82, "full": 0.6, "ultra": 0.48}),
)
"""Which part of an answer is left, by model; the first row that fits. Published tests of brevity instructions found 37
to 48 % saved with large models, and small ones that did not obey or talked more."""

MEDIAN, SPREAD = 120, 0.8
"""Tokens, and the deviation of their logarithm. Recorded answers scatter more (1.35, most of them shorter); with less,
a few hundred conversations are enough to see an effect."""
LEAST, MOST = 40, 1000


def usual_length(dice: Dice) -> int:
    """How many tokens an answer has that nobody asked to be short."""
    chance = (dice.below(1 << 32) + 0.5) / (1 << 32)
    return min(MOST, max(LEAST, round(MEDIAN * math.exp(SPREAD * NormalDist().inv_cdf(chance)))))


def heard(system: str, rules: Sequence[Rule]) -> tuple[str, str]:
    """The intensity that the system text asks for, or nothing, and what it says beside the rule."""
    for rule in rules:
        if rule.text in system:
            return rule.intensity, system.replace(rule.text, "")
    return "", system


def part_left(model: str, intensity: str) -> float:
    """Which part of its usual length a model's answer has at this intensity."""
    effect = next(effect for pattern, effect in EFFECTS if fnmatchcase(model, pattern))
    return effect.get(intensity, 1.0)
