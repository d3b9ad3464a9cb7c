"""How much a request to Claude may use at most, as it says itself. Pure; never raises.

Fields as in anthropic types/message_create_params.py and types/beta/message_create_params.py (2.11).
"""

import msgspec

from penstock.core.demand import Demand
from penstock.core.route import Match
from penstock.dialects.bounding import (
    LATER,
    UNREADABLE,
    Members,
    called,
    count,
    known,
    read,
    rows,
    together,
    unknown,
    words_only,
)

# None of these brings anything that the body does not hold.
_FIELDS = frozenset(
    (
        *("model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream", "metadata", "betas"),
        *("temperature", "top_p", "top_k", "stop_sequences", "thinking", "service_tier", "output_config"),
        *("output_format", "context_management", "inference_geo", "anthropic_version", "cache_control"),
    )
)
_WORDS = frozenset({"text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "mcp_tool_use"})
_HOLDING = frozenset({"tool_result", "search_result"})
"""Blocks whose ``content`` is blocks again."""
_SERVED = ("web_search", "web_fetch", "code_execution", "tool_search", "advisor", "mcp")
"""How the types of tools begin that the provider runs itself."""
_USES = "give it max_uses"


def most(match: Match, body: bytes) -> tuple[Demand, ...]:
    """Of a message, or of each message of a batch; a batch has no bound, but its models are known."""
    members = read(body)
    if members is None:
        return UNREADABLE
    if match.route.operation == "messages.create":
        return (_message(members, len(body)),)
    if match.route.operation != "batches.create":
        return unknown(match)
    lines = members.get("requests")
    found = [line.get("params") for line in rows(lines)]
    if not isinstance(lines, list) or len(found) != len(lines):
        return UNREADABLE
    return tuple(
        msgspec.structs.replace(_message(one, len(msgspec.json.encode(one))), unbounded=LATER)
        if isinstance(one, dict)
        else UNREADABLE[0]
        for one in found
    )


def _message(members: Members, size: int) -> Demand:
    model, tools = members.get("model"), rows(members.get("tools"))
    turns = members.get("messages")
    plain = known(members, _FIELDS) and words_only(members.get("system"), _plain)
    plain = plain and words_only(turns, lambda turn: words_only(turn.get("content"), _plain))
    whole = Demand(
        model=model if isinstance(model, str) else "",
        size=size,
        tools=len(tools),
        elsewhere=not plain,
        output=count(members.get("max_tokens")),
        # What is left out of a conversation that grows too long is told by the model itself first.
        rounds=2 if "compact" in str(members.get("context_management", "")) else 1,
        unbounded="its fallbacks may each be charged for" if members.get("fallbacks") else "",
    )
    return together(whole, *(_served(tool) for tool in tools))


def _served(tool: Members) -> Demand:
    kind = str(tool.get("type") or "custom")
    name = next((name for name in _SERVED if kind.startswith(name)), None)
    return Demand() if name is None else called(name, count(tool.get("max_uses")), _USES)


def _plain(block: Members) -> bool:
    kind = block.get("type")
    if kind in _HOLDING:
        return words_only(block.get("content"), _plain)
    if kind == "document":
        source = block.get("source")
        return isinstance(source, dict) and (
            source.get("type") == "text"
            or (source.get("type") == "content" and words_only(source.get("content"), _plain))
        )
    return kind in _WORDS
