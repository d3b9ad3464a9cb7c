"""The outermost look at chats, where gateways share what they decide of conversations.

What must be asked of the others goes out with what is asked of quotas, and the answer is there when it is wanted. It
waits for nothing and changes nothing.
"""

from penstock.core.exchange import Exchange
from penstock.core.route import Route
from penstock.policies.compress.policy import CHATS, COUNTS, Compress


class Foresee:
    """Looks for ``Compress``, which stands far within."""

    def __init__(self, compress: Compress) -> None:
        self._compress = compress

    def concerns(self, route: Route) -> bool:
        """Single chats, and counts of what one would send."""
        return route.operation in CHATS | COUNTS

    async def enter(self, exchange: Exchange) -> None:
        """Ask, and let it be."""
        self._compress.foresee(exchange)
