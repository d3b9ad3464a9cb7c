"""Asks for the usage of streams whose client did not ask, and keeps the answer from showing it.

In force with ``stream_usage: ask``. What to write into a request, and what to take out of frames, the dialect says.
"""

from collections.abc import Callable, Set

from penstock.core.document import Document, Facts
from penstock.core.exchange import Exchange
from penstock.core.policy import Visit
from penstock.core.route import Route


class AskUsage:
    """Its policy; ``asked`` and ``untold`` are the dialect's two edits."""

    def __init__(
        self, operations: Set[str], asked: Callable[[bytes], bytes | None], untold: Callable[[bytes], bytes]
    ) -> None:
        self._operations = operations
        self._asked = asked
        self._visit = _Unseen(untold)

    def concerns(self, route: Route) -> bool:
        """Operations whose streams tell their usage only when asked."""
        return route.dialect == "openai" and route.operation in self._operations

    async def enter(self, exchange: Exchange) -> Visit | None:
        """Put the question into the body, and visit the answer to it."""
        if exchange.document is None:
            return None
        asking = self.asking(exchange.match.route, exchange.facts, exchange.document)
        if asking is None:
            return None
        exchange.document = asking
        return self._visit

    def asking(self, route: Route, facts: Facts, document: Document) -> Document | None:
        """The document with the question in it; None where it stays as it is.

        A body in a content encoding stays: to put a word into it would be to write all of it anew.
        """
        if not self.concerns(route) or not facts.stream or document.encoded:
            return None
        edited = self._asked(document.raw)
        return None if edited is None else Document(edited, edited)


class _Unseen(Visit):
    rewrites = True

    def __init__(self, untold: Callable[[bytes], bytes]) -> None:
        self._untold = untold

    def rewrite(self, frames: bytes) -> bytes:
        """Without what only the question brought."""
        return self._untold(frames)
