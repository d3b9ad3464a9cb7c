"""Conversations as they add up, and the sums of those that may be compared with each other.

Sums of whole numbers stay whole numbers, so nothing is lost however many there are. Knows no intervals and no gates
but one: what is too thin to be a stratum alone is put together with others that are.
"""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from penstock.core.terseness import Arm
from penstock.core.usage import Source
from penstock.ledger.findings import ArmTotals
from penstock.ledger.observed import Guardrail, Observed
from penstock.ledger.sequence import Moments

THIN = 10
"""A stratum has this many conversations in each arm. With 5, intervals cover as well and are a tenth wider."""

QUANTITIES = 6
VISIBLE, REASONING, REQUESTS, COST, OTHER, TOKENS = range(QUANTITIES)
"""What is summed up of a conversation: ``OTHER`` is what it cost beside input, ``TOKENS`` are those of input."""


class Cell(NamedTuple):
    """The finest group: all that was fixed about a conversation before its first answer."""

    model: str
    key: str
    klass: str
    intensity: str
    operation: str
    stream: bool
    size: int
    tools: bool
    holdout: float | None
    lowered: bool


class Sums:
    """Of the conversations of one arm."""

    __slots__ = (
        "changed",
        "estimated",
        "guards",
        "mixed",
        "n",
        "other_by_tokens",
        "requests",
        "rules",
        "since",
        "some",
        "squares",
        "totals",
        "unchanged",
        "unpriced",
        "until",
    )

    def __init__(self) -> None:
        self.n = self.requests = self.estimated = self.unpriced = self.unchanged = self.changed = self.mixed = 0
        self.totals = [0] * QUANTITIES
        self.squares = [0] * QUANTITIES
        self.some = [0] * QUANTITIES
        self.other_by_tokens = 0
        self.guards: Counter[Guardrail] = Counter()
        self.rules: set[str] = set()
        self.since, self.until = float("inf"), float("-inf")

    def moments(self, quantity: int) -> Moments:
        """Of one quantity, per conversation."""
        return Moments(self.n, self.some[quantity], self.totals[quantity], self.squares[quantity])

    def at_rate(self, rate: float) -> Moments:
        """Of the cost, if every input token cost the same."""
        total = self.totals[OTHER] + rate * self.totals[TOKENS]
        squares = self.squares[OTHER] + 2 * rate * self.other_by_tokens + rate * rate * self.squares[TOKENS]
        return Moments(self.n, self.some[COST], total, squares)

    @property
    def input_cost(self) -> int:
        """Of all conversations."""
        return self.totals[COST] - self.totals[OTHER]

    @property
    def side(self) -> ArmTotals:
        """The counts that are told."""
        return ArmTotals(self.n, self.requests, self.estimated, self.unpriced)

    def include(self, other: "Sums") -> None:
        """These, too."""
        for name in ("n", "requests", "estimated", "unpriced", "unchanged", "changed", "mixed", "other_by_tokens"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for mine, theirs in (
            (self.totals, other.totals),
            (self.squares, other.squares),
            (self.some, other.some),
        ):
            mine[:] = [one + another for one, another in zip(mine, theirs, strict=True)]
        if other.guards:
            self.guards += other.guards
        self.rules |= other.rules
        self.since, self.until = min(self.since, other.since), max(self.until, other.until)


Sides = dict[Arm, Sums]
Cells = dict[Cell, Sides]


class Conversation:
    """What has come of one so far."""

    __slots__ = (
        "added",
        "arm",
        "broke",
        "cell",
        "changed",
        "cost",
        "estimated",
        "input_cost",
        "mixed",
        "reasoning",
        "requests",
        "rules",
        "since",
        "tokens",
        "unchanged",
        "unpriced",
        "until",
        "visible",
    )
    cell: Cell

    def __init__(self, arm: Arm, at: float) -> None:
        self.arm = arm
        self.since = self.until = at
        self.rules = ""
        self.broke: frozenset[Guardrail] = frozenset()
        self.changed = self.mixed = False
        self.visible = self.reasoning = self.requests = self.cost = self.input_cost = self.tokens = 0
        self.estimated = self.unpriced = self.unchanged = 0

    def take(self, row: Observed) -> None:
        """One request more."""
        if row.arm is not self.arm:
            self.mixed = True
        self.requests += 1
        self.rules = row.rules
        self.until = max(self.until, row.at)
        if row.broke:
            self.broke = self.broke.union(row.broke)
        if row.added_bytes:
            self.changed = True
        else:
            self.unchanged += 1
        if row.source is Source.REPORTED:
            self._use(row)
        elif row.source is Source.ESTIMATED:
            self.estimated += 1

    def _use(self, row: Observed) -> None:
        usage = row.usage
        self.visible += usage.output
        self.reasoning += usage.reasoning
        if row.cost is None or row.input_cost is None:
            self.unpriced += 1
        else:
            self.cost += row.cost
            self.input_cost += row.input_cost
            self.tokens += usage.total_input

    def settle(self, sides: Sides) -> None:
        """Into its arm's sums; into none but a count where it is not what its arm says."""
        sums = sides.get(self.arm)
        if sums is None:
            sums = sides[self.arm] = Sums()
        if self.mixed:
            sums.mixed += 1
        elif self.changed and self.arm is Arm.CONTROL:
            sums.changed += 1
        else:
            self._settle(sums)

    def _settle(self, sums: Sums) -> None:
        sums.n += 1
        sums.requests += self.requests
        sums.estimated += self.estimated
        sums.unpriced += self.unpriced
        sums.unchanged += self.unchanged
        other = self.cost - self.input_cost
        totals, squares, some = sums.totals, sums.squares, sums.some
        amounts = (self.visible, self.reasoning, self.requests, self.cost, other, self.tokens)
        for quantity, amount in enumerate(amounts):
            if amount:
                totals[quantity] += amount
                squares[quantity] += amount * amount
                some[quantity] += 1
        sums.other_by_tokens += other * self.tokens
        for guard in self.broke:
            sums.guards[guard] += 1
        sums.rules.add(self.rules)
        sums.since, sums.until = min(sums.since, self.since), max(sums.until, self.until)


class Stratum(NamedTuple):
    """Both arms of what is compared."""

    treated: Sums
    control: Sums

    @property
    def thin(self) -> bool:
        """Too few conversations in an arm."""
        return min(self.treated.n, self.control.n) < THIN


def together(every: Iterable[Sums]) -> Sums:
    """The sums of all."""
    found = Sums()
    for one in every:
        found.include(one)
    return found


def strata(cells: Cells) -> tuple[list[Stratum], int]:
    """What can be compared, and how many conversations can't be. Thin cells stand together, by their odds."""
    thick: list[Stratum] = []
    rest: dict[float | None, Stratum] = {}
    for cell, sides in cells.items():
        one = Stratum(sides.get(Arm.TREATED) or Sums(), sides.get(Arm.CONTROL) or Sums())
        if one.thin:
            pooled = rest.setdefault(cell.holdout, Stratum(Sums(), Sums()))
            pooled.treated.include(one.treated)
            pooled.control.include(one.control)
        else:
            thick.append(one)
    usable = thick + [one for one in rest.values() if not one.thin]
    left_out = sum(one.treated.n + one.control.n for one in rest.values() if one.thin)
    # Where nothing can be used, the gate is far; how far is counted in what there is.
    return usable or list(rest.values()), left_out
