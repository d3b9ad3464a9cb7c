"""A provider that speaks Google's Gemini API, under every version prefix that its clients use."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.clients.answers.anthropic import CITY, GREETING, late, uneven
from tests.support.provider import CUT, Pause, Received, Scripted, json_answer, stream_answer

Part = dict[str, Any]

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
MODEL = {
    "name": "models/gemini-scripted",
    "displayName": "Gemini Scripted",
    "inputTokenLimit": 1048576,
    "outputTokenLimit": 65536,
    "supportedGenerationMethods": ["generateContent", "countTokens"],
}
USAGE = {
    "promptTokenCount": 12,
    "cachedContentTokenCount": 4,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "totalTokenCount": 19,
}
FILE = {
    "name": "files/scripted1",
    "mimeType": "text/plain",
    "sizeBytes": "11",
    "uri": "https://files.example/v1beta/files/scripted1",
    "state": "ACTIVE",
}
CACHE = {
    "name": "cachedContents/scripted1",
    "model": "models/gemini-scripted",
    "usageMetadata": {"totalTokenCount": 40},
}
PATH = re.compile(r"/(?:upload/)?v1(?:beta|alpha)?/(.+)")


def script(keys: frozenset[str]) -> "GeminiScript":
    """Answers to callers that hold one of these keys."""
    return GeminiScript(keys)


class GeminiScript:
    """One callable; an upload's second request is known by its address alone, as with the real API."""

    def __init__(self, keys: frozenset[str]) -> None:
        self.keys = keys

    def __call__(self, request: Received) -> Scripted:
        if "upload_id=" in request.target:
            status = (("x-goog-upload-status", "final"),)
            return json_answer(json.dumps({"file": FILE}).encode(), headers=status)
        if request.header("x-goog-api-key") not in self.keys:
            return error(401, "API key not valid")
        path = PATH.fullmatch(request.path)
        words = (path[1] if path else "").replace(":", "/:").split("/")
        match request.method, words:
            case "POST", ["models", model, verb]:
                return call(model, verb, request)
            case "GET", ["models"]:
                return answer({"models": [MODEL]})
            case "GET", ["models", "gemini-scripted"]:
                return answer(MODEL)
            case "POST", ["files"]:
                url = f"http://{request.header('host')}/upload/v1beta/files?upload_id=1&upload_protocol=resumable"
                return json_answer(b"{}", headers=(("x-goog-upload-url", url), ("x-goog-upload-status", "active")))
            case "GET", ["files", "scripted1"]:
                return answer(FILE)
            case ("POST", ["cachedContents"]) | ("GET", ["cachedContents", "scripted1"]):
                return answer(CACHE)
            case "DELETE", _:
                return answer({})
        return error(404, f"no such route: {request.method} {request.target}")


def answer(body: Mapping[str, Any]) -> Scripted:
    return json_answer(json.dumps(body, ensure_ascii=False).encode())


def error(status: int, words: str) -> Scripted:
    """Google's envelope."""
    body = {"error": {"code": status, "message": words, "status": STATUSES[status]}}
    return json_answer(json.dumps(body).encode(), status)


def camel(value: Any) -> Any:
    """Names as the API documents them: it takes ``inline_data`` too, and google-genai 3 sends such."""
    if isinstance(value, dict):
        return {
            re.sub(r"_([a-z])", lambda found: found[1].upper(), name): camel(inner) for name, inner in value.items()
        }
    return [camel(inner) for inner in value] if isinstance(value, list) else value


def call(model: str, verb: str, request: Received) -> Scripted:
    """An operation on a model."""
    body = camel(json.loads(request.body))
    if model.startswith("status-"):
        return error(int(model.removeprefix("status-")), f"scripted {model}")
    match verb:
        case ":countTokens":
            return answer({"totalTokens": 21})
        case ":batchEmbedContents":
            return answer({"embeddings": [{"values": [0.25, -0.5, 1.0]} for _ in body["requests"]]})
        case ":embedContent":
            return answer({"embedding": {"values": [0.25, -0.5, 1.0]}})
        case ":generateContent":
            said = answer(whole(model, reply(body)))
            return late(said) if model == "slow" else said
        case ":streamGenerateContent":
            return streamed(model, body)
    return error(404, f"no such method: {verb}")


def whole(model: str, parts: list[Part], stop: str | None = "STOP") -> dict[str, Any]:
    """An answer, or one piece of a streamed one."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if stop:
        candidate["finishReason"] = stop
    body = {"candidates": [candidate], "usageMetadata": USAGE, "modelVersion": model, "responseId": "r1"}
    return {**body, "tomorrow": ["kept"]}


def streamed(model: str, body: dict[str, Any]) -> Scripted:
    """The same answer as events: the data line with its space, and no other line."""
    pieces = list(halves(reply(body)))
    stops = [None] * (len(pieces) - 1) + ["STOP"]
    frames = [frame(whole(model, [piece], stop)) for piece, stop in zip(pieces, stops, strict=True)]
    match model:
        case "slow":
            return stream_answer(frames[0], frames[0], Pause(10), *frames[1:])
        case "cut":
            return stream_answer(frames[0], Pause(0.02), CUT)
        case "fails":
            failed = {"error": {"code": 503, "message": "scripted failure", "status": "UNAVAILABLE"}}
            return stream_answer(frames[0], frame(failed))
    return stream_answer(*uneven(b"".join(frames)))


def frame(data: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(data, ensure_ascii=False)}\r\n\r\n".encode()


def halves(parts: list[Part]) -> Iterator[Part]:
    for part in parts:
        if "text" in part:
            words: str = part["text"]
            yield {**part, "text": words[:7]}
            yield {**part, "text": words[7:]}
        else:
            yield part


def reply(body: dict[str, Any]) -> list[Part]:
    """The parts that this request gets."""
    parts: list[Part] = body["contents"][-1]["parts"]
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    if results:
        return [{"text": "; ".join(f"{result['name']}={result['response']['result']}" for result in results)}]
    if body.get("tools"):
        signature = {"thoughtSignature": "c2lnbmVk"}
        calls = [
            {"functionCall": {"id": f"call_{n}", "name": "weather", "args": {"city": c}}} for n, c in enumerate(CITY)
        ]
        return [{**calls[0], **signature}, *calls[1:]]
    wanted = body.get("generationConfig", {})
    if schema := wanted.get("responseSchema") or wanted.get("responseJsonSchema"):
        return [{"text": json.dumps({"city": "Tokyo", "asked": sorted(schema["properties"])})}]
    cached = f" with {body['cachedContent']}" if "cachedContent" in body else ""
    said = {"text": f"{GREETING}: {' '.join(map(seen, parts))}{cached}"}
    if wanted.get("thinkingConfig", {}).get("includeThoughts"):
        return [{"text": "Let me think …", "thought": True}, {**said, "thoughtSignature": "c2lnbmVk"}]
    return [said]


def seen(part: Part) -> str:
    """What came of one part of a message."""
    if "inlineData" in part:
        return f"{part['inlineData']['mimeType']}:{len(part['inlineData']['data'])}"
    if "fileData" in part:
        return f"file:{part['fileData']['fileUri']}"
    return str(part["text"])
