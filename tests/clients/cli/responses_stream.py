"""OpenAI Responses answers as a provider streams them (wire contract 4.3), for scripts to play."""

import json
from typing import Any

from tests.support.provider import Header, Scripted, json_answer, stream_answer

Item = dict[str, Any]


def words(text: str, number: int = 1) -> Item:
    """An assistant message."""
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"type": "message", "id": f"msg_{number}", "role": "assistant", "status": "completed", "content": [part]}


def call(name: str, number: int, **arguments: object) -> Item:
    """A function call; its ids end in the number."""
    return {
        "type": "function_call",
        "id": f"fc_{number}",
        "call_id": f"call_{number}",
        "name": name,
        "arguments": json.dumps(arguments),
        "status": "completed",
    }


def reasoning(summary: str, sealed: str) -> Item:
    """A reasoning item, whose sealed part the client has to bring back."""
    part = {"type": "summary_text", "text": summary}
    return {"type": "reasoning", "id": "rs_1", "summary": [part], "encrypted_content": sealed}


def response(*items: Item) -> Scripted:
    """A whole streamed response, ended by ``response.completed`` with usage, without which Codex asks again."""
    return stream_answer(*numbered(*events(items)), headers=(("x-request-id", "req_scripted"),))


def numbered(*events: Item) -> list[bytes]:
    """Each event names itself twice and carries its place in the stream."""
    return [
        f"event: {event['type']}\ndata: {json.dumps({**event, 'sequence_number': number})}\n\n".encode()
        for number, event in enumerate(events)
    ]


def events(items: tuple[Item, ...]) -> list[Item]:
    return [
        {"type": "response.created", "response": envelope("in_progress", ())},
        *(event for index, item in enumerate(items) for event in item_events(index, item)),
        {"type": "response.completed", "response": envelope("completed", items)},
    ]


def envelope(status: str, items: tuple[Item, ...]) -> Item:
    usage = {
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 12,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 112,
    }
    return {
        "id": "resp_scripted",
        "object": "response",
        "created_at": 1795000000,
        "model": "gpt-5.5",
        "status": status,
        "output": items,
        "usage": usage if status == "completed" else None,
    }


def item_events(index: int, item: Item) -> list[Item]:
    """One output item, from added to done; text and arguments arrive as deltas in between."""
    place = {"output_index": index, "item_id": item["id"]}
    inner: list[Item] = []
    if item["type"] == "message":
        text = item["content"][0]["text"]
        inner = [{"type": "response.output_text.delta", **place, "content_index": 0, "delta": part} for part in text]
    elif item["type"] == "function_call":
        inner = [{"type": "response.function_call_arguments.delta", **place, "delta": item["arguments"]}]
    return [
        {"type": "response.output_item.added", "output_index": index, "item": emptied(item)},
        *inner,
        {"type": "response.output_item.done", "output_index": index, "item": item},
    ]


def emptied(item: Item) -> Item:
    """The form in which an item is announced."""
    if item["type"] == "message":
        return {**item, "content": [], "status": "in_progress"}
    return {**item, "arguments": "", "status": "in_progress"} if item["type"] == "function_call" else item


def error(status: int, code: str, words: str, *headers: Header) -> Scripted:
    """A refusal in OpenAI's envelope."""
    body = {"error": {"message": words, "type": "invalid_request_error", "param": None, "code": code}}
    return json_answer(json.dumps(body).encode(), status, headers)
