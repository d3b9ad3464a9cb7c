"""OpenAI's usage, and that of compatible servers: counters, places in a stream, kept objects, batches."""

import json
from typing import Any

import pytest

from penstock.core.usage import Share, Source, Usage
from tests.unit.dialects.tallying import CHAT, RESPONSES, event, of_body, of_events, told

TRANSCRIBE = "POST /openai/v1/audio/transcriptions"
IMAGES = "POST /openai/v1/images/generations"
SPEECH = "POST /openai/v1/audio/speech"
CONTENT = "GET /openai/v1/files/file-1/content"


def numbers(prompt: int, completion: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    total = prompt + completion if total is None else total
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total, **more}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (numbers(30, 9), Usage(input=30, output=9)),
        (numbers(30, 9, prompt_tokens_details={"cached_tokens": 20, "cache_write_tokens": 6, "audio_tokens": 0},
                 completion_tokens_details={"reasoning_tokens": 4}),
         Usage(input=4, cache_read=20, cache_write_5m=6, output=5, reasoning=4)),
        (numbers(30, 9, prompt_tokens_details={"audio_tokens": 8, "image_tokens": 5, "video_tokens": 2},
                 completion_tokens_details={"audio_tokens": 6}),
         Usage(input=15, input_audio=8, input_image=7, output=3, output_audio=6)),
        (numbers(30, 9, prompt_tokens_details=None, completion_tokens_details={"reasoning_tokens": None}),
         Usage(input=30, output=9)),
        # DeepSeek, Mistral, Moonshot
        (numbers(30, 9, prompt_cache_hit_tokens=20, prompt_cache_miss_tokens=10),
         Usage(input=10, cache_read=20, output=9)),
        (numbers(30, 9, num_cached_tokens=20), Usage(input=10, cache_read=20, output=9)),
        (numbers(30, 9, cached_tokens=20), Usage(input=10, cache_read=20, output=9)),
        # xAI: reasoning on top; Google's compatible API: only the total knows; Mistral: audio on top
        (numbers(30, 9, 42, completion_tokens_details={"reasoning_tokens": 3}), Usage(input=30, output=9, reasoning=3)),
        (numbers(30, 9, 42), Usage(input=30, output=9, reasoning=3)),
        (numbers(11, 15, 401, prompt_tokens_details={"audio_tokens": 375, "cached_tokens": 9}),
         Usage(input=2, cache_read=9, input_audio=375, output=15)),
        # OpenRouter: a part larger than its whole
        (numbers(30, 9, prompt_tokens_details={"cached_tokens": 28, "cache_write_tokens": 28}),
         Usage(cache_read=28, cache_write_5m=2, output=9)),
        (numbers(30, 9, completion_tokens_details={"reasoning_tokens": 40}), Usage(input=30, reasoning=9)),
        # xAI's tools
        (numbers(30, 9, server_side_tool_usage_details={"web_search_calls": 2, "mcp_calls": 0}),
         Usage(input=30, output=9, tools=(("web_search", 2),))),
    ],
)  # fmt: skip
def test_bodies_and_streams_that_tell_the_same_are_read_alike(usage: dict[str, Any], expected: Usage) -> None:
    """A body, a last chunk without choices and a finishing chunk that tell the same are read alike."""
    unary = of_body(CHAT, {"model": "gpt-5.5", "choices": [], "usage": usage})
    finish = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    alone = of_events(CHAT, {"model": "gpt-5.5", "choices": [], "usage": usage}, b"data: [DONE]\n\n")
    finishing = of_events(CHAT, {"model": "gpt-5.5", "choices": finish, "usage": usage}, b"data: [DONE]\n\n")
    assert unary.shares == alone.shares == finishing.shares == (Share("gpt-5.5", expected),)
    assert [one.missing for one in (unary, alone, finishing)] == [False, False, False]
    assert unary.source is Source.REPORTED


def chunk(text: str, **more: Any) -> dict[str, Any]:
    return {"model": "gpt-5.5", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}], **more}


def test_a_chat_stream_without_usage_names_its_model_and_what_is_missing() -> None:
    """Nulls tell nothing, nor does a text that speaks of usage."""
    consumption = of_events(
        CHAT, chunk('"usage": {"prompt_tokens": 7}', usage=None), chunk("b", usage=None), b"data: [DONE]\n\n"
    )
    assert (consumption.usage, consumption.model) == (Usage(), "gpt-5.5")
    assert (consumption.source, consumption.missing) == (Source.NONE, True)


def test_usage_in_every_chunk() -> None:
    """The last counts; cut before the end it is not final; a later [DONE] makes it so."""
    chunks = [chunk("a", usage=numbers(30, 1)), chunk("b", usage=numbers(30, 2))]
    cut, done = of_events(CHAT, *chunks), of_events(CHAT, *chunks, b"data: [DONE]\n\n")
    assert cut.usage == done.usage == Usage(input=30, output=2)
    assert (cut.missing, done.missing) == (True, False)


def test_input_early_and_output_late() -> None:
    """Databricks tells the input with a null output until the end."""
    early = chunk("a", usage={"prompt_tokens": 30, "completion_tokens": None, "total_tokens": None})
    assert of_events(CHAT, early).missing
    consumption = of_events(CHAT, early, {"model": "m", "choices": [], "usage": numbers(30, 9)})
    assert (consumption.usage, consumption.missing) == (Usage(input=30, output=9), False)


def test_groq_tells_usage_beside_the_chunk_and_by_model() -> None:
    """``x_groq.usage`` counts; the models of a compound system are shares when they add up to it."""
    finish = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    models = [{"model": "a", "usage": numbers(10, 4)}, {"model": "b", "usage": numbers(15, 3)},
              {"model": "a", "usage": numbers(5, 2)}]  # fmt: skip
    alone = {"usage": numbers(30, 9)}
    several = alone | {"usage_breakdown": {"models": models}}
    wrong = alone | {"usage_breakdown": {"models": models[:2]}}
    shares = [
        of_events(CHAT, {"model": "groq/compound", "choices": finish, "x_groq": told}).shares
        for told in (alone, several, wrong)
    ]
    whole = (Share("groq/compound", Usage(input=30, output=9)),)
    assert shares == [whole, (Share("b", Usage(input=15, output=3)), Share("a", Usage(input=15, output=6))), whole]


RESPONSE: dict[str, Any] = {
    "id": "resp_1", "object": "response", "model": "gpt-5.5", "error": None,
    "usage": {"input_tokens": 30, "input_tokens_details": {"cached_tokens": 20, "cache_write_tokens": 6},
              "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 4}, "total_tokens": 39},
}  # fmt: skip
RESPONDED = Usage(input=4, cache_read=20, cache_write_5m=6, output=5, reasoning=4)


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed"])
def test_responses_tell_usage_in_their_last_event(status: str) -> None:
    """Whatever way a response ends; before that, what a tool's schema calls usage is none."""
    tools = [{"type": "function", "name": "usage", "parameters": {"properties": {"usage": {"type": "object"}}}}]
    begun = {
        "type": "response.created",
        "response": RESPONSE | {"usage": None, "status": "in_progress", "tools": tools},
    }
    ended = {"type": f"response.{status}", "response": RESPONSE | {"status": status}}
    cut, whole = of_events(RESPONSES, begun), of_events(RESPONSES, begun, ended)
    assert (cut.source, cut.missing, cut.model) == (Source.NONE, True, "gpt-5.5")
    assert (whole.shares, whole.missing) == ((Share("gpt-5.5", RESPONDED),), False)


@pytest.mark.parametrize(("background", "missing"), [(True, False), (False, True)])
@pytest.mark.parametrize("said", ["", "words " * 9_000, {"usage": {"type": "object"}}], ids=["short", "long", "schema"])
def test_a_stream_that_is_left_and_goes_on(said: object, background: bool, missing: bool) -> None:
    """What runs in the background tells its usage to whoever reads it later; an estimate would count it twice."""
    response = RESPONSE | {"usage": None, "status": "queued", "background": background, "instructions": said}
    delta = {"type": "response.output_text.delta", "delta": "words"}
    left = of_events(RESPONSES, {"type": "response.created", "response": response}, delta)
    assert (left.source, left.missing) == (Source.NONE, missing)


@pytest.mark.parametrize(
    ("route", "response", "usage", "missing", "batch"),
    [
        (RESPONSES, RESPONSE | {"status": "completed"}, RESPONDED, False, ""),
        (RESPONSES, RESPONSE | {"status": "queued", "background": True, "usage": None}, Usage(), False, ""),
        ("GET /openai/v1/responses/resp_1", RESPONSE | {"status": "completed"}, Usage(), False, ""),
        ("GET /openai/v1/responses/resp_1", RESPONSE | {"status": "completed", "background": True}, RESPONDED, False,
         "resp_1"),
        ("GET /openai/v1/threads/thread_1/runs/run_1",
         {"id": "run_1", "object": "thread.run", "model": "m", "status": "completed", "usage": numbers(3, 4)},
         Usage(input=3, output=4), False, "run_1"),
        ("GET /openai/v1/threads/thread_1/runs/run_1",
         {"id": "run_1", "object": "thread.run", "model": "m", "status": "in_progress", "usage": None},
         Usage(), False, ""),
    ],
    ids=["made", "queued", "read again", "background", "run", "run under way"],
)  # fmt: skip
def test_what_can_be_read_again_counts_once(
    route: str, response: dict[str, Any], usage: Usage, missing: bool, batch: str
) -> None:
    """What ran in the background is counted when it is read, under its id; what was told before is not."""
    tally = told(route)
    tally.piece(json.dumps(response).encode())
    consumption = tally.consumed()
    assert (consumption.usage, consumption.missing, tally.batch) == (usage, missing, batch)


@pytest.mark.parametrize(
    ("route", "body", "usage"),
    [
        ("POST /openai/v1/embeddings", {"model": "m", "data": [], "usage": {"prompt_tokens": 8, "total_tokens": 8}},
         Usage(input=8)),
        (IMAGES, {"data": [{"b64_json": "aa"}], "usage": {"input_tokens": 14, "output_tokens": 272, "total_tokens": 286,
                  "input_tokens_details": {"image_tokens": 4, "text_tokens": 10}}},
         Usage(input=10, input_image=4, output_image=272)),
        (IMAGES, {"data": [], "usage": {"input_tokens": 14, "output_tokens": 272,
                  "output_tokens_details": {"image_tokens": 270, "text_tokens": 2}}},
         Usage(input=14, output=2, output_image=270)),
        (TRANSCRIBE, {"text": "", "usage": {"type": "tokens", "input_tokens": 54, "output_tokens": 16,
                      "input_token_details": {"audio_tokens": 50, "text_tokens": 4}}},
         Usage(input=4, input_audio=50, output=16)),
        (TRANSCRIBE, {"text": "", "usage": {"type": "duration", "seconds": 6.2}}, Usage(tools=(("audio_seconds", 7),))),
        ("POST /openai/v1/moderations", {"id": "x", "results": []}, Usage()),
        (SPEECH, b"ID3\x04" + bytes(500) + b'"usage":{"output_tokens":5}', Usage()),
        (TRANSCRIBE, b'1\n00:00:00,000 --> 00:00:02,000\n{"usage":{"seconds":9}}\n', Usage()),
    ],
    ids=["embeddings", "image", "image with details", "transcription", "by duration", "moderation", "mp3", "subtitles"],
)  # fmt: skip
def test_other_operations(route: str, body: Any, usage: Usage) -> None:
    """What no model writes is never said to be missing."""
    consumption = of_body(route, body)
    assert (consumption.usage, consumption.missing) == (usage, False)


@pytest.mark.parametrize(
    ("route", "body", "untold"),
    [
        (SPEECH, b"ID3\x04" + bytes(500), True),
        (TRANSCRIBE, b"1\n00:00:00,000 --> 00:00:02,000\nHello\n", True),
        (IMAGES, {"data": [{"url": "https://pictures.example/1"}]}, True),
        ("POST /openai/v1/embeddings", {"model": "m", "data": []}, True),
        ("POST /openai/v1/embeddings", {"model": "m", "data": [], "usage": {"prompt_tokens": 8}}, False),
        (TRANSCRIBE, {"text": "", "usage": {"type": "duration", "seconds": 6}}, False),
        (IMAGES, {"error": {"message": "no"}}, False),
        ("POST /openai/v1/moderations", {"id": "x", "results": []}, False),
        ("GET /openai/v1/responses/resp_1", {"id": "resp_1", "status": "completed", "usage": None}, False),
    ],
)
def test_what_was_made_and_not_told(route: str, body: Any, untold: bool) -> None:
    """Somebody charges for it, so it is said that nobody knows how much; what is free or was refused used nothing."""
    assert of_body(route, body).untold is untold


@pytest.mark.parametrize(
    ("route", "kind", "usage", "expected"),
    [
        (IMAGES, "image_generation.completed", {"input_tokens": 5, "output_tokens": 90},
         Usage(input=5, output_image=90)),
        ("POST /openai/v1/images/edits", "image_edit.completed", {"input_tokens": 5, "output_tokens": 90},
         Usage(input=5, output_image=90)),
        (SPEECH, "speech.audio.done", {"input_tokens": 5, "output_tokens": 90}, Usage(input=5, output_audio=90)),
        (TRANSCRIBE, "transcript.text.done",
         {"type": "tokens", "input_tokens": 50, "input_token_details": {"audio_tokens": 50}, "output_tokens": 9},
         Usage(input_audio=50, output=9)),
    ],
)  # fmt: skip
def test_other_streams(route: str, kind: str, usage: dict[str, Any], expected: Usage) -> None:
    """Partial pictures and deltas tell nothing, the last event tells it all."""
    partial = {"type": kind.rsplit(".", 1)[0] + ".partial", "b64_json": "a" * 4000}
    assert of_events(route, partial, {"type": kind, "usage": usage}).usage == expected


@pytest.mark.parametrize(
    ("named", "tier"),
    [("default", ""), ("auto", ""), ("on_demand", ""), (None, ""), (7, ""), ("flex", "flex"), ("priority", "priority")],
)
def test_only_an_unusual_tier_has_a_word(named: Any, tier: str) -> None:
    """The ordinary ways have no word."""
    answer = {"model": "m", "service_tier": named, "usage": numbers(1, 1)}
    beside = {"model": "m", "usage": numbers(1, 1) | {"service_tier": named}}
    for said in (answer, beside):
        for consumption in (of_body(CHAT, said), of_events(CHAT, said, {"choices": []})):
            assert [share.tier for share in consumption.shares] == [tier]


def _result(number: int, body: dict[str, Any] | None) -> bytes:
    line = {"id": f"batch_req_{number}", "custom_id": str(number), "response": {"status_code": 200, "body": body}}
    return json.dumps(line).encode() + b"\n"


def test_batch_results_are_summed_and_named_by_their_file() -> None:
    """Chats and responses; a failed request used nothing."""
    tally = told(CONTENT)
    tally.piece(_result(1, {"model": "m", "usage": numbers(30, 9)}) + _result(2, {"error": {"message": "no"}}))
    tally.piece(_result(3, RESPONSE) + _result(4, {"model": "m", "usage": numbers(1, 1)}) + b'{"custom')
    consumption = tally.consumed()
    assert consumption.shares == (
        Share("gpt-5.5", RESPONDED, "batch"),
        Share("m", Usage(input=31, output=10), "batch"),
    )
    assert (tally.batch, consumption.missing) == ("file-1", True)


@pytest.mark.parametrize(
    "content",
    [
        b'{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{"model":"m"}}\n',
        b'{"messages":[],"usage":{"prompt_tokens":5,"completion_tokens":5}}\n' * 3,
        b"%PDF-1.7 \n" + _result(1, {"model": "m", "usage": numbers(30, 9)}),
        b"",
    ],
    ids=["a batch's requests", "training data", "a document", "nothing"],
)
def test_other_files_are_no_results(content: bytes) -> None:
    """Whoever downloads a file has used nothing."""
    tally = told(CONTENT)
    tally.piece(content)
    consumption = tally.consumed()
    assert (consumption.shares, consumption.source, tally.batch) == ((), Source.NONE, "")


def test_a_body_beyond_the_cap_is_read_at_its_end() -> None:
    """Six megabytes of picture are not held, and the usage behind them counts."""
    tally = told(IMAGES)
    tally.piece(b'{"created":1,"data":[{"b64_json":"')
    for _ in range(96):
        tally.piece(b"A" * 65_536)
    tally.piece(b'"}],"usage":{"input_tokens":5,"output_tokens":90},"size":{"usage":{"input_tokens":777}}}')
    assert tally.consumed().usage == Usage(input=5, output_image=90)


def test_an_event_over_several_lines_and_with_other_line_ends() -> None:
    """Frames as the SSE standard allows them."""
    lines = b"event: x\r\n" + b"".join(
        b"data: " + line + b"\r\n"
        for line in (b'{"model": "m", "choices": [],', b'"usage": {"prompt_tokens": 3,', b'"completion_tokens": 4}}')
    )
    consumption = of_events(CHAT, b": ping\r\n\r\n" + lines + b"\r\n" + event({"choices": []}))
    assert consumption.usage == Usage(input=3, output=4)


def search(kind: str | None = "search") -> dict[str, Any]:
    return {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": kind and {"type": kind}}


@pytest.mark.parametrize(
    ("output", "tools"),
    [
        ([search(), {"type": "message", "content": []}, search(), search("open_page"), search("find_in_page")],
         (("web_search", 2),)),
        ([search(None), {"type": "web_search_call"}], (("web_search", 2),)),
        ([{"type": "file_search_call", "queries": ["a", "b"]}, search()], (("file_search", 1), ("web_search", 1))),
        ([search("open_page"), {"type": "code_interpreter_call"}, {"type": "image_generation_call"}], ()),
        ([{"type": "message", "content": [{"type": "output_text", "text": '{"type":"web_search_call"}'}]}], ()),
        ([search(), 7, {"type": 7}, {"type": "web_search_call", "action": 7}, None], (("web_search", 1),)),
        ("web_search_call", ()),
    ],
    ids=["searches and pages", "without action", "files", "not by the call", "a text", "nonsense", "no list"],
)  # fmt: skip
def test_searches_are_counted_as_they_are_charged(output: Any, tools: tuple[tuple[str, int], ...]) -> None:
    """In a body, in a stream's last event and in a batch; what is still under way in a stream is not."""
    response = RESPONSE | {"status": "completed", "output": output}
    item = {"type": "response.output_item.done", "item": search()}
    batch = told(CONTENT)
    batch.piece(_result(1, response))
    for consumption in (
        of_body(RESPONSES, response),
        of_events(RESPONSES, item, {"type": "response.completed", "response": response}),
        batch.consumed(),
    ):
        assert consumption.usage.tools == tools
        assert consumption.usage.total_input == 30
    assert of_events(RESPONSES, item).usage.tools == ()


def test_a_server_that_counts_its_tools_itself_is_believed() -> None:
    """xAI tells calls of all its tools, and its outputs show some of them as well."""
    usage = RESPONSE["usage"] | {"server_side_tool_usage_details": {"web_search_calls": 3, "x_search_calls": 1}}
    response = RESPONSE | {"status": "completed", "usage": usage, "output": [search(None)]}
    streamed = of_events(RESPONSES, {"type": "response.completed", "response": response})
    assert of_body(RESPONSES, response).usage.tools == (("web_search", 3), ("x_search", 1)) == streamed.usage.tools
