"""Anthropic Messages answers as a provider streams them (wire contract 2.7), for scripts to play."""

import json
from typing import Any

from tests.support.provider import Header, Scripted, json_answer, stream_answer

Block = dict[str, Any]


def text(words: str) -> Block:
    return {"type": "text", "text": words}


def thinking(words: str, signature: str) -> Block:
    return {"type": "thinking", "thinking": words, "signature": signature}


def call(name: str, number: int, **arguments: object) -> Block:
    """A tool call; its id ends in the number."""
    return {"type": "tool_use", "id": f"toolu_{number:024}", "name": name, "input": arguments}


def searched(query: str, title: str, url: str) -> list[Block]:
    """The two blocks of the web search server tool: what it was asked, and one hit."""
    hit = {"type": "web_search_result", "title": title, "url": url, "encrypted_content": "ZW5j", "page_age": None}
    return [
        {"type": "server_tool_use", "id": "srvtoolu_01", "name": "web_search", "input": {"query": query}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_01", "content": [hit]},
    ]


def frame(kind: str, **fields: object) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def message(*blocks: Block, model: str = "claude-sonnet-5-5") -> Scripted:
    """A whole streamed message; it stops for tools when it holds a call."""
    return stream_answer(*frames(*blocks, model=model), headers=(("request-id", "req_scripted"),))


def frames(*blocks: Block, model: str) -> list[bytes]:
    called = any(block["type"] == "tool_use" for block in blocks)
    delta = {"stop_reason": "tool_use" if called else "end_turn", "stop_sequence": None}
    return [
        opening(model),
        *(piece for index, block in enumerate(blocks) for piece in streamed(index, block)),
        frame("message_delta", delta=delta, usage={"output_tokens": 12}),
        frame("message_stop"),
    ]


def opening(model: str) -> bytes:
    """``message_start``. Clients crash where it lacks usage."""
    return frame(
        "message_start",
        message={
            "id": "msg_scripted",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 100, "output_tokens": 1},
        },
    )


def streamed(index: int, block: Block) -> list[bytes]:
    """One block: empty at its start, its matter in deltas, except for results, which arrive whole."""
    empty, deltas = in_deltas(block)
    return [
        frame("content_block_start", index=index, content_block=empty),
        *(frame("content_block_delta", index=index, delta=delta) for delta in deltas),
        frame("content_block_stop", index=index),
    ]


def in_deltas(block: Block) -> tuple[Block, list[Block]]:
    """A block's empty form, and the deltas that fill it; text and arguments come in two pieces."""
    kind = block["type"]
    if kind == "text":
        return {**block, "text": ""}, [{"type": "text_delta", "text": part} for part in halves(block["text"])]
    if kind in {"tool_use", "server_tool_use"}:
        parts = halves(json.dumps(block["input"]))
        return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in parts]
    if kind == "thinking":
        parts = halves(block["thinking"])
        deltas = [{"type": "thinking_delta", "thinking": part} for part in parts]
        signed = {"type": "signature_delta", "signature": block["signature"]}
        return {**block, "thinking": "", "signature": ""}, [*deltas, signed]
    return block, []


def halves(words: str) -> tuple[str, str]:
    middle = len(words) // 2
    return words[:middle], words[middle:]


def whole(*blocks: Block, model: str = "claude-sonnet-5-5") -> Scripted:
    """A message in one piece, as a request without ``stream`` gets it."""
    usage = {"input_tokens": 100, "output_tokens": 12}
    fields = {"id": "msg_whole", "type": "message", "role": "assistant", "model": model, "content": blocks}
    ending = {"stop_reason": "end_turn", "stop_sequence": None, "usage": usage}
    return json_answer(json.dumps({**fields, **ending}).encode())


def error(status: int, kind: str, words: str, *headers: Header) -> Scripted:
    """A refusal in Anthropic's envelope."""
    body = {"type": "error", "error": {"type": kind, "message": words}, "request_id": "req_scripted"}
    return json_answer(json.dumps(body).encode(), status, headers)
