"""The tools and MCP servers of chats, responses, assistants and sessions. Pure; never raises."""

from collections.abc import Iterator, Mapping

import msgspec

from penstock.core.equipment import Equipment
from penstock.core.route import Match
from penstock.dialects.equipping import Members, OtherwiseError, decoded, host, length, members, name, rows, with_model


class Equipping:
    """Reads them."""

    def equipment(self, match: Match, body: bytes) -> Equipment | None:
        """A function by its name, any other tool by its type; an MCP server by its host, else its connector's id."""
        del match
        try:
            top = members(body)
            # A session of the realtime API stands in a member of its own.
            inner = members(top["session"]) if bytes(top.get("session", msgspec.Raw(b""))).startswith(b"{") else {}
            tools, servers = _equipment([*_declared(top), *_declared(inner)])
            return Equipment(tools, servers, max(length(top.get("messages")), length(top.get("input"))))
        except OtherwiseError:
            return None

    def renamed(self, match: Match, body: bytes, model: str) -> tuple[Match, bytes]:
        """In the body."""
        return match, with_model(body, model)


def _declared(top: Mapping[str, msgspec.Raw]) -> Iterator[Members]:
    for tool in rows(decoded(top.get("tools"))):
        yield tool
        # A namespace holds tools of its own.
        if tool.get("type") == "namespace":
            yield from rows(tool.get("tools"))
    for function in rows(decoded(top.get("functions"))):
        yield {"type": "function", "function": function}
    if decoded(top.get("web_search_options")) is not None:
        yield {"type": "web_search"}


def _equipment(declared: list[Members]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    tools, servers = [], []
    for tool in declared:
        if tool.get("type") == "mcp":
            servers.append(host(name(tool, "server_url")) or name(tool, "connector_id", "server_label"))
            continue
        inner = next((found for kind in ("function", "custom") if isinstance(found := tool.get(kind), dict)), {})
        tools.append(name(inner, "name") or name(tool, "name", "type"))
    return tuple(tools), tuple(servers)
