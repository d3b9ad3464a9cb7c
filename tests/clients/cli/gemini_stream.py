"""Gemini answers as a provider gives them (wire contract 5.2, 5.3), for scripts to play."""

import json
from typing import Any

from tests.support.provider import Scripted, json_answer, stream_answer

Part = dict[str, Any]


def text(words: str) -> Part:
    return {"text": words}


def call(name: str, **arguments: object) -> Part:
    """A function call with the signature that the next request has to bring back."""
    return {"functionCall": {"name": name, "args": arguments}, "thoughtSignature": "c2lnbmVkLTE="}


def candidate(parts: tuple[Part, ...], finish: str | None) -> dict[str, Any]:
    """One response object; usage only at the end."""
    first = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish is None:
        return {"candidates": [first], "modelVersion": "gemini-scripted", "responseId": "r1"}
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 12, "totalTokenCount": 112}
    ended = {"candidates": [{**first, "finishReason": finish}], "usageMetadata": usage}
    return {**ended, "modelVersion": "gemini-scripted", "responseId": "r1"}


def chunks(*parts: Part) -> Scripted:
    """A stream of one frame for each part; nothing but ``data:`` frames, or clients fail."""
    last = len(parts) - 1
    objects = [candidate((part,), "STOP" if index == last else None) for index, part in enumerate(parts)]
    return stream_answer(*(f"data: {json.dumps(each)}\r\n\r\n".encode() for each in objects))


def whole(*parts: Part) -> Scripted:
    """A unary answer."""
    return json_answer(json.dumps(candidate(parts, "STOP")).encode())


def error(status: int, name: str, words: str) -> Scripted:
    """A refusal in Google's envelope."""
    return json_answer(json.dumps({"error": {"code": status, "message": words, "status": name}}).encode(), status)
