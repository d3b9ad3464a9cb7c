"""What the load generator sends and what the mock answers: realistic bodies of any size, the same in every run.

Both sides build the expected bytes with these pure functions, so that an answer can be compared byte for byte. The
number of bytes that the mock received stands in the answer as its input tokens: a changed request changes the answer.
"""

import base64
import functools
import json
import random
import re
from dataclasses import dataclass

Json = dict[str, object]

ANTHROPIC = "anthropic"
OPENAI = "openai"

PATHS = {ANTHROPIC: b"/v1/messages", OPENAI: b"/v1/chat/completions"}

SHAPE = re.compile(rb"bench-(?:u(?P<size>\d+)|s(?P<frames>\d+)x(?P<pace>\d+))")
MODEL = re.compile(rb'"model"\s*:\s*"([^"]+)"')

AGENT_TURN = 20_000
"""Requests of this many bytes and more have the shape of a coding agent's turn."""

PICTURES = 2_000_000
"""Requests of this many bytes and more carry pictures."""

_LEXICON = """
the a of to in and is it that for as with on be at by this from or an are not have gateway request answer stream token
budget model frame client provider header limit retry cache ledger route journal naïve café «quoted» def return async
await import class None True lambda yield path/to/file.py 0x7f 3.14 "key": \\n λ → ✓ 水門
"""

WORDS = tuple(_LEXICON.split())


@dataclass(frozen=True)
class Shape:
    """What a model's name asks of the mock: a sized answer, or frames at a pace."""

    size: int = 0
    frames: int = 0
    pace_ms: int = 0

    @property
    def streams(self) -> bool:
        return self.frames > 0


def unary_model(size: int) -> str:
    """The model that answers with about ``size`` bytes."""
    return f"bench-u{size}"


def stream_model(frames: int, pace_ms: int) -> str:
    """The model that answers with ``frames`` frames, one every ``pace_ms`` milliseconds."""
    return f"bench-s{frames}x{pace_ms}"


def shape_of(model: bytes) -> Shape | None:
    """What a model's name asks for; None when it is not one of the mock's."""
    found = SHAPE.search(model)
    if found is None:
        return None
    return Shape(*(int(found[name] or 0) for name in ("size", "frames", "pace")))


@functools.cache
def _paragraphs() -> tuple[str, ...]:
    chance = random.Random(20261121)
    return tuple(" ".join(chance.choices(WORDS, k=120)) + "\n" for _ in range(64))


def prose(size: int, start: int = 0) -> str:
    """About ``size`` characters of words with quotes, line ends and letters beyond ASCII."""
    paragraphs = _paragraphs()
    parts: list[str] = []
    have = 0
    while have < size:
        part = paragraphs[(start + len(parts)) % len(paragraphs)]
        parts.append(part)
        have += len(part)
    return "".join(parts)[:size]


def compact(value: Json) -> bytes:
    """JSON as the JavaScript SDKs write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


@functools.lru_cache(maxsize=16)
def request_body(dialect: str, model: str, size: int) -> bytes:
    """A request of exactly ``size`` bytes (or its least size, where that is more)."""

    def build(padding: str) -> bytes:
        if dialect == OPENAI:
            return compact(_chat(model, padding, stream))
        if size < AGENT_TURN:
            return compact(_message(model, padding, stream))
        return compact(_agent_turn(model, padding, stream, size))

    stream = bool((shape := shape_of(model.encode())) and shape.streams)
    padding = prose(max(0, size - len(build(""))))
    body = build(padding)
    while len(body) > size and padding:
        # A letter can take more than a byte, so this nears the size from above and never passes it by much.
        padding = padding[: -max(1, (len(body) - size) // 4)]
        body = build(padding)
    return build(padding + "x" * max(0, size - len(body)))


ASIDE = "Write to ada.lane@corp.de. "
"""A private value, for a gateway that looks for one."""


def _message(model: str, padding: str, stream: bool) -> Json:
    return {
        "model": model,
        "max_tokens": 1024,
        "system": "Answer in one paragraph.",
        "messages": [{"role": "user", "content": f"What does a penstock do? {ASIDE}{padding}"}],
        **({"stream": True} if stream else {}),
    }


def _chat(model: str, padding: str, stream: bool) -> Json:
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": "Answer in one paragraph."},
            {"role": "user", "content": f"What does a penstock do? {padding}"},
        ],
        "max_completion_tokens": 1024,
        **({"stream": True, "stream_options": {"include_usage": True}} if stream else {}),
    }


def _agent_turn(model: str, padding: str, stream: bool, size: int) -> Json:
    # Key order, the three system blocks, the cache marks and the metadata string are those of a Claude Code request:
    # "model" first, "stream" last, half a megabyte later.
    ephemeral = {"type": "ephemeral"}
    history: list[Json] = [{"role": "user", "content": [{"type": "text", "text": "Fix the failing test."}]}]
    room = size - 16_000
    if size >= PICTURES:
        for picture in range(4):
            history += _picture_turn(picture, 600_000)
            room -= 820_000
    turn = 0
    while room > 30_000:
        history += _tool_turn(turn, 7_000)
        room -= 9_500
        turn += 1
    last: Json = {"type": "text", "text": f"Go on. {ASIDE}{padding}", "cache_control": ephemeral}
    identity = "You are a coding agent."
    return {
        "model": model,
        "messages": [*history, {"role": "user", "content": [last]}],
        "system": [
            {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.329.1; cc_entrypoint=sdk-cli;"},
            {"type": "text", "text": identity, "cache_control": ephemeral},
            {"type": "text", "text": prose(6_000, 7), "cache_control": ephemeral},
        ],
        "tools": [_tool(number) for number in range(12)],
        "metadata": {"user_id": '{"device_id":"d","account_uuid":"a","session_id":"s"}'},
        "max_tokens": 32_000,
        **({"stream": True} if stream else {}),
    }


def _tool(number: int) -> Json:
    text = {"type": "string", "description": "The absolute path to the file"}
    schema = {"type": "object", "properties": {"path": text, "limit": {"type": "number"}}, "required": ["path"]}
    return {"name": f"Tool{number}", "description": prose(300, number), "input_schema": schema}


def _tool_turn(number: int, size: int) -> list[Json]:
    use: Json = {
        "type": "tool_use",
        "id": f"toolu_{number:024d}",
        "name": "Tool1",
        "input": {"path": f"/src/{number}.py"},
    }
    result: Json = {"type": "tool_result", "tool_use_id": f"toolu_{number:024d}", "content": prose(size, number)}
    said: Json = {"type": "text", "text": "I read the file."}
    return [{"role": "assistant", "content": [said, use]}, {"role": "user", "content": [result]}]


def _picture_turn(number: int, size: int) -> list[Json]:
    data = base64.b64encode(random.Random(number).randbytes(size)).decode()
    picture: Json = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}}
    return [
        {"role": "user", "content": [picture, {"type": "text", "text": "Like this."}]},
        {"role": "assistant", "content": [{"type": "text", "text": "I see."}]},
    ]


def answer_body(dialect: str, model: str, size: int, received: int) -> bytes:
    """A unary answer of about ``size`` bytes to a request of ``received`` bytes."""
    build = _chat_answer if dialect == OPENAI else _message_answer
    least = len(compact(build(model, "", received, size)))
    return compact(build(model, prose(max(0, size - least)), received, size))


def _message_answer(model: str, text: str, received: int, size: int) -> Json:
    usage = {
        "input_tokens": received,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": size // 4,
        "service_tier": "standard",
    }
    return {
        "id": "msg_01BenchBenchBenchBenchBench",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage,
    }


def _chat_usage(received: int, output: int) -> Json:
    return {"prompt_tokens": received, "completion_tokens": output, "total_tokens": received + output}


def _chat_answer(model: str, text: str, received: int, size: int) -> Json:
    message: Json = {"role": "assistant", "content": text, "refusal": None, "annotations": []}
    return {
        "id": "chatcmpl-benchbenchbenchbenchbench",
        "object": "chat.completion",
        "created": 1795000000,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _chat_usage(received, size // 4),
        "service_tier": "default",
        "system_fingerprint": None,
    }


@functools.lru_cache(maxsize=64)
def answer_frames(dialect: str, model: str, frames: int, received: int) -> tuple[bytes, ...]:
    """The ``frames`` frames of a stream, first to last, as the provider writes them."""
    if dialect == OPENAI:
        return _chat_frames(model, frames, received)
    return _message_frames(model, frames, received)


def _event(name: str, data: Json) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), compact({"type": name, **data}))


def _message_frames(model: str, frames: int, received: int) -> tuple[bytes, ...]:
    whole = {"id": "msg_01BenchBenchBenchBenchBench", "type": "message", "role": "assistant", "model": model}
    usage = {"input_tokens": received, "cache_read_input_tokens": 0, "output_tokens": 1}
    opening: Json = {**whole, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    words = prose(max(frames, 5) * 12, 3)
    deltas = [
        _event(
            "content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": words[at * 12 : at * 12 + 12]}}
        )
        for at in range(frames - 5)
    ]
    return (
        _event("message_start", {"message": opening}),
        _event("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}}),
        *deltas,
        _event("content_block_stop", {"index": 0}),
        _event("message_delta", {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": frames}}),
        _event("message_stop", {}),
    )


def _chat_frames(model: str, frames: int, received: int) -> tuple[bytes, ...]:
    def chunk(choices: list[Json], usage: Json | None = None) -> bytes:
        head: Json = {
            "id": "chatcmpl-benchbench",
            "object": "chat.completion.chunk",
            "created": 1795000000,
            "model": model,
        }
        return b"data: %b\n\n" % compact({**head, "system_fingerprint": None, "choices": choices, "usage": usage})

    def delta(value: Json, finish: str | None = None) -> bytes:
        return chunk([{"index": 0, "delta": value, "logprobs": None, "finish_reason": finish}])

    words = prose(max(frames, 4) * 12, 3)
    return (
        delta({"role": "assistant", "content": "", "refusal": None}),
        *(delta({"content": words[at * 12 : at * 12 + 12]}) for at in range(frames - 4)),
        delta({}, "stop"),
        chunk([], _chat_usage(received, frames)),
        b"data: [DONE]\n\n",
    )
