"""Asks, for one process, how conversations were decided that it does not know: each once, however many requests wait.

What could not be asked is decided by this process alone, as if it had no others: the decision is a pure function of the
first request and of what is set, so others come to the same one unless something was set meanwhile. Such a decision is
put forward again when its conversation goes on; if another was faster, its decision stands from then on.
"""

import asyncio
import logging
from collections.abc import Callable, Generator

from penstock.core.counting import Unanswered
from penstock.core.terseness import Decided
from penstock.stores.claims import Answered, Claim, Claims, Precedent

log = logging.getLogger(__name__)

MOST_UNSURE = 50_000

Learn = Callable[[Claim, Precedent | None], None]
"""What stands: what was found, or else what was proposed."""


class Sought:
    """An answer that several may wait for: who gives up waiting takes it from nobody."""

    def __init__(self, arrived: "asyncio.Future[None]") -> None:
        self._arrived = arrived

    def __await__(self) -> Generator[object, None, None]:
        return asyncio.shield(self._arrived).__await__()


class Asking:
    """All but the store belongs to the event loop."""

    def __init__(self, claims: Claims, learn: Learn) -> None:
        """``learn`` is told what stands, before whoever waits goes on."""
        self.claims = claims
        self._learn = learn
        self._proposed: dict[str, Sought] = {}
        """Under way, those that put something forward."""
        self._unsure: dict[str, Decided | None] = {}
        self._trouble = ""

    def is_unsure(self, beginning: str) -> bool:
        """This process has decided it alone."""
        return beginning in self._unsure

    def outdated(self, beginning: str) -> Decided | None:
        """What its own decision was to take the place of."""
        return self._unsure.get(beginning)

    def under_way(self, beginning: str) -> Sought | None:
        """It has been put forward, and the answer is still to come."""
        return self._proposed.get(beginning)

    def ask(self, claim: Claim) -> Sought:
        """Put it forward, or only ask."""
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sought = Sought(arrived)
        if claim.proposed is not None:
            self._proposed[claim.beginning] = sought
        self.claims.claim(claim, self._answered(claim, arrived, sought))
        return sought

    def _answered(self, claim: Claim, arrived: "asyncio.Future[None]", sought: Sought) -> Answered:
        def answered(found: Precedent | Unanswered | None) -> None:
            if self._proposed.get(claim.beginning) is sought:
                del self._proposed[claim.beginning]
            if isinstance(found, Unanswered):
                self._alone(claim, str(found))
            else:
                self._say("")
                self._settled(claim, found)
            if not arrived.done():
                arrived.set_result(None)

        return answered

    def _settled(self, claim: Claim, found: Precedent | None) -> None:
        if found is not None or claim.proposed is not None:
            self._unsure.pop(claim.beginning, None)
            self._learn(claim, found)

    def _alone(self, claim: Claim, words: str) -> None:
        if claim.proposed is not None:
            self._unsure[claim.beginning] = claim.outdated
            while len(self._unsure) > MOST_UNSURE:
                del self._unsure[next(iter(self._unsure))]
        self._say(words)

    def _say(self, trouble: str) -> None:
        """Once when it begins, and once when it is over."""
        if trouble and not self._trouble:
            log.warning("what others decide of conversations can't be asked, each process decides alone: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("conversations are decided together with the others again")
        self._trouble = trouble
