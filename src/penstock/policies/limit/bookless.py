"""Stands in the limiter's place where no books are kept: who has a quota gets nothing.

A quota is settled by what the books say was used. Without them it could only be left out without a word, and a budget
that holds nobody is worse than none. The file's own are refused with the configuration; these are the database's.
"""

from penstock.core.exchange import Exchange
from penstock.core.fault import Fault, FaultError, FaultKind
from penstock.core.route import Route
from penstock.policies.limit.refusing import named


class Bookless:
    """Refuses keys that have quotas."""

    def concerns(self, route: Route) -> bool:
        """All of them."""
        del route
        return True

    async def enter(self, exchange: Exchange) -> None:
        """Nothing for a key that has none; else FaultError 503."""
        key = None if exchange.caller is None else exchange.caller.key
        if key is None or not key.quotas:
            return
        words = (
            f"The quota of {named(key.quotas[0], key)} can't be counted, because this gateway keeps no books. Tell its "
            "operator to write `books: true`, or to take the quota away."
        )
        raise FaultError(Fault(kind=FaultKind.OVERLOADED, words=words, retryable=False))
