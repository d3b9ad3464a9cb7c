"""From a Gemini body to the ask and its stretches, and what that API refuses."""

import re
from itertools import groupby

from penstock.simulator.ask import Ask, Choice, Result, Role, Shape, Tool, Tools, Turn, Wishes
from penstock.simulator.cache_memory import Stretch
from penstock.simulator.conversation import understood
from penstock.simulator.gemini_body import Content, Declaration, GenerateBody, GenerationConfig, Part
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.steering import Steering
from penstock.simulator.tokens import DOCUMENT_TOKENS, encoded, weight

# Gemini's own figure for a picture.
_PICTURE_TOKENS = 258
_TOOL_TOKENS = 8
_TURN_TOKENS = 1
_LEVELS = {"MINIMAL": 40, "LOW": 200, "MEDIUM": 1000, "HIGH": 4000, "XHIGH": 8000}
_THINKS = re.compile(r"^gemini-(?:2\.5|[3-9]|\d\d)(?!.*lite)")


def asked(body: GenerateBody, model: str, steering: Steering) -> Ask:
    """What the body asks."""
    return understood(model, body.system, [_turn(content) for content in body.turns], _wishes(body, model), steering)


def stretches(body: GenerateBody) -> tuple[Stretch, ...]:
    """The prompt as Gemini caches it: system, tools, contents."""
    system = encoded(body.system)
    rows = [Stretch(system, weight(system))]
    for declaration in _declarations(body):
        schema = bytes(declaration.parameters) + bytes(declaration.parameters_json_schema)
        content = encoded(f"{declaration.name}\n{declaration.description}\n") + schema
        rows.append(Stretch(content, weight(content) + _TOOL_TOKENS))
    for turn in body.turns:
        parts = turn.parts or []
        made = b"\0".join(((turn.role or "user").encode(), *(_bytes(part) for part in parts)))
        rows.append(Stretch(made, sum(_tokens(part) for part in parts) + _TURN_TOKENS))
    return tuple(rows)


def check(body: GenerateBody) -> None:
    """Raises RefusedError for what the API would not take."""
    if not body.turns:
        raise RefusedError(Refusal(400, "* GenerateContentRequest.contents: contents is not specified\n"))
    if body.cached_content is not None:
        words = "CachedContent not found (or permission denied). The simulator keeps no objects."
        raise RefusedError(Refusal(403, words))
    for place, content in enumerate(body.turns):
        if content.role not in {None, "", "user", "model", "function"}:
            raise RefusedError(Refusal(400, "Please use a valid role: user, model."))
        if not content.parts:
            words = f"* GenerateContentRequest.contents[{place}].parts: contents.parts must not be empty.\n"
            raise RefusedError(Refusal(400, words))
    config = body.generation_config
    if config is not None and config.max_output_tokens is not None and config.max_output_tokens < 1:
        field = "GenerateContentRequest.generation_config.max_output_tokens"
        raise RefusedError(Refusal(400, f"* {field}: must be positive, got {config.max_output_tokens}\n"))
    _check_pairs(body.turns)


def _check_pairs(turns: list[Content]) -> None:
    """As many function responses as the turn before made calls; contents of one role are one turn."""
    roles = groupby(turns, key=lambda content: content.role == "model")
    calls = 0
    for from_model, contents in roles:
        parts = [part for content in contents for part in content.parts or []]
        before, calls = calls, sum(part.function_call is not None for part in parts)
        answers = sum(part.function_response is not None for part in parts)
        if answers and not from_model and answers != before:
            words = (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
            raise RefusedError(Refusal(400, words))


def _turn(content: Content) -> Turn:
    parts = content.parts or []
    blobs = [part.inline_data or part.file_data for part in parts if part.inline_data or part.file_data]
    pictures = sum((blob.mime_type or "").startswith("image/") for blob in blobs if blob is not None)
    return Turn(
        role=Role.ASSISTANT if content.role == "model" else Role.USER,
        texts=tuple(part.text for part in parts if part.text and not part.thought),
        results=tuple(_result(part) for part in parts if part.function_response is not None),
        pictures=pictures,
        documents=len(blobs) - pictures,
    )


def _result(part: Part) -> Result:
    said = bytes(part.function_response.response) if part.function_response is not None else b""
    return Result(said.decode("utf-8", "replace") or "nothing")


def _wishes(body: GenerateBody, model: str) -> Wishes:
    config = body.generation_config or GenerationConfig()
    return Wishes(
        tools=_tools(body),
        shape=_shape(config),
        thinking=_budget(config, model),
        limit=config.max_output_tokens,
        stops=tuple(config.stop_sequences or ()),
    )


def _shape(config: GenerationConfig) -> Shape | None:
    schema = bytes(config.response_json_schema) or bytes(config.response_schema)
    if schema == b"null":
        schema = b""
    if config.response_mime_type == "application/json" or schema:
        return Shape(schema)
    return None


def _budget(config: GenerationConfig, model: str) -> int | None:
    thinking = config.thinking_config
    if thinking is not None and thinking.thinking_budget is not None and thinking.thinking_budget >= 0:
        return thinking.thinking_budget or None
    if thinking is not None and thinking.thinking_level is not None:
        return _LEVELS.get(thinking.thinking_level.upper(), _LEVELS["MEDIUM"])
    wished = thinking is not None and (thinking.include_thoughts or thinking.thinking_budget is not None)
    return _LEVELS["MEDIUM"] if wished or _THINKS.match(model) else None


def _declarations(body: GenerateBody) -> list[Declaration]:
    return [one for tool in body.toolbox for one in tool.function_declarations or []]


def _tools(body: GenerateBody) -> Tools:
    config = body.tool_config.function_calling_config if body.tool_config is not None else None
    mode = (config.mode or "AUTO").upper() if config is not None else "AUTO"
    search = any(tool.google_search or tool.google_search_retrieval for tool in body.toolbox)
    return Tools(
        offered=tuple(_tool(one) for one in _declarations(body)),
        choice={"ANY": Choice.ANY, "NONE": Choice.NONE}.get(mode, Choice.AUTO),
        only=tuple(config.allowed_function_names or ()) if config is not None else (),
        search=search,
    )


def _tool(declaration: Declaration) -> Tool:
    schema = bytes(declaration.parameters_json_schema) or bytes(declaration.parameters)
    if schema in {b"", b"null"}:
        schema = b'{"type":"object"}'
    return Tool(declaration.name, declaration.description or "", schema)


def _bytes(part: Part) -> bytes:
    call, answer = part.function_call, part.function_response
    made = [encoded(part.text or ""), str(part.inline_data or part.file_data or "").encode()]
    made += [encoded(call.name or ""), bytes(call.args)] if call is not None else []
    made += [encoded(answer.name or ""), bytes(answer.response)] if answer is not None else []
    return b"\0".join(made)


def _tokens(part: Part) -> int:
    blob = part.inline_data or part.file_data
    if blob is not None:
        return _PICTURE_TOKENS if (blob.mime_type or "").startswith("image/") else DOCUMENT_TOKENS
    return weight(_bytes(part).replace(b"\0", b""))
