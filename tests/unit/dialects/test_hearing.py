"""What a stream says is what was said, however its text was cut into events; and it can be cut after any of them."""

import json
import re
from typing import Any

import pytest

from penstock.assembly.composing import DIALECTS
from penstock.core.fault import Fault, FaultKind
from penstock.core.hearing import Kind
from penstock.core.route import Match
from penstock.route_rows import ROWS
from tests.path.content.scene import CHAT, GEMINI_STREAM, MESSAGES, RESPONSES
from tests.path.content.streams import COMPLETIONS, STREAMS, events, text_of

ROUTES = {
    MESSAGES: ("anthropic", "messages.create"),
    CHAT: ("openai", "chat.completions.create"),
    COMPLETIONS: ("openai", "completions.create"),
    RESPONSES: ("openai", "responses.create"),
    GEMINI_STREAM: ("gemini", "models.streamGenerateContent"),
}
WORDS = 'Grüße, "Bluebird" \\ flies 🐦 high'
FAULT = Fault(kind=FaultKind.REFUSED, words="No. Ask Ada.")


def of(path: str) -> tuple[Any, Match]:
    dialect, operation = ROUTES[path]
    row = next(row for row in ROWS if (row.dialect, row.operation) == (dialect, operation))
    return DIALECTS[dialect].hearing, Match(row, (), "/", "")


@pytest.mark.parametrize("tool", [False, True])
@pytest.mark.parametrize("path", STREAMS)
def test_every_cut_says_the_same(path: str, tool: bool) -> None:
    """In one lane, of one kind, which ends with the stream."""
    if tool and path in {COMPLETIONS, GEMINI_STREAM}:
        pytest.skip("no arguments are streamed here")
    hearing, match = of(path)
    for place in range(1, len(WORDS)):
        listening = hearing.listening(match)
        said = [
            one for frame in STREAMS[path]([WORDS[:place], WORDS[place:]], tool=tool) for one in listening.frames(frame)
        ]
        spoken = [one for one in said if one.words]
        assert "".join(one.words for one in spoken) == WORDS
        assert {(one.lane, one.kind) for one in spoken} == {(spoken[0].lane, Kind.ARGUMENTS if tool else Kind.TEXT)}
        if not tool:
            assert spoken[0].lane in {one.lane for one in said if one.ends}


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_can_be_cut_after_every_event(path: str) -> None:
    """What went out and the cut are one stream, which says what was said so far and the fault's words, once."""
    hearing, match = of(path)
    frames = STREAMS[path](["One ", "two ", "three"])
    for count in range(1, len(frames) + 1):
        listening = hearing.listening(match)
        for frame in frames[:count]:
            listening.frames(frame)
        ending = hearing.cut(match, listening.standing(), FAULT, "x")
        if path == RESPONSES and (not ending or b"response.completed" in frames[count - 1]):
            continue
        text = text_of(b"".join(frames[:count]) + ending)
        assert text.endswith("\n\n[No. Ask Ada.]") or path == RESPONSES
        if path == MESSAGES:
            begun = [
                event["index"]
                for event in events(b"".join(frames[:count]) + ending)
                if event["type"] == "content_block_start"
            ]
            assert begun == list(range(len(begun)))


A, T, H = Kind.ARGUMENTS, Kind.TEXT, Kind.THINKING
HEARD: dict[str, list[tuple[dict[str, Any], list[tuple[str, Kind, str]]]]] = {
    MESSAGES: [
        (
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
            [("0 thinking", H, "hm")],
        ),
        (
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": "be"}},
            [("1", T, "be")],
        ),
        (
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "gun"}},
            [("1", T, "gun")],
        ),
        (
            {"type": "content_block_stop", "index": 1},
            [("1", T, "."), ("1 partial_json", T, "."), ("1 thinking", T, "."), ("1 content", T, ".")],
        ),
        (
            {"type": "content_block_start", "index": 2, "content_block": {"type": "x", "content": [{"text": "found"}]}},
            [("2/0", T, "found.")],
        ),
        (
            {"type": "content_block_delta", "index": 3, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
            [("3 partial_json", A, "{}")],
        ),
    ],
    CHAT: [
        (
            {"choices": [{"index": 1, "delta": {"reasoning_content": "hm", "content": "yes", "refusal": "no"}}]},
            [("1 content", T, "yes"), ("1 refusal", T, "no"), ("1 reasoning_content", H, "hm")],
        ),
        (
            {"choices": [{"delta": {"tool_calls": [{"index": 3, "function": {"arguments": "{}"}}]}}]},
            [("0 tool_calls 3", A, "{}")],
        ),
        ({"choices": [{"delta": {"tool_calls": [{"custom": {"input": "raw"}}]}}]}, [("0 tool_calls 0", A, "raw")]),
        (
            {"choices": [{"delta": {"function_call": {"arguments": "{}"}}, "finish_reason": "function_call"}]},
            [
                ("0 function_call 0", A, "{}"),
                *((f"0 {name}", T, ".") for name in ("content", "refusal", "text")),
                *((f"0 {name}", H, ".") for name in ("reasoning_content", "reasoning")),
            ],
        ),
    ],
    RESPONSES: [
        (
            {"type": "response.reasoning_summary_text.delta", "item_id": "rs", "output_index": 0, "delta": "hm"},
            [("rs 0  thinking", H, "hm")],
        ),
        (
            {
                "type": "response.output_text.delta",
                "item_id": "m",
                "output_index": 1,
                "content_index": 2,
                "delta": "so",
            },
            [("m 1 2 text", T, "so")],
        ),
        (
            {"type": "response.output_text.done", "item_id": "m", "output_index": 1, "content_index": 2, "text": "so"},
            [("m 1 2 text", T, "."), ("m 1 2 thinking", H, "."), ("m 1 2 tool-input", A, ".")],
        ),
        (
            {"type": "response.output_item.done", "output_index": 3, "item": {"type": "message", "text": "so"}},
            [(" 3  text", T, "."), (" 3  thinking", H, "."), (" 3  tool-input", A, ".")],
        ),
        (
            {"type": "response.output_item.done", "output_index": 4, "item": {"type": "x_call", "text": "found"}},
            [
                *((f" 4  {kind.value}", kind, ".") for kind in (T, H, A)),
                (" 4  response.output_item.done/0", T, "found."),
            ],
        ),
        ({"type": "response.of_tomorrow", "text": "new"}, [("   response.of_tomorrow/0", T, "new.")]),
        ({"object": "thread.message.delta", "delta": {"content": "old"}}, [("   thread.message.delta/0", T, "old.")]),
    ],
    GEMINI_STREAM: [
        (
            {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}, {"text": "yes"}, "?"]}}]},
            [("0 True", H, "hm"), ("0 False", T, "yes")],
        ),
        ({"candidates": [{"index": 5, "content": {"parts": [{"text": "no"}]}}]}, [("5 False", T, "no")]),
        (
            {"candidates": [{"content": {"parts": [{"functionCall": {"args": {"x": "y"}}}]}, "finishReason": "STOP"}]},
            [("0 part 0", A, "y."), ("0 False", T, "."), ("0 True", T, ".")],
        ),
    ],
}


@pytest.mark.parametrize("path", HEARD)
def test_what_each_event_says(path: str) -> None:
    """In which lane and of which kind; a full stop stands where the lane ends. Items that come whole are heard when
    they are done, and those that came in pieces not again."""
    hearing, match = of(path)
    listening = hearing.listening(match)
    found = [
        (event, [(one.lane, one.kind, one.words + "." * one.ends) for one in listening.frames(sent)])
        for event, _ in HEARD[path]
        for sent in [b"data: %b\n\n" % json.dumps(event).encode()]
    ]
    assert found == HEARD[path]


def heard(path: str, *said: dict[str, Any]) -> Any:
    """How a stream stands after these events."""
    hearing, match = of(path)
    listening = hearing.listening(match)
    for event in said:
        listening.frames(b"data: %b\n\n" % json.dumps(event).encode())
    return hearing.cut(match, listening.standing(), FAULT, "x").decode()


def told(*events: dict[str, Any], named: bool = False) -> str:
    """Frames as they go out."""
    lines = [json.dumps(event, separators=(",", ":"), ensure_ascii=False) for event in events]
    names = [f"event: {event['type']}\n" if named else "" for event in events]
    return "".join(f"{name}data: {line}\n\n" for name, line in zip(names, lines, strict=True))


LAST = "\n\n[No. Ask Ada.]"
OF_MESSAGES = {"type": "message_start", "message": {"usage": {"output_tokens": 7}}}
ENDED = (
    {
        "type": "message_delta",
        "delta": {"stop_reason": "refusal", "stop_sequence": None},
        "usage": {"output_tokens": 7},
    },
    {"type": "message_stop"},
)


@pytest.mark.parametrize(
    ("last", "begun", "index"),
    [
        ({"type": "content_block_start", "index": 2, "content_block": {"type": "text", "text": "x"}}, False, 2),
        ({"type": "content_block_stop", "index": 2}, True, 0),
        ({"type": "ping"}, True, 0),
    ],
)
def test_a_message_ends_with_the_faults_words(last: dict[str, Any], begun: bool, index: int) -> None:
    """In the block that is open, or in one more; with what was used so far, as the provider told it."""
    begins = {"type": "content_block_start", "index": index, "content_block": {"type": "text", "text": ""}}
    assert heard(MESSAGES, OF_MESSAGES, last) == told(
        *([begins] if begun else []),
        {"type": "content_block_delta", "index": index, "delta": {"type": "text_delta", "text": LAST}},
        {"type": "content_block_stop", "index": index},
        *ENDED,
        named=True,
    )


def test_a_message_goes_on_behind_its_last_block() -> None:
    """Its words stand in the next one."""
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "x"}}
    ending = heard(MESSAGES, OF_MESSAGES, block, {"type": "content_block_stop", "index": 0})
    assert [event["index"] for event in events(ending.encode()) if "index" in event] == [1, 1, 1]


def test_open_choices_end_as_filtered() -> None:
    """The first that is open says the words; each is ended, and the chunks look like those before them."""
    about = {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    said = [
        {**about, "choices": [{"index": index, "delta": {"content": "x"}, "finish_reason": reason}]}
        for index, reason in ((0, None), (1, None), (2, None), (1, "stop"))
    ]
    assert heard(CHAT, *said) == told(
        {**about, "choices": [{"index": 0, "delta": {"content": LAST}, "finish_reason": None}]},
        {**about, "choices": [{"index": index, "delta": {}, "finish_reason": "content_filter"} for index in (0, 2)]},
    ) + "data: [DONE]\n\n"  # fmt: skip
    assert '"index":0,"delta":{"content"' in heard(CHAT)
    legacy = {**about, "choices": [{"index": 0, "text": "x", "finish_reason": None}]}
    assert heard(COMPLETIONS, legacy) == told(
        {**about, "choices": [{"index": 0, "text": LAST, "finish_reason": None}]},
        {**about, "choices": [{"index": 0, "text": "", "finish_reason": "content_filter"}]},
    ) + "data: [DONE]\n\n"  # fmt: skip


def test_a_response_that_waits_ends_as_incomplete() -> None:
    """Where no text is open nothing has to be closed; before its first event, or in an item of another kind, it can't
    be cut."""
    begun = {"type": "response.created", "response": {"id": "resp_1"}}
    ended = {"id": "resp_1", "status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []}
    assert heard(RESPONSES, begun) == told(
        {"type": "response.incomplete", "response": ended, "sequence_number": 0}, named=True
    )
    thinking = {"type": "response.output_item.added", "item": {"type": "reasoning"}}
    opened = {"type": "response.output_item.added", "item": {"type": "message"}}
    assert [heard(RESPONSES), heard(RESPONSES, begun, thinking), heard(RESPONSES, begun, opened)] == ["", "", ""]


def test_an_open_response_ends_as_incomplete() -> None:
    """Its text, its part and its item are closed, in numbered events, and stand in the response with those before."""
    earlier = {"id": "rs_1", "type": "reasoning"}
    place = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    content = {"type": "output_text", "text": "one two" + LAST, "annotations": [], "logprobs": []}
    item = {"id": "msg_1", "type": "message", "role": "assistant", "status": "incomplete", "content": [content]}
    assert heard(
        RESPONSES,
        {"type": "response.created", "sequence_number": 0, "response": {"id": "resp_1", "status": "in_progress"}},
        {"type": "response.output_item.done", "sequence_number": 1, "output_index": 0, "item": earlier},
        {"type": "response.output_item.added", "sequence_number": 2, "output_index": 1, "item": {"type": "message"}},
        {"type": "response.output_text.delta", "sequence_number": 3, **place, "delta": "one "},
        {"type": "response.output_text.delta", "sequence_number": 4, **place, "delta": "two"},
    ) == told(
        {"type": "response.output_text.delta", **place, "delta": LAST, "logprobs": [], "sequence_number": 5},
        {"type": "response.output_text.done", **place, "text": "one two" + LAST, "logprobs": [], "sequence_number": 6},
        {"type": "response.content_part.done", **place, "part": content, "sequence_number": 7},
        {"type": "response.output_item.done", "output_index": 1, "item": item, "sequence_number": 8},
        {
            "type": "response.incomplete",
            "response": {
                "id": "resp_1",
                "status": "incomplete",
                "incomplete_details": {"reason": "content_filter"},
                "output": [earlier, item],
            },
            "sequence_number": 9,
        },
        named=True,
    )


def test_a_candidate_ends_for_safety() -> None:
    """In one more chunk that names the model and the answer as those before it."""
    about = {"modelVersion": "g", "responseId": "r"}
    chunk = {"candidates": [{"content": {"parts": [{"text": "x"}]}}], **about}
    content = {"role": "model", "parts": [{"text": LAST}]}
    frame = told({"candidates": [{"content": content, "finishReason": "SAFETY", "index": 0}], **about})
    assert heard(GEMINI_STREAM, chunk).replace("\r", "") == frame


@pytest.mark.parametrize("path", [MESSAGES, CHAT, RESPONSES])
def test_a_begun_call_cannot_be_cut_as_a_refusal(path: str) -> None:
    """Only an error can end it, however far it has come."""
    hearing, match = of(path)
    listening = hearing.listening(match)
    for frame in STREAMS[path](['{"x": ', "1"], tool=True)[:4]:
        listening.frames(frame)
    assert hearing.cut(match, listening.standing(), FAULT, "x") == b""


@pytest.mark.parametrize("path", STREAMS)
def test_a_quota_that_runs_out_is_no_refusal(path: str) -> None:
    """The stream ends with the dialect's own error, which names the quota: nobody takes what was said for
    objectionable, and nobody is asked to go on."""
    hearing, match = of(path)
    listening = hearing.listening(match)
    for frame in STREAMS[path](["One ", "two ", "three"])[:3]:
        listening.frames(frame)
    gone = Fault(kind=FaultKind.EXHAUSTED, words="Used up. Ask Ada.")
    assert hearing.cut(match, listening.standing(), gone, "x") == b""
    event = DIALECTS[ROUTES[path][0]].broken_off(match, gone, "x", b"")
    assert b"Used up. Ask Ada." in event
    assert re.search(rb"billing_error|insufficient_quota|RESOURCE_EXHAUSTED", event)


@pytest.mark.parametrize("path", STREAMS)
@pytest.mark.parametrize("junk", [b"data: {\n\n", b"data: [1]\n\n", b": x\n\n", b"data: {}\n\n", b"\xff\xfe\n\n"])
def test_what_cannot_be_read_says_nothing(path: str, junk: bytes) -> None:
    """And breaks nothing: what follows is heard."""
    hearing, match = of(path)
    listening = hearing.listening(match)
    assert [one for one in listening.frames(junk) if one.words] == []
    heard = [one.words for frame in STREAMS[path](["later"]) for one in listening.frames(frame) if one.words]
    assert heard == ["later"]


def test_whole_answers_say_all_their_words_and_none_of_the_clients() -> None:
    """Text, refusals, thinking and arguments; ids, names and what a response repeats of its request are left out."""
    hearing, match = of(RESPONSES)
    answer = {
        "id": "resp_secret", "instructions": "the client's own", "model": "m",
        "output": [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thought"}]},
            {"type": "message", "content": [{"type": "output_text", "text": "words"}, {"refusal": "no"}]},
            {"type": "function_call", "name": "f", "arguments": '{"x": "given"}'},
        ],
    }  # fmt: skip
    said = hearing.whole(match, json.dumps(answer).encode())
    assert [(one.words, one.kind) for one in said] == [
        ("thought", Kind.THINKING), ("words", Kind.TEXT), ("no", Kind.TEXT), ('{"x": "given"}', Kind.ARGUMENTS),
    ]  # fmt: skip
    assert hearing.whole(match, b"<html>") is None


def test_whole_answers_of_the_others() -> None:
    """Blocks of a message; candidates; the chunks of an array, whose words are one text for each candidate."""
    hearing, match = of(MESSAGES)
    message = {"id": "secret", "content": [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "words"},
        {"type": "tool_use", "id": "t", "name": "n", "input": {"a": ["given"]}}]}  # fmt: skip
    said = hearing.whole(match, json.dumps(message).encode())
    assert [(one.lane, one.words, one.kind, one.ends) for one in said] == [
        ("/0", "hm", Kind.THINKING, True), ("/1", "words", Kind.TEXT, True), ("/2", "given", Kind.ARGUMENTS, True),
    ]  # fmt: skip
    assert hearing.whole(match, b"<html>") is None
    hearing, match = of(GEMINI_STREAM)
    assert hearing.whole(match, b"<html>") is None

    def chunk(index: int, *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"candidates": [{"content": {"parts": list(parts)}, "index": index, **more}], "responseId": "secret"}

    chunks = [
        chunk(0, {"text": "hm", "thought": True}), chunk(0, {"text": "one "}), chunk(1, {"text": "other"}),
        chunk(0, {"text": "two"}, finishReason="STOP"),
        chunk(1, {"functionCall": {"name": "f", "args": {"a": "given"}}}),
    ]  # fmt: skip
    said = hearing.whole(match, json.dumps(chunks).encode())
    assert [(one.words, one.kind, one.ends) for one in said] == [
        ("hm", Kind.THINKING, True), ("one two", Kind.TEXT, True), ("other", Kind.TEXT, True),
        ("f", Kind.ARGUMENTS, True), ("given", Kind.ARGUMENTS, True),
    ]  # fmt: skip
    assert [one.words for one in hearing.whole(match, json.dumps(chunks[1]).encode())] == ["one "]


def test_a_call_of_a_function_is_no_text_that_can_end() -> None:
    """From then on a candidate can't be cut as a refusal, and what the call says is told, string by string."""
    hearing, match = of(GEMINI_STREAM)
    listening = hearing.listening(match)
    call = {"functionCall": {"name": "f", "args": {"a": "given"}}}
    chunk = {"candidates": [{"content": {"parts": [{"text": "x"}, 7, call]}}, 7, {"index": 3, "content": []}]}
    said = listening.frames(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    assert [(one.lane, one.kind, one.words, one.ends) for one in said] == [
        ("0 False", Kind.TEXT, "x", False), ("0 part 0", Kind.ARGUMENTS, "f", True),
        ("0 part 1", Kind.ARGUMENTS, "given", True),
    ]  # fmt: skip
    assert hearing.cut(match, listening.standing(), FAULT, "x") == b""
    ended = {"candidates": [{"finishReason": "STOP", "index": 2}]}
    said = listening.frames(b"data: " + json.dumps(ended).encode() + b"\n\n")
    assert [(one.lane, one.words, one.ends) for one in said] == [("2 False", "", True), ("2 True", "", True)]
    assert hearing.cut(match, listening.standing(), FAULT, "x") == b""
    assert hearing.cut(match, None, FAULT, "x") == b""


def test_what_each_block_of_a_message_says() -> None:
    """Text that comes with its block; whole results of the provider's tools; deltas of every kind, each a lane."""
    hearing, match = of(MESSAGES)
    listening = hearing.listening(match)

    def heard_of(kind: str, **more: Any) -> list[tuple[str, Kind, str, bool]]:
        data = json.dumps({"type": kind, **more}).encode()
        said = listening.frames(b"event: %b\ndata: %b\n\n" % (kind.encode(), data))
        return [(one.lane, one.kind, one.words, one.ends) for one in said]

    text, result = {"type": "text", "text": "a"}, {"type": "web_search_tool_result", "content": [{"title": "b"}]}
    assert heard_of("content_block_start", index=0, content_block=text) == [("0", Kind.TEXT, "a", False)]
    delta = {"type": "text_delta", "text": "c"}
    assert heard_of("content_block_delta", index=0, delta=delta) == [("0", Kind.TEXT, "c", False)]
    delta = {"type": "compaction_delta", "content": "d"}
    assert heard_of("content_block_delta", index=0, delta=delta) == [("0 content", Kind.TEXT, "d", False)]
    delta = {"type": "thinking_delta", "thinking": "e"}
    assert heard_of("content_block_delta", index=0, delta=delta) == [("0 thinking", Kind.THINKING, "e", False)]
    cited = {"type": "citations_delta", "citation": {"cited_text": "f"}}
    assert heard_of("content_block_delta", index=0, delta=cited) == [("0/0", Kind.TEXT, "f", True)]
    ends = [(f"0{lane}", Kind.TEXT, "", True) for lane in ("", " partial_json", " thinking", " content")]
    assert heard_of("content_block_stop", index=0) == ends
    assert heard_of("content_block_start", index=1, content_block=result) == [("1/0", Kind.TEXT, "b", True)]
    odd = {"type": "other", "text": "g"}
    assert heard_of("content_block_start", index=2, content_block=odd) == [("2/0", Kind.TEXT, "g", True)]
    assert heard_of("content_block_start", index="x", content_block=text) == []
    assert heard_of("content_block_delta", index=2, delta=7) == []


def test_a_message_that_called_a_tool_is_never_cut_as_a_refusal() -> None:
    """Though it goes on with a text: the call may be complete."""
    hearing, match = of(MESSAGES)
    for kind, cut in (("tool_use", False), ("server_tool_use", False), ("text", True), ("thinking", True)):
        listening = hearing.listening(match)
        events = [
            {"type": "content_block_start", "index": 0, "content_block": {"type": kind}},
            {"type": "content_block_stop", "index": 0},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        ]
        for event in events:
            listening.frames(b"data: " + json.dumps(event).encode() + b"\n\n")
        assert bool(hearing.cut(match, listening.standing(), FAULT, "x")) is cut


def test_calls_of_odd_forms_say_what_they_are_given() -> None:
    """One alone, without a number, of the client's own kind, or bare; what is none says nothing."""
    hearing, match = of(CHAT)
    listening = hearing.listening(match)

    def said(**delta: Any) -> list[tuple[str, str]]:
        data = json.dumps({"choices": [{"index": 1, "delta": delta}]}).encode()
        return [(one.lane, one.words) for one in listening.frames(b"data: " + data + b"\n\n")]

    calls = [{"function": {"arguments": "a"}}, 7, {"index": 5, "custom": {"input": "b"}}, {"arguments": "c"}]
    assert said(tool_calls=calls) == [("1 tool_calls 0", "a"), ("1 tool_calls 5", "b"), ("1 tool_calls 3", "c")]
    assert said(tool_calls={"function": {"arguments": {"x": ["d"]}}}) == [("1 tool_calls 0", "d")]
    assert said(function_call={"name": "f", "arguments": "e"}) == [("1 function_call 0", "e")]
    assert said(tool_calls=[], content="g") == [("1 content", "g")]
    assert hearing.cut(match, listening.standing(), FAULT, "x") == b""


def test_the_last_word_ends_every_choice_that_is_open() -> None:
    """And no other."""
    hearing, match = of(CHAT)
    listening = hearing.listening(match)
    choices = [{"index": index, "delta": {"content": "x"}} for index in (0, 1, 2)]
    choices[1]["finish_reason"] = "stop"
    listening.frames(b"data: " + json.dumps({"choices": choices}).encode() + b"\n\n")
    said = listening.frames(b"data: [DONE]\n\n")
    assert {one.lane.split()[0] for one in said} == {"0", "2"}
    assert all(one.ends and not one.words for one in said)
    assert {one.kind for one in said if one.lane == "0 content"} == {Kind.TEXT}
