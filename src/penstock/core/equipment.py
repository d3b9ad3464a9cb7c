"""What a request brings besides its words: the tools and MCP servers that it declares, and how many turns it holds."""

from typing import Protocol

import msgspec

from penstock.core.route import Match


class Equipment(msgspec.Struct, frozen=True, gc=False):
    """Of one request, or of all the requests of a batch together."""

    tools: tuple[str, ...] = ()
    """Names of tools; of one that the provider runs itself, and that has no name, its type."""
    servers: tuple[str, ...] = ()
    """MCP servers: the host of an address, else the connector's id or the label; empty where it says none."""
    turns: int = 0
    """Messages, or items of the input; of a batch, in its longest request."""


class Equipping(Protocol):
    """Reads the equipment of a dialect's requests. Pure; never raises, whatever the bytes are: what can't be read says
    so, because a tool may stand in it."""

    def equipment(self, match: Match, body: bytes) -> Equipment | None:
        """None where a place that may hold tools can't be read."""

    def renamed(self, match: Match, body: bytes, model: str) -> tuple[Match, bytes]:
        """The same request for another model; as it is where it names none."""
