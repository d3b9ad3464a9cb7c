"""What answers say of their caller's quotas: the dialect's own headers, and the gateway's, near a limit or past it.

``Tokens-Used`` counts what is settled and what is reserved by requests under way. An answer that is whole before its
head goes counts with what it has truly used, if its provider told that; a stream's head with what it has reserved.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from penstock.core.allowance import Allowance, Held
from penstock.core.dialect import Dialect
from penstock.core.exchange import Exchange
from penstock.core.fault import FaultKind
from penstock.core.head import Header
from penstock.core.quota import metered
from penstock.core.quota_text import TOKENS

WARN_AT = 0.8
"""Unless the operator says otherwise."""
_REFUSALS = (FaultKind.THROTTLED, FaultKind.EXHAUSTED)


class Allowances:
    """Header lines, each begun by a line end."""

    def __init__(
        self,
        prefixes: Sequence[str],
        dialects: Mapping[str, Dialect],
        warn_at: float = WARN_AT,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``warn_at``: the share of a quota of tokens from which answers tell how it stands."""
        self._dialects = dialects
        self._warn_at = warn_at
        self._now = now
        self._tokens = b"".join(
            b"\r\n%bTokens-Used: %%d\r\n%bTokens-Limit: %%d" % (name, name)
            for name in (prefix.encode() for prefix in prefixes)
        )
        self._times = len(prefixes)

    def good(self, exchange: Exchange, allowance: Allowance, given: Sequence[Header], *, whole: bool) -> bytes:
        """Of an answer; ``given`` are the provider's headers in it, ``whole``: nothing of it is still to come."""
        if (exchange.status or 0) >= 400:
            return b""
        theirs = given if given and not exchange.on_operators_account else ()
        dialect = self._dialects[exchange.match.route.dialect]
        lines = dialect.quotas(allowance, self._now(), theirs, refused=False)
        tokens = allowance.fullest(*TOKENS)
        if tokens is None:
            return lines
        used, near = tokens.used + tokens.reserved, self._warn_at * tokens.quota.amount
        if whole and used >= near:
            used += _spent(exchange, tokens)
        return lines if used < near else lines + self._said(used, tokens)

    def refused(self, exchange: Exchange) -> bytes:
        """Of a refusal of the gateway's own."""
        fault = exchange.fault
        if fault is None or fault.kind not in _REFUSALS:
            return b""
        others = () if exchange.allowance is None else exchange.allowance.held
        # The one that refused comes first, whatever its share: a large request leaves much behind.
        allowance = Allowance(others if fault.held is None else (fault.held, *others))
        lines = self._dialects[exchange.match.route.dialect].quotas(allowance, self._now(), (), refused=True)
        tokens = allowance.fullest(*TOKENS)
        if tokens is None or (tokens is not fault.held and tokens.share < self._warn_at):
            return lines
        return lines + self._said(tokens.used + tokens.reserved, tokens)

    def _said(self, used: int, held: Held) -> bytes:
        return self._tokens % ((used, held.most) * self._times)


def _spent(exchange: Exchange, held: Held) -> int:
    """What this exchange adds to what is counted already, with its reservation."""
    if exchange.tap is None:
        # No provider was called.
        return -held.own
    consumption = exchange.tap.consumed()
    if consumption.missing or not consumption.shares:
        return 0
    usage = consumption.usage
    return metered(held.quota.unit, usage.total_input, usage.total_output, 0) - held.own
