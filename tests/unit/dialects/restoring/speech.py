"""Streams of every dialect that say one text in pieces, and what a client puts together from such a stream."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.core.mask import Masks, spelt
from penstock.core.restoring import Restoring
from penstock.core.route import Match
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.gemini import Gemini
from penstock.dialects.openai import OpenAI
from penstock.route_rows import ROWS
from tests.laws import stream_rules

EMAIL, PERSON, KEY = spelt("EMAIL", 123456789), spelt("PERSON", 99999), spelt("SECRET", 5)
VALUES = {EMAIL: 'a"b\\c\nd@x.example', PERSON: "José “Pepe” 😀", KEY: "line\nline"}
"""What the tokens of these tests stand for: quotes, backslashes, line ends, and letters of several bytes."""

ANTHROPIC, OPENAI, GEMINI = Anthropic().restoring, OpenAI().restoring, Gemini().restoring
Check = Callable[[bytes], list[stream_rules.Broken]]


def match(dialect: str, operation: str) -> Match:
    """A request of this operation."""
    route = next(row for row in ROWS if row.dialect == dialect and row.operation == operation)
    return Match(route, (), route.template, "")


@dataclass(frozen=True)
class Voice:
    """One way to say a text in a stream."""

    name: str
    restoring: Restoring
    match: Match
    frames: Callable[[Sequence[str]], list[bytes]]
    """A whole stream, frame by frame, that says the text in these pieces."""
    heard: Callable[[bytes], str]
    """The text, from a stream."""
    check: Check
    json: bool = False
    """The text must be JSON: a tool's arguments."""
    ordered: bool = False
    """Its frames are numbered."""
    several: bool = False
    """Of its frames some hold more than one text, or something that must not wait."""

    def told(self, frames: Iterable[bytes], masks: Masks) -> bytes:
        """What the client gets of these pieces of a stream."""
        lanes = self.restoring.lanes(self.match, masks)
        return b"".join([lanes.frames(frame) for frame in frames] + [lanes.rest()])


def typed(**data: Any) -> bytes:
    """A frame that is named by its type."""
    return b"event: %b\ndata: %b\n\n" % (str(data["type"]).encode(), _json(data))


def unnamed(data: Any) -> bytes:
    """A data frame."""
    return b"data: %b\n\n" % _json(data)


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def events(stream: bytes) -> list[dict[str, Any]]:
    """The data of a stream's frames."""
    lines = [line[5:].strip() for line in stream.decode().replace("\r\n", "\n").split("\n") if line.startswith("data:")]
    return [json.loads(line) for line in lines if line.startswith("{")]


# --- Anthropic ----------------------------------------------------------------------------------------------------

_START = typed(
    type="message_start",
    message={
        "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
)  # fmt: skip
_ENDING = [
    typed(type="message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1}),
    typed(type="message_stop"),
]


def _block(begun: dict[str, Any], kind: str, field: str) -> Callable[[Sequence[str]], list[bytes]]:
    def frames(parts: Sequence[str]) -> list[bytes]:
        thought = [
            typed(type="content_block_start", index=0, content_block={"type": "thinking", "thinking": ""}),
            typed(type="content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": f"It is {EMAIL}"}),
            typed(type="content_block_stop", index=0),
        ]
        deltas = [typed(type="content_block_delta", index=1, delta={"type": kind, field: part}) for part in parts]
        deltas.insert(0, typed(type="ping"))
        around = (
            typed(type="content_block_start", index=1, content_block=begun),
            typed(type="content_block_stop", index=1),
        )
        return [_START, *thought, around[0], *deltas, around[1], *_ENDING]

    return frames


def _in_delta(field: str) -> Callable[[bytes], str]:
    return lambda stream: "".join((one.get("delta") or {}).get(field, "") for one in events(stream))


_MESSAGES = match("anthropic", "messages.create")
_TOOL = {"type": "tool_use", "id": "toolu_1", "name": "edit", "input": {}}

ANTHROPIC_VOICES = (
    Voice(
        "anthropic text", ANTHROPIC, _MESSAGES, _block({"type": "text", "text": ""}, "text_delta", "text"),
        _in_delta("text"), stream_rules.anthropic_messages,
    ),
    Voice(
        "anthropic tool input", ANTHROPIC, _MESSAGES, _block(_TOOL, "input_json_delta", "partial_json"),
        _in_delta("partial_json"), stream_rules.anthropic_messages, json=True,
    ),
)  # fmt: skip


# --- OpenAI, chats ------------------------------------------------------------------------------------------------

_CHATS, _COMPLETIONS = match("openai", "chat.completions.create"), match("openai", "completions.create")
_DONE = b"data: [DONE]\n\n"


def _chunk(*choices: dict[str, Any], **more: Any) -> bytes:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": list(choices)}
    return unnamed({**head, **more})


def _choice(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _said(field: str, **other: Any) -> Callable[[Sequence[str]], list[bytes]]:
    """The role first, then only the field, then the end."""

    def frames(parts: Sequence[str]) -> list[bytes]:
        role = _chunk(_choice({"role": "assistant", "content": None, "refusal": None}), obfuscation="a")
        deltas = [_chunk(_choice({**other, field: part}), obfuscation="ab") for part in parts]
        return [role, *deltas, _chunk(_choice({}, "stop")), _chunk(usage={"total_tokens": 1}), _DONE]

    return frames


def _odd(parts: Sequence[str]) -> list[bytes]:
    """Two choices in every frame, the role in each first, one text's end with its finish reason."""
    first = _chunk(
        _choice({"role": "assistant", "content": parts[0]}), _choice({"role": "assistant", "content": ""}, index=1)
    )
    middle = [_chunk(_choice({"content": part}), _choice({"content": "x"}, index=1)) for part in parts[1:-1]]
    last = _chunk(_choice({"content": parts[-1] if len(parts) > 1 else ""}, "stop"), _choice({}, "stop", 1))
    return [first, *middle, last, _DONE]


def _called(first: bool, kind: str, field: str) -> Callable[[Sequence[str]], list[bytes]]:
    """Two calls at once. ``first``: the arguments begin beside the call's name."""

    def call(index: int, said: str, **more: Any) -> dict[str, Any]:
        name = {"name": more.pop("name")} if "name" in more else {}
        return {"tool_calls": [{"index": index, **more, kind: {**name, field: said}}]}

    def frames(parts: Sequence[str]) -> list[bytes]:
        begun, rest = (parts[0], parts[1:]) if first else ("", parts)
        other = f'{{"q":"{EMAIL}"}}' if field == "arguments" else EMAIL
        deltas = [
            {"role": "assistant", "content": None},
            call(0, begun, id="call_1", type=kind, name="edit"),
            call(1, other[:12], id="call_2", type=kind, name="look"),
            *(call(0, part) for part in rest[:1]),
            call(1, other[12:]),
            *(call(0, part) for part in rest[1:]),
        ]
        return [*(_chunk(_choice(delta)) for delta in deltas), _chunk(_choice({}, "tool_calls")), _DONE]

    return frames


def _function(parts: Sequence[str]) -> list[bytes]:
    begun = _chunk(_choice({"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": ""}}))
    deltas = [_chunk(_choice({"function_call": {"arguments": part}})) for part in parts]
    return [begun, *deltas, _chunk(_choice({}, "function_call")), _DONE]


def _completed(parts: Sequence[str]) -> list[bytes]:
    head = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
    rows = [{"text": part, "index": 0, "logprobs": None, "finish_reason": None} for part in parts]
    rows.append({"text": "", "index": 0, "logprobs": None, "finish_reason": "stop"})
    return [*(unnamed({**head, "choices": [row]}) for row in rows), _DONE]


def _of_choice(*path: str) -> Callable[[bytes], str]:
    """What the first choice says, and its first call."""

    def heard(stream: bytes) -> str:
        said = ""
        for event in events(stream):
            for choice in event.get("choices", []):
                told = choice.get("delta", choice) if choice["index"] == 0 else {}
                for call in told.get("tool_calls", []):
                    told = {**call, **told} if call["index"] == 0 else told
                for name in path:
                    told = (told or {}).get(name) or ("" if name == path[-1] else {})
                said += told
        return said

    return heard


def _any(_: bytes) -> list[stream_rules.Broken]:
    return []


def _chat(
    name: str,
    frames: Callable[[Sequence[str]], list[bytes]],
    *path: str,
    check: Check = stream_rules.openai_chat,
    **more: bool,
) -> Voice:
    return Voice(name, OPENAI, _CHATS, frames, _of_choice(*path), check, **more)


_CALL, _FUNCTION_CALL = ("function", "arguments"), ("function_call", "arguments")


CHAT_VOICES = (
    _chat("chat content", _said("content"), "content"),
    _chat("chat refusal", _said("refusal"), "refusal"),
    _chat("chat reasoning", _said("reasoning_content", content=None), "reasoning_content"),
    _chat("chat with roles", _said("content", role="assistant"), "content"),
    _chat("chat of two choices", _odd, "content", several=True),
    _chat("chat tool call", _called(False, *_CALL), *_CALL, json=True, several=True),
    _chat("chat tool call at once", _called(True, *_CALL), *_CALL, json=True, several=True),
    _chat("chat custom tool", _called(False, "custom", "input"), "custom", "input", check=_any, several=True),
    _chat("chat function", _function, *_FUNCTION_CALL, json=True),
    Voice("completion", OPENAI, _COMPLETIONS, _completed, _of_choice("text"), _any),
)

# --- OpenAI, responses --------------------------------------------------------------------------------------------

_RESPONSES = match("openai", "responses.create")


def _response(item: dict[str, Any], part: tuple[str, dict[str, Any]] | None, kind: str, field: str) -> Any:
    """A response with one item of which one text streams, and which tells it again and again."""

    def frames(parts: Sequence[str]) -> list[bytes]:
        whole = "".join(parts)
        at = {"item_id": "i", "output_index": 0}
        done = {**item, **({field: whole} if part is None else {})}
        within: dict[str, Any] = {}
        around: list[list[dict[str, Any]]] = [[], []]
        if part is not None:
            name, begun = part
            within = {"summary_index" if "summary" in name else "content_index": 0}
            ended = {**begun, field: whole}
            around = [
                [{"type": f"response.{name}.added", **at, **within, "part": begun}],
                [{"type": f"response.{name}.done", **at, **within, "part": ended}],
            ]
            done["summary" if "summary" in name else "content"] = [ended]
        told: list[dict[str, Any]] = [
            {"type": "response.created", "response": {"id": "r", "output": [], "instructions": f"Write to {EMAIL}"}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            *around[0],
            *({"type": f"response.{kind}.delta", **at, **within, "delta": one, "logprobs": []} for one in parts),
            {"type": f"response.{kind}.done", **at, **within, field: whole},
            *around[1],
            {"type": "response.output_item.done", "output_index": 0, "item": done},
            {"type": "response.completed", "response": {
                "id": "r", "output": [done], "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}},
        ]  # fmt: skip
        return [typed(type=event.pop("type"), sequence_number=number, **event) for number, event in enumerate(told)]

    return frames


def _deltas(stream: bytes) -> str:
    """The deltas, which the whole texts repeat."""
    return "".join(one["delta"] for one in events(stream) if one["type"].endswith(".delta"))


_MESSAGE = {"id": "i", "type": "message", "role": "assistant"}
_ITEMS: tuple[tuple[str, dict[str, Any], tuple[str, dict[str, Any]] | None, str, str], ...] = (
    ("text", _MESSAGE, ("content_part", {"type": "output_text", "annotations": []}), "output_text", "text"),
    ("refusal", _MESSAGE, ("content_part", {"type": "refusal"}), "refusal", "refusal"),
    ("summary", {"id": "i", "type": "reasoning", "encrypted_content": f"It is {EMAIL}"},
     ("reasoning_summary_part", {"type": "summary_text"}), "reasoning_summary_text", "text"),
    ("arguments", {"id": "i", "type": "function_call"}, None, "function_call_arguments", "arguments"),
    ("MCP arguments", {"id": "i", "type": "mcp_call"}, None, "mcp_call_arguments", "arguments"),
    ("custom input", {"id": "i", "type": "custom_tool_call"}, None, "custom_tool_call_input", "input"),
    ("code", {"id": "i", "type": "code_interpreter_call"}, None, "code_interpreter_call_code", "code"),
)  # fmt: skip

RESPONSES_VOICES = tuple(
    Voice(
        f"response {name}", OPENAI, _RESPONSES, _response(item, part, kind, field), _deltas,
        stream_rules.openai_responses, json=field == "arguments", ordered=True,
    )
    for name, item, part, kind, field in _ITEMS
)  # fmt: skip


# --- Gemini -------------------------------------------------------------------------------------------------------

_GENERATE = match("gemini", "models.streamGenerateContent")
_PATH = "$.a.b"


def _answer(*parts: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}}
    candidate |= {"finishReason": finish} if finish else {}
    counts = {"promptTokenCount": 4, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 4}]}
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "gemini", "responseId": "r"}


def _spoken(parts: Sequence[str]) -> list[dict[str, Any]]:
    """A thought first; at the end a call of a function."""
    call = {"functionCall": {"name": "look", "args": {"a": [EMAIL], "n": 1}}, "thoughtSignature": "c2ln"}
    return [
        _answer({"text": f"It is {EMAIL}", "thought": True}),
        *(_answer({"text": one}) for one in parts),
        _answer(call, finish="STOP"),
    ]


def _to_the_end(parts: Sequence[str]) -> list[dict[str, Any]]:
    """The last piece comes with the reason."""
    *others, last = parts
    told = [_answer({"text": one, "thoughtSignature": "c2ln"}) for one in others]
    return [*told, _answer({"text": last}, finish="STOP")]


def _partly(parts: Sequence[str]) -> list[dict[str, Any]]:
    def call(**said: Any) -> dict[str, Any]:
        return _answer({"functionCall": {**said, "willContinue": True}})

    told = [call(partialArgs=[{"jsonPath": _PATH, "stringValue": one, "willContinue": True}]) for one in parts]
    other = call(partialArgs=[{"jsonPath": "$.c", "stringValue": "x", "willContinue": True}])
    return [call(name="edit"), *told, other, _answer({"functionCall": {}}, finish="STOP")]


def _sse(told: Callable[[Sequence[str]], list[dict[str, Any]]]) -> Callable[[Sequence[str]], list[bytes]]:
    return lambda parts: [unnamed(one).replace(b"\n", b"\r\n") for one in told(parts)]


def _array(parts: Sequence[str]) -> list[bytes]:
    told = [json.dumps(one, indent=2, ensure_ascii=False).encode() for one in _spoken(parts)]
    return [b"[" + told[0], *(b"\n,\r\n" + one for one in told[1:]), b"\n]\n"]


def _texts(answers: Iterable[dict[str, Any]]) -> str:
    parts = [part for one in answers for part in one["candidates"][0]["content"]["parts"] if not part.get("thought")]
    calls = [one for part in parts for one in part.get("functionCall", {}).get("partialArgs", ())]
    said = [one["stringValue"] for one in calls if one["jsonPath"] == _PATH]
    return "".join([part.get("text", "") for part in parts] + said)


def _elements(stream: bytes) -> str:
    """Of an array that may not be over."""
    text = stream.decode().rstrip().removesuffix("]")
    return _texts(json.loads(text + "]")) if text else ""


def _gemini(name: str, told: Callable[[Sequence[str]], list[dict[str, Any]]]) -> Voice:
    return Voice(name, GEMINI, _GENERATE, _sse(told), lambda stream: _texts(events(stream)), stream_rules.gemini_events)


GEMINI_VOICES = (
    _gemini("gemini text", _spoken),
    _gemini("gemini text to the end", _to_the_end),
    _gemini("gemini partial arguments", _partly),
    Voice("gemini array", GEMINI, _GENERATE, _array, _elements, stream_rules.gemini_array, ordered=True),
)

VOICES = ANTHROPIC_VOICES + CHAT_VOICES + RESPONSES_VOICES + GEMINI_VOICES
