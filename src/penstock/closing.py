"""Stops 6 and 7 as the gateway sees them: an exchange leaves, with its one outcome; then a whole answer goes.

Whole answers that are ready in one turn of the event loop go together: first all of their exchanges leave, then all of
them are sent. One thing done for many in a row costs less than everything done for one after the other. Nobody waits
for more than the loop's next turn, and who is alone waits for nothing.
"""

import asyncio
import logging
from collections.abc import Collection

from penstock.core.exchange import Answer, Exchange, Outcome
from penstock.core.fault import Fault, FaultKind
from penstock.wire.incoming import Incoming

log = logging.getLogger(__name__)

_CUT = frozenset((FaultKind.REFUSED, FaultKind.EXHAUSTED, FaultKind.THROTTLED))
"""Who ends a running stream with one of these is a policy."""


def leave(exchange: Exchange | None, outcome: Outcome) -> None:
    """The exchange is over, in this way; in no other, where it was over before."""
    if exchange is None or exchange.outcome is not None:
        return
    exchange.outcome = outcome
    for visit in reversed(exchange.visits):
        try:
            visit.leave(exchange)
        except Exception as bug:  # one policy's bug must not keep the others from leaving
            log.error("a bug in leaving %s", exchange.id, exc_info=bug)


def outcome_of(fault: Fault | None) -> Outcome:
    """How a stream ended that was under way: in order, cut by a policy, or broken."""
    if fault is None:
        return Outcome.SERVED
    return Outcome.CUT if fault.kind in _CUT else Outcome.FAILED


class Closing:
    """Ends the exchanges that are served with a whole answer."""

    def __init__(self, woken: Collection[object]) -> None:
        """``woken``: those who go on later in this turn, as far as anybody knows. Many of them will have an answer."""
        self._woken = woken
        self._promised: list[tuple[Exchange, Incoming, Answer, bytes]] = []

    def promise(self, exchange: Exchange, incoming: Incoming, answer: Answer, lines: bytes) -> None:
        """The exchange is over and its answer as good as sent: the first of a turn sees to it for all that follow.

        ``lines`` as in ``Incoming.reply``.
        """
        incoming.promised = True
        self._promised.append((exchange, incoming, answer, lines))
        if len(self._promised) > 1:
            return
        if self._woken:
            asyncio.get_running_loop().call_soon(self._keep)
        else:
            self._keep()

    def _keep(self) -> None:
        promised, self._promised = self._promised, []
        for exchange, _, _, _ in promised:
            # Also when its client has left since: the answer was whole by then, and the provider is paid for it.
            leave(exchange, Outcome.SERVED)
        for exchange, incoming, answer, lines in promised:
            try:
                incoming.reply(answer, lines)
            except Exception as bug:  # one answer's bug must not keep the others from their clients
                log.error("a bug in answering %s", exchange.id, exc_info=bug)
                incoming.abort()
