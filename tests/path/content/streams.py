"""Answers that say given pieces of text, in each dialect, whole and as a stream; and how a client would read them."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tests.path.content.scene import CHAT, GEMINI_STREAM, MESSAGES, RESPONSES
from tests.support.provider import Received, Scripted, json_answer, stream_answer

COMPLETIONS = "/v1/completions"


def frame(event: dict[str, Any] | str, *, named: bool = False, end: str = "\n\n") -> bytes:
    data = event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))
    name = f"event: {event['type']}\n" if named and isinstance(event, dict) else ""
    return f"{name}data: {data}{end}".encode()


def messages(pieces: Sequence[str], *, tool: bool = False) -> list[bytes]:
    usage = {"input_tokens": 5, "output_tokens": 1}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage,
               "stop_reason": None, "stop_sequence": None}  # fmt: skip
    block: dict[str, Any] = (
        {"type": "tool_use", "id": "t", "name": "f", "input": {}} if tool else {"type": "text", "text": ""}
    )
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message},
        {"type": "content_block_start", "index": 0, "content_block": block},
    ]
    for piece in pieces:
        delta = {"type": "input_json_delta", "partial_json": piece} if tool else {"type": "text_delta", "text": piece}
        events.append({"type": "content_block_delta", "index": 0, "delta": delta})
    events += [
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 9},
        },
        {"type": "message_stop"},
    ]
    return [frame(event, named=True) for event in events]


def chat(pieces: Sequence[str], *, tool: bool = False) -> list[bytes]:
    about = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for place, piece in enumerate(pieces):
        call: dict[str, Any] = {"index": 0, "function": {"arguments": piece}}
        if not place:
            call |= {"id": "t", "type": "function", "function": {"name": "f", "arguments": piece}}
        deltas.append({"tool_calls": [call]} if tool else {"content": piece})
    chunks = [{**about, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({**about, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    return [*map(frame, chunks), frame("[DONE]")]


def completions(pieces: Sequence[str], *, tool: bool = False) -> list[bytes]:
    about = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
    chunks = [{**about, "choices": [{"index": 0, "text": piece, "finish_reason": None}]} for piece in pieces]
    chunks.append({**about, "choices": [{"index": 0, "text": "", "finish_reason": "stop"}]})
    return [*map(frame, chunks), frame("[DONE]")]


def responses(pieces: Sequence[str], *, tool: bool = False) -> list[bytes]:
    response: dict[str, Any] = {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "status": "in_progress", "output": [],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    place = {"item_id": "i", "output_index": 0}
    text = "".join(pieces)
    if tool:
        item: dict[str, Any] = {"id": "i", "type": "function_call", "call_id": "t", "name": "f", "arguments": ""}
        inner = [{"type": "response.function_call_arguments.delta", **place, "delta": piece} for piece in pieces]
        inner.append({"type": "response.function_call_arguments.done", **place, "arguments": text})
        done = {**item, "arguments": text}
    else:
        item = {"id": "i", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        part = {"type": "output_text", "text": "", "annotations": []}
        place["content_index"] = 0
        inner = [{"type": "response.content_part.added", **place, "part": part}]
        inner += [{"type": "response.output_text.delta", **place, "delta": piece} for piece in pieces]
        inner.append({"type": "response.output_text.done", **place, "text": text})
        inner.append({"type": "response.content_part.done", **place, "part": {**part, "text": text}})
        done = {**item, "status": "completed", "content": [{**part, "text": text}]}
    events = [
        {"type": "response.created", "response": response},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        *inner,
        {"type": "response.output_item.done", "output_index": 0, "item": done},
        {"type": "response.completed", "response": {**response, "status": "completed", "output": [done]}},
    ]
    return [frame({**event, "sequence_number": number}, named=True) for number, event in enumerate(events)]


def gemini(pieces: Sequence[str], *, tool: bool = False) -> list[bytes]:
    chunks: list[dict[str, Any]] = []
    for piece in pieces:
        part: dict[str, Any] = {"functionCall": {"name": "f", "args": {"x": piece}}} if tool else {"text": piece}
        content = {"role": "model", "parts": [part]}
        chunks.append({"candidates": [{"content": content, "index": 0}], "modelVersion": "g", "responseId": "r"})
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    return [frame(chunk, end="\r\n\r\n") for chunk in chunks]


STREAMS: dict[str, Callable[..., list[bytes]]] = {
    MESSAGES: messages, CHAT: chat, RESPONSES: responses, GEMINI_STREAM: gemini, COMPLETIONS: completions,
}  # fmt: skip


def whole(path: str, text: str) -> bytes:
    """A whole answer that says this."""
    said: dict[str, Any]
    if path == MESSAGES:
        said = {"type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": text}],
                "usage": {"input_tokens": 5, "output_tokens": 7}}  # fmt: skip
    elif path == CHAT:
        said = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    elif path == COMPLETIONS:
        said = {"choices": [{"index": 0, "text": text, "finish_reason": "stop"}]}
    elif path == RESPONSES:
        item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
        said = {"object": "response", "status": "completed", "output": [item]}
    else:
        said = {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}]}
    return json.dumps(said).encode()


def saying(pieces: Sequence[str], *, tool: bool = False) -> Callable[[Received], Scripted]:
    """A provider that says these pieces, as it is asked to."""

    def script(request: Received) -> Scripted:
        known = {path.partition("?")[0].removeprefix("/gemini"): path for path in STREAMS}
        path = known.get(request.path, GEMINI_STREAM)
        streams = "stream" in request.target.lower() or b'"stream":true' in request.body.replace(b" ", b"")
        if not streams:
            return json_answer(whole(path, "".join(pieces)))
        return stream_answer(*STREAMS[path](pieces, tool=tool))

    return script


def events(body: bytes) -> list[Any]:
    """A stream's data, each read as JSON where it is."""
    found: list[Any] = []
    for one in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        data = b"\n".join(line[5:].strip() for line in one.split(b"\n") if line.startswith(b"data:"))
        if data:
            found.append("[DONE]" if data == b"[DONE]" else json.loads(data))
    return found


def text_of(body: bytes) -> str:
    """What a stream's deltas say, whatever its dialect."""
    return "".join(word for event in events(body) if isinstance(event, dict) for word in _deltas(event))


def _deltas(event: dict[str, Any]) -> Iterator[str]:
    delta = event.get("delta")
    if isinstance(delta, str):
        yield delta
    elif isinstance(delta, dict):
        yield delta.get("text", "")
    for choice in event.get("choices", []):
        yield (choice.get("delta") or {}).get("content") or choice.get("text", "")
    for candidate in event.get("candidates", []):
        yield "".join(part.get("text", "") for part in candidate["content"]["parts"])
