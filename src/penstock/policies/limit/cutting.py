"""Ends a stream under way when a quota that says so is used up, with its dialect's own error.

What comes out is reserved as it comes, in pieces that grow, and shrink again toward the end of a quota, so that of
several streams none is cut for what another only holds. The event that goes over still goes out, and the books hold no
less than what was counted here: after a cut nothing is left for a next request to begin with. How many tokens some
events are is an estimate. Sits between provider and client, and keeps no word.
"""

from collections.abc import Awaitable, Sequence

import msgspec

from penstock.core.counting import Ask, Verdict
from penstock.core.exchange import Exchange, Visit
from penstock.core.fault import FaultError
from penstock.core.price import UNIT
from penstock.core.quota import Unit
from penstock.policies.limit import refusing
from penstock.policies.limit.taking import Slot, Taking, cuts, held
from penstock.policies.limit.terms import Conditions

LEAST, LARGEST = 64, 4_096
"""Tokens that are reserved at once."""
SHARE = 32
"""And of what is left no more than one part in so many, unless that is less than ``LEAST``."""


class Cutting(Visit):
    """One stream."""

    watches = True

    def __init__(
        self,
        exchange: Exchange,
        taking: Taking,
        asks: Sequence[Ask],
        conditions: Conditions,
        ratio: float,
        usual: int,
    ) -> None:
        """``ratio``: tokens to a byte of events; ``usual``: what a token costs, in ``UNIT``ths of a micro-dollar."""
        self._exchange = exchange
        self._lease = exchange.id
        self._taking = taking
        self._asks = [(slot, ask) for slot, ask in zip(taking.slots, asks, strict=True) if cuts(slot.quota)]
        self._conditions = conditions
        self._ratio = ratio
        self._usual = usual
        self._bytes = 0
        self._covered = 1
        """Tokens that are reserved: one, before any came."""
        self._piece = LEAST

    def watch(self, frames: bytes) -> Awaitable[None] | None:
        """Let these events go out, if what is left covers them."""
        before, self._bytes = self._bytes, self._bytes + len(frames)
        if self._bytes * self._ratio > self._covered:
            return self._covering(before)
        return None

    def _covering(self, before: int) -> Awaitable[None] | None:
        needed = int(self._bytes * self._ratio) + 1 - self._covered
        wanted = max(self._piece, needed)
        found = self._conditions.counters.extend(self._lease, self._more(wanted))
        if isinstance(found, Verdict) and found.refused < 0:
            self._granted(wanted, found)
            return None
        return self._rest(found, wanted, needed, before)

    async def _rest(self, found: Verdict | Awaitable[Verdict], wanted: int, needed: int, before: int) -> None:
        """So much, or as much as is left, or the end."""
        verdict = found if isinstance(found, Verdict) else await found
        if verdict.refused >= 0:
            left = self._left(verdict)
            wanted = min(left, max(needed, LEAST, left // SHARE))
            if wanted < 1:
                self._end(verdict, before)
                return
            again = self._conditions.counters.extend(self._lease, self._more(wanted))
            verdict = again if isinstance(again, Verdict) else await again
            if verdict.refused >= 0:
                self._end(verdict, before)
                return
        self._granted(wanted, verdict)

    def _end(self, verdict: Verdict, before: int) -> None:
        """Cut, unless what went out before has not used up what is reserved: then this goes over, and the next ends."""
        if before * self._ratio >= self._covered:
            self._exchange.came = self._covered
            raise self._cut(verdict)

    def _granted(self, tokens: int, verdict: Verdict) -> None:
        self._covered += tokens
        self._piece = max(LEAST, min(self._piece * 2, LARGEST, self._left(verdict) // SHARE))

    def _more(self, tokens: int) -> list[Ask]:
        return [
            msgspec.structs.replace(ask, amount=self._in_unit(slot, tokens), strict=True) for slot, ask in self._asks
        ]

    def _in_unit(self, slot: Slot, tokens: int) -> int:
        return tokens if slot.quota.unit is not Unit.DOLLARS else tokens * self._usual // UNIT + 1

    def _left(self, verdict: Verdict) -> int:
        """Tokens that every one of the quotas has room for."""
        found = []
        for (slot, ask), standing in zip(self._asks, verdict.standings, strict=True):
            left = ask.most - standing.settled - standing.reserved
            money = slot.quota.unit is Unit.DOLLARS
            found.append((left - 1) * UNIT // self._usual if money and self._usual else left)
        return min(found)

    def _cut(self, verdict: Verdict) -> FaultError:
        (slot, _), standing = self._asks[verdict.refused], verdict.standings[verdict.refused]
        stands = held(slot, standing.settled, standing.reserved, 0.0)
        return FaultError(refusing.cut(stands, self._taking.key, self._conditions.contact))
