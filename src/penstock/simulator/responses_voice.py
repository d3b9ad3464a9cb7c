"""Spells an answer as an OpenAI response, whole or as typed events (wire contract 4.3). Pure."""

import base64
from itertools import count

import msgspec

from penstock.simulator.answer import REFUSAL_WORDS, Answer, Call, Finish, Search, Speech, Thought
from penstock.simulator.identity import Identity
from penstock.simulator.responses_body import Echo
from penstock.simulator.tokens import chunks

_encode = msgspec.json.encode


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What the request decides about the spelling, beside the answer."""

    model: str
    identity: Identity
    input_tokens: int
    echo: Echo
    cached_tokens: int = 0
    summarizes: bool = False
    encrypts: bool = False
    """Reasoning items carry ``encrypted_content``."""
    chunk: int = 1


def response(form: Form, answer: Answer) -> bytes:
    """The whole response."""
    return _encode(_finished(form, answer, _items(form, answer)))


def frames(form: Form, answer: Answer) -> list[bytes]:
    """The stream's events."""
    stream = _Stream()
    started = _response(form, "in_progress", [], None)
    stream.add("response.created", response=started)
    stream.add("response.in_progress", response=started)
    items = _items(form, answer)
    for index, item in enumerate(items):
        _ITEM_EVENTS[item.type](stream, index, item, form.chunk)
    last = "response.incomplete" if answer.finish is Finish.LENGTH else "response.completed"
    stream.add(last, response=_finished(form, answer, items))
    return stream.made


def error_frame(words: str, number: int) -> bytes:
    """The end of a stream that failed under way."""
    data = {"type": "error", "code": "server_error", "message": words, "param": None, "sequence_number": number}
    return b"event: error\ndata: %b\n\n" % _encode(data)


class _Item(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An output item; only the fields of its type are set."""

    id: str
    type: str
    status: str | None = None
    role: str | None = None
    content: list[dict[str, object]] | None = None
    summary: list[dict[str, object]] | None = None
    encrypted_content: str | None = None
    arguments: str | None = None
    input: str | None = None
    call_id: str | None = None
    name: str | None = None
    namespace: str | None = None
    action: dict[str, object] | None = None


def _response(form: Form, status: str, output: list[_Item], usage: object) -> dict[str, object]:
    moment = form.identity.moment()
    return {
        "id": form.identity.hexadecimal("resp_", "response"),
        "object": "response",
        "created_at": moment,
        "status": status,
        "background": False,
        "completed_at": moment + 1 if status == "completed" else None,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": form.model,
        "output": output,
        "previous_response_id": None,
        "service_tier": "default",
        "usage": usage,
        **msgspec.structs.asdict(form.echo),
    }


def _finished(form: Form, answer: Answer, items: list[_Item]) -> dict[str, object]:
    usage = {
        "input_tokens": form.input_tokens,
        "input_tokens_details": {"cached_tokens": form.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"reasoning_tokens": answer.thinking_tokens},
        "total_tokens": form.input_tokens + answer.output_tokens,
    }
    status = "incomplete" if answer.finish is Finish.LENGTH else "completed"
    return _response(form, status, items, usage)


# --- items --------------------------------------------------------------------------------------------------------


def _items(form: Form, answer: Answer) -> list[_Item]:
    """The output items; words that follow each other are one message."""
    items: list[_Item] = []
    spoken: list[Speech] = []
    for piece in answer.pieces:
        if isinstance(piece, Speech):
            spoken.append(piece)
            continue
        items += _messages(form, len(items), spoken)
        spoken = []
        if isinstance(piece, Thought):
            items.append(_reasoning(form, len(items), piece))
        elif isinstance(piece, Search):
            items.append(_search(form, len(items), piece))
        else:
            items.append(_call(form, len(items), piece))
    items += _messages(form, len(items), spoken)
    if answer.finish is Finish.REFUSAL:
        content: list[dict[str, object]] = [{"type": "refusal", "refusal": REFUSAL_WORDS}]
        items.append(_message(form, 0, content))
    if answer.finish is Finish.LENGTH and items and items[-1].type == "message":
        items[-1] = msgspec.structs.replace(items[-1], status="incomplete")
    return items


def _message(form: Form, place: int, content: list[dict[str, object]]) -> _Item:
    name = form.identity.hexadecimal("msg_", str(place))
    return _Item(id=name, type="message", status="completed", role="assistant", content=content)


def _messages(form: Form, place: int, spoken: list[Speech]) -> list[_Item]:
    if not spoken:
        return []
    text, annotations = "", []
    for speech in spoken:
        start = len(text)
        text += speech.text
        if speech.source is not None:
            citation = {"type": "url_citation", "url": speech.source.url, "title": speech.source.title}
            annotations.append({**citation, "start_index": start, "end_index": len(text)})
    content: dict[str, object] = {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
    return [_message(form, place, [content])]


def _reasoning(form: Form, place: int, thought: Thought) -> _Item:
    summary: list[dict[str, object]] = []
    if form.summarizes:
        summary.append({"type": "summary_text", "text": f"**Considering the question**\n\n{thought.text}"})
    sealed = base64.b64encode(form.identity.signature(str(place))).decode() if form.encrypts else None
    name = form.identity.hexadecimal("rs_", str(place))
    return _Item(id=name, type="reasoning", summary=summary, encrypted_content=sealed)


def _search(form: Form, place: int, search: Search) -> _Item:
    sources = [{"type": "url", "url": source.url} for source in search.found]
    action: dict[str, object] = {"type": "search", "query": search.query, "queries": [search.query], "sources": sources}
    name = form.identity.hexadecimal("ws_", str(place))
    return _Item(id=name, type="web_search_call", status="completed", action=action)


def _call(form: Form, place: int, call: Call) -> _Item:
    name = form.identity.name("call_", str(place), 24)
    group = call.group or None
    if call.free_text:
        own = form.identity.hexadecimal("ctc_", str(place))
        return _Item(
            id=own, type="custom_tool_call", status="completed",
            call_id=name, name=call.name, namespace=group, input=call.arguments,
        )  # fmt: skip
    return _Item(
        id=form.identity.hexadecimal("fc_", str(place)), type="function_call", status="completed",
        call_id=name, name=call.name, namespace=group, arguments=call.arguments,
    )  # fmt: skip


# --- events -------------------------------------------------------------------------------------------------------


class _Stream:
    """Events, numbered as they are added."""

    def __init__(self) -> None:
        self.made: list[bytes] = []
        self._numbers = count()

    def add(self, kind: str, **fields: object) -> None:
        """One event."""
        data = _encode({"type": kind, **fields, "sequence_number": next(self._numbers)})
        self.made.append(b"event: %b\ndata: %b\n\n" % (kind.encode(), data))


def _message_events(stream: _Stream, index: int, item: _Item, chunk: int) -> None:
    empty = msgspec.structs.replace(item, content=[], status="in_progress")
    stream.add("response.output_item.added", output_index=index, item=empty)
    at = {"item_id": item.id, "output_index": index, "content_index": 0}
    part = (item.content or [{}])[0]
    refused = part.get("type") == "refusal"
    field, name = ("refusal", "response.refusal") if refused else ("text", "response.output_text")
    extra: dict[str, object] = {} if refused else {"logprobs": []}
    bare = {**part, field: ""} if refused else {**part, field: "", "annotations": []}
    text = str(part.get(field))
    stream.add("response.content_part.added", **at, part=bare)
    for words in chunks(text, chunk):
        stream.add(f"{name}.delta", **at, delta=words, **extra)
    annotations = part.get("annotations")
    for place, annotation in enumerate(annotations if isinstance(annotations, list) else []):
        stream.add(f"{name}.annotation.added", **at, annotation_index=place, annotation=annotation)
    stream.add(f"{name}.done", **at, **{field: text}, **extra)
    stream.add("response.content_part.done", **at, part=part)
    stream.add("response.output_item.done", output_index=index, item=item)


def _reasoning_events(stream: _Stream, index: int, item: _Item, chunk: int) -> None:
    stream.add("response.output_item.added", output_index=index, item=msgspec.structs.replace(item, summary=[]))
    for place, part in enumerate(item.summary or []):
        at = {"item_id": item.id, "output_index": index, "summary_index": place}
        text = str(part["text"])
        stream.add("response.reasoning_summary_part.added", **at, part={**part, "text": ""})
        for words in chunks(text, chunk):
            stream.add("response.reasoning_summary_text.delta", **at, delta=words)
        stream.add("response.reasoning_summary_text.done", **at, text=text)
        stream.add("response.reasoning_summary_part.done", **at, part=part)
    stream.add("response.output_item.done", output_index=index, item=item)


def _search_events(stream: _Stream, index: int, item: _Item, _: int) -> None:
    begun = msgspec.structs.replace(item, status="in_progress", action={"type": "search"})
    stream.add("response.output_item.added", output_index=index, item=begun)
    for state in ("in_progress", "searching", "completed"):
        stream.add(f"response.web_search_call.{state}", output_index=index, item_id=item.id)
    stream.add("response.output_item.done", output_index=index, item=item)


def _function_events(stream: _Stream, index: int, item: _Item, chunk: int) -> None:
    begun = msgspec.structs.replace(item, status="in_progress", arguments="")
    stream.add("response.output_item.added", output_index=index, item=begun)
    at = {"item_id": item.id, "output_index": index}
    for words in chunks(item.arguments or "", 4 * chunk):
        stream.add("response.function_call_arguments.delta", **at, delta=words)
    stream.add("response.function_call_arguments.done", **at, name=item.name, arguments=item.arguments)
    stream.add("response.output_item.done", output_index=index, item=item)


def _custom_events(stream: _Stream, index: int, item: _Item, chunk: int) -> None:
    begun = msgspec.structs.replace(item, status="in_progress", input="")
    stream.add("response.output_item.added", output_index=index, item=begun)
    at = {"item_id": item.id, "output_index": index}
    for words in chunks(item.input or "", 4 * chunk):
        stream.add("response.custom_tool_call_input.delta", **at, delta=words)
    stream.add("response.custom_tool_call_input.done", **at, input=item.input)
    stream.add("response.output_item.done", output_index=index, item=item)


_ITEM_EVENTS = {
    "message": _message_events,
    "reasoning": _reasoning_events,
    "web_search_call": _search_events,
    "function_call": _function_events,
    "custom_tool_call": _custom_events,
}
