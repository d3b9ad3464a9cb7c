"""A provider that speaks Anthropic's Messages API (wire contract of version 2023-06-01, which later ones extend)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.support.provider import CUT, Pause, Piece, Received, Scripted, json_answer, stream_answer

Block = dict[str, Any]

GREETING = "Grüße, 世界 🌍"
REQUEST_ID = ("request-id", "req_scripted_0001")
CITY = {"Tokyo": "18 °C", "Paris": "11 °C"}

ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}

MODEL = {
    "type": "model",
    "id": "claude-scripted",
    "display_name": "Claude Scripted",
    "created_at": "2026-01-01T00:00:00Z",
    "max_input_tokens": 200000,
    "a_field_of_tomorrow": {"kept": True},
}


def script(keys: frozenset[str]) -> "AnthropicScript":
    """Answers to callers that hold one of these keys."""
    return AnthropicScript(keys)


class AnthropicScript:
    """One callable, so that the batch it makes can name its own address as the real API does."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.keys = keys

    def __call__(self, request: Received) -> Scripted:
        credential = request.header("x-api-key") or (request.header("authorization") or "").removeprefix("Bearer ")
        if credential not in self.keys:
            return error(401, "invalid x-api-key")
        match request.method, request.path.removeprefix("/v1/").split("/"):
            case "POST", ["messages"]:
                return message(json.loads(request.body))
            case "POST", ["messages", "count_tokens"]:
                return answer({"input_tokens": 21})
            case "POST", ["messages", "batches"]:
                return answer(batch(request, "in_progress"))
            case "GET", ["messages", "batches", "msgbatch_1"]:
                return answer(batch(request, "ended"))
            case "GET", ["messages", "batches", "msgbatch_1", "results"]:
                return batch_results()
            case "GET", ["models"]:
                return answer({"data": [MODEL], "has_more": False, "first_id": MODEL["id"], "last_id": MODEL["id"]})
            case "GET", ["models", "claude-scripted"]:
                return answer(MODEL)
        return error(404, f"no such route: {request.method} {request.target}")


def answer(body: Mapping[str, Any]) -> Scripted:
    """A body with the header that both SDKs show as the request's id."""
    return json_answer(json.dumps(body, ensure_ascii=False).encode(), headers=(REQUEST_ID,))


def error(status: int, words: str, *headers: tuple[str, str]) -> Scripted:
    """Anthropic's envelope."""
    kind = ERRORS.get(status, "not_found_error")
    body = {"type": "error", "error": {"type": kind, "message": words}, "request_id": REQUEST_ID[1]}
    return json_answer(json.dumps(body).encode(), status, (REQUEST_ID, *headers))


def message(body: dict[str, Any]) -> Scripted:
    """One turn, whole or streamed, as the request asks."""
    model: str = body["model"]
    if model.startswith("status-"):
        _, status, *rest = model.split("-")
        stop = (("x-should-retry", "false"),) if "final" in rest else (("retry-after-ms", "5"),)
        return error(int(status), f"scripted {status}", *stop)
    blocks = reply(body)
    if not body.get("stream"):
        return late(answer(whole(model, blocks))) if model == "slow" else answer(whole(model, blocks))
    frames = list(stream(model, blocks))
    if model == "slow":
        return stream_answer(*frames[:3], Pause(10), *frames[3:])
    if model == "cut":
        return stream_answer(*frames[:3], Pause(0.02), CUT)
    if model == "fails":
        failed = {"type": "error", "error": {"type": "overloaded_error", "message": "scripted overload"}}
        return stream_answer(*frames[:3], frame(failed))
    return stream_answer(*uneven(b"".join(frames)), headers=(REQUEST_ID,))


def late(scripted: Scripted) -> Scripted:
    """A whole answer that nobody waits for."""
    return replace(scripted, pieces=(Pause(10), *scripted.pieces))


def reply(body: dict[str, Any]) -> Sequence[Block]:
    """The blocks that this request gets."""
    last = body["messages"][-1]["content"]
    parts: list[Block] = [{"type": "text", "text": last}] if isinstance(last, str) else last
    kinds = [part["type"] for part in parts]
    tools = body.get("tools", [])
    if any(tool.get("type", "").startswith("web_search") for tool in tools):
        return searched()
    if "tool_result" in kinds:
        results = (f"{part['tool_use_id']}={text_of(part['content'])}" for part in parts if "tool_use_id" in part)
        return [text("; ".join(results))]
    if tools:
        calls = enumerate(CITY)
        return [
            text("I will look at both."),
            *({"type": "tool_use", "id": f"toolu_{n}", "name": "weather", "input": {"city": c}} for n, c in calls),
        ]
    if schema := body.get("output_config", {}).get("format"):
        return [text(json.dumps({"city": "Tokyo", "asked": sorted(schema["schema"]["properties"])}))]
    seen = [f"{p['source']['media_type']}:{len(p['source']['data'])}" for p in parts if "source" in p]
    said = text(f"{GREETING}: {' '.join(seen) or parts[-1]['text']}")
    if body.get("thinking", {}).get("type") == "enabled":
        return [{"type": "thinking", "thinking": "Let me think …", "signature": "c2ln+/8="}, said]
    return [said]


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def text_of(content: str | list[Block]) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


def searched() -> Sequence[Block]:
    """What the web search server tool leaves in an answer."""
    found = {"type": "web_search_result", "title": "T", "url": "https://example.com/", "encrypted_content": "ZW5j"}
    return [
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "news"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [found]},
        text("One thing was found."),
    ]


def usage() -> dict[str, int]:
    return {
        "input_tokens": 12,
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 4,
        "output_tokens": 5,
    }


def whole(model: str, blocks: Sequence[Block]) -> dict[str, Any]:
    """A message as a unary answer holds it."""
    stop = "tool_use" if any(block["type"] == "tool_use" for block in blocks) else "end_turn"
    return {
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(blocks),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": usage(),
        "a_field_of_tomorrow": ["kept"],
    }


def frame(data: Mapping[str, Any]) -> bytes:
    return f"event: {data['type']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def stream(model: str, blocks: Sequence[Block]) -> Iterator[bytes]:
    """The same message as events."""
    complete = whole(model, blocks)
    head = {**complete, "content": [], "stop_reason": None, "usage": {**usage(), "output_tokens": 1}}
    yield frame({"type": "message_start", "message": head})
    yield frame({"type": "ping"})
    for index, block in enumerate(blocks):
        start, deltas = parts_of(block)
        yield frame({"type": "content_block_start", "index": index, "content_block": start})
        for delta in deltas:
            yield frame({"type": "content_block_delta", "index": index, "delta": delta})
        yield frame({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": complete["stop_reason"], "stop_sequence": None}
    yield frame({"type": "message_delta", "delta": ended, "usage": {"output_tokens": 5}})
    yield frame({"type": "message_stop"})


def parts_of(block: Block) -> tuple[Block, list[Block]]:
    """A block as its start and its deltas."""
    match block["type"]:
        case "text":
            words: str = block["text"]
            return text(""), [{"type": "text_delta", "text": piece} for piece in (words[:7], words[7:])]
        case "thinking":
            return {**block, "thinking": "", "signature": ""}, [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        case "tool_use" | "server_tool_use":
            written = json.dumps(block["input"])
            pieces = ("", written[:4], written[4:])
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    return block, []


def uneven(data: bytes) -> Iterator[Piece]:
    """The bytes in pieces that end anywhere, in the middle of a character too."""
    for start in range(0, len(data), 97):
        yield data[start : start + 97]


def batch(request: Received, status: str) -> dict[str, Any]:
    """A batch; its results stand at an absolute address of the provider's own."""
    origin = f"http://{request.header('host')}"
    counts = {"processing": 0, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0}
    return {
        "id": "msgbatch_1",
        "type": "message_batch",
        "processing_status": status,
        "request_counts": counts,
        "created_at": "2026-01-01T00:00:00Z",
        "expires_at": "2026-01-02T00:00:00Z",
        "ended_at": "2026-01-01T01:00:00Z" if status == "ended" else None,
        "archived_at": None,
        "cancel_initiated_at": None,
        "results_url": f"{origin}/v1/messages/batches/msgbatch_1/results" if status == "ended" else None,
    }


def batch_results() -> Scripted:
    line = {"custom_id": "one", "result": {"type": "succeeded", "message": whole("claude-scripted", [text("Done.")])}}
    return Scripted(200, (("content-type", "application/x-jsonl"), REQUEST_ID), (json.dumps(line).encode() + b"\n",))
