"""A suspended level in the decision itself: whoever chose it, that level and no other is left out."""

from typing import Any

import msgspec
import pytest

from penstock.core.caller import KeyProfile
from penstock.core.terseness import Arm, Decided, Intensity, Opening, Placement, Wanted
from penstock.policies.compress.beginnings import Beginnings
from penstock.policies.compress.deciding import Beginning, Conditions, Wishes
from penstock.policies.compress.detect import detect
from penstock.policies.compress.overrides import Overrides
from penstock.policies.compress.rules import rules

FULL, LITE, ULTRA = Intensity.FULL, Intensity.LITE, Intensity.ULTRA
QUESTION = Opening(fingerprint=b"q", user="How do rainbows form? Please explain.")
CODE = Opening(fingerprint=b"c", user="Why does this raise a KeyError?\n```python\nx = {}\nprint(x['a'])\n```")


def attempt(exchange: Any) -> Any:
    raise AssertionError(f"nobody asks where {exchange} goes")


def decided(opening: Opening, wanted: Wanted, key: str = "key_1", model: str = "claude-sonnet-4-5") -> Decided:
    """Where ``full`` is suspended for the first key and this one model."""
    conditions = Conditions(
        overrides=Overrides(()),
        wishes=Wishes(Wanted()),
        placement=Placement.FIRST,
        rules=rules({}),
        detect=detect,
        attempt=attempt,
        known=lambda model: True,
        beginnings=Beginnings(b"secret"),
        suspended=lambda *level: level == ("key_1", "claude-sonnet-4-5", FULL),
    )
    beginning = Beginning("hash", KeyProfile(key, "name"), opening, model, trusted=True)
    return conditions.decided(beginning, wanted, Placement.FIRST)


@pytest.mark.parametrize("wanted", [Wanted(FULL, smart=False, holdout=50), Wanted(LITE, smart=True, holdout=50)])
def test_a_suspended_level_is_left_out(wanted: Wanted) -> None:
    """Set for the key or found by detection: on no side of the measurement, of the same kind as ever."""
    found = decided(QUESTION, wanted)
    assert found == Decided(Intensity.OFF, Arm.EXEMPT, "suspended", group="question")


@pytest.mark.parametrize(
    ("opening", "wanted", "where", "level"),
    [
        (QUESTION, Wanted(LITE), {}, LITE),
        (QUESTION, Wanted(ULTRA), {}, ULTRA),
        (QUESTION, Wanted(FULL), {"key": "key_2"}, FULL),
        (QUESTION, Wanted(FULL), {"model": "claude-opus-4-5"}, FULL),
        (CODE, Wanted(FULL, smart=True), {}, LITE),
    ],
)
def test_other_levels_go_on(opening: Opening, wanted: Wanted, where: dict[str, str], level: Intensity) -> None:
    """Of the same key, of other keys, for other models, and where detection chooses another."""
    found = decided(opening, msgspec.structs.replace(wanted, holdout=0), **where)
    assert (found.intensity, found.arm) == (level, Arm.TREATED)
    assert found.rules
