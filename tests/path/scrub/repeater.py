"""A provider that answers in every dialect, whole and as a stream, with all the tokens that it got; or goes wrong."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from tests.path.masked.scene import TOKEN
from tests.support.provider import CUT, Piece, Received, Scripted, json_answer, stream_answer

Body = dict[str, Any]
USAGE = {"input_tokens": 9, "output_tokens": 3}


def repeat(request: Received) -> Scripted:
    """What the model says: every token, in words and in what it gives to a tool."""
    way = request.header("x-ask") or ""
    tokens = " ".join(dict.fromkeys(TOKEN.findall(request.body.decode("latin-1"))))
    said, arguments = f"I see {tokens} there.", {"text": f"for {tokens}", "more": [tokens]}
    if way.isdigit():
        return json_answer(json.dumps({"error": {"message": f"no {tokens}"}}).encode(), int(way))
    if way == "html":
        return Scripted(200, (("content-type", "text/html"),), (f"<html>{tokens}".encode(),))
    stream = json.loads(request.body).get("stream") or "stream" in request.path
    if not stream:
        whole = b"{" if way == "broken" else json.dumps(_whole(request.path, said, arguments)).encode()
        return json_answer(whole)
    frames: list[Piece] = [one.encode() for one in _streamed(request.path, said, arguments)]
    return stream_answer(*([*frames[: len(frames) // 2], CUT] if way == "cut" else frames))


def _whole(path: str, said: str, arguments: Body) -> Body:
    if path.endswith("/messages"):
        content = [{"type": "text", "text": said}, {"type": "tool_use", "id": "t", "name": "w", "input": arguments}]
        return {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": content, "usage": USAGE}
    if path.endswith("/chat/completions"):
        call = {"id": "c", "type": "function", "function": {"name": "w", "arguments": json.dumps(arguments)}}
        message = {"role": "assistant", "content": said, "tool_calls": [call]}
        return {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
    if path.endswith("/responses"):
        part = {"type": "output_text", "text": said, "annotations": []}
        items = [{"type": "message", "id": "i", "role": "assistant", "content": [part]},
                 {"type": "function_call", "id": "f", "call_id": "c", "name": "w",
                  "arguments": json.dumps(arguments)}]  # fmt: skip
        return {"id": "resp_1", "object": "response", "output": items, "usage": USAGE}
    if path.endswith("/completions"):
        return {"id": "c", "object": "text_completion", "choices": [{"index": 0, "text": said}]}
    if "generatecontent" in path.lower():
        parts = [{"text": said}, {"functionCall": {"name": "w", "args": arguments}}]
        return {"candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP"}]}
    return {"object": "list", "data": [], "input_tokens": 9, "totalTokens": 9}


def _pieces(text: str) -> Sequence[str]:
    """Four letters each: every token is cut."""
    return re.findall(r"(?s).{1,4}", text)


def _streamed(path: str, said: str, arguments: Body) -> Iterator[str]:
    if path.endswith("/messages"):
        yield from (f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in _messages(said, arguments))
    elif path.endswith("/completions"):
        for piece in _pieces(said):
            delta = {"delta": {"content": piece}} if "chat" in path else {"text": piece}
            yield _data({"id": "c", "choices": [{"index": 0, **delta, "finish_reason": None}]})
        yield _data({"id": "c", "choices": [{"index": 0, "finish_reason": "stop", "text": "", "delta": {}}]})
        yield "data: [DONE]\n\n"
    elif path.endswith("/responses"):
        at = {"item_id": "i", "output_index": 0, "content_index": 0}
        events: list[Body] = [{"type": "response.output_text.delta", "delta": piece, **at} for piece in _pieces(said)]
        events += [{"type": "response.output_text.done", "text": said, **at}]
        events += [{"type": "response.completed", "response": _whole(path, said, arguments)}]
        for number, event in enumerate(events):
            yield f"event: {event['type']}\n" + _data({**event, "sequence_number": number})
    else:
        for piece in _pieces(said):
            yield _data({"candidates": [{"content": {"role": "model", "parts": [{"text": piece}]}}]})
        call = {"role": "model", "parts": [{"functionCall": {"name": "w", "args": arguments}}]}
        yield _data({"candidates": [{"content": call, "finishReason": "STOP"}]})


def _messages(said: str, arguments: Body) -> Iterator[Body]:
    yield {"type": "message_start", "message": {**_whole("/messages", "", {}), "content": []}}
    tool = {"type": "tool_use", "id": "t", "name": "w", "input": {}}
    blocks = (({"type": "text", "text": ""}, "text", said), (tool, "input_json", json.dumps(arguments)))
    for index, (block, kind, text) in enumerate(blocks):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        for piece in _pieces(text):
            name = "text" if kind == "text" else "partial_json"
            yield {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta", name: piece}}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": USAGE}
    yield {"type": "message_stop"}


def _data(tree: Body) -> str:
    return f"data: {json.dumps(tree)}\n\n"


def heard(body: bytes) -> str:
    """All words of an answer in the order in which they came, pieces of one text together."""
    if not body.startswith((b"event:", b"data:")):
        return json.dumps(json.loads(body), ensure_ascii=False)
    pieces, rest = [], []
    for line in body.decode().splitlines():
        if line.startswith("data: {"):
            told = json.loads(line[6:])
            delta = told.get("delta", {})
            text = delta if isinstance(delta, str) else delta.get("text", delta.get("partial_json"))
            for choice in told.get("choices", ()):
                text = choice["delta"].get("content", "") if choice.get("delta") else choice.get("text", "")
            for candidate in told.get("candidates", ()):
                text = candidate["content"]["parts"][0].get("text")
            pieces.append(text or "")
            rest += [] if text else [json.dumps(told, ensure_ascii=False)]
    return "".join(pieces) + "".join(rest)
