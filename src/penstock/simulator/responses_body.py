"""The body of a Responses request as typed values, as far as the simulator looks at it."""

import msgspec

NOTHING = msgspec.Raw()


class Part(msgspec.Struct):
    """A content part of any type."""

    type: str
    text: str | None = None
    refusal: str | None = None


class Item(msgspec.Struct):
    """An input item of any type; a message may leave its type out."""

    type: str | None = None
    role: str | None = None
    content: str | list[Part] | None = None
    name: str | None = None
    arguments: msgspec.Raw = NOTHING
    input: str | None = None
    output: msgspec.Raw = NOTHING
    call_id: str | None = None
    id: str | None = None
    encrypted_content: str | None = None
    tools: "list[ToolParameter] | None" = None

    @property
    def parts(self) -> list[Part]:
        """The content as parts; a string is one text part."""
        if isinstance(self.content, str):
            return [Part(type="input_text", text=self.content)]
        return self.content or []


class ToolParameter(msgspec.Struct):
    """A function, a custom tool, a namespace of both, or a tool that OpenAI runs."""

    type: str = ""
    name: str | None = None
    description: str | None = None
    parameters: msgspec.Raw = NOTHING
    tools: "list[ToolParameter] | None" = None


class ToolChoice(msgspec.Struct):
    """A named tool, or some of them."""

    type: str
    name: str | None = None
    mode: str | None = None
    tools: list[ToolParameter] | None = None


class Reasoning(msgspec.Struct):
    """Effort, and whether to summarise."""

    effort: str | None = None
    summary: str | None = None


class TextFormat(msgspec.Struct):
    """text, json_object or json_schema."""

    type: str = "text"
    schema: msgspec.Raw = NOTHING


class TextOptions(msgspec.Struct):
    """The form of the text."""

    format: TextFormat | None = None


class ResponsesBody(msgspec.Struct):
    """``POST /v1/responses``, and what counts or compacts its input."""

    model: str | None = None
    input: str | list[msgspec.Raw] | None = None
    instructions: str | list[msgspec.Raw] | None = None
    tools: list[ToolParameter] | None = None
    tool_choice: str | ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    text: TextOptions | None = None
    max_output_tokens: int | None = None
    stream: bool | None = None
    store: bool | None = None
    background: bool | None = None
    include: list[str] | None = None
    previous_response_id: str | None = None
    conversation: msgspec.Raw = NOTHING


class Echo(msgspec.Struct):
    """The parameters that a response repeats as they came."""

    instructions: msgspec.Raw = msgspec.Raw(b"null")
    max_output_tokens: msgspec.Raw = msgspec.Raw(b"null")
    max_tool_calls: msgspec.Raw = msgspec.Raw(b"null")
    metadata: msgspec.Raw = msgspec.Raw(b"{}")
    parallel_tool_calls: msgspec.Raw = msgspec.Raw(b"true")
    prompt_cache_key: msgspec.Raw = msgspec.Raw(b"null")
    reasoning: msgspec.Raw = msgspec.Raw(b'{"effort":null,"summary":null}')
    safety_identifier: msgspec.Raw = msgspec.Raw(b"null")
    store: msgspec.Raw = msgspec.Raw(b"true")
    temperature: msgspec.Raw = msgspec.Raw(b"1.0")
    text: msgspec.Raw = msgspec.Raw(b'{"format":{"type":"text"},"verbosity":"medium"}')
    tool_choice: msgspec.Raw = msgspec.Raw(b'"auto"')
    tools: msgspec.Raw = msgspec.Raw(b"[]")
    top_p: msgspec.Raw = msgspec.Raw(b"1.0")
    truncation: msgspec.Raw = msgspec.Raw(b'"disabled"')
    user: msgspec.Raw = msgspec.Raw(b"null")
