"""How answers ended, by dialect: cut at a cap, refused, with arguments that can't be read, or in order."""

import json
from typing import Any

import pytest

from penstock.core.ending import Ending, of_all
from tests.unit.dialects.tallying import CHAT, GENERATE, MESSAGES, RESPONSES, STREAM_GENERATE, event, told

PLAIN, INVALID, REFUSED, TRUNCATED = Ending.PLAIN, Ending.INVALID, Ending.REFUSED, Ending.TRUNCATED
COMPLETIONS = "POST /openai/v1/completions"
BATCH = "GET /anthropic/v1/messages/batches/msgbatch_1/results"


def of_body(route: str, body: Any) -> Ending:
    """Of a whole body; the same whether or not it has a form that has to be read with care."""
    endings = []
    for text in (json.dumps(body), json.dumps(body)[:-1] + ',"usage_breakdown":"","unheard_of":9e999}'):
        tally = told(route)
        tally.piece(text.encode())
        tally.consumed()
        endings.append(tally.ending)
    assert endings[0] is endings[1]
    return endings[0]


def of_stream(route: str, *events: Any) -> Ending:
    """Of a stream whose frames pass as in the gateway: shown if they hold the sign, the latest kept."""
    tally = told(route)
    frames = [one if isinstance(one, bytes) else event(one) for one in events]
    for frame in frames:
        if tally.sign in frame:
            tally.frames(frame)
    tally.latest(b"".join(frames[-4:]))
    tally.consumed()
    return tally.ending


def test_of_several_the_gravest() -> None:
    """What was cut short can't be read either, and is only called cut short."""
    assert of_all([]) is PLAIN
    assert of_all([PLAIN, INVALID, TRUNCATED, REFUSED]) is TRUNCATED
    assert of_all([INVALID, REFUSED, PLAIN]) is REFUSED


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", PLAIN), ("tool_use", PLAIN), ("stop_sequence", PLAIN), ("pause_turn", PLAIN), (None, PLAIN),
        ("unheard_of", PLAIN), ("max_tokens", TRUNCATED), ("model_context_window_exceeded", TRUNCATED),
        ("refusal", REFUSED),
    ],
)  # fmt: skip
def test_a_message_ends_by_the_same_word_whole_or_streamed(reason: str | None, expected: Ending) -> None:
    """A message and a stream say it by the same word, and counters that go on beside no reason say nothing of it."""
    usage = {"input_tokens": 3, "output_tokens": 5}
    body = {"model": "m", "content": [], "stop_reason": reason, "usage": usage}
    begun = {"type": "message_start", "message": body | {"stop_reason": None}}
    late = {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}
    assert of_body(MESSAGES, body) is expected
    assert of_stream(MESSAGES, begun, late, {"type": "message_stop"}) is expected
    assert of_stream(MESSAGES, begun, late, late | {"delta": {}}, {"type": "message_stop"}) is expected


def test_anthropics_stream_cut_before_its_end_says_nothing() -> None:
    """A text that speaks of a stop reason tells none."""
    begun = {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}}
    words = {"type": "content_block_delta", "delta": {"text": '"usage", "stop_reason":"max_tokens"'}}
    assert of_stream(MESSAGES, begun, words) is PLAIN


def test_a_file_of_many_answers_has_no_ending() -> None:
    """Each line has its own."""
    message = {"model": "m", "stop_reason": "max_tokens", "usage": {"input_tokens": 3, "output_tokens": 5}}
    tally = told(BATCH)
    tally.piece(json.dumps({"custom_id": "c", "result": {"message": message}}).encode() + b"\n")
    assert tally.consumed().usage.output == 5
    assert tally.ending is PLAIN


CHATTED = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


def calling(*arguments: object) -> dict[str, Any]:
    return {"content": None, "tool_calls": [{"type": "function", "function": {"arguments": one}} for one in arguments]}


@pytest.mark.parametrize(
    ("reason", "message", "expected"),
    [
        ("stop", {"content": '"finish_reason":"length"', "refusal": None}, PLAIN),
        ("stop", {"content": "", "refusal": ""}, PLAIN),
        ("stop", {"content": None, "refusal": "I can't."}, REFUSED),
        ("length", {"content": "a"}, TRUNCATED),
        ("content_filter", {"content": "a"}, REFUSED),
        ("eos", {"content": "a"}, PLAIN),
        (None, None, PLAIN),
        ("tool_calls", calling("{}", '{"a": [1, 2.5e3, "b\\n"]}'), PLAIN),
        ("tool_calls", calling('{"a":1}', '{"a":'), INVALID),
        ("tool_calls", calling('{"a":1} and'), INVALID),
        ("tool_calls", calling("{'a':1}"), INVALID),
        ("tool_calls", calling("[" * 100_000), PLAIN),
        ("length", calling('{"a":'), TRUNCATED),
        # Without arguments; as no text; what some clients read and others do not.
        ("tool_calls", calling("", " ", None), PLAIN),
        ("tool_calls", calling({"a": 1}), PLAIN),
        ("tool_calls", calling('{"a":"\\ud800"}', '{"a":NaN}', '{"a":' + "9" * 400 + "}"), PLAIN),
        ("tool_calls", {"tool_calls": [{"type": "custom", "custom": {"input": "{"}}]}, PLAIN),
        ("function_call", {"function_call": {"name": "f", "arguments": '{"a":1}'}}, PLAIN),
        ("function_call", {"function_call": {"name": "f", "arguments": '{"a":'}}, INVALID),
    ],
    ids=str,
)  # fmt: skip
def test_a_whole_chat(reason: str | None, message: Any, expected: Ending) -> None:
    """By its reason, by a refusal that ends in order, by arguments that are no JSON; of several choices the gravest."""
    choice = {"index": 0, "finish_reason": reason, "message": message}
    assert of_body(CHAT, {"model": "m", "choices": [choice], "usage": CHATTED}) is expected
    other = {"index": 1, "finish_reason": "stop", "message": {"content": "b"}}
    for choices in ([choice, other], [other, choice], [choice, {"finish_reason": 7, "message": []}]):
        assert of_body(CHAT, {"model": "m", "choices": choices, "usage": CHATTED}) is expected


def chunk(reason: str | None, **delta: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}


LAST, DONE = {"model": "m", "choices": [], "usage": CHATTED}, b"data: [DONE]\n\n"


@pytest.mark.parametrize("words", [{}, {"usage": None}], ids=["bare", "with a null usage"])
@pytest.mark.parametrize("behind", [[LAST, DONE], [DONE], [LAST], [{**LAST, "x": "y" * 9_000}, DONE], []], ids=str)
@pytest.mark.parametrize(
    ("ending", "expected"),
    [
        ([chunk("stop")], PLAIN),
        ([chunk("length")], TRUNCATED),
        ([chunk("content_filter")], REFUSED),
        ([chunk(None, refusal="I can't"), chunk("stop")], REFUSED),
        ([chunk(None, refusal=""), chunk("stop", refusal=None)], PLAIN),
        ([chunk(None, content='"finish_reason":"length" "refusal":"no"'), chunk("stop")], PLAIN),
        ([chunk("length"), chunk(None)], TRUNCATED),
    ],
    ids=["stop", "length", "filter", "refusal", "no refusal", "only words", "taken back"],
)  # fmt: skip
def test_a_streamed_chat(ending: list[Any], expected: Ending, behind: list[Any], words: dict[str, Any]) -> None:
    """The chunk that ends it holds no counters and is not shown to the tally: it is among the latest, all the same."""
    events = [chunk(None, content=f"word {n}") for n in range(20)]
    assert of_stream(CHAT, *(one | words for one in [*events, *ending]), *behind) is expected


def test_reasons_with_counters_beside_them_and_spaces_between() -> None:
    """As some servers write them."""
    frame = (
        b'data: {"choices": [{"finish_reason" : "length"}], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}\n\n'
    )
    assert of_stream(CHAT, chunk(None), frame, DONE) is TRUNCATED


def test_a_completion_ends_by_the_words_of_a_chat() -> None:
    """The older operation has the same words."""
    choice = {"text": "a", "index": 0, "finish_reason": "length"}
    assert of_body(COMPLETIONS, {"model": "m", "choices": [choice], "usage": CHATTED}) is TRUNCATED
    assert of_stream(COMPLETIONS, {"choices": [choice]}, LAST, DONE) is TRUNCATED


RESPONDED = {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8}


def saying(**part: Any) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": "a"}, part]}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"status": "completed", "output": [saying(type="output_text", text='"refusal":"no"')]}, PLAIN),
        ({"status": "completed", "output": [saying(type="refusal", refusal="I can't.")]}, REFUSED),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}, "output": []}, TRUNCATED),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []}, REFUSED),
        ({"status": "incomplete", "incomplete_details": {"reason": "unheard_of"}}, PLAIN),
        ({"status": "incomplete", "incomplete_details": None}, PLAIN),
        ({"status": "completed", "output": [{"type": "function_call", "arguments": '{"a":1}'}]}, PLAIN),
        ({"status": "completed", "output": [{"type": "function_call", "arguments": '{"a":'}]}, INVALID),
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
          "output": [{"type": "function_call", "arguments": '{"a":'}]}, TRUNCATED),
        # The provider's own tools, and items of a form that nobody knows.
        ({"status": "completed", "output": [{"type": "tool_search_call", "arguments": {"a": 1}}]}, PLAIN),
        ({"status": "completed", "output": [{"type": "new", "content": "a"}, saying(refusal="No.")]}, REFUSED),
    ],
    ids=str,
)  # fmt: skip
def test_a_response_ends_by_its_status(response: dict[str, Any], expected: Ending) -> None:
    """Whole, and in the last event of a stream."""
    body = {"id": "r", "model": "m", "usage": RESPONDED, **response}
    begun = {"type": "response.created", "response": {"id": "r", "model": "m", "status": "in_progress", "usage": None}}
    ended = {"type": f"response.{response['status']}", "response": body}
    assert of_body(RESPONSES, body) is expected
    assert of_stream(RESPONSES, begun, ended) is expected


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("STOP", PLAIN), (1, PLAIN), ("OTHER", PLAIN), ("UNHEARD_OF", PLAIN), (None, PLAIN), (True, PLAIN),
        ("MAX_TOKENS", TRUNCATED), (2, TRUNCATED), ("SAFETY", REFUSED), (3, REFUSED), ("RECITATION", REFUSED),
        ("PROHIBITED_CONTENT", REFUSED), ("BLOCKLIST", REFUSED), ("SPII", REFUSED), ("IMAGE_SAFETY", REFUSED),
        ("MODEL_ARMOR", REFUSED), ("MALFORMED_FUNCTION_CALL", INVALID), ("UNEXPECTED_TOOL_CALL", INVALID),
    ],
)  # fmt: skip
def test_a_candidate_ends_by_its_reason(reason: Any, expected: Ending) -> None:
    """By the candidate's reason: whole, as events and as a streamed array; of several candidates the gravest."""
    counts = {"promptTokenCount": 3, "candidatesTokenCount": 5}
    candidate = {"content": {"parts": [{"text": '"finishReason":"SAFETY"'}]}, "finishReason": reason}
    whole = {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "m"}
    begun = whole | {"candidates": [{"content": {}}]}
    assert of_body(GENERATE, whole) is expected
    assert of_body(GENERATE, whole | {"candidates": [candidate, {"finishReason": "STOP"}]}) is expected
    assert of_stream(STREAM_GENERATE, begun, begun, whole) is expected
    for array in ([begun, whole], [begun, whole, {"unheard_of": 1, "promptFeedback": {}}]):
        tally = told(STREAM_GENERATE)
        tally.piece(json.dumps(array).encode())
        tally.consumed()
        assert tally.ending is expected


@pytest.mark.parametrize("counts", [{"usageMetadata": {"promptTokenCount": 3}}, {}], ids=["counters", "no counters"])
@pytest.mark.parametrize(("reason", "expected"), [("SAFETY", REFUSED), ("NEW", REFUSED), (None, PLAIN),
                                                  ("BLOCK_REASON_UNSPECIFIED", PLAIN)])  # fmt: skip
def test_gemini_refuses_a_prompt(reason: str | None, expected: Ending, counts: dict[str, Any]) -> None:
    """No candidate comes, and perhaps no counters."""
    answer = {"promptFeedback": {"blockReason": reason}, **counts}
    assert of_body(GENERATE, answer) is expected
    assert of_stream(STREAM_GENERATE, answer) is expected
