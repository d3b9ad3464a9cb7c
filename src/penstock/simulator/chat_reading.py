"""From a Chat Completions body to the ask and its stretches, and what that API refuses."""

from penstock.simulator.ask import Ask, Choice, Result, Role, Shape, Tool, Tools, Turn, Wishes
from penstock.simulator.cache_memory import Stretch
from penstock.simulator.chat_body import ChatBody, Function, Message, ToolCall, ToolChoice, ToolParameter, stops_of
from penstock.simulator.conversation import understood
from penstock.simulator.openai_shared import invalid, missing, reasoning_budget
from penstock.simulator.refusals import Refusal, RefusedError
from penstock.simulator.steering import MOST_TOKENS, Steering
from penstock.simulator.tokens import DOCUMENT_TOKENS, PICTURE_TOKENS, encoded, weight

_MESSAGE_TOKENS = 4
_TOOL_TOKENS = 10
_REQUEST_TOKENS = 3

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def asked(body: ChatBody, model: str, steering: Steering) -> Ask:
    """What the body asks."""
    turns = [_turn(message) for message in body.messages if message.role not in {"system", "developer"}]
    system = [message for message in body.messages if message.role in {"system", "developer"}]
    words = "\n\n".join(part.text or "" for message in system for part in message.parts)
    return understood(model, words, turns, _wishes(body, model), steering)


def stretches(body: ChatBody) -> tuple[Stretch, ...]:
    """The prompt as OpenAI caches it: tools, then messages."""
    rows = [Stretch(b"", _REQUEST_TOKENS)]
    rows += [_tool_stretch(tool.function or tool.custom) for tool in body.tools or []]
    rows += [_tool_stretch(function) for function in body.functions or []]
    for message in body.messages:
        content, tokens = _content(message)
        rows.append(Stretch(content, tokens + _MESSAGE_TOKENS))
    return tuple(rows)


def check(body: ChatBody, tokens: int | None) -> None:
    """Raises RefusedError for what the API would not take, and for more than ``tokens`` in all choices may come to."""
    if not body.messages:
        words = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        raise RefusedError(invalid("messages", words, "empty_array"))
    for place, message in enumerate(body.messages):
        if message.role not in _ROLES:
            words = f"Invalid value: '{message.role}'. Supported values are: {', '.join(map(repr, _ROLES))}."
            raise RefusedError(invalid(f"messages[{place}].role", words))
        if message.role == "tool" and message.tool_call_id is None:
            raise RefusedError(missing(f"messages[{place}].tool_call_id"))
    for name, value in (("max_tokens", body.max_tokens), ("max_completion_tokens", body.max_completion_tokens)):
        if value is not None and value < 1:
            raise RefusedError(_below(name, value))
    if body.n is not None and not 1 <= body.n <= 128:
        raise RefusedError(_below("n", body.n))
    if (body.n or 1) * (tokens or 0) > MOST_TOKENS:
        raise RefusedError(invalid("n", f"The simulator says at most {MOST_TOKENS} tokens in one answer."))
    if body.tool_choice is not None and not body.tools and body.tool_choice != "none":
        words = "'tool_choice' is only allowed when 'tools' are specified."
        raise RefusedError(invalid("tool_choice", words, "invalid_request_error"))
    _check_pairs(body.messages)


def _below(name: str, value: int) -> Refusal:
    words = f"Invalid '{name}': integer below minimum value. Expected a value >= 1, but got {value} instead."
    return invalid(name, words, "integer_below_min_value")


def _check_pairs(messages: list[Message]) -> None:
    for place, message in enumerate(messages):
        calls = [call.id or "" for call in message.tool_calls or []]
        answered: set[str | None] = set()
        for after in messages[place + 1 :] if calls else []:
            if after.role != "tool":
                break
            answered.add(after.tool_call_id)
        unanswered = [call for call in calls if call not in answered]
        if unanswered and place + 1 < len(messages):
            words = (
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(unanswered)}"
            )
            raise RefusedError(invalid(f"messages.[{place + 1}].role", words, "invalid_request_error"))
        before = messages[place - 1] if place else None
        if message.role == "tool" and (before is None or not (before.tool_calls or before.role == "tool")):
            words = (
                "Invalid parameter: messages with role 'tool' must be a response to a preceding message with "
                "'tool_calls'."
            )
            raise RefusedError(invalid(f"messages.[{place}].role", words, "invalid_request_error"))


def _turn(message: Message) -> Turn:
    text = "".join(part.text or "" for part in message.parts)
    if message.role in {"tool", "function"}:
        return Turn(Role.USER, results=(Result(text or "nothing"),))
    return Turn(
        role=Role.ASSISTANT if message.role == "assistant" else Role.USER,
        texts=tuple(part.text for part in message.parts if part.text),
        pictures=sum(part.type == "image_url" for part in message.parts),
        documents=sum(part.type in {"file", "input_audio"} for part in message.parts),
    )


def _wishes(body: ChatBody, model: str) -> Wishes:
    form = body.response_format
    shape = None
    if form is not None and form.type == "json_schema":
        shape = Shape(bytes(form.json_schema.schema) if form.json_schema is not None else b"")
    elif form is not None and form.type == "json_object":
        shape = Shape()
    return Wishes(
        tools=_tools(body),
        shape=shape,
        thinking=reasoning_budget(model, body.reasoning_effort),
        limit=body.max_completion_tokens if body.max_completion_tokens is not None else body.max_tokens,
        stops=stops_of(body.stop),
    )


def _tools(body: ChatBody) -> Tools:
    offered = [_tool(one) for one in body.tools or []]
    offered += [_function(one) for one in body.functions or []]
    choice, only = _choice(body.tool_choice)
    if body.functions and body.function_call is not None:
        choice, only = _legacy_choice(body)
    return Tools(
        offered=tuple(tool for tool in offered if tool.name),
        choice=choice,
        only=only,
        parallel=body.parallel_tool_calls is not False and not body.functions,
    )


def _choice(chosen: str | ToolChoice | None) -> tuple[Choice, tuple[str, ...]]:
    if chosen is None or isinstance(chosen, str):
        return {"none": Choice.NONE, "required": Choice.ANY}.get(chosen or "", Choice.AUTO), ()
    if chosen.allowed_tools is not None:
        named = tuple(_tool(one).name for one in chosen.allowed_tools.tools or [])
        return (Choice.ANY if chosen.allowed_tools.mode == "required" else Choice.AUTO), named
    named_tool = chosen.function or chosen.custom
    return Choice.ANY, (named_tool.name,) if named_tool is not None else ()


def _legacy_choice(body: ChatBody) -> tuple[Choice, tuple[str, ...]]:
    if isinstance(body.function_call, str):
        return (Choice.NONE if body.function_call == "none" else Choice.AUTO), ()
    name = body.function_call.name if body.function_call is not None else None
    return Choice.ANY, (name,) if name else ()


def _tool(tool: ToolParameter) -> Tool:
    if tool.custom is not None:
        return Tool(tool.custom.name, tool.custom.description or "", b"", free_text=True)
    return _function(tool.function) if tool.function is not None else Tool("")


def _function(function: Function) -> Tool:
    return Tool(function.name, function.description or "", bytes(function.parameters) or b"{}")


def _tool_stretch(function: Function | None) -> Stretch:
    if function is None:
        return Stretch(b"", 0)
    content = encoded(f"{function.name}\n{function.description}\n") + bytes(function.parameters)
    return Stretch(content, weight(content) + _TOOL_TOKENS)


def _content(message: Message) -> tuple[bytes, int]:
    made = [message.role.encode()]
    tokens = 0
    for part in message.parts:
        text = encoded(part.text or part.refusal or "")
        made += [part.type.encode(), text, bytes(part.image_url), bytes(part.file), bytes(part.input_audio)]
        tokens += weight(text)
        tokens += PICTURE_TOKENS if part.type == "image_url" else 0
        tokens += DOCUMENT_TOKENS if part.type in {"file", "input_audio"} else 0
    for call in (*(message.tool_calls or ()), ToolCall(function=message.function_call)):
        said = [call.function.name, call.function.arguments] if call.function is not None else []
        said += [call.custom.name, call.custom.input] if call.custom is not None else []
        words = encoded("".join(one or "" for one in said))
        made.append(words)
        tokens += weight(words) + 4 if said else 0
    made.append((message.tool_call_id or "").encode())
    return b"\0".join(made), tokens
