"""OpenAI's Responses API as a scripted provider speaks it: items, typed and numbered events, stored objects."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from tests.clients.answers.anthropic import CITY, GREETING, frame, uneven
from tests.support.provider import CUT, Pause, Scripted, json_answer, stream_answer

Item = dict[str, Any]

REQUEST_ID = ("x-request-id", "req_scripted_0001")
USAGE = {
    "input_tokens": 12,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 17,
}


def respond(body: dict[str, Any], made: dict[str, dict[str, Any]]) -> Scripted:
    """One turn, whole or streamed; a stored one can be asked for later."""
    response = {
        # The same request gets the same id, with the gateway and without.
        "id": f"resp_{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:24]}",
        "object": "response",
        "created_at": 1767225600,
        "status": "completed",
        "model": body["model"],
        "output": reply(body, made),
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "tool_choice": "auto",
        "tools": [],
        "usage": USAGE,
        "tomorrow": ["kept"],
    }
    made[str(response["id"])] = response
    if not body.get("stream"):
        return json_answer(json.dumps(response, ensure_ascii=False).encode(), headers=(REQUEST_ID,))
    frames = [frame({**event, "sequence_number": n}) for n, event in enumerate(stream(response))]
    match body["model"]:
        case "slow":
            return stream_answer(*frames[:3], Pause(10), *frames[3:])
        case "cut":
            return stream_answer(*frames[:3], Pause(0.02), CUT)
        case "fails":
            error = {"type": "error", "code": "server_error", "message": "scripted failure", "param": None}
            return stream_answer(*frames[:3], frame({**error, "sequence_number": 3}))
    return stream_answer(*uneven(b"".join(frames)), headers=(REQUEST_ID,))


def reply(body: dict[str, Any], made: dict[str, dict[str, Any]]) -> list[Item]:
    """The output items that this request gets."""
    given: list[Item] = (
        [{"role": "user", "content": body["input"]}] if isinstance(body["input"], str) else body["input"]
    )
    results = [f"{item['call_id']}={item['output']}" for item in given if item.get("type") == "function_call_output"]
    if results:
        return [text("; ".join(results))]
    if body.get("tools"):
        return [call(number, city) for number, city in enumerate(CITY)]
    if body.get("text", {}).get("format", {}).get("type") == "json_schema":
        return [text(json.dumps({"city": "Tokyo", "asked": sorted(body["text"]["format"]["schema"]["properties"])}))]
    content = given[-1]["content"]
    parts = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    before = f" after {body['previous_response_id']}" if body.get("previous_response_id") in made else ""
    said = text(f"{GREETING}: {' '.join(map(seen, parts))}{before}")
    if body.get("reasoning"):
        summary = [{"type": "summary_text", "text": "Let me think …"}]
        return [{"id": "rs_1", "type": "reasoning", "summary": summary, "encrypted_content": "ZW5j+/=="}, said]
    return [said]


def text(words: str) -> Item:
    part = {"type": "output_text", "text": words, "annotations": [], "logprobs": []}
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


def call(number: int, city: str) -> Item:
    head = {"id": f"fc_{number}", "type": "function_call", "status": "completed", "call_id": f"call_{number}"}
    return {**head, "name": "weather", "arguments": json.dumps({"city": city})}


def seen(part: Item) -> str:
    """What came of one part of a message."""
    match part["type"]:
        case "input_image":
            return f"image:{len(part['image_url'])}"
        case "input_file":
            return f"file:{part['filename']}:{len(part['file_data'])}"
    return str(part["text"])


def stream(response: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The same response as events."""
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        yield {"type": "response.output_item.added", "output_index": index, "item": opened(item)}
        for event in inside(item):
            yield {**event, "item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": "response.completed", "response": response}


def opened(item: Item) -> Item:
    match item["type"]:
        case "message":
            return {**item, "status": "in_progress", "content": []}
        case "function_call":
            return {**item, "status": "in_progress", "arguments": ""}
    return {**item, "summary": []}


def inside(item: Item) -> Iterator[dict[str, Any]]:
    """What streams between an item's first event and its last."""
    match item["type"]:
        case "message":
            part = item["content"][0]
            words: str = part["text"]
            place = {"content_index": 0}
            yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
            for piece in (words[:7], words[7:]):
                yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
            yield {"type": "response.output_text.done", **place, "text": words, "logprobs": []}
            yield {"type": "response.content_part.done", **place, "part": part}
        case "function_call":
            arguments: str = item["arguments"]
            for piece in (arguments[:4], arguments[4:]):
                yield {"type": "response.function_call_arguments.delta", "delta": piece}
            yield {"type": "response.function_call_arguments.done", "arguments": arguments, "name": item["name"]}
        case "reasoning":
            place, part = {"summary_index": 0}, item["summary"][0]
            yield {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
            yield {"type": "response.reasoning_summary_text.delta", **place, "delta": part["text"]}
            yield {"type": "response.reasoning_summary_text.done", **place, "text": part["text"]}
            yield {"type": "response.reasoning_summary_part.done", **place, "part": part}
