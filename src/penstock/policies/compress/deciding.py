"""The decision itself: how terse a conversation is to be, with which words, and on which side of the measurement.

A pure function of how the conversation begins and of what is set; ``policy`` remembers what comes out. In force, in
this order: the request's own wish, detection, the key, its team, the installation.
"""

from collections.abc import Callable, Mapping

import msgspec

from penstock.core.caller import Credential, KeyProfile
from penstock.core.exchange import Exchange
from penstock.core.terseness import Arm, Decided, Intensity, Opening, Placement, Wanted
from penstock.policies.compress.beginnings import Beginnings
from penstock.policies.compress.detect import Detected
from penstock.policies.compress.overrides import Overrides
from penstock.policies.compress.rules import Words

BY_DEFAULT, OVERRIDE, CACHE_BREAK = "default", "override", "override-cache-break"

NOTHING = Wanted()

Detect = Callable[[Opening, str], Detected]
"""An opening and the model's name to what suits them."""


class Conditions(msgspec.Struct, frozen=True):
    """What is set, and what the policy needs of others."""

    overrides: Overrides
    installation: Wanted
    teams: Mapping[str, Wanted]
    placement: Placement
    rules: Mapping[Intensity, Words]
    detect: Detect
    credential: Callable[[Exchange], Credential | None]
    """What a request will show its provider."""
    beginnings: Beginnings
    chance: bool = True
    """Some conversations are left alone, for comparison."""

    def wanted(self, key: KeyProfile) -> Wanted:
        """What is set for a key: the key before its team, the team before the installation."""
        if not self.teams and key.wanted == NOTHING:
            return self.installation
        return key.wanted.over(self.teams.get(key.team or "", NOTHING)).over(self.installation)

    def decided(self, opening: Opening, model: str, wanted: Wanted, beginning: str, placement: Placement) -> Decided:
        """What becomes of a conversation that nobody has decided yet."""
        found = self.detect(opening, model)
        intensity, reason = wanted.intensity or Intensity.OFF, BY_DEFAULT
        if wanted.smart:
            intensity, reason = found.intensity, found.reason
        if intensity is Intensity.OFF:
            return Decided(Intensity.OFF, Arm.EXEMPT, reason, group=found.group)
        odds = wanted.holdout or 0
        held_out = self.chance and self.beginnings.percentile(beginning) < odds
        arm = Arm.CONTROL if held_out else Arm.TREATED
        return Decided(intensity, arm, reason, self.rules[intensity].version, placement, found.group, odds)

    def forced(self, asked: Intensity, opening: Opening, known: Decided | None, placement: Placement) -> Decided:
        """What a request wants for itself, where its conversation may have been decided otherwise."""
        before = known.intensity if known is not None and known.arm is Arm.TREATED else Intensity.OFF
        breaks = opening.answered and known is not None and before is not asked
        version = self.rules[asked].version if asked is not Intensity.OFF else ""
        return Decided(asked, Arm.FORCED, CACHE_BREAK if breaks else OVERRIDE, version, placement)


def is_off(wanted: Wanted) -> bool:
    """Nothing is to be decided."""
    return not wanted.smart and wanted.intensity in {None, Intensity.OFF}
