"""The one signature of every policy: ``enter`` on the way in, a Visit for the way out.

``enter`` returns nothing (no further interest), an Answer (the provider is not called), or a Visit. Refusing is
raising a FaultError. Order is a list with reasons, in ``app.py``.
"""

from typing import Protocol

from penstock.core.exchange import Answer, Exchange


class Visit:
    """A policy's interest in one exchange's way out. What a policy does not override costs nothing."""

    holds = False
    """Wants the answer before the client sees any of it: whole, or of an event stream the first frame."""

    async def answered(self, answer: Answer) -> Answer:
        """Called once with what was held; returns what the client gets in its place."""
        return answer

    def leave(self, exchange: Exchange) -> None:
        """The exchange is over and ``exchange.outcome`` says how. Always called, also when things broke."""


class Policy(Protocol):
    """One room of ``policies``."""

    async def enter(self, exchange: Exchange) -> Answer | Visit | None:
        """Look at the request; answer it, refuse it (FaultError), visit its way out, or let it be."""
