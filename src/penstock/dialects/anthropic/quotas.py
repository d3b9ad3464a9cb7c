"""How quotas stand, in Anthropic's headers: its rates for those per minute, the unified ones for budgets in money.

The rates are for programs; the unified headers are what Claude Code makes notices of (wire contract 2.9, 3.7). Pure.
"""

import functools
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from penstock.core.allowance import Allowance, Held
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import Header
from penstock.core.quota import Level, Period, Quota, Unit
from penstock.dialects.rates import ToldRates

RATES = b"anthropic-ratelimit-"
UNIFIED = b"anthropic-ratelimit-unified-"

_COUNTED = {
    Unit.REQUESTS: (1, b"requests"), Unit.TOKENS: (2, b"tokens"), Unit.INPUT: (4, b"input-tokens"),
    Unit.OUTPUT: (8, b"output-tokens"),
}  # fmt: skip
_BUDGET = b"".join(
    b"\r\n%b%b" % (UNIFIED, line)
    for line in (
        b"status: %b",
        b"representative-claim: overage",
        b"overage-status: %b",
        b"overage-utilization: 0.%02d",
        b"reset: %d",
        b"overage-reset: %d",
    )
)
_SURPASSED = b"\r\n%boverage-surpassed-threshold: %%b" % UNIFIED
# The client's notice comes with the first, and again with the second (wire contract 3.7).
_NEAR, _NEARER = 75, 95
_PERIODS = {Period.DAY: b"daily", Period.WEEK: b"weekly", Period.MONTH: b"monthly"}


def lines(allowance: Allowance, given: Sequence[Header], *, refused: bool) -> bytes:
    """Each begun by a line end. Of what the provider says in headers of the same family nothing is said again. A
    refusal says of budgets what ``rejected`` does, and nothing else."""
    told = b""
    theirs = [name for name, _ in given if name.startswith(RATES)] if given else ()
    if not theirs or all(name.startswith(UNIFIED) for name in theirs):
        told = _rates(allowance)
    if refused or any(name.startswith(UNIFIED) for name in theirs):
        return told
    budget = allowance.fullest(Unit.DOLLARS)
    return told if budget is None else told + _allowed(budget)


def rejected(fault: Fault) -> tuple[Header, ...]:
    """What goes with the refusal of a budget in money. Without a claim the client prints the message as it is."""
    held = fault.held
    if held is None or held.quota.unit is not Unit.DOLLARS:
        return ()
    if fault.kind is FaultKind.OVERLOADED:
        return ((UNIFIED + b"overage-disabled-reason", b"fetch_error"),)
    if fault.kind is not FaultKind.EXHAUSTED:
        return ()
    reset = b"%d" % math.ceil(held.resets)
    told = [
        (b"status", b"rejected"),
        (b"reset", reset),
        (b"overage-reset", reset),
        (b"overage-utilization", b"1"),
        (b"overage-surpassed-threshold", b"1"),
        (b"overage-period", _PERIODS.get(held.quota.period, b"monthly")),
        (b"overage-disabled-reason", b"org_spend_cap_reached"),
    ]
    if held.quota.level in {Level.TEAM, Level.INSTALLATION}:
        told.append((b"overage-scope", b"group_pool"))
    return tuple((UNIFIED + name, value) for name, value in told)


def _rates(allowance: Allowance) -> bytes:
    """The tightest per minute of each unit."""
    told, said = b"", 0
    for held in allowance.held:
        rate = RATED[held.quota]
        if rate.group and not said & rate.group:
            said |= rate.group
            left = rate.room - held.used - held.reserved
            told += rate.template % (left if left > 0 else 0, _moment(math.ceil(held.resets)))
    return told


def _template(quota: Quota) -> tuple[int, bytes]:
    if quota.period is not Period.MINUTE or quota.unit not in _COUNTED:
        return 0, b""
    group, counted = _COUNTED[quota.unit]
    lines = (b"limit: %d" % quota.amount, b"remaining: %d", b"reset: %b")
    return group, b"".join(b"\r\n%b%b-%b" % (RATES, counted, line) for line in lines)


RATED = ToldRates(_template)


def _allowed(held: Held) -> bytes:
    # Below 1 for as long as requests pass.
    hundredths = min(99, int(held.share * 100))
    status = b"allowed" if hundredths < _NEAR else b"allowed_warning"
    reset = math.ceil(held.resets)
    told = _BUDGET % (status, status, hundredths, reset, reset)
    if hundredths < _NEAR:
        return told
    return told + _SURPASSED % (b"0.95" if hundredths >= _NEARER else b"0.75")


@functools.lru_cache(maxsize=256)
def _moment(seconds: int) -> bytes:
    """As RFC 3339 has it; in a busy second many answers say the same."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
