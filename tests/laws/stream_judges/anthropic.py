"""The hard rules of Anthropic's Messages stream.

Each reason is what was seen of real clients: Python `anthropic` 2.11, Node `@anthropic-ai/sdk` 1.11, Claude Code 2.1.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.laws.stream_judges.judge import Frame, Judge

_WHY = {
    "framing": "a frame without a closing blank line, or whose data is no JSON object, is never dispatched",
    "event-name": "`event:` must equal data.type: Python AssertionError, Node and Claude Code see no stream",
    "one-start": "one message_start, before all but pings: Node throws 'Unexpected event order'",
    "start-usage": "message_start.message.usage with both counts: Python AttributeError at message_delta",
    "start-empty": "message_start opens with content [] and stop_reason null; SDKs append to what is there",
    "index": "block indexes start at 0, dense, in order: Python IndexError, Node loses text silently",
    "block-open": "a delta or a stop without its open block: Python IndexError",
    "delta-type": "a delta that does not fit its block is dropped silently",
    "block-closed": "all blocks are stopped before message_delta: the sequence that clients build on",
    "tool-input": "tool input comes whole through input_json_delta after `input: {}`: Claude Code ignores the start",
    "tool-id": "an empty id is refused, the second of two equal ids is dropped by Claude Code",
    "signature-once": "SDKs overwrite a signature, they do not append to it",
    "delta-usage": "message_delta.usage.output_tokens: Python and Node both throw without it",
    "stop-reason": "without a message_delta that gives a stop_reason the SDK's result has stop_reason null",
    "message-stop": "Node: 'stream ended without producing a Message'",
    "silent-cut": "a cut without an error event: the Python SDK returns the part as a success",
    "error-shape": "type, error.type and error.message are mandatory for clients to show text",
    "after-end": "message_stop or error ends the stream",
    "done": "`data: [DONE]` with an event name: Python JSONDecodeError",
}

_TOOLS = {"tool_use", "server_tool_use", "mcp_tool_use"}
_DELTA_FITS = {
    "text_delta": {"text"},
    "citations_delta": {"text"},
    "input_json_delta": _TOOLS,
    "thinking_delta": {"thinking"},
    "signature_delta": {"thinking"},
    "compaction_delta": {"compaction"},
}
_WHOLE = {"redacted_thinking", "container_upload", "mcp_tool_listing", "fallback"}
_CUT_BY_LENGTH = {"max_tokens", "model_context_window_exceeded"}


@dataclass
class _Block:
    kind: str
    open: bool = True
    signatures: int = 0
    pieces: list[str] = field(default_factory=list)

    @property
    def known(self) -> bool:
        return self.kind in _WHOLE | _TOOLS | {"text", "thinking", "compaction"} or self.kind.endswith("_tool_result")


class AnthropicJudge(Judge):
    """Anthropic's Messages stream. Unknown events, deltas and block types are legal: the API grows by them."""

    WHY = _WHY

    def __init__(self) -> None:
        super().__init__()
        self.started = False
        self.stop_reason: str | None = None
        self.blocks: dict[int, _Block] = {}
        self.tool_ids: set[str] = set()

    def frame(self, frame: Frame) -> None:
        if frame.data == "[DONE]" and frame.event is not None:
            self.breaks("done", f"event {frame.event}")
            return
        if frame.event is None:
            self.breaks("event-name", "no event line")
        value = self.object_of(frame.data)
        if value is None:
            return
        kind = value.get("type")
        if frame.event is not None and kind != frame.event:
            self.breaks("event-name", f"event {frame.event}, type {kind}")
        if self.over:
            self.breaks("after-end", kind)
            return
        act: Callable[[dict[str, Any]], None] | None = {
            "message_start": self._start,
            "content_block_start": self._block_start,
            "content_block_delta": self._delta,
            "content_block_stop": self._block_stop,
            "message_delta": self._message_delta,
            "message_stop": self._stop,
            "error": self._error,
        }.get(str(kind))
        if act is None:
            return
        if not self.started and kind not in {"message_start", "error"}:
            self.breaks("one-start", f"{kind} before message_start")
        act(value)

    def _start(self, value: dict[str, Any]) -> None:
        if self.started:
            self.breaks("one-start", "a second message_start")
        self.started = True
        message = value.get("message") or {}
        usage = message.get("usage") or {}
        if not all(isinstance(usage.get(name), int) for name in ("input_tokens", "output_tokens")):
            self.breaks("start-usage", usage)
        if message.get("content") != [] or message.get("stop_reason") is not None:
            self.breaks("start-empty", {"content": message.get("content"), "stop": message.get("stop_reason")})

    def _block_start(self, value: dict[str, Any]) -> None:
        index, content = value.get("index"), value.get("content_block") or {}
        if index != len(self.blocks):
            self.breaks("index", f"{index}, expected {len(self.blocks)}")
        block = _Block(str(content.get("type")))
        self.blocks[len(self.blocks) if not isinstance(index, int) else index] = block
        if block.kind in _TOOLS:
            if content.get("input") != {}:
                self.breaks("tool-input", f"the start event has input {content.get('input')}")
            identifier = content.get("id")
            if not identifier or identifier in self.tool_ids:
                self.breaks("tool-id", repr(identifier))
            self.tool_ids.add(str(identifier))

    def _delta(self, value: dict[str, Any]) -> None:
        block, delta = self._block(value), value.get("delta") or {}
        if block is None:
            return
        kind = delta.get("type")
        fits = _DELTA_FITS.get(str(kind))
        if fits is not None and block.known and block.kind not in fits:
            self.breaks("delta-type", f"{kind} in {block.kind}")
        elif kind == "input_json_delta":
            block.pieces.append(str(delta.get("partial_json")))
        elif kind == "signature_delta":
            block.signatures += 1
            if block.signatures > 1:
                self.breaks("signature-once", f"{block.signatures} signature_deltas")

    def _block_stop(self, value: dict[str, Any]) -> None:
        block = self._block(value)
        if block is not None:
            block.open = False

    def _block(self, value: dict[str, Any]) -> _Block | None:
        block = self.blocks.get(value.get("index", -1))
        if block is None or not block.open:
            self.breaks("block-open", f"{value.get('type')} for block {value.get('index')}")
            return None
        return block

    def _message_delta(self, value: dict[str, Any]) -> None:
        if still := [index for index, block in self.blocks.items() if block.open]:
            self.breaks("block-closed", f"blocks {still} are open")
        if not isinstance((value.get("usage") or {}).get("output_tokens"), int):
            self.breaks("delta-usage", value.get("usage"))
        self.stop_reason = (value.get("delta") or {}).get("stop_reason") or self.stop_reason

    def _stop(self, _: dict[str, Any]) -> None:
        self.over = True
        if self.stop_reason is None:
            self.breaks("stop-reason", "message_stop without a stop_reason before it")

    def _error(self, value: dict[str, Any]) -> None:
        self.over = True
        error = value.get("error")
        if not isinstance(error, dict) or not (error.get("type") and error.get("message")):
            self.breaks("error-shape", value)

    def end(self) -> None:
        for block in self.blocks.values():
            whole = "".join(block.pieces)
            if block.open or not whole or self.stop_reason in _CUT_BY_LENGTH:
                continue
            if not _is_object(whole):
                self.breaks("tool-input", f"a completed call with {whole!r}")
        if not self.over:
            rule = "silent-cut" if self.stop_reason is None else "message-stop"
            self.breaks(rule, "the stream ends here")


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
