"""Asks for the usage of streams whose client did not ask, and keeps the answer from showing it.

In force with ``stream_usage: ask``, and without it where something is measured: what one arm of a comparison used must
not be an estimate, and both arms are asked alike. What to write into a request, and what to take out of frames, the
dialect says.
"""

from collections.abc import Callable, Set

from penstock.core.exchange import Exchange, Visit
from penstock.core.quota_text import METERED
from penstock.core.route import Route
from penstock.core.terseness import Arm


class AskUsage:
    """Its policy; ``asked`` and ``untold`` are the dialect's two edits."""

    def __init__(
        self,
        operations: Set[str],
        asked: Callable[[bytes], bytes | None],
        untold: Callable[[bytes], bytes],
        *,
        measured_only: bool = False,
    ) -> None:
        """``measured_only``: nothing but requests on one side of a measurement, and those that take from a quota of
        tokens or money."""
        self._operations = operations
        self._measured_only = measured_only
        self._asked = asked
        self._visit = _Unseen(untold)

    def concerns(self, route: Route) -> bool:
        """Operations whose streams tell their usage only when asked."""
        return route.dialect == "openai" and route.operation in self._operations

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Visit the answer, where the question is in the body now."""
        return self._visit if self.asks(exchange) else None

    def asks(self, exchange: Exchange) -> bool:
        """Put the question into the body; False where it stays as it is.

        A body in a content encoding stays: to put a word into it would be to write all of it anew.
        """
        document = exchange.document
        if document is None or document.encoded or not exchange.facts.stream:
            return False
        if not self.concerns(exchange.match.route) or (self._measured_only and not _counted(exchange)):
            return False
        text = self._asked(document.plain)
        edited = None if text is None else document.edited(text)
        if edited is None:
            return False
        exchange.document = edited
        return True


def _counted(exchange: Exchange) -> bool:
    measured = exchange.terseness is not None and exchange.terseness.arm in {Arm.TREATED, Arm.CONTROL}
    return measured or (exchange.allowance is not None and exchange.allowance.tightest(*METERED) is not None)


class _Unseen(Visit):
    rewrites = True

    def __init__(self, untold: Callable[[bytes], bytes]) -> None:
        self._untold = untold

    def rewrite(self, frames: bytes) -> bytes:
        """Without what only the question brought."""
        return self._untold(frames)
