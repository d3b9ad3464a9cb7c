"""What the Messages API refuses, in the words that clients know (wire contract 2.1, 2.8, 3.4). Pure."""

import re
from itertools import groupby

from penstock.simulator.anthropic_body import Block, Message, MessagesBody
from penstock.simulator.decoding import Complaint
from penstock.simulator.refusals import Refusal, RefusedError

NEW_VERSION = "2026-10-21"
_GENERATION = re.compile(r"claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:-(\d{1,2}))?(?:-|$|\[)")


def spelled(complaint: Complaint) -> Refusal:
    """A body that doesn't decode, as the Messages API says it."""
    if complaint.malformed:
        return Refusal(400, f"The request body is not valid JSON: {complaint.words}")
    if complaint.missing:
        return Refusal(400, f"{complaint.place}: Field required")
    wanted = {"str": "a valid string", "int": "a valid integer", "bool": "a valid boolean", "array": "a valid list"}
    kinds = [wanted.get(kind, kind) for kind in complaint.expected.split(" | ") if kind != "null"]
    what = f"Input should be {' or '.join(kinds)}" if kinds else complaint.words
    return Refusal(400, f"{complaint.place}: {what}" if complaint.place else what)


def check(body: MessagesBody, version: str | None, *, counting: bool) -> None:
    """Raises RefusedError for what the API would not take."""
    if not counting:
        _check_sizes(body)
        _check_model(body, version)
    if not body.messages:
        raise _refused("messages: at least one message is required")
    for place, message in enumerate(body.messages):
        if message.role not in {"user", "assistant", "system"}:
            raise _refused(f"messages.{place}.role: Input should be 'user' or 'assistant'")
        _check_blocks(place, message, version)
    _check_pairs(body.messages)
    _check_tools(body)
    _check_marks(body)


def _refused(words: str) -> RefusedError:
    return RefusedError(Refusal(400, words))


def _check_sizes(body: MessagesBody) -> None:
    if body.max_tokens is None:
        raise _refused("max_tokens: Field required")
    if body.max_tokens < 0:
        raise _refused("max_tokens: Input should be greater than or equal to 0")
    thinking = body.thinking
    if thinking is None or thinking.type != "enabled":
        if thinking is not None and thinking.type not in {"adaptive", "disabled"}:
            raise _refused("thinking.type: Input should be 'enabled', 'adaptive' or 'disabled'")
        return
    if thinking.budget_tokens is None:
        raise _refused("thinking.enabled.budget_tokens: Field required")
    if thinking.budget_tokens < 1024:
        raise _refused("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if body.max_tokens <= thinking.budget_tokens:
        raise _refused("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.tool_choice is not None and body.tool_choice.type in {"any", "tool"}:
        raise _refused("Thinking may not be enabled when tool_choice forces tool use.")


def _check_model(body: MessagesBody, version: str | None) -> None:
    """Sampling went with API version 2026-10-21 and with Opus 4.7; prefill went with the 4.6 models."""
    generation = _generation(body.model)
    for name in ("temperature", "top_p", "top_k"):
        value = getattr(body, name)
        if value is None:
            continue
        if version == NEW_VERSION:
            raise _refused(f"{name}: Extra inputs are not permitted")
        if generation >= (4, 7) and "opus" in body.model:
            raise _refused(f"`{name}` is deprecated for this model.")
    if body.temperature is not None and not 0 <= body.temperature <= 1:
        raise _refused("temperature: range: 0..1")
    if body.messages and body.messages[-1].role == "assistant" and generation >= (4, 6):
        raise _refused(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def _generation(model: str) -> tuple[int, int]:
    found = _GENERATION.match(model)
    return (int(found[2]), int(found[3] or 0)) if found else (0, 0)


def _check_blocks(place: int, message: Message, version: str | None) -> None:
    for number, block in enumerate(message.blocks):
        where = f"messages.{place}.content.{number}"
        if block.type == "text" and not block.text and not isinstance(message.content, str):
            raise _refused(f"messages.{place}: text content blocks must be non-empty")
        if block.type == "tool_use" and not re.fullmatch(r"[a-zA-Z0-9_-]+", block.id or ""):
            raise _refused(f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
        if version != NEW_VERSION:
            continue
        if block.type == "document" and message.role == "assistant":
            raise _refused(f"{where}: document blocks are not permitted in assistant messages")
        if block.type == "text" and message.role == "user" and bytes(block.citations) not in {b"", b"[]", b"null"}:
            raise _refused(f"{where}.citations: citations are not permitted on text blocks in user messages")


def _check_pairs(messages: list[Message]) -> None:
    """Every tool_use is answered in the next user turn, and every answer has its tool_use right before it."""
    spoken = [message for message in messages if message.role != "system"]
    turns = [
        (role, [block for message in same for block in message.blocks])
        for role, same in groupby(spoken, key=lambda message: message.role)
    ]
    for place, (role, blocks) in enumerate(turns):
        calls = _calls(blocks) if role == "assistant" else []
        after = turns[place + 1][1] if place + 1 < len(turns) else []
        answered = {block.tool_use_id for block in after if block.type == "tool_result"}
        open_calls = [one for one in calls if one not in answered]
        if open_calls and place + 1 < len(turns):
            raise _refused(
                f"messages.{place}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(open_calls)}. Each `tool_use` block must have a corresponding `tool_result` block in "
                "the next message."
            )
        before = _calls(turns[place - 1][1]) if place else []
        for block in blocks:
            if block.type == "tool_result" and block.tool_use_id not in before:
                raise _refused(
                    f"messages.{place}: unexpected `tool_use_id` found in `tool_result` blocks: {block.tool_use_id}. "
                    "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                )


def _calls(blocks: list[Block]) -> list[str]:
    return [block.id or "" for block in blocks if block.type == "tool_use"]


def _check_tools(body: MessagesBody) -> None:
    names = [tool.name for tool in body.tools or [] if tool.name]
    if len(set(names)) < len(names):
        raise _refused("tools: Tool names must be unique.")
    for place, tool in enumerate(body.tools or []):
        if tool.type in {None, "custom"} and not tool.input_schema:
            raise _refused(f"tools.{place}.custom.input_schema: Field required")
    choice = body.tool_choice
    if choice is None:
        return
    if choice.type not in {"auto", "any", "tool", "none"}:
        raise _refused("tool_choice: Input tag should be 'auto', 'any', 'tool' or 'none'")
    if choice.type in {"any", "tool"} and not body.tools:
        raise _refused("tool_choice: tool_choice may only be specified while providing tools.")
    if choice.type == "tool" and choice.name not in names:
        raise _refused(f"Tool '{choice.name}' not found in provided tools")


def _check_marks(body: MessagesBody) -> None:
    system = body.system if isinstance(body.system, list) else []
    count = sum(tool.cache_control is not None for tool in body.tools or [])
    count += sum(block.cache_control is not None for block in system)
    count += sum(block.cache_control is not None for message in body.messages for block in message.blocks)
    if count > 4:
        raise _refused(f"A maximum of 4 blocks with cache_control may be provided. Found {count}.")
