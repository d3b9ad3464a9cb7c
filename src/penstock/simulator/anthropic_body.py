"""The body of an Anthropic Messages request as typed values, as far as the simulator looks at it."""

import msgspec

from penstock.simulator.decoding import UndecodableError, decoded

NOTHING = msgspec.Raw()


class CacheControl(msgspec.Struct):
    """A mark: cache the prompt up to here."""

    type: str = "ephemeral"
    ttl: str | None = None


class Block(msgspec.Struct):
    """A content block of any type; each type uses some of the fields."""

    type: str
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    id: str | None = None
    name: str | None = None
    tool_use_id: str | None = None
    is_error: bool | None = None
    input: msgspec.Raw = NOTHING
    content: msgspec.Raw = NOTHING
    source: msgspec.Raw = NOTHING
    data: str | None = None
    citations: msgspec.Raw = NOTHING
    cache_control: CacheControl | None = None


class Message(msgspec.Struct):
    """One turn."""

    role: str
    content: str | list[Block]

    @property
    def blocks(self) -> list[Block]:
        """The content as blocks; a string is one text block."""
        return [Block(type="text", text=self.content)] if isinstance(self.content, str) else self.content


class ToolParameter(msgspec.Struct):
    """A tool, the client's (with a schema) or one that Anthropic defines (with a type)."""

    name: str | None = None
    type: str | None = None
    description: str | None = None
    input_schema: msgspec.Raw = NOTHING
    cache_control: CacheControl | None = None


class ToolChoice(msgspec.Struct):
    """auto, any, tool (with a name) or none."""

    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class Thinking(msgspec.Struct):
    """enabled (with a budget), adaptive or disabled."""

    type: str
    budget_tokens: int | None = None
    display: str | None = None


class Format(msgspec.Struct):
    """A structured output."""

    type: str
    schema: msgspec.Raw = NOTHING


class OutputConfig(msgspec.Struct):
    """Effort and structured output."""

    effort: str | None = None
    format: Format | None = None


class MessagesBody(msgspec.Struct):
    """``POST /v1/messages`` and, without ``max_tokens``, ``/v1/messages/count_tokens``."""

    model: str
    messages: list[Message]
    max_tokens: int | None = None
    system: str | list[Block] | None = None
    stream: bool | None = None
    thinking: Thinking | None = None
    tools: list[ToolParameter] | None = None
    tool_choice: ToolChoice | None = None
    stop_sequences: list[str] | None = None
    output_config: OutputConfig | None = None
    output_format: Format | None = None
    cache_control: CacheControl | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    context_management: msgspec.Raw = NOTHING


def inner_blocks(raw: msgspec.Raw) -> list[Block]:
    """The blocks within a tool_result: a string is one text block, and what is neither has none to show."""
    if not raw:
        return []
    try:
        content = decoded(bytes(raw), str | list[Block])  # type: ignore[arg-type]  # a union is no type[...] to mypy
    except UndecodableError:
        return []
    return [Block(type="text", text=content)] if isinstance(content, str) else content
