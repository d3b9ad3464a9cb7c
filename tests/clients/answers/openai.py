"""OpenAI's API as a scripted provider speaks it, but for Responses, which have their own file."""

import base64
import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.clients.answers.anthropic import CITY, GREETING, late, uneven
from tests.clients.answers.openai_responses import respond
from tests.support.provider import CUT, Pause, Received, Scripted, json_answer, stream_answer

REQUEST_ID = ("x-request-id", "req_scripted_0001")
MODEL = {"id": "gpt-scripted", "object": "model", "created": 1767225600, "owned_by": "scripted", "tomorrow": True}
VECTOR = (0.25, -0.5, 1.0)

CODES = {
    400: ("invalid_request_error", "string_above_max_length"),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("server_error", None),
}


def script(keys: frozenset[str]) -> "OpenAIScript":
    """Answers to callers that hold one of these keys."""
    return OpenAIScript(keys)


class OpenAIScript:
    """One callable; it keeps the responses that it made, which a client may ask for again."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.keys = keys
        self.made: dict[str, dict[str, Any]] = {}

    def __call__(self, request: Received) -> Scripted:
        if (request.header("authorization") or "").removeprefix("Bearer ") not in self.keys:
            return error(401, "Incorrect API key provided")
        body: dict[str, Any] = json.loads(request.body) if request.body else {}
        if (model := body.get("model", "")).startswith("status-"):
            _, status, *rest = model.split("-")
            stop = (("x-should-retry", "false"),) if "final" in rest else (("retry-after-ms", "5"),)
            return error(int(status), f"scripted {status}", *stop)
        match request.method, request.path.removeprefix("/v1/").split("/"):
            case "POST", ["chat", "completions"]:
                return chat(body)
            case "POST", ["completions"]:
                return completion(body)
            case "POST", ["embeddings"]:
                return answer(embeddings(body))
            case "GET", ["models"]:
                return answer({"object": "list", "data": [MODEL]})
            case "GET", ["models", "gpt-scripted"]:
                return answer(MODEL)
            case "POST", ["responses", "input_tokens"]:
                return answer({"object": "response.input_tokens", "input_tokens": 21})
            case "POST", ["responses"]:
                return respond(body, self.made)
            case method, ["responses", made, *rest] if made in self.made:
                return self.stored(method, made, rest)
        return error(404, f"no such route: {request.method} {request.target}")

    def stored(self, method: str, made: str, rest: list[str]) -> Scripted:
        """A response that was made before."""
        if method == "DELETE":
            return answer({"id": made, "object": "response", "deleted": self.made.pop(made) is not None})
        if rest == ["input_items"]:
            item = {"id": "item_1", "type": "message", "role": "user", "content": []}
            return answer(
                {"object": "list", "data": [item], "first_id": "item_1", "last_id": "item_1", "has_more": False}
            )
        return answer(self.made[made])


def answer(body: Mapping[str, Any]) -> Scripted:
    """A body with the header that the SDKs show as the request's id."""
    return json_answer(json.dumps(body, ensure_ascii=False).encode(), headers=(REQUEST_ID,))


def error(status: int, words: str, *headers: tuple[str, str]) -> Scripted:
    """OpenAI's envelope, all four keys."""
    kind, code = CODES[status]
    body = {"error": {"message": words, "type": kind, "param": None, "code": code}}
    return json_answer(json.dumps(body).encode(), status, (REQUEST_ID, *headers))


def reply(body: dict[str, Any]) -> dict[str, Any]:
    """The assistant's message that this request gets."""
    messages = body["messages"]
    results = [f"{message['tool_call_id']}={message['content']}" for message in messages if message["role"] == "tool"]
    if results:
        return {"role": "assistant", "content": "; ".join(results), "refusal": None}
    if body.get("tools"):
        calls = [call(n, city) for n, city in enumerate(CITY)]
        return {"role": "assistant", "content": None, "refusal": None, "tool_calls": calls}
    last = messages[-1]["content"]
    parts = [{"type": "text", "text": last}] if isinstance(last, str) else last
    wanted = body.get("response_format", {})
    if wanted.get("type") == "json_schema":
        asked = sorted(wanted["json_schema"]["schema"]["properties"])
        return {"role": "assistant", "content": json.dumps({"city": "Tokyo", "asked": asked}), "refusal": None}
    words = f"{GREETING}: {' '.join(map(seen, parts))}"
    effort = body.get("reasoning_effort")
    return {"role": "assistant", "content": f"{words} ({effort})" if effort else words, "refusal": None}


def call(number: int, city: str) -> dict[str, Any]:
    function = {"name": "weather", "arguments": json.dumps({"city": city})}
    return {"id": f"call_{number}", "type": "function", "function": function}


def seen(part: Mapping[str, Any]) -> str:
    """What came of one part of a message."""
    if part["type"] == "image_url":
        return f"image:{len(part['image_url']['url'])}"
    if part["type"] == "file":
        return f"file:{part['file']['filename']}:{len(part['file']['file_data'])}"
    return str(part["text"])


USAGE = {
    "prompt_tokens": 12,
    "completion_tokens": 5,
    "total_tokens": 17,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


def chat(body: dict[str, Any]) -> Scripted:
    """One turn, whole or streamed, as the request asks."""
    said = reply(body)
    stop = "tool_calls" if said.get("tool_calls") else "stop"
    head = {"id": "chatcmpl-scripted", "created": 1767225600, "model": body["model"], "system_fingerprint": "fp_1"}
    if not body.get("stream"):
        choice = {"index": 0, "message": said, "finish_reason": stop, "logprobs": None}
        said_whole = {**head, "object": "chat.completion", "choices": [choice], "usage": USAGE, "tomorrow": ["kept"]}
        return late(answer(said_whole)) if head["model"] == "slow" else answer(said_whole)
    with_usage = body.get("stream_options", {}).get("include_usage", False)
    chunks = [{**head, "object": "chat.completion.chunk", **chunk} for chunk in stream(said, stop, with_usage)]
    frames = [*map(frame, chunks), b"data: [DONE]\n\n"]
    match body["model"]:
        case "slow":
            return stream_answer(*frames[:3], Pause(10), *frames[3:])
        case "cut":
            return stream_answer(*frames[:3], Pause(0.02), CUT)
        case "fails":
            failed = {"error": {"message": "scripted failure", "type": "server_error", "param": None, "code": None}}
            return stream_answer(*frames[:3], frame(failed))
    return stream_answer(*uneven(b": a comment\n\n" + b"".join(frames)), headers=(REQUEST_ID,))


def frame(data: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def stream(said: dict[str, Any], stop: str, with_usage: bool) -> Iterator[dict[str, Any]]:
    """The same message as chunks; ``usage`` as the API sends it where it was asked for."""
    extra: dict[str, Any] = {"usage": None} if with_usage else {}
    for delta in deltas(said):
        yield {"choices": [{"index": 0, "delta": delta, "finish_reason": None}], **extra}
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": stop}], **extra}
    if with_usage:
        yield {"choices": [], "usage": USAGE}


def deltas(said: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": "" if said["content"] else None}
    words: str = said["content"] or ""
    for piece in filter(None, (words[:7], words[7:])):
        yield {"content": piece}
    for index, made in enumerate(said.get("tool_calls", ())):
        arguments: str = made["function"]["arguments"]
        begun = {**made, "index": index, "function": {**made["function"], "arguments": ""}}
        yield {"tool_calls": [begun]}
        for piece in (arguments[:4], arguments[4:]):
            yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def completion(body: dict[str, Any]) -> Scripted:
    """The legacy text completion."""
    head = {"id": "cmpl-scripted", "object": "text_completion", "created": 1767225600, "model": body["model"]}
    words = f"{GREETING}: {body['prompt']}"

    def choice(text: str, stop: str | None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "text": text, "finish_reason": stop, "logprobs": None}]}

    if not body.get("stream"):
        return answer({**choice(words, "stop"), "usage": USAGE})
    pieces = (frame(choice(words[:7], None)), frame(choice(words[7:], "stop")), b"data: [DONE]\n\n")
    return stream_answer(*uneven(b"".join(pieces)))


def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    """One vector for each input, packed as the SDKs ask unless told otherwise."""
    inputs: Sequence[str] = [body["input"]] if isinstance(body["input"], str) else body["input"]
    packed = base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()
    value = packed if body.get("encoding_format") == "base64" else list(VECTOR)
    data = [{"object": "embedding", "index": n, "embedding": value} for n, _ in enumerate(inputs)]
    return {"object": "list", "data": data, "model": body["model"], "usage": {"prompt_tokens": 2, "total_tokens": 2}}
