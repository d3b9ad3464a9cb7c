"""The operator's own rules: which hold for a key, which decides, and that they come before all detection."""

import re

from penstock.core.terseness import Intensity, Opening
from penstock.policies.compress.detect import detect
from penstock.policies.compress.ends import HEAD, TAIL
from penstock.policies.compress.own_rules import MODEL_HEAD, OwnRule, Where, deciding, holding
from penstock.policies.compress.reasons import Class, Reason

# Plain words, which any engine finds in linear time; which engine stands behind patterns is decided elsewhere.
LOGS = OwnRule(name="logs", matcher=re.compile("LOG:"), intensity=Intensity.ULTRA)
NEVER = OwnRule(name="never", matcher=re.compile("contract"), intensity=Intensity.OFF)


def first(user: str = "", system: str = "") -> Opening:
    """A first request."""
    return Opening(fingerprint=b"", user=user, system=system)


def names(rules: tuple[OwnRule, ...]) -> list[str]:
    """Which rules, in order."""
    return [rule.name for rule in rules]


def test_a_rule_decides_before_every_sign_and_may_choose_ultra() -> None:
    """Neither a small cap nor a poem is against it; the class is still what it is about."""
    opening = Opening(fingerprint=b"", user="LOG: write a poem about it", cap=10)
    found = detect(opening, "house-1b", known=False, rules=(LOGS,))
    assert (found.intensity, found.reason, found.rule) == (Intensity.ULTRA, Reason.OWN_RULE, "logs")
    assert found.klass is Class.CREATIVE


def test_without_a_match_detection_decides() -> None:
    """A rule that is not met leaves no trace."""
    found = detect(first("How do tides work?"), "gpt-4.1", known=True, rules=(LOGS, NEVER))
    assert (found.intensity, found.reason, found.rule) == (Intensity.FULL, Reason.QUESTION, "")


def test_the_highest_priority_decides_and_never_wins_a_tie() -> None:
    """Among equals off, then the mildest, then the name."""
    lite = OwnRule(name="b", matcher=LOGS.matcher, intensity=Intensity.LITE)
    also = OwnRule(name="a", matcher=LOGS.matcher, intensity=Intensity.LITE)
    high = OwnRule(name="high", matcher=LOGS.matcher, intensity=Intensity.FULL, priority=1)
    order = holding((LOGS, lite, NEVER, high, also), "mine", None)
    assert names(order) == ["high", "never", "a", "b", "logs"]
    assert deciding(order, first("LOG: contract"), "m") is high
    assert deciding(order[1:], first("LOG: contract"), "m") is NEVER


def test_rules_hold_for_the_keys_and_teams_that_they_name() -> None:
    """Patterns of names; no names at all: everybody."""
    every = OwnRule(name="every", matcher=LOGS.matcher, intensity=Intensity.OFF)
    key = OwnRule(name="key", matcher=LOGS.matcher, intensity=Intensity.OFF, keys=("ci-*",))
    team = OwnRule(name="team", matcher=LOGS.matcher, intensity=Intensity.OFF, teams=("ops",))
    rules = (every, key, team)
    assert names(holding(rules, "ci-main", None)) == ["every", "key"]
    assert names(holding(rules, "laptop", "ops")) == ["every", "team"]
    assert names(holding(rules, "laptop", "law")) == ["every"]
    assert names(holding(rules, "ops", None)) == ["every"]


def test_a_pattern_is_asked_of_what_it_names() -> None:
    """The user's first message, the system text, or the model's name, and of none of the others."""
    for where, opening, model in (
        (Where.USER, first(user="a contract"), "m"),
        (Where.SYSTEM, first(system="a contract"), "m"),
        (Where.MODEL, first(), "contract-7"),
    ):
        for asked in Where:
            rule = OwnRule(name="one", matcher=NEVER.matcher, where=asked, intensity=Intensity.OFF)
            assert (deciding((rule,), opening, model) is rule) is (asked is where)


def test_a_pattern_sees_the_ends_of_a_long_text() -> None:
    """Its time is bounded like detection's own."""
    filler = "x" * (HEAD + TAIL)
    assert deciding((NEVER,), first("contract" + filler), "m") is NEVER
    assert deciding((NEVER,), first(filler + "contract"), "m") is NEVER
    assert deciding((NEVER,), first(filler + "contract" + filler), "m") is None


def test_a_model_is_searched_as_far_as_names_go() -> None:
    """Its name is whatever a client writes, and may be as long as a body."""
    rule = OwnRule(name="one", matcher=NEVER.matcher, where=Where.MODEL, intensity=Intensity.OFF)
    assert deciding((rule,), first(), "x" * (MODEL_HEAD - 8) + "contract") is rule
    assert deciding((rule,), first(), "x" * MODEL_HEAD + "contract") is None
