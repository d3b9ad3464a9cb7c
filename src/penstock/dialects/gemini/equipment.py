"""The tools and MCP servers of a generateContent request, in both spellings of proto JSON. Pure; never raises."""

from collections.abc import Iterator, Mapping
from urllib.parse import quote

import msgspec

from penstock.core.equipment import Equipment
from penstock.core.route import Match
from penstock.dialects.equipping import Members, OtherwiseError, decoded, host, length, members, name, rows, with_model

_FUNCTIONS = ("functionDeclarations", "function_declarations")
_SERVERS = ("mcpServers", "mcp_servers")
_TRANSPORTS = ("streamableHttpTransport", "streamable_http_transport")


class Equipping:
    """Reads them."""

    def equipment(self, match: Match, body: bytes) -> Equipment | None:
        """A function by its name, any other tool by the member that switches it on; a server by its host."""
        del match
        try:
            top = members(body)
            tops = [
                top,
                *(members(top[key]) for key in ("generateContentRequest", "generate_content_request") if key in top),
            ]
            tools: list[str] = []
            servers: list[str] = []
            for tool in (tool for one in tops for tool in _tools(one)):
                for key, value in tool.items():
                    if key in _FUNCTIONS:
                        tools += (name(function, "name") for function in _several(value))
                    elif key in _SERVERS:
                        servers += (_server(server) for server in _several(value))
                    elif value is not None:
                        tools.append(key)
            turns = max(length(one.get("contents")) for one in tops)
            return Equipment(tuple(tools), tuple(servers), turns)
        except OtherwiseError:
            return None

    def renamed(self, match: Match, body: bytes, model: str) -> tuple[Match, bytes]:
        """In the path, and in the body where it stands there too."""
        asked = match.parameter("model")
        if asked is not None:
            before, _, after = match.path.rpartition("/")
            verb = after.rpartition(":")[2]
            match = msgspec.structs.replace(match, path=f"{before}/{quote(model.removeprefix('models/'))}:{verb}")
        body = with_model(body, model if model.startswith("models/") else f"models/{model}")
        return match, body


def _tools(top: Mapping[str, msgspec.Raw]) -> Iterator[Members]:
    yield from _several(decoded(top.get("tools")))


def _several(value: object) -> Iterator[Members]:
    """A list of one may stand without its brackets."""
    yield from rows([value] if isinstance(value, dict) else value)


def _server(server: Members) -> str:
    for key in _TRANSPORTS:
        found = server.get(key)
        if isinstance(found, dict):
            return host(name(found, "url"))
    return name(server, "name")
