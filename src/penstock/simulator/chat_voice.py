"""Spells answers as Chat Completions and as legacy Completions, whole or as a stream (wire contract 4.2). Pure."""

import msgspec

from penstock.simulator.answer import REFUSAL_WORDS, Answer, Call, Finish
from penstock.simulator.identity import Identity
from penstock.simulator.tokens import chunks

_encode = msgspec.json.encode

_FINISHES = {
    Finish.END: "stop", Finish.LENGTH: "length", Finish.STOP: "stop", Finish.TOOLS: "tool_calls",
    Finish.REFUSAL: "stop", Finish.PAUSE: "stop",
}  # fmt: skip

DONE = b"data: [DONE]\n\n"


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What the request decides about the spelling, beside the answers."""

    model: str
    identity: Identity
    prompt_tokens: int
    cached_tokens: int = 0
    with_usage: bool = False
    """The stream ends with a usage chunk."""
    legacy: bool = False
    """The request offered ``functions``, so a call is a ``function_call``."""
    chunk: int = 1


def completion(form: Form, answers: list[Answer]) -> bytes:
    """The whole chat completion; one choice an answer."""
    choices = [
        {
            "index": index,
            "message": _message(form, index, answer),
            "logprobs": None,
            "finish_reason": _finish(form, answer),
        }
        for index, answer in enumerate(answers)
    ]
    return _encode({**_head(form, "chat.completion"), "choices": choices, "usage": _usage(form, answers)})


def completion_frames(form: Form, answers: list[Answer]) -> list[bytes]:
    """The chat completion's stream, one choice after another."""
    head = _head(form, "chat.completion.chunk")
    made: list[bytes] = []
    for index, answer in enumerate(answers):
        made += _choice_frames(form, head, index, answer)
    if form.with_usage:
        made.append(_frame({**head, "choices": [], "usage": _usage(form, answers)}))
    return [*made, DONE]


def error_frame(words: str) -> bytes:
    """The end of a stream that failed under way."""
    return _frame({"error": {"message": words, "type": "server_error", "param": None, "code": "server_error"}})


def _head(form: Form, kind: str) -> dict[str, object]:
    return {
        "id": form.identity.name("chatcmpl-", "completion", 29),
        "object": kind,
        "created": form.identity.moment(),
        "model": form.model,
        "service_tier": "default",
        "system_fingerprint": "fp_" + form.identity.hexadecimal("", "fingerprint", 10),
    }


def _finish(form: Form, answer: Answer) -> str:
    if answer.finish is Finish.TOOLS and form.legacy:
        return "function_call"
    return _FINISHES[answer.finish]


def _calls(answer: Answer) -> list[Call]:
    return [piece for piece in answer.pieces if isinstance(piece, Call)]


def _message(form: Form, index: int, answer: Answer) -> dict[str, object]:
    calls = _calls(answer)
    refused = answer.finish is Finish.REFUSAL
    message: dict[str, object] = {
        "role": "assistant",
        "content": None if refused or (calls and not answer.text) else answer.text,
        "refusal": REFUSAL_WORDS if refused else None,
        "annotations": [],
    }
    if calls and form.legacy:
        message["function_call"] = {"name": calls[0].name, "arguments": calls[0].arguments}
    elif calls:
        message["tool_calls"] = [_tool_call(form, index, place, call) for place, call in enumerate(calls)]
    return message


def _tool_call(form: Form, index: int, place: int, call: Call, arguments: str | None = None) -> dict[str, object]:
    said = call.arguments if arguments is None else arguments
    made: dict[str, object] = {"id": form.identity.name("call_", f"{index}.{place}", 24)}
    if call.free_text:
        return {**made, "type": "custom", "custom": {"name": call.name, "input": said}}
    return {**made, "type": "function", "function": {"name": call.name, "arguments": said}}


def _usage(form: Form, answers: list[Answer]) -> dict[str, object]:
    output = sum(answer.output_tokens for answer in answers)
    return {
        "prompt_tokens": form.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": form.prompt_tokens + output,
        "prompt_tokens_details": {"cached_tokens": form.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": sum(answer.thinking_tokens for answer in answers),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _frame(data: object) -> bytes:
    return b"data: %b\n\n" % _encode(data)


def _choice_frames(form: Form, head: dict[str, object], index: int, answer: Answer) -> list[bytes]:
    # The bytes around a delta are the same in every chunk of a choice, so they are encoded once.
    empty = {"index": index, "delta": {}, "logprobs": None, "finish_reason": None}
    chunk = {**head, "choices": [empty], **({"usage": None} if form.with_usage else {})}
    before, after = _frame(chunk).split(b'"delta":{}', 1)
    calls = _calls(answer)
    content = None if (calls and not answer.text) or answer.finish is Finish.REFUSAL else ""
    deltas: list[bytes] = [_encode({"role": "assistant", "content": content, "refusal": None})]
    if answer.finish is Finish.REFUSAL:
        deltas += [_encode({"refusal": part}) for part in chunks(REFUSAL_WORDS, form.chunk)]
    deltas += [b'{"content":%b}' % _encode(part) for part in chunks(answer.text, form.chunk)]
    for place, call in enumerate(calls):
        deltas += _call_deltas(form, index, place, call)
    made = [b'%b"delta":%b%b' % (before, delta, after) for delta in deltas]
    last = {**chunk, "choices": [{**empty, "finish_reason": _finish(form, answer)}]}
    return [*made, _frame(last)]


def _call_deltas(form: Form, index: int, place: int, call: Call) -> list[bytes]:
    parts = chunks(call.arguments, 4 * form.chunk)
    if form.legacy:
        first: object = {"function_call": {"name": call.name, "arguments": ""}}
        return [_encode(first), *(_encode({"function_call": {"arguments": part}}) for part in parts)]
    first = {"tool_calls": [{"index": place, **_tool_call(form, index, place, call, "")}]}
    kind, field = ("custom", "input") if call.free_text else ("function", "arguments")
    return [
        _encode(first),
        *(_encode({"tool_calls": [{"index": place, kind: {field: part}}]}) for part in parts),
    ]


# --- legacy completions -------------------------------------------------------------------------------------------


def text_completion(form: Form, answers: list[Answer], leads: list[str]) -> bytes:
    """The whole legacy completion; ``leads`` are prompts to be echoed before their answers."""
    choices = [_text_choice(index, leads[index] + answer.text, answer) for index, answer in enumerate(answers)]
    return _encode({**_text_head(form), "choices": choices, "usage": _usage(form, answers)})


def text_completion_frames(form: Form, answers: list[Answer], leads: list[str]) -> list[bytes]:
    """The legacy completion's stream."""
    head = _text_head(form)
    made: list[bytes] = []
    for index, answer in enumerate(answers):
        parts = chunks(leads[index] + answer.text, form.chunk)
        made += [_frame({**head, "choices": [_text_choice(index, part, None)]}) for part in parts]
        made.append(_frame({**head, "choices": [_text_choice(index, "", answer)]}))
    if form.with_usage:
        made.append(_frame({**head, "choices": [], "usage": _usage(form, answers)}))
    return [*made, DONE]


def _text_head(form: Form) -> dict[str, object]:
    return {
        "id": form.identity.name("cmpl-", "completion", 29),
        "object": "text_completion",
        "created": form.identity.moment(),
        "model": form.model,
    }


def _text_choice(index: int, text: str, answer: Answer | None) -> dict[str, object]:
    finish = None if answer is None else _FINISHES[answer.finish]
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
