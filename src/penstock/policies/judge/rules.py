"""Judges as data: what the operator wrote, and the policy that each belongs to."""

import functools
import hashlib

import msgspec

from penstock.core.finding import Matter
from penstock.core.ruling import Action, Bound


class JudgeRule(msgspec.Struct, frozen=True, kw_only=True):
    """One judge."""

    name: str
    kind: str
    """``chat``, ``llama-guard``, ``moderation`` or ``http``."""
    provider: str
    model: str = ""
    question: str = ""
    path: str = "/"
    categories: tuple[str, ...] = ()
    """Those that count; none: all."""
    where: tuple[Matter, ...]
    action: Action
    seconds: float
    unavailable: Action
    """What is done when no verdict comes."""
    local: bool = False
    """It may see what scrubbing would mask."""
    first: bool = False
    """It is asked before the provider is called."""


class Judging(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A judge of a policy."""

    policy: str
    version: str
    """The policy's: a hash of it as it stands in the configuration."""
    bound: Bound
    enforced: bool
    contact: str
    rule: JudgeRule
    route_to: tuple[str, str | None] | None = None
    """A provider's name, and the model to ask there."""

    @functools.cached_property
    def mark(self) -> bytes:
        """A hash of all that decides its verdicts."""
        about = (self.rule.kind, self.rule.provider, self.rule.model, self.rule.question, self.rule.path)
        said = msgspec.json.encode((about, self.rule.categories, self.rule.where))
        return hashlib.sha256(said).digest()
