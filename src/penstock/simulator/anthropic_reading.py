"""From an Anthropic Messages body to the ask, and to the stretches that its tokens and cache counters come from."""

from collections.abc import Iterator

import msgspec

from penstock.simulator.anthropic_body import Block, MessagesBody, ToolChoice, ToolParameter, inner_blocks
from penstock.simulator.ask import Ask, Choice, Result, Role, Shape, Tool, Tools, Turn, Wishes
from penstock.simulator.cache_memory import Stretch
from penstock.simulator.conversation import understood
from penstock.simulator.steering import Steering
from penstock.simulator.tokens import DOCUMENT_TOKENS, PICTURE_TOKENS, encoded, weight

# What a message and a tool weigh beside their content, and a request beside its messages.
_MESSAGE_TOKENS = 3
_TOOL_TOKENS = 12
_REQUEST_TOKENS = 4
# Roughly what an adaptive model allows itself, by effort.
_EFFORTS = {"low": 400, "medium": 2000, "high": 8000, "xhigh": 16000, "max": 32000}

_SERVER_TOOLS = ("web_search", "web_fetch", "code_execution", "tool_search", "advisor", "mcp_toolset")


def asked(body: MessagesBody, model: str, steering: Steering) -> Ask:
    """What the body asks."""
    turns = [_turn(message.role, message.blocks) for message in body.messages if message.role != "system"]
    if turns and turns[-1].role is Role.ASSISTANT:
        # A prefill: the answer goes on from it, so it is no answer yet.
        turns.pop()
    return understood(model, _system(body), turns, _wishes(body), steering)


def stretches(body: MessagesBody) -> tuple[Stretch, ...]:
    """The prompt in the order in which Anthropic caches it: tools, system, messages."""
    rows = [Stretch(b"", _REQUEST_TOKENS)]
    for tool in body.tools or []:
        content = encoded(f"{tool.type}\n{tool.name}\n{tool.description}\n") + bytes(tool.input_schema)
        rows.append(Stretch(content, weight(content) + _TOOL_TOKENS, _seconds(tool)))
    system = [Block(type="text", text=body.system)] if isinstance(body.system, str) else body.system or []
    rows += [_stretch("system", block) for block in system]
    for message in body.messages:
        rows += [_stretch(message.role, block) for block in message.blocks]
        rows[-1] = msgspec.structs.replace(rows[-1], tokens=rows[-1].tokens + _MESSAGE_TOKENS)
    if body.cache_control is not None:
        seconds = 3600 if body.cache_control.ttl == "1h" else 300
        rows[-1] = msgspec.structs.replace(rows[-1], seconds=seconds)
    return tuple(rows)


def thinking_budget(body: MessagesBody) -> int | None:
    """The most tokens to think; None for no thinking."""
    thinking = body.thinking
    if thinking is None or thinking.type == "disabled":
        return None
    if thinking.budget_tokens is not None:
        return thinking.budget_tokens
    effort = body.output_config.effort if body.output_config is not None else None
    return _EFFORTS.get(effort or "high", 8000)


def _turn(role: str, blocks: list[Block]) -> Turn:
    inner = [one for block in blocks if block.type == "tool_result" for one in inner_blocks(block.content)]
    everything = [*blocks, *inner]
    return Turn(
        role=Role.ASSISTANT if role == "assistant" else Role.USER,
        texts=tuple(block.text for block in blocks if block.type == "text" and block.text),
        results=tuple(_result(block) for block in blocks if block.type == "tool_result"),
        pictures=sum(block.type == "image" for block in everything),
        documents=sum(block.type == "document" for block in everything),
    )


def _result(block: Block) -> Result:
    inner = inner_blocks(block.content)
    said = [one.text or f"({one.type})" for one in inner]
    return Result(" ".join(said) or "nothing", failed=bool(block.is_error))


def _system(body: MessagesBody) -> str:
    if isinstance(body.system, str):
        return body.system
    return "\n\n".join(block.text or "" for block in body.system or [])


def _wishes(body: MessagesBody) -> Wishes:
    form = body.output_config.format if body.output_config is not None else None
    form = form or body.output_format
    return Wishes(
        tools=_tools(body.tools or [], body.tool_choice or ToolChoice("auto")),
        shape=Shape(bytes(form.schema)) if form is not None and form.type == "json_schema" else None,
        thinking=thinking_budget(body),
        limit=body.max_tokens,
        stops=tuple(body.stop_sequences or ()),
    )


def _tools(parameters: list[ToolParameter], choice: ToolChoice) -> Tools:
    offered = tuple(_tool(one) for one in parameters if one.name and not _is_served(one))
    search = [one.name for one in parameters if (one.type or "").startswith("web_search")]
    named = (choice.name or "",) if choice.type == "tool" else ()
    if named and named[0] in search:
        offered, named = (), ()
    return Tools(
        offered=offered,
        choice={"any": Choice.ANY, "tool": Choice.ANY, "none": Choice.NONE}.get(choice.type, Choice.AUTO),
        only=named,
        parallel=not choice.disable_parallel_tool_use,
        search=bool(search) and not (named and offered),
    )


def _is_served(tool: ToolParameter) -> bool:
    return (tool.type or "").startswith(_SERVER_TOOLS)


def _tool(tool: ToolParameter) -> Tool:
    typed = tool.type if tool.type not in {None, "custom"} else ""
    return Tool(tool.name or "", tool.description or "", bytes(tool.input_schema) or b"{}", typed=typed or "")


def _seconds(marked: Block | ToolParameter) -> int:
    mark = marked.cache_control
    return 0 if mark is None else 3600 if mark.ttl == "1h" else 300


def _stretch(role: str, block: Block) -> Stretch:
    content = b"\0".join((role.encode(), *_content(block)))
    return Stretch(content, _block_tokens(block), _seconds(block))


def _content(block: Block) -> Iterator[bytes]:
    """What makes the block what it is; a mark on it is no part of that."""
    yield block.type.encode()
    for text in (block.text, block.thinking, block.signature, block.id, block.name, block.tool_use_id, block.data):
        yield encoded(text or "")
    yield bytes(block.input)
    yield bytes(block.source)
    yield bytes(block.content)


def _block_tokens(block: Block) -> int:
    if block.type == "image":
        return PICTURE_TOKENS
    if block.type == "document":
        # Plain text stands in the source itself; anything else is not opened.
        source = bytes(block.source)
        return weight(source) if b'"text"' in source[:200] else DOCUMENT_TOKENS
    if block.type == "tool_result":
        return 4 + sum(_block_tokens(one) for one in inner_blocks(block.content))
    words = sum(weight(text) for text in (block.text, block.thinking, block.name, block.data) if text)
    return words + weight(bytes(block.input)) + weight(bytes(block.content))
