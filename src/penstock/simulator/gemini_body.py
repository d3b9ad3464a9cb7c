"""The body of a Gemini request as typed values, as far as the simulator looks at it; snake_case spelled camelCase."""

import re

import msgspec

from penstock.simulator.decoding import Body, Complaint, decoded

NOTHING = msgspec.Raw()


class Blob(msgspec.Struct, rename="camel"):
    """Inline data or a file, not opened."""

    mime_type: str | None = None


class FunctionCall(msgspec.Struct, rename="camel"):
    """A call."""

    name: str | None = None
    id: str | None = None
    args: msgspec.Raw = NOTHING


class FunctionResponse(msgspec.Struct, rename="camel"):
    """What a call gave back."""

    name: str | None = None
    id: str | None = None
    response: msgspec.Raw = NOTHING


class Part(msgspec.Struct, rename="camel"):
    """One part of a content."""

    text: str | None = None
    thought: bool | None = None
    inline_data: Blob | None = None
    file_data: Blob | None = None
    function_call: FunctionCall | None = None
    function_response: FunctionResponse | None = None


class Content(msgspec.Struct, rename="camel"):
    """One turn."""

    parts: list[Part] | None = None
    role: str | None = None


class Declaration(msgspec.Struct, rename="camel"):
    """A function that may be called."""

    name: str
    description: str | None = None
    parameters: msgspec.Raw = NOTHING
    parameters_json_schema: msgspec.Raw = NOTHING


class ToolParameter(msgspec.Struct, rename="camel"):
    """Functions, or something that Google runs."""

    function_declarations: list[Declaration] | None = None
    google_search: msgspec.Raw = NOTHING
    google_search_retrieval: msgspec.Raw = NOTHING


class CallingConfig(msgspec.Struct, rename="camel"):
    """AUTO, ANY, NONE or VALIDATED."""

    mode: str | None = None
    allowed_function_names: list[str] | None = None


class ToolConfig(msgspec.Struct, rename="camel"):
    """How functions may be called."""

    function_calling_config: CallingConfig | None = None


class ThinkingConfig(msgspec.Struct, rename="camel"):
    """A budget or a level, and whether to show thoughts."""

    include_thoughts: bool | None = None
    thinking_budget: int | None = None
    thinking_level: str | None = None


class GenerationConfig(msgspec.Struct, rename="camel"):
    """How to answer."""

    max_output_tokens: int | None = None
    stop_sequences: list[str] | None = None
    candidate_count: int | None = None
    response_mime_type: str | None = None
    response_schema: msgspec.Raw = NOTHING
    response_json_schema: msgspec.Raw = NOTHING
    thinking_config: ThinkingConfig | None = None


class GenerateBody(msgspec.Struct, rename="camel"):
    """``models/{m}:generateContent`` and ``:streamGenerateContent``."""

    contents: list[Content] | Content | None = None
    system_instruction: Content | str | None = None
    tools: list[ToolParameter] | ToolParameter | None = None
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig | None = None
    cached_content: str | None = None

    @property
    def turns(self) -> list[Content]:
        """The contents as a list."""
        if isinstance(self.contents, Content):
            return [self.contents]
        return self.contents or []

    @property
    def toolbox(self) -> list[ToolParameter]:
        """The tools as a list."""
        if isinstance(self.tools, ToolParameter):
            return [self.tools]
        return self.tools or []

    @property
    def system(self) -> str:
        """The system text."""
        instruction = self.system_instruction
        if instruction is None or isinstance(instruction, str):
            return instruction or ""
        return "\n\n".join(part.text or "" for part in instruction.parts or [])


class CountBody(GenerateBody, rename="camel"):
    """``models/{m}:countTokens``: contents alone, or a whole request to count."""

    generate_content_request: GenerateBody | None = None


class EmbedBody(msgspec.Struct, rename="camel"):
    """``models/{m}:embedContent``."""

    content: Content | None = None
    output_dimensionality: int | None = None


class BatchEmbedBody(msgspec.Struct, rename="camel"):
    """``models/{m}:batchEmbedContents``."""

    requests: list[EmbedBody] | None = None


# The API is proto JSON, which takes both spellings of a field's name. What callers name themselves is theirs.
_SNAKE = re.compile(rb'"[a-z]+(?:_[a-z]+)+"\s*:')
_OWN = frozenset(
    {"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"}
)


def read_body(body: bytes, kind: type[Body]) -> Body:
    """The body as this type, whichever way its fields are spelled."""
    if not _SNAKE.search(body):
        return decoded(body, kind)
    whole = decoded(body, dict[str, object])
    return decoded(msgspec.json.encode(_camel(whole)), kind)


def spelled(complaint: Complaint) -> str:
    """A body that doesn't decode, as Google says it."""
    if complaint.malformed:
        return f"Invalid JSON payload received. {complaint.words}"
    at = f" at '{re.sub(r'[.](?=[0-9])', '[', complaint.place)}'" if complaint.place else ""
    if complaint.expected:
        return f"Invalid value{at} (expected {complaint.expected}, got {complaint.found})"
    return f"Invalid JSON payload received.{at} {complaint.words}".strip()


def _camel(value: object) -> object:
    if isinstance(value, list):
        return [_camel(one) for one in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, object] = {}
    for name, inner in value.items():
        head, *tail = str(name).split("_")
        name = head + "".join(part[:1].upper() + part[1:] for part in tail)  # noqa: PLW2901 - its other spelling
        made[name] = inner if name in _OWN else _camel(inner)
    return made
