"""How much a request to OpenAI's API may use at most, as it says itself. Pure; never raises.

Fields as in openai types/chat/completion_create_params.py, types/completion_create_params.py and
types/responses/response_create_params.py (3.52).
"""

from penstock.core.demand import Demand
from penstock.core.route import Match
from penstock.dialects.bounding import (
    LATER,
    UNREADABLE,
    Members,
    called,
    first,
    known,
    read,
    rows,
    together,
    unknown,
    words_only,
)

# None of these brings anything that the body does not hold.
_SAMPLING = (
    *("model", "stream", "stream_options", "temperature", "top_p", "top_logprobs", "logprobs", "logit_bias", "seed"),
    *("metadata", "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "service_tier", "store"),
    *("verbosity", "parallel_tool_calls", "tools", "tool_choice", "frequency_penalty", "presence_penalty"),
)
_CHAT = frozenset(
    (
        *_SAMPLING,
        *("messages", "n", "max_tokens", "max_completion_tokens", "stop", "response_format", "reasoning_effort"),
        *("functions", "function_call", "prediction", "modalities", "audio", "web_search_options"),
    )
)
_LEGACY = frozenset((*_SAMPLING, "prompt", "suffix", "n", "best_of", "max_tokens", "stop", "echo"))
_RESPONSE = frozenset(
    (
        *_SAMPLING,
        *("input", "instructions", "max_output_tokens", "max_tool_calls", "text", "reasoning", "include"),
        *("truncation", "background", "context_management"),
    )
)
_SILENT = frozenset((*_SAMPLING, "input", "dimensions", "encoding_format"))
_PARTS = frozenset({"text", "refusal", "input_text", "output_text", "summary_text", "reasoning_text"})
_ITEMS = frozenset({"function_call", "custom_tool_call", "local_shell_call", "local_shell_call_output"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})
_OWN_TOOLS = frozenset({"function", "custom", "local_shell", "apply_patch"})
"""Tools that the client runs itself."""
_DEFAULT_LENGTH = 16
"""Of a completion that names no ``max_tokens``."""


def most(match: Match, body: bytes) -> tuple[Demand, ...]:
    """Of one request: OpenAI's batches stand in files."""
    members = read(body)
    if members is None:
        return UNREADABLE
    match match.route.operation:
        case "chat.completions.create":
            return (_chat(members, len(body)),)
        case "completions.create":
            return (_legacy(members, len(body)),)
        case "responses.create" | "responses.compact":
            return (_response(members, len(body)),)
        case "embeddings.create" | "moderations.create":
            plain = known(members, _SILENT) and words_only(members.get("input"), _part)
            # Text may come as numbers of tokens: lists of them, or lists of lists.
            plain = plain or (known(members, _SILENT) and _numbers(members.get("input")))
            return (Demand(size=len(body), elsewhere=not plain, answers=0),)
        case "batches.create":
            return (Demand(unbounded=LATER),)
        case _:
            return unknown(match)


def _chat(members: Members, size: int) -> Demand:
    tools = rows(members.get("tools"))
    plain = known(members, _CHAT) and words_only(members.get("messages"), _turn)
    searching = members.get("web_search_options") is not None
    whole = Demand(
        size=size,
        tools=len(tools) + len(rows(members.get("functions"))),
        elsewhere=not plain,
        output=first(members, "max_completion_tokens", "max_tokens"),
        answers=first(members, "n") or 1,
    )
    return together(whole, *_served(tools, None), *([called("web_search", 1, "")] if searching else ()))


def _turn(turn: Members) -> bool:
    return words_only(turn.get("content"), _part) and turn.get("audio") is None


def _legacy(members: Members, size: int) -> Demand:
    prompt = members.get("prompt")
    strings = isinstance(prompt, list) and any(isinstance(one, str | list) for one in prompt)
    prompts = len(prompt) if isinstance(prompt, list) and strings else 1
    length = first(members, "max_tokens")
    return Demand(
        size=size,
        elsewhere=not known(members, _LEGACY),
        output=_DEFAULT_LENGTH if length is None else length,
        answers=prompts * max(first(members, "n") or 1, first(members, "best_of") or 1),
    )


def _response(members: Members, size: int) -> Demand:
    tools = rows(members.get("tools"))
    plain = known(members, _RESPONSE) and words_only(members.get("input"), _item)
    whole = Demand(
        size=size,
        tools=len(tools),
        elsewhere=not plain,
        output=first(members, "max_output_tokens"),
        rounds=2 if members.get("context_management") else 1,
    )
    return together(whole, *_served(tools, first(members, "max_tool_calls")))


def _item(item: Members) -> bool:
    kind = item.get("type", "message")
    if kind == "message":
        return words_only(item.get("content"), _part)
    if kind == "reasoning":
        # Without what was thought in it, sealed, it stands for what the provider has kept.
        return isinstance(item.get("encrypted_content"), str)
    return kind in _ITEMS or (kind in _OUTPUTS and words_only(item.get("output"), _part))


def _part(part: Members) -> bool:
    return part.get("type") in _PARTS


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(one) is int or _numbers(one) for one in value)


def _served(tools: object, uses: int | None) -> list[Demand]:
    """``uses`` holds for all of them together: so for each, at most."""
    kinds = {str(tool.get("type") or "function") for tool in rows(tools)} - _OWN_TOOLS
    return [called(kind.removesuffix("_preview"), uses, "give max_tool_calls") for kind in sorted(kinds)]
