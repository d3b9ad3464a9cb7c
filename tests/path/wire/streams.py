"""One small whole stream per dialect, and what asks for it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.laws import stream_rules
from tests.laws.stream_judges.judge import Broken
from tests.path.wire.raw import Message, head, take_message
from tests.support.gateway import KEY


@dataclass(frozen=True)
class Stream:
    """A stream that breaks no rule."""

    name: str
    target: str
    frames: tuple[bytes, ...]
    judge: Callable[[bytes], list[Broken]]
    keep_alive: bytes = b""
    needs_ending: bool = False
    kind: str = "text/event-stream"
    never_ends: bool = False
    """Nothing in the stream says that it is complete."""

    @property
    def whole(self) -> bytes:
        return b"".join(self.frames)

    def boundaries(self) -> list[int]:
        """Where one frame ends and the next begins, both ends of the stream included."""
        return [sum(map(len, self.frames[:count])) for count in range(len(self.frames) + 1)]

    @property
    def ended_at(self) -> int:
        """From which byte on a cut spoils nothing any more."""
        if self.never_ends:
            return len(self.whole) + 1
        return len(self.whole.rstrip(b"\n")) if self.kind.startswith("application/json") else len(self.whole)

    def request(self, *lines: str) -> bytes:
        """What asks for it."""
        body = b'{"model":"m","max_tokens":9,"stream":true,"messages":[],"contents":[]}'
        credentials = (f"X-Penstock-Key: {KEY}", "Content-Type: application/json")
        start = head(
            f"POST {self.target} HTTP/1.1", "Host: gateway", *credentials, *lines, f"Content-Length: {len(body)}"
        )
        return start + body

    def answer_head(self) -> bytes:
        """What the provider answers before it."""
        return head("HTTP/1.1 200 OK", f"content-type: {self.kind}", "transfer-encoding: chunked")


def _event(name: str, rest: str, end: str = "\n") -> bytes:
    return f'event: {name}{end}data: {{"type":"{name}"{rest}}}{end}{end}'.encode()


def _data(value: str, end: str = "\n") -> bytes:
    return f"data: {value}{end}{end}".encode()


_MESSAGE = '{"id":"m","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}'
ANTHROPIC = Stream(
    "anthropic",
    "/v1/messages",
    (
        _event("message_start", f',"message":{_MESSAGE}'),
        _event("content_block_start", ',"index":0,"content_block":{"type":"text","text":""}'),
        _event("content_block_delta", ',"index":0,"delta":{"type":"text_delta","text":"Say \\"message_stop\\""}'),
        _event("content_block_stop", ',"index":0'),
        _event("message_delta", ',"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}'),
        _event("message_stop", ""),
    ),
    stream_rules.anthropic_messages,
    keep_alive=b'event: ping\ndata: {"type": "ping"}\n\n',
    needs_ending=True,
)
_CHUNK = (
    '{"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    '"choices":[{"index":0,"delta":%s,"finish_reason":%s}]}'
)
CHAT = Stream(
    "chat",
    "/v1/chat/completions",
    (
        _data(_CHUNK % ('{"role":"assistant","content":"a"}', "null")),
        b": a comment\n\n",
        _data(_CHUNK % ('{"content":"data: [DONE]"}', "null")),
        _data(_CHUNK % ("{}", '"stop"')),
        _data("[DONE]"),
    ),
    partial(stream_rules.openai_chat, usage_asked=None),
    keep_alive=b": keep-alive\n\n",
)
_RESPONSE = (
    '{"id":"r","status":"%s","error":null,"output":[],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}'
)
RESPONSES = Stream(
    "responses",
    "/v1/responses",
    (
        _event("response.created", f',"sequence_number":0,"response":{_RESPONSE % "in_progress"}'),
        _event("response.in_progress", f',"sequence_number":1,"response":{_RESPONSE % "in_progress"}'),
        _event("response.thinking", ',"text":"response.completed","sequence_number":2'),
        b": a comment\n\n",
        _event("response.completed", f',"sequence_number":3,"response":{_RESPONSE % "completed"}'),
    ),
    stream_rules.openai_responses,
    keep_alive=b": keep-alive\n\n",
    needs_ending=True,
)
_PART = '{"candidates":[{"content":{"parts":[{"text":"a"}],"role":"model"}%s}]}'
GEMINI = Stream(
    "gemini",
    "/gemini/v1beta/models/m:streamGenerateContent?alt=sse",
    (_data(_PART % "", "\r\n"), _data(_PART % "", "\r\n"), _data(_PART % ',"finishReason":"STOP"', "\r\n")),
    stream_rules.gemini_events,
    keep_alive=b"\n",
    never_ends=True,
)
ARRAY = Stream(
    "gemini array",
    "/gemini/v1beta/models/m:streamGenerateContent",
    (
        b"[" + (_PART % "").encode(),
        b"\n,\r\n" + (_PART % "").replace('"a"', '"]}\\\\\\""').encode(),
        b"\n,\r\n" + (_PART % ',"finishReason":"STOP"').encode(),
        b"\n]\n",
    ),
    stream_rules.gemini_array,
    kind="application/json; charset=UTF-8",
)
EVENTS = (ANTHROPIC, CHAT, RESPONSES, GEMINI)
STREAMS = (*EVENTS, ARRAY)


def unchunked(data: bytes) -> tuple[bytes, bool]:
    """The body of a chunked answer as far as it has come, and whether it is complete."""
    rest = data.partition(b"\r\n\r\n")[2]
    found: tuple[Message, bytes] | None = take_message(data)
    if found is not None:
        return found[0].body, True
    body = b""
    while b"\r\n" in rest:
        line, _, rest = rest.partition(b"\r\n")
        size = int(line, 16)
        body, rest = body + rest[:size], rest[size + 2 :]
    return body, False
