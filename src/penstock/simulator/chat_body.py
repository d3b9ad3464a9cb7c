"""The body of a Chat Completions request as typed values, as far as the simulator looks at it."""

import msgspec

NOTHING = msgspec.Raw()


class Part(msgspec.Struct):
    """A content part of any type."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: msgspec.Raw = NOTHING
    file: msgspec.Raw = NOTHING
    input_audio: msgspec.Raw = NOTHING


class FunctionCall(msgspec.Struct):
    """A name and arguments."""

    name: str | None = None
    arguments: str | None = None


class CustomCall(msgspec.Struct):
    """A name and free text."""

    name: str | None = None
    input: str | None = None


class ToolCall(msgspec.Struct):
    """A call in an assistant's message."""

    id: str | None = None
    type: str | None = None
    function: FunctionCall | None = None
    custom: CustomCall | None = None


class Message(msgspec.Struct):
    """One message."""

    role: str
    content: str | list[Part] | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: FunctionCall | None = None
    tool_call_id: str | None = None
    name: str | None = None

    @property
    def parts(self) -> list[Part]:
        """The content as parts; a string is one text part."""
        if isinstance(self.content, str):
            return [Part(type="text", text=self.content)]
        return self.content or []


class Function(msgspec.Struct):
    """A function that may be called."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw = NOTHING


class ToolParameter(msgspec.Struct):
    """A function or a custom tool."""

    type: str = "function"
    function: Function | None = None
    custom: Function | None = None


class AllowedTools(msgspec.Struct):
    """A choice among some of the tools."""

    mode: str = "auto"
    tools: list[ToolParameter] | None = None


class ToolChoice(msgspec.Struct):
    """A named tool, or some of them."""

    type: str = "function"
    function: Function | None = None
    custom: Function | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(msgspec.Struct):
    """A named schema."""

    name: str | None = None
    schema: msgspec.Raw = NOTHING


class ResponseFormat(msgspec.Struct):
    """text, json_object or json_schema."""

    type: str
    json_schema: JsonSchema | None = None


class StreamOptions(msgspec.Struct):
    """Extras of a stream."""

    include_usage: bool | None = None


class ChatBody(msgspec.Struct):
    """``POST /v1/chat/completions``."""

    model: str
    messages: list[Message]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: str | list[str] | None = None
    tools: list[ToolParameter] | None = None
    tool_choice: str | ToolChoice | None = None
    functions: list[Function] | None = None
    function_call: str | FunctionCall | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None


class CompletionsBody(msgspec.Struct):
    """``POST /v1/completions``, the older form: a text to go on from."""

    model: str
    prompt: str | list[str | int | list[int]] | None = None
    max_tokens: int | None = None
    n: int | None = None
    echo: bool | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: str | list[str] | None = None


def stops_of(stop: str | list[str] | None) -> tuple[str, ...]:
    """The stop sequences."""
    return (stop,) if isinstance(stop, str) else tuple(stop or ())
