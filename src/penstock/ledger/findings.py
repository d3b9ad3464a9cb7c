"""What the estimate of savings says: values only, for whoever prints, draws, or acts on them.

Shares are fractions (0.35 is 35 %); a saving below zero is a loss. Money is in micro-dollars.
"""

from enum import Enum

import msgspec

from penstock.ledger.observed import Guardrail
from penstock.ledger.sequence import Interval


class Certainty(Enum):
    """What can be said about a saving."""

    MEASURED = "measured"
    NOT_ENOUGH = "not enough data"
    NO_HOLDOUT = "not measured: no holdout"
    CONTAMINATED = "not measured: the control arm is not clean"
    LOPSIDED = "not measured: the arms do not fit the draw"
    """Something sorts conversations after the draw, or leaves out those of one arm."""
    NOTHING = "nothing to save"
    """None of it was used on one side: no reasoning, no price."""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """A saving, or why there is none to tell."""

    standing: Certainty
    treated: int
    """Conversations that are compared, and hold any of what is measured."""
    control: int
    needed: int
    """So many in each arm."""
    saved: Interval | None = None
    """As a share of what would have been used, never more than all of it. Without a lower bound the controls are too
    uneven, and the point is worth nothing."""
    amount: Interval | None = None
    """In what is measured: tokens, micro-dollars, requests."""

    @property
    def words(self) -> str:
        """The standing, as it may be shown to people."""
        if self.standing is Certainty.NOT_ENOUGH:
            return f"{self.standing.value} (n = {min(self.treated, self.control):,}, needed {self.needed:,})"
        return str(self.standing.value)


class Guarded(msgspec.Struct, frozen=True, gc=False):
    """How often something went wrong, in conversations of each arm."""

    guard: Guardrail
    treated: int
    control: int
    """Conversations in which it happened."""
    more: Interval
    """How much greater the treated arm's share is."""
    margin: float
    broken: bool
    """It surely happens more often, and by the margin at least."""


class ArmTotals(msgspec.Struct, frozen=True, gc=False):
    """One arm."""

    conversations: int = 0
    requests: int = 0
    estimated: int = 0
    """Requests that are left out, for their usage was not reported."""
    unpriced: int = 0
    """Requests that are left out of money."""


class Hygiene(msgspec.Struct, frozen=True, gc=False):
    """Whether the arms are what they are said to be. Such conversations are left out."""

    control_changed: int = 0
    """Control conversations with a request that went to the provider longer or shorter than it came."""
    in_both_arms: int = 0
    treated_unchanged: int = 0
    """Requests of the treated arm that got no text of ours. They stay in: that is what treating did."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one group; what a group was not divided by is empty."""

    model: str = ""
    key: str = ""
    klass: str = ""
    intensity: str = ""
    intensities: tuple[str, ...]
    rules: tuple[str, ...]
    since: float | None
    """When the first of its conversations began."""
    until: float | None
    treated: ArmTotals
    control: ArmTotals
    too_thin: int
    """Conversations that are left out: their stratum has too few in an arm."""
    visible: Finding
    """Output tokens that the client can see."""
    reasoning: Finding
    cost: Finding
    """Billed, net: the text added, caches and output, of whole conversations."""
    same_cache: Finding
    """The same if caches had served both arms alike."""
    path: Finding
    """Requests: below zero where terse answers made conversations longer."""
    on_output: float
    """Of the money saved, for output and the provider's tools; nothing without ``cost``."""
    on_input: float
    """And for input: shorter histories less the text added, and caches."""
    guards: tuple[Guarded, ...]
    hygiene: Hygiene


class Reason(Enum):
    """Why a level should be suspended."""

    LOSES_MONEY = "loses money"
    WORSE = "worse answers"


class Advice(msgspec.Struct, frozen=True):
    """Advice to stop treating new conversations of this key and model at this intensity."""

    key: str
    model: str
    intensity: str
    reason: Reason
    guard: Guardrail | None = None


class Coverage(msgspec.Struct, frozen=True, gc=False):
    """How much of all traffic could be treated at all, controls included."""

    requests: int
    eligible_requests: int
    output_tokens: int
    """Visible and reasoning, reported."""
    eligible_output_tokens: int


class SavingsReport(msgspec.Struct, frozen=True):
    """What the books say about savings."""

    total: Figures
    groups: tuple[Figures, ...]
    """By model, key and class."""
    levels: tuple[Figures, ...]
    """By model, key and intensity."""
    suspensions: tuple[Advice, ...]
    coverage: Coverage
