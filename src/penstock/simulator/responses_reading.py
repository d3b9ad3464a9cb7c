"""From a Responses body to the ask and its stretches, and what that API refuses."""

import msgspec

from penstock.simulator.ask import Ask, Choice, Result, Role, Shape, Tool, Tools, Turn, Wishes
from penstock.simulator.cache_memory import Stretch
from penstock.simulator.conversation import understood
from penstock.simulator.decoding import UndecodableError, decoded
from penstock.simulator.openai_shared import invalid, missing, reasoning_budget, spelled
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.responses_body import Item, Part, ResponsesBody, ToolChoice, ToolParameter
from penstock.simulator.steering import Steering
from penstock.simulator.tokens import DOCUMENT_TOKENS, PICTURE_TOKENS, encoded, weight

_ITEM_TOKENS = 4
_REQUEST_TOKENS = 3
_TOOL_TOKENS = 10

_RESULTS = ("function_call_output", "custom_tool_call_output", "local_shell_call_output", "shell_call_output")
_CALLS = ("function_call", "custom_tool_call", "local_shell_call", "shell_call")
_OURS = (*_CALLS, "reasoning", "web_search_call")


def items_of(body: ResponsesBody) -> list[Item]:
    """The input as items; a string is one user message."""
    if isinstance(body.input, str):
        return [Item(type="message", role="user", content=body.input)]
    made = []
    for place, raw in enumerate(body.input or []):
        try:
            made.append(decoded(bytes(raw), Item))
        except UndecodableError as error:
            where = f"input.{place}.{error.complaint.place}".rstrip(".")
            complaint = msgspec.structs.replace(error.complaint, place=where)
            raise RefusedError(spelled(complaint)) from None
    return made


def check(body: ResponsesBody, items: list[Item]) -> None:
    """Raises RefusedError for what the API would not take, and for what lives in objects that nobody keeps here."""
    if body.model is None:
        raise RefusedError(missing("model"))
    if body.input is None and body.previous_response_id is None:
        raise RefusedError(missing("input"))
    if body.previous_response_id is not None:
        words = f"Previous response with id '{body.previous_response_id}' not found. The simulator keeps no objects."
        raise RefusedError(invalid("previous_response_id", words, "previous_response_not_found"))
    if bytes(body.conversation) not in {b"", b"null"}:
        words = "Conversation not found. The simulator keeps no objects."
        raise RefusedError(Refusal(404, words, param="conversation"))
    if body.background:
        words = "The simulator keeps no objects, so it can't answer in the background."
        raise RefusedError(invalid("background", words))
    if body.max_output_tokens is not None and body.max_output_tokens < 16:
        words = (
            "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got "
            f"{body.max_output_tokens} instead."
        )
        raise RefusedError(invalid("max_output_tokens", words, "integer_below_min_value"))
    _check_items(items)


def _check_items(items: list[Item]) -> None:
    calls = {item.call_id for item in items if item.type in _CALLS}
    outputs = {item.call_id for item in items if item.type in _RESULTS}
    for place, item in enumerate(items):
        if item.type == "item_reference":
            words = f"Item with id '{item.id}' not found. The simulator keeps no objects."
            raise RefusedError(Refusal(404, words, param="input"))
        if item.type in _RESULTS and item.call_id not in calls:
            words = f"No tool call found for function call output with call_id {item.call_id}."
            raise RefusedError(invalid("input", words, "invalid_request_error"))
        later = place + 1 < len(items)
        if item.type in {"function_call", "custom_tool_call"} and later and item.call_id not in outputs:
            if all(one.type in _OURS for one in items[place + 1 :]):
                continue
            words = f"No tool output found for function call {item.call_id}."
            raise RefusedError(invalid("input", words, "invalid_request_error"))


def asked(body: ResponsesBody, items: list[Item], model: str, steering: Steering) -> Ask:
    """What the body asks."""
    system = [body.instructions] if isinstance(body.instructions, str) else []
    turns = []
    for item in items:
        if item.role in {"system", "developer"}:
            system += [part.text or "" for part in item.parts]
            continue
        turn = _turn(item)
        if turn is not None:
            turns.append(turn)
    return understood(model, "\n\n".join(system), turns, _wishes(body, items, model), steering)


def stretches(body: ResponsesBody, items: list[Item]) -> tuple[Stretch, ...]:
    """The prompt as OpenAI caches it: instructions, tools, input."""
    instructions = body.instructions
    if isinstance(instructions, str):
        head = encoded(instructions)
    else:
        head = b"\n".join(bytes(raw) for raw in instructions or [])
    rows = [Stretch(head, weight(head) + _REQUEST_TOKENS)]
    for tool in body.tools or []:
        content = msgspec.json.encode(tool)
        rows.append(Stretch(content, weight(content) + _TOOL_TOKENS))
    raws = body.input if isinstance(body.input, list) else []
    for place, item in enumerate(items):
        content = bytes(raws[place]) if raws else encoded(str(body.input))
        rows.append(Stretch(content, _tokens(item) + _ITEM_TOKENS))
    return tuple(rows)


def _tokens(item: Item) -> int:
    count = sum(weight(part.text or part.refusal or "") for part in item.parts)
    count += PICTURE_TOKENS * sum(part.type == "input_image" for part in item.parts)
    count += DOCUMENT_TOKENS * sum(part.type in {"input_file", "input_audio"} for part in item.parts)
    for text in (item.name, item.input, item.encrypted_content):
        count += weight(text or "")
    count += weight(bytes(item.arguments))
    if item.tools:
        count += weight(msgspec.json.encode(item.tools))
    return count + _output_tokens(item.output)


def _output_tokens(raw: msgspec.Raw) -> int:
    pictures = bytes(raw).count(b'"input_image"')
    return PICTURE_TOKENS * pictures if pictures else weight(bytes(raw))


def _turn(item: Item) -> Turn | None:
    if item.type in _RESULTS:
        return Turn(Role.USER, results=(_result(item),))
    if item.type in _OURS:
        return Turn(Role.ASSISTANT)
    if item.role is None:
        return None
    return Turn(
        role=Role.ASSISTANT if item.role == "assistant" else Role.USER,
        texts=tuple(part.text for part in item.parts if part.text),
        pictures=sum(part.type == "input_image" for part in item.parts),
        documents=sum(part.type in {"input_file", "input_audio"} for part in item.parts),
    )


def _result(item: Item) -> Result:
    raw = bytes(item.output) or b'""'
    try:
        return Result(decoded(raw, str) or "nothing")
    except UndecodableError:
        pass
    try:
        return Result(" ".join(part.text or f"({part.type})" for part in decoded(raw, list[Part])) or "nothing")
    except UndecodableError:
        return Result(raw.decode("utf-8", "replace"))


def _wishes(body: ResponsesBody, items: list[Item], model: str) -> Wishes:
    form = body.text.format if body.text is not None else None
    shaped = form is not None and form.type in {"json_schema", "json_object"}
    effort = body.reasoning.effort if body.reasoning is not None else None
    return Wishes(
        tools=_tools(body, items),
        shape=Shape(bytes(form.schema)) if form is not None and shaped else None,
        thinking=reasoning_budget(model, effort),
        limit=body.max_output_tokens,
    )


def _tools(body: ResponsesBody, items: list[Item]) -> Tools:
    parameters = list(body.tools or [])
    for item in items:
        # Codex's built-in provider moves its tools into the input (wire contract 4.4).
        parameters += item.tools or [] if item.type == "additional_tools" else []
    choice, only = _choice(body.tool_choice)
    search = any(tool.type.startswith("web_search") for tool in parameters)
    if isinstance(body.tool_choice, ToolChoice) and body.tool_choice.type.startswith("web_search"):
        parameters = []
    return Tools(
        offered=tuple(tool for parameter in parameters for tool in _offered(parameter, "")),
        choice=choice,
        only=only,
        parallel=body.parallel_tool_calls is not False,
        search=search,
    )


def _choice(chosen: str | ToolChoice | None) -> tuple[Choice, tuple[str, ...]]:
    if chosen is None or isinstance(chosen, str):
        return {"none": Choice.NONE, "required": Choice.ANY}.get(chosen or "", Choice.AUTO), ()
    if chosen.type == "allowed_tools":
        names = tuple(tool.name for tool in chosen.tools or [] if tool.name)
        return (Choice.ANY if chosen.mode == "required" else Choice.AUTO), names
    return Choice.ANY, (chosen.name,) if chosen.name else ()


def _offered(tool: ToolParameter, group: str) -> list[Tool]:
    if tool.type == "namespace":
        return [one for inner in tool.tools or [] for one in _offered(inner, tool.name or "")]
    if tool.type == "custom":
        return [Tool(tool.name or "", tool.description or "", b"", free_text=True, group=group)]
    if tool.type != "function":
        return []
    schema = bytes(tool.parameters)
    return [Tool(tool.name or "", tool.description or "", schema if schema != b"null" else b"{}", group=group)]
