"""``python -m bench.tally``: CPU time of reading what answers used, on this machine. Informative, not a budget.

Tallies are fed as the gateway feeds them: whole bodies in one piece, streams frame by frame. CPU time is the process's
own, user and system together, so that others on the machine disturb it little; the best of several rounds is shown.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.bodies import ANTHROPIC, OPENAI, Json, answer_body, answer_frames, compact, prose
from penstock.app import DIALECTS
from penstock.core.head import RequestHead
from penstock.core.usage import Consumption, Source
from penstock.routes import match
from penstock.wire.trail import PIECES

SIZES = (1_000, 50_000, 500_000)
BLOCKS = 400
"""Parts of an answer that consists of many."""

ROUNDS, ROUND_SECONDS = 7, 0.04
SHORT, LONG = 5, 1_005
"""Frames of streams; the difference is all text."""

ROUTES = {
    "messages": "/anthropic/v1/messages",
    "chat": "/openai/v1/chat/completions",
    "responses": "/openai/v1/responses",
    "generate": "/gemini/v1beta/models/m:generateContent",
    "array": "/gemini/v1beta/models/m:streamGenerateContent",
}


@dataclass(frozen=True)
class Subject:
    """Answers of one operation."""

    name: str
    route: str
    body: Callable[[int], bytes]
    blocks: Callable[[], bytes]
    frames: Callable[[int], Sequence[bytes]]


def _response(output: list[Json], *, ended: bool = True) -> Json:
    usage = {
        "input_tokens": 812, "input_tokens_details": {"cached_tokens": 512}, "output_tokens": 250,
        "output_tokens_details": {"reasoning_tokens": 64}, "total_tokens": 1062,
    }  # fmt: skip
    return {
        "id": "resp_" + "0a1b2c3d" * 6, "object": "response", "created_at": 1795000000, "background": False,
        "status": "completed" if ended else "in_progress", "error": None, "incomplete_details": None,
        "instructions": None, "max_output_tokens": None, "model": "gpt-5.5-2026-04-23", "output": output,
        "parallel_tool_calls": True, "previous_response_id": None, "reasoning": {"effort": "low", "summary": None},
        "service_tier": "default", "store": True, "temperature": 1.0, "text": {"format": {"type": "text"}},
        "tool_choice": "auto", "tools": [], "top_p": 1.0, "truncation": "disabled", "user": None, "metadata": {},
        "usage": usage if ended else None,
    }  # fmt: skip


def _output(text: str) -> Json:
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    return {"id": "msg_" + "0a1b2c3d" * 6, "type": "message", "status": "completed", "role": "assistant",
            "content": [part]}  # fmt: skip


def _response_body(size: int) -> bytes:
    return compact(_response([_output(prose(max(0, size - 900)))]))


def _response_frames(count: int) -> list[bytes]:
    def event(kind: str, data: Json) -> bytes:
        return b"event: %b\ndata: %b\n\n" % (kind.encode(), compact({"type": kind, **data}))

    words = prose(count * 12)
    fixed: Json = {"item_id": "msg_" + "0a1b2c3d" * 6, "output_index": 0, "content_index": 0, "logprobs": []}
    deltas = [
        event("response.output_text.delta", {**fixed, "delta": words[at * 12 : at * 12 + 12], "sequence_number": at})
        for at in range(count - 2)
    ]
    begun, ended = _response([], ended=False), _response([_output(words[:2_000])])
    return [event("response.created", {"response": begun}), *deltas, event("response.completed", {"response": ended})]


def _content(texts: list[str], *, ended: bool = True) -> Json:
    usage = {
        "promptTokenCount": 812, "candidatesTokenCount": 250, "totalTokenCount": 1126, "thoughtsTokenCount": 64,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 812}],
    }  # fmt: skip
    candidate: Json = {"content": {"parts": [{"text": text} for text in texts], "role": "model"}, "index": 0}
    return {
        "candidates": [candidate | {"finishReason": "STOP"} if ended else candidate], "usageMetadata": usage,
        "modelVersion": "gemini-3-flash", "responseId": "bench-bench-bench-bench",
    }  # fmt: skip


def _chunks(count: int) -> list[bytes]:
    return [compact(_content([prose(120, at)], ended=at == count - 1)) for at in range(count)]


def _content_frames(count: int) -> list[bytes]:
    return [b"data: %b\r\n\r\n" % chunk for chunk in _chunks(count)]


def _content_array(count: int) -> list[bytes]:
    first, *others = _chunks(count)
    return [b"[" + first, *(b",\r\n" + chunk for chunk in others), b"\n]\n"]


def _message_blocks() -> bytes:
    block = compact({"type": "tool_use", "id": "toolu_1", "name": "read", "input": {"path": "a/b", "usage": [1]}})
    whole = answer_body(ANTHROPIC, "claude-opus-5", 500, 812)
    return whole.replace(b'"content":[', b'"content":[' + (block + b",") * BLOCKS)


def _chat_blocks() -> bytes:
    call = compact({"id": "call_1", "type": "function", "function": {"name": "read", "arguments": '{"path":"a/b"}'}})
    whole = answer_body(OPENAI, "gpt-5.5", 500, 812)
    return whole.replace(b'"refusal":', b'"tool_calls":[' + b",".join([call] * BLOCKS) + b'],"refusal":')


SUBJECTS = (
    Subject("Anthropic messages", "messages", lambda size: answer_body(ANTHROPIC, "claude-opus-5", size, 812),
            _message_blocks, lambda count: answer_frames(ANTHROPIC, "claude-opus-5", count, 812)),
    Subject("OpenAI chat", "chat", lambda size: answer_body(OPENAI, "gpt-5.5", size, 812),
            _chat_blocks, lambda count: answer_frames(OPENAI, "gpt-5.5", count, 812)),
    Subject("OpenAI responses", "responses", _response_body,
            lambda: compact(_response([_output("a word")] * BLOCKS)), _response_frames),
    Subject("Gemini, events", "generate", lambda size: compact(_content([prose(max(0, size - 400))])),
            lambda: compact(_content(["a word"] * BLOCKS)), _content_frames),
    Subject("Gemini, array", "array", lambda size: b"[%b]" % compact(_content([prose(max(0, size - 400))])),
            lambda: b"[%b]" % compact(_content(["a word"] * BLOCKS)), _content_array),
)  # fmt: skip


def reading(subject: Subject, pieces: Sequence[bytes], *, events: bool) -> Callable[[], Consumption]:
    """What reads one answer; ValueError if it is not read right."""
    met = match(RequestHead("POST", ROUTES[subject.route].encode(), ()))
    dialect = DIALECTS[met.route.dialect]
    last = b"".join(pieces[-PIECES:]) if events else b""

    def read() -> Consumption:
        tally = dialect.tally(met)
        if tally is None:
            raise LookupError(f"{subject.route} has no tally")
        feed = tally.frames if events else tally.piece
        for piece in pieces:
            feed(piece)
        if events:
            tally.latest(last)
        consumption = tally.consumed()
        if consumption.source is not Source.REPORTED or consumption.missing:
            raise ValueError(f"{subject.name}: not read right")
        return consumption

    return read


def microseconds(work: Callable[[], object]) -> float:
    """CPU time, the best round's."""
    work()
    started = time.process_time()
    work()
    times = max(1, int(ROUND_SECONDS / max(time.process_time() - started, 1e-6)))
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - started) / times * 1e6)
    return min(rounds)


def main() -> None:
    """Prints one line for each operation: whole answers by size, then streams."""
    print(f"{'µs of CPU time':20}{'1 kB':>8}{'50 kB':>8}{'500 kB':>8}{f'{BLOCKS} parts':>11}", end="")
    print(f"{'a frame':>10}{'(bytes)':>9}{'a stream besides':>18}")
    for subject in SUBJECTS:
        whole = [microseconds(reading(subject, [subject.body(size)], events=False)) for size in SIZES]
        parts = microseconds(reading(subject, [subject.blocks()], events=False))
        events = subject.route != "array"
        short, long = (microseconds(reading(subject, subject.frames(count), events=events)) for count in (SHORT, LONG))
        frame = (long - short) / (LONG - SHORT)
        size = len(subject.frames(SHORT)[1])
        print(f"{subject.name:20}" + "".join(f"{one:8.1f}" for one in whole) + f"{parts:11.1f}", end="")
        print(f"{frame:10.2f}{size:9}{short:18.1f}")


if __name__ == "__main__":
    main()
