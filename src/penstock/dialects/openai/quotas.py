"""How quotas per minute stand, in OpenAI's headers, and what a refused quota is called in its errors.

Codex shows a message of its own for ``insufficient_quota``, and ours for what its own service says of a used up plan
(wire contract 4.1, 4.4). Pure.
"""

import math
from collections.abc import Sequence

from penstock.core.allowance import Allowance
from penstock.core.fault import Fault, FaultKind
from penstock.core.head import Header, RequestHead
from penstock.core.quota import Period, Quota, Unit
from penstock.dialects.rates import ToldRates

RATES = b"x-ratelimit-"
_TOKENS = (Unit.TOKENS, Unit.INPUT, Unit.OUTPUT)


def lines(allowance: Allowance, now: float, given: Sequence[Header]) -> bytes:
    """Each begun by a line end; none where the provider says its own. There is one row for tokens: the tightest quota
    that counts any of them."""
    if given and any(name.startswith(RATES) for name, _ in given):
        return b""
    told, said = b"", 0
    for held in allowance.held:
        rate = RATED[held.quota]
        if rate.group and not said & rate.group:
            said |= rate.group
            left = rate.room - held.used - held.reserved
            told += rate.template % (left if left > 0 else 0, duration(held.resets - now))
    return told


def _template(quota: Quota) -> tuple[int, bytes]:
    if quota.period is not Period.MINUTE or (quota.unit is not Unit.REQUESTS and quota.unit not in _TOKENS):
        return 0, b""
    counted = b"requests" if quota.unit is Unit.REQUESTS else b"tokens"
    lines = (b"limit-%b: %d" % (counted, quota.amount), b"remaining-%b: %%d" % counted, b"reset-%b: %%b" % counted)
    return (1 if quota.unit is Unit.REQUESTS else 2), b"".join(b"\r\n%b%b" % (RATES, line) for line in lines)


RATED = ToldRates(_template)


def duration(seconds: float) -> bytes:
    """``12ms``, ``1.5s``, ``6m0s``; never shorter than it is."""
    # Seconds since the epoch are exact to less than a microsecond, which is not to become a millisecond.
    thousandths = max(0, math.ceil(seconds * 1000 - 0.001))
    if thousandths < 1000:
        return b"%dms" % thousandths
    if thousandths < 60_000:
        return b"%gs" % (thousandths / 1000)
    minutes, rest = divmod(-(-thousandths // 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return b"%dh%dm%ds" % (hours, minutes, rest) if hours else b"%dm%ds" % (minutes, rest)


def error_type(fault: Fault) -> str | None:
    """The ``type`` of a 429, as the API's; None for all other faults."""
    if fault.kind is FaultKind.EXHAUSTED:
        return "insufficient_quota"
    if fault.kind is not FaultKind.THROTTLED:
        return None
    return "tokens" if fault.held is not None and fault.held.quota.unit in _TOKENS else "requests"


def by_codex(asked: RequestHead | None) -> bool:
    """It names itself."""
    return asked is not None and (asked.get(b"originator") or b"").startswith(b"codex")


def codex_error(fault: Fault) -> dict[str, object]:
    """What it takes for a used up plan; it says when to try again."""
    resets = {} if fault.held is None else {"resets_at": math.ceil(fault.held.resets)}
    return {"type": "usage_limit_reached", **resets}


def codex_headers(fault: Fault) -> tuple[Header, ...]:
    """The message that it shows; it ends the sentence by itself."""
    words = "".join(letter if " " <= letter <= "~" else "?" for letter in fault.words.strip().removesuffix("."))
    return ((b"x-codex-promo-message", words.encode()),)
