"""The tools and MCP servers of a Messages request, and of each request in a batch. Pure; never raises."""

from collections.abc import Mapping

import msgspec

from penstock.core.equipment import Equipment
from penstock.core.route import Match
from penstock.dialects.equipping import OtherwiseError, decoded, host, length, members, name, rows, with_model


class Equipping:
    """Reads them."""

    def equipment(self, match: Match, body: bytes) -> Equipment | None:
        """A tool by its name, a server by its host (``mcp_servers``)."""
        try:
            top = members(body)
            if match.route.operation == "batches.create":
                return _together([_of(_params(one)) for one in _requests(top)])
            return _of(top)
        except OtherwiseError:
            return None

    def renamed(self, match: Match, body: bytes, model: str) -> tuple[Match, bytes]:
        """In the body."""
        return match, with_model(body, model)


def _requests(top: Mapping[str, msgspec.Raw]) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(top.get("requests", msgspec.Raw(b"[]")), type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise OtherwiseError("no list of requests") from None


def _params(one: msgspec.Raw) -> Mapping[str, msgspec.Raw]:
    return members(members(one).get("params", msgspec.Raw(b"{}")))


def _of(request: Mapping[str, msgspec.Raw]) -> Equipment:
    tools = tuple(name(tool, "name", "type") for tool in rows(decoded(request.get("tools"))))
    servers = tuple(host(name(server, "url")) for server in rows(decoded(request.get("mcp_servers"))))
    return Equipment(tools, servers, length(request.get("messages")))


def _together(found: list[Equipment]) -> Equipment:
    return Equipment(
        tuple(tool for one in found for tool in one.tools),
        tuple(server for one in found for server in one.servers),
        max((one.turns for one in found), default=0),
    )
