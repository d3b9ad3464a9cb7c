"""The decision itself: how terse a conversation is to be, with which words, and on which side of the measurement.

A pure function of how the conversation begins and of what is set; ``policy`` remembers what comes out. In force, in
this order: the request's own wish, detection, the key, its team, the installation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from penstock.core.caller import KeyProfile
from penstock.core.exchange import Exchange
from penstock.core.target import Attempt
from penstock.core.terseness import LOWERED, Arm, Decided, Intensity, Opening, Placement, Wanted
from penstock.policies.compress.beginnings import Beginnings
from penstock.policies.compress.overrides import Overrides
from penstock.policies.compress.own_rules import OwnRule, holding
from penstock.policies.compress.reasons import Detected, Reason
from penstock.policies.compress.rules import Words

BY_DEFAULT, OVERRIDE, CACHE_BREAK = "default", "override", "override-cache-break"
SUSPENDED = "suspended"

NOTHING = Wanted()

LOWERING = frozenset({Intensity.FULL, Intensity.ULTRA})
"""With these a format's own measure of length may be set low: ``lite`` leaves out filler, and shortens nothing else."""


class Detect(Protocol):
    """Detection, as ``detect`` defines it."""

    def __call__(self, opening: Opening, model: str, *, known: bool, rules: Sequence[OwnRule]) -> Detected:
        """What suits a conversation that begins so."""


class Suspended(Protocol):
    """Whether a level is suspended for a key and a model. Nothing here waits or fails."""

    def __call__(self, key: str, model: str, intensity: Intensity) -> bool:
        """``key`` is its identity, ``model`` as the client asks for it."""


def nothing_suspended(key: str, model: str, intensity: Intensity) -> bool:
    """For whoever has no such list."""
    del key, model, intensity
    return False


class Beginning(msgspec.Struct, frozen=True):
    """A conversation's first request, as far as a decision asks for it."""

    hash: str
    key: KeyProfile
    opening: Opening
    model: str
    trusted: bool
    """It goes to a provider's own API: its models are no unknown ones, whatever they are called."""
    lowers: bool = False
    """The format's own measure of length can be set low, and somebody wants it."""


class Wishes(msgspec.Struct, frozen=True):
    """What is set, beside what stands in the keys themselves."""

    installation: Wanted
    teams: Mapping[str, Wanted] = {}

    def of(self, key: KeyProfile) -> Wanted:
        """What is set for a key: the key before its team, the team before the installation."""
        if not self.teams and key.wanted == NOTHING:
            return self.installation
        return key.wanted.over(self.teams.get(key.team or "", NOTHING)).over(self.installation)


class Conditions(msgspec.Struct, frozen=True):
    """What is set, and what the policy needs of others."""

    overrides: Overrides
    wishes: Wishes
    placement: Placement
    rules: Mapping[Intensity, Words]
    detect: Detect
    attempt: Callable[[Exchange], Attempt]
    """Where a request will go, and with which credential."""
    known: Callable[[str], bool]
    """Whether anything but the name is known of a model."""
    beginnings: Beginnings
    own_rules: tuple[OwnRule, ...] = ()
    """The operator's; they come before detection, and decide without it too."""
    chance: bool = True
    """Some conversations are left alone, for comparison."""
    suspended: Suspended = nothing_suspended
    measures: Callable[[str], bool] = lambda model: False  # noqa: ARG005
    """Whether a model is known to follow its format's own measure of length."""

    def version(self, intensity: Intensity, *, lowers: bool) -> str:
        """What is put in at this intensity, by name."""
        version = self.rules[intensity].version
        return version + LOWERED if lowers and intensity in LOWERING else version

    def rules_for(self, key: KeyProfile) -> Sequence[OwnRule]:
        """The operator's own rules that hold for a key, in their order."""
        return holding(self.own_rules, key.name, key.team) if self.own_rules else ()

    def decided(self, beginning: Beginning, wanted: Wanted, placement: Placement) -> Decided:
        """What becomes of a conversation that nobody has decided yet."""
        rules, known = self.rules_for(beginning.key), beginning.trusted or self.known(beginning.model)
        found = self.detect(beginning.opening, beginning.model, known=known, rules=rules)
        intensity, reason = wanted.intensity or Intensity.OFF, BY_DEFAULT
        if wanted.smart or found.reason is Reason.OWN_RULE:
            intensity, reason = found.intensity, found.code
        group = found.klass.value
        if intensity is Intensity.OFF:
            return Decided(Intensity.OFF, Arm.EXEMPT, reason, group=group)
        if self.suspended(beginning.key.id, beginning.model, intensity):
            # Nothing is drawn either: an arm alone measures nothing.
            return Decided(Intensity.OFF, Arm.EXEMPT, SUSPENDED, group=group)
        odds = wanted.holdout or 0
        held_out = self.chance and self.beginnings.percentile(beginning.hash) < odds
        arm = Arm.CONTROL if held_out else Arm.TREATED
        version = self.version(intensity, lowers=beginning.lowers)
        return Decided(intensity, arm, reason, version, placement, group, odds)

    def forced(
        self, asked: Intensity, opening: Opening, known: Decided | None, placement: Placement, *, lowers: bool
    ) -> Decided:
        """What a request wants for itself, where its conversation may have been decided otherwise."""
        before = known.intensity if known is not None and known.arm is Arm.TREATED else Intensity.OFF
        breaks = opening.answered and known is not None and before is not asked
        version = self.version(asked, lowers=lowers) if asked is not Intensity.OFF else ""
        return Decided(asked, Arm.FORCED, CACHE_BREAK if breaks else OVERRIDE, version, placement)


def is_off(wanted: Wanted) -> bool:
    """Nothing is to be decided."""
    return not wanted.smart and wanted.intensity in {None, Intensity.OFF}
