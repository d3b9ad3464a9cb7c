"""The judges of streams, judged: good streams pass, and for every rule there is a stream that breaks that rule alone.

The tables read as transcripts: one line a frame, in a shorthand that ``_events`` and ``_lines`` spell out.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest

from tests.laws import stream_rules
from tests.laws.stream_judges.judge import Broken

Check = Callable[[bytes], list[Broken]]


def _typed(*frames: dict[str, Any] | str) -> bytes:
    """Frames with an event line that equals their type; a string stands as it is."""
    return "".join(
        one if isinstance(one, str) else f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in frames
    ).encode()


def _plain(*frames: dict[str, Any] | str) -> bytes:
    """Frames without an event line; a string stands as it is."""
    return "".join(one if isinstance(one, str) else f"data: {json.dumps(one)}\n\n" for one in frames).encode()


# --- Anthropic Messages ---------------------------------------------------------------------------------------


def _message(**changes: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1},
    }  # fmt: skip
    return {"type": "message_start", "message": message | changes}


def _block(index: int, kind: str, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": {"type": kind, **content}}


def _delta(index: int, kind: str, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **delta}}


def _end(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def _reason(stop: str | None, **usage: int) -> dict[str, Any]:
    usage = usage or {"output_tokens": 9}
    return {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage}


START, PING, STOP = _message(), {"type": "ping"}, {"type": "message_stop"}
TEXT = (_block(0, "text", text=""), _delta(0, "text_delta", text="Grüße"), _end(0))
DONE = (_reason("end_turn"), STOP)
ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
CALL = partial(_block, kind="tool_use", id="toolu_1", name="look", input={})
INPUT = partial(_delta, kind="input_json_delta")
TOOL = (CALL(0), INPUT(0, partial_json='{"a":'), INPUT(0, partial_json="1}"), _end(0))
THINK = _block(0, "thinking", thinking="", signature="")
SIGN = _delta(0, "signature_delta", signature="c2ln")
CUT_CALL = (CALL(0), INPUT(0, partial_json='{"a'), _end(0))

ANTHROPIC_GOOD = {
    "text": _typed(START, PING, *TEXT, *DONE),
    "CRLF and comments": _typed(": hello\n\n", START, *TEXT, ": still\n", *DONE).replace(b"\n", b"\r\n"),
    "a tool call": _typed(START, *TOOL, _reason("tool_use"), STOP),
    "a tool call without arguments": _typed(START, CALL(0), _end(0), _reason("tool_use"), STOP),
    "a tool call cut by length": _typed(START, *CUT_CALL, _reason("max_tokens"), STOP),
    "thinking": _typed(START, THINK, _delta(0, "thinking_delta", thinking="hm"), SIGN, _end(0), *DONE),
    "two open blocks": _typed(START, CALL(0), CALL(1, id="toolu_2"), _end(1), _end(0), *DONE),
    "a result block that comes whole": _typed(
        START, _block(0, "web_search_tool_result", content=[]), _end(0), *DONE
    ),
    "unknown events, blocks and deltas": _typed(
        START, {"type": "new_event"}, _block(0, "new_block"), _delta(0, "text_delta", text="x"), _end(0),
        _block(1, "text"), _delta(1, "new_delta"), _end(1), *DONE
    ),
    "no content": _typed(START, *DONE),
    "an error at once": _typed(ERROR),
    "an error in mid-text": _typed(START, *TEXT[:2], ERROR),
    "two message_deltas": _typed(START, *TEXT, _reason(None), *DONE),
}  # fmt: skip

ANTHROPIC_BROKEN = {
    "framing": (
        _typed(START, *TEXT, *DONE)[:-1],
        _typed(START, "event: ping\ndata: {\n\n", *TEXT, *DONE),
        _typed(START, *TEXT, *DONE).replace(rb"\u00fc", b"\xfc"),
    ),
    "event-name": (
        _typed(START, *TEXT, *DONE).replace(b"event: content_block_delta\n", b""),
        _typed(START, *TEXT, *DONE).replace(b"event: content_block_delta\n", b"event: message\n"),
    ),
    "one-start": (_typed(START, START, *TEXT, *DONE), _typed(*TEXT[:1], ERROR)),
    "start-usage": (
        _typed(_message(usage=None), *TEXT, *DONE),
        _typed(_message(usage={"input_tokens": 3}), *TEXT, *DONE),
    ),
    "start-empty": (_typed(_message(stop_reason="end_turn"), *TEXT, *DONE),),
    "index": (
        _typed(START, _block(1, "text"), _end(1), *DONE),
        _typed(START, *TEXT, _block(2, "text"), _end(2), *DONE),
    ),
    "block-open": (
        _typed(START, *TEXT[1:2], *DONE),
        _typed(START, *TEXT, TEXT[1], *DONE),
        _typed(START, *TEXT, _end(0), *DONE),
    ),
    "delta-type": (
        _typed(START, _block(0, "text"), _delta(0, "thinking_delta", thinking="hm"), _end(0), *DONE),
        _typed(START, _block(0, "redacted_thinking"), _delta(0, "text_delta", text="x"), _end(0), *DONE),
    ),
    "block-closed": (_typed(START, *TEXT[:2], *DONE),),
    "tool-input": (
        _typed(START, CALL(0, input={"a": 1}), _end(0), _reason("tool_use"), STOP),
        _typed(START, *CUT_CALL, _reason("tool_use"), STOP),
        _typed(START, *CUT_CALL, ERROR),
    ),
    "tool-id": (
        _typed(START, CALL(0), _end(0), CALL(1), _end(1), _reason("tool_use"), STOP),
        _typed(START, CALL(0, id=""), _end(0), _reason("tool_use"), STOP),
    ),
    "signature-once": (_typed(START, THINK, SIGN, SIGN, _end(0), *DONE),),
    "delta-usage": (_typed(START, *TEXT, _reason("end_turn", input_tokens=3), STOP),),
    "stop-reason": (_typed(START, *TEXT, STOP), _typed(START, *TEXT, _reason(None), STOP)),
    "message-stop": (_typed(START, *TEXT, DONE[0]),),
    "silent-cut": (_typed(START, *TEXT[:2]), _typed(START), b""),
    "error-shape": (
        _typed(START, {"type": "error", "error": "Overloaded"}),
        _typed(START, {"type": "error", "error": {"type": "api_error"}}),
    ),
    "after-end": (_typed(START, *TEXT, *DONE, PING), _typed(START, *TEXT, ERROR, STOP)),
    "done": (_typed(START, *TEXT, *DONE, "event: done\ndata: [DONE]\n\n"),),
}


# --- OpenAI Chat Completions ----------------------------------------------------------------------------------


def _chunk(*choices: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**head, "choices": list(choices), **more}


def _choice(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish}


def _call(index: int, arguments: str, **first: Any) -> dict[str, Any]:
    name = {"name": first.pop("name")} if "name" in first else {}
    return {"tool_calls": [{"index": index, **first, "function": {**name, "arguments": arguments}}]}


ROLE = _chunk(_choice({"role": "assistant", "content": ""}))
WORD, FINISH, LAST = _chunk(_choice({"content": "Hi"})), _chunk(_choice({}, "stop")), "data: [DONE]\n\n"
USAGE = _chunk(usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
FIRST_CALL = partial(_call, id="call_1", type="function", name="look")
CHAT_ERROR = {"error": {"message": "broken", "type": "server_error", "param": None, "code": None}}


def _calls(*deltas: dict[str, Any]) -> bytes:
    chunks = (_chunk(_choice(delta)) for delta in deltas)
    return _plain(ROLE, *chunks, _chunk(_choice({}, "tool_calls")), LAST)


def _asked(*frames: dict[str, Any] | str) -> bytes:
    return _plain(*(one if isinstance(one, str) else {"usage": None, **one} for one in frames))


CHAT_GOOD = {
    "text": _plain(ROLE, WORD, FINISH, LAST),
    "comments": _plain(": wait\n\n", ROLE, ": wait\n\n", WORD, FINISH, LAST),
    "usage": _plain(ROLE, WORD, FINISH, USAGE, LAST),
    "tool calls": _calls(
        FIRST_CALL(0, ""), _call(0, "{}"), FIRST_CALL(1, "", id="call_2"), _call(1, "{"), _call(1, "}")
    ),
    "two choices": _plain(
        _chunk(_choice({"role": "assistant"}), _choice({"role": "assistant"}, index=1)),
        FINISH, _chunk(_choice({}, "stop", 1)), LAST
    ),
    "an error at once": _plain(CHAT_ERROR),
    "an error in mid-text": _plain(ROLE, WORD, CHAT_ERROR),
}  # fmt: skip

CHAT_BROKEN = {
    "framing": (_plain(ROLE, WORD, FINISH, LAST)[:-1], _plain(ROLE, "data: {\n\n", FINISH, LAST)),
    "keep-alive": (
        _plain(ROLE, "event: ping\ndata: {}\n\n", FINISH, LAST),
        _plain(ROLE, "data:\n\n", FINISH, LAST),
        _plain(ROLE, {}, FINISH, LAST),
    ),
    "same-head": (
        _plain(ROLE, WORD | {"id": "c2"}, FINISH, LAST),
        _plain(ROLE, WORD | {"object": "chat.completion"}, FINISH, LAST),
        _plain(ROLE, WORD, FINISH, USAGE | {"model": "other"}, LAST),
    ),
    "role": (_plain(WORD, FINISH, LAST),),
    "tool-index": (_calls(FIRST_CALL(1, "{}")), _calls(FIRST_CALL(0, "{}"), FIRST_CALL(2, "{}", id="call_2"))),
    "tool-first": (_calls(_call(0, "{}", id="call_1", type="function")), _calls(FIRST_CALL(0, "", id=""))),
    "tool-once": (_calls(FIRST_CALL(0, "{"), FIRST_CALL(0, "}")),),
    "finish": (_plain(ROLE, WORD, LAST),),
    "after-finish": (_plain(ROLE, FINISH, WORD, LAST), _plain(ROLE, FINISH, FINISH, LAST)),
    "usage-choices": (_plain(ROLE, FINISH | {"usage": USAGE["usage"]}, LAST),),
    "error-shape": (_plain(ROLE, {"error": "broken"}), _plain({"error": {"message": "broken"}})),
    "end": (_plain(ROLE, WORD, FINISH), b""),
    "after-end": (_plain(ROLE, WORD, FINISH, LAST, LAST), _plain(ROLE, CHAT_ERROR, LAST)),
}


# --- OpenAI Responses -----------------------------------------------------------------------------------------

MESSAGE = {"id": "msg_1", "type": "message"}
FUNCTION = {"id": "fc_1", "type": "function_call"}


def _response(kind: str, *output: dict[str, Any], **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    return {"type": f"response.{kind}", "response": {"id": "r", "output": list(output), "usage": usage, **more}}


def _item(verb: str, item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": f"response.output_item.{verb}", "output_index": index, "item": item}


def _said(kind: str, item: dict[str, Any] = MESSAGE, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "item_id": item["id"], "output_index": index, **more}


def _numbered(*events: dict[str, Any]) -> bytes:
    return _typed(*(one | {"sequence_number": number} for number, one in enumerate(events)))


CREATED = _response("created")
PART = _said("content_part.added", content_index=0)
SAY = (_said("output_text.delta", content_index=0, delta="Hi"), _said("output_text.done", content_index=0, text="Hi"))
SPOKEN = (_item("added", MESSAGE), PART, *SAY, _item("done", MESSAGE))
COMPLETED = _response("completed", MESSAGE)
ARGUE = partial(_said, "function_call_arguments.delta", FUNCTION)
ARGUED = partial(_said, "function_call_arguments.done", FUNCTION)
FAILED = _response("failed", error={"code": "server_error", "message": "broken"})
EVENT_ERROR = {"type": "error", "code": "server_error", "message": "broken", "param": None}
WHOLE = _numbered(CREATED, *SPOKEN, COMPLETED)

RESPONSES_GOOD = {
    "text": _numbered(CREATED, _response("in_progress"), *SPOKEN, COMPLETED),
    "comments": b": wait\n\n" + WHOLE.replace(b"event: response.completed", b": wait\n\nevent: response.completed"),
    "a function call": _numbered(
        CREATED, _item("added", FUNCTION), ARGUE(delta="{"), ARGUE(delta="}"), ARGUED(arguments="{}"),
        _item("done", FUNCTION), _response("completed", FUNCTION)
    ),
    "two items": _numbered(
        CREATED, *SPOKEN, _item("added", FUNCTION, 1), ARGUED(index=1, arguments=""), _item("done", FUNCTION, 1),
        _response("completed", MESSAGE, FUNCTION)
    ),
    "incomplete": _numbered(CREATED, *SPOKEN, _response("incomplete", MESSAGE)),
    "failed": _numbered(CREATED, *SPOKEN[:3], FAILED),
    "an error at once": _numbered(EVENT_ERROR),
    "an error in mid-text": _numbered(CREATED, *SPOKEN[:3], EVENT_ERROR),
    "numbers that begin later": _typed(CREATED | {"sequence_number": 7}, FAILED | {"sequence_number": 8}),
}  # fmt: skip

RESPONSES_BROKEN = {
    "framing": (WHOLE[:-1], WHOLE + b"event: x\ndata: {\n\n"),
    "event-name": (
        WHOLE.replace(b"event: response.output_text.delta\n", b""),
        WHOLE.replace(b"event: response.output_text.delta\n", b"event: message\n"),
        WHOLE + b"data: [DONE]\n\n",
    ),
    "sequence": (
        WHOLE.replace(b'"sequence_number": 3', b'"sequence_number": 2'),
        _typed(*(one | {"sequence_number": number * 2} for number, one in enumerate((CREATED, FAILED)))),
        _typed(CREATED, FAILED),
    ),
    "created": (_numbered(*SPOKEN, COMPLETED), _numbered(CREATED, CREATED, *SPOKEN, COMPLETED)),
    "item-order": (
        _numbered(CREATED, _item("added", MESSAGE, 1), _item("done", MESSAGE, 1), _response("completed", MESSAGE)),
    ),
    "item-open": (
        _numbered(CREATED, *SPOKEN, PART, COMPLETED),
        _numbered(CREATED, *SPOKEN[:1], *SAY, *SPOKEN[-1:], COMPLETED),
        _numbered(CREATED, *SPOKEN[:1], _said("content_part.added", FUNCTION), *SPOKEN[-1:], COMPLETED),
    ),
    "item-done": (_numbered(CREATED, *SPOKEN[:-1], COMPLETED),),
    "joined": (
        _numbered(CREATED, *SPOKEN[:2], SAY[0], SAY[0], SAY[1], *SPOKEN[-1:], COMPLETED),
        _numbered(CREATED, *SPOKEN[:2], SAY[1], *SPOKEN[-1:], COMPLETED),
    ),
    "usage": (_numbered(CREATED, *SPOKEN, _response("completed", MESSAGE, usage=None)),),
    "output": (_numbered(CREATED, *SPOKEN, _response("completed")),),
    "error-shape": (
        _numbered(CREATED, {"type": "error", "message": "broken"}),
        _numbered(CREATED, _response("failed", error=None)),
    ),
    "end": (_numbered(CREATED, *SPOKEN), b""),
    "after-end": (_numbered(CREATED, *SPOKEN, COMPLETED, COMPLETED), _numbered(CREATED, EVENT_ERROR, FAILED)),
}


# --- Gemini ---------------------------------------------------------------------------------------------------


def _answer(text: str, finish: str | None = None) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    return {"candidates": [candidate | ({"finishReason": finish} if finish else {})]}


SOME, ENOUGH = _answer("Hi"), _answer("", "STOP")
BLOCKED = {"promptFeedback": {"blockReason": "SAFETY"}}
GEMINI_ERROR = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}

GEMINI_GOOD = {
    "text": _plain(SOME, ENOUGH),
    "CRLF": _plain(SOME, ENOUGH).replace(b"\n", b"\r\n"),
    "blank lines as keep-alives": _plain("\n\n", SOME, "\n", ENOUGH),
    "usage after the finish": _plain(SOME, ENOUGH, {"usageMetadata": {"totalTokenCount": 3}}),
    "a blocked prompt": _plain(BLOCKED),
    "an error at once": _plain(GEMINI_ERROR),
    "an error in mid-text": _plain(SOME, GEMINI_ERROR),
}
GEMINI_BROKEN = {
    "comment": (_plain(": wait\n\n", SOME, ENOUGH),),
    "event": (_plain("event: message\n", SOME, ENOUGH),),
    "done": (_plain(SOME, ENOUGH, LAST),),
    "data-space": (_plain(SOME, ENOUGH).replace(b"data: ", b"data:", 1),),
    "framing": (
        _plain(SOME, ENOUGH)[:-1],
        _plain("data: {\n\n", SOME, ENOUGH),
        _plain("id: 1\n\n", SOME, ENOUGH),
        _plain(SOME).removesuffix(b"\n") + _plain(ENOUGH),
        json.dumps(SOME).encode() + b"\n\n" + _plain(ENOUGH),
    ),
    "shape": (_plain({}, SOME, ENOUGH),),
    "finish": (_plain(SOME), b""),
    "error-shape": (_plain({"error": "overloaded"}), _plain(SOME, {"error": {"code": 503}})),
    "after-error": (_plain(GEMINI_ERROR, ENOUGH), _plain(SOME, GEMINI_ERROR, GEMINI_ERROR)),
}


def _array(*answers: dict[str, Any]) -> bytes:
    return b"[" + b"\n,\r\n".join(json.dumps(one, indent=2).encode() for one in answers) + b"\n]"


ARRAY_GOOD = {
    "text": _array(SOME, ENOUGH),
    "an error at once": _array(GEMINI_ERROR),
    "an error in mid-text": _array(SOME, GEMINI_ERROR),
}
ARRAY_BROKEN = {
    "framing": (
        _array(ENOUGH) + _array(ENOUGH),
        _array(ENOUGH).replace(b"\n]", b""),
        json.dumps(ENOUGH).encode(),
        b"",
    ),
    "shape": (_array(SOME, {}, ENOUGH),),
    "finish": (_array(SOME), b"[]"),
    "error-shape": (_array({"error": {}}),),
    "after-error": (_array(GEMINI_ERROR, SOME),),
}

ASKED = partial(stream_rules.openai_chat, usage_asked=True)
UNASKED = partial(stream_rules.openai_chat, usage_asked=False)
ASKED_BROKEN = {
    "usage-asked": (
        _asked(ROLE, WORD, FINISH, LAST),
        _asked(ROLE, WORD, FINISH, USAGE, USAGE, LAST),
        _plain(ROLE, WORD, FINISH, USAGE, LAST),
    )
}
UNASKED_BROKEN = {"usage-unasked": (_plain(ROLE, WORD, FINISH, USAGE, LAST),)}

GOOD: tuple[tuple[str, Check, dict[str, bytes]], ...] = (
    ("anthropic", stream_rules.anthropic_messages, ANTHROPIC_GOOD),
    ("chat", stream_rules.openai_chat, CHAT_GOOD),
    ("chat, usage asked", ASKED, {"usage": _asked(ROLE, WORD, FINISH, USAGE, LAST), "an error": _plain(CHAT_ERROR)}),
    ("chat, usage not asked", UNASKED, {"text": CHAT_GOOD["text"]}),
    ("responses", stream_rules.openai_responses, RESPONSES_GOOD),
    ("gemini", stream_rules.gemini_events, GEMINI_GOOD),
    ("gemini-array", stream_rules.gemini_array, ARRAY_GOOD),
)
BROKEN: tuple[tuple[str, Check, Mapping[str, tuple[bytes, ...]]], ...] = (
    ("anthropic", stream_rules.anthropic_messages, ANTHROPIC_BROKEN),
    ("chat", stream_rules.openai_chat, CHAT_BROKEN),
    ("chat", ASKED, ASKED_BROKEN),
    ("chat", UNASKED, UNASKED_BROKEN),
    ("responses", stream_rules.openai_responses, RESPONSES_BROKEN),
    ("gemini", stream_rules.gemini_events, GEMINI_BROKEN),
    ("gemini-array", stream_rules.gemini_array, ARRAY_BROKEN),
)


@pytest.mark.parametrize(
    ("check", "body"),
    [
        pytest.param(check, body, id=f"{dialect}: {name}")
        for dialect, check, table in GOOD
        for name, body in table.items()
    ],
)
def test_good_stream_breaks_no_rule(check: Check, body: bytes) -> None:
    """What clients read without trouble is found without fault."""
    assert [str(one) for one in check(body)] == []


@pytest.mark.parametrize(
    ("check", "rule", "body"),
    [
        pytest.param(check, rule, body, id=f"{dialect}.{rule}-{number}")
        for dialect, check, table in BROKEN
        for rule, bodies in table.items()
        for number, body in enumerate(bodies)
    ],
)
def test_broken_stream_breaks_its_rule_alone(check: Check, rule: str, body: bytes) -> None:
    """Each broken stream is caught by the rule that it breaks, and by no other."""
    assert {one.rule for one in check(body)} == {rule}


def test_every_rule_has_a_stream_that_only_it_catches() -> None:
    """No rule stands without a stream that shows it at work."""
    shown = {f"{dialect}.{rule}" for dialect, _, table in BROKEN for rule in table}
    assert shown == set(stream_rules.RULES)
