"""Gemini's usage: counters, events, arrays, embeddings, batches."""

import json
from typing import Any

import pytest

from penstock.core.usage import Share, Source, Usage
from tests.unit.dialects.tallying import GENERATE, STREAM_GENERATE, of_body, of_events, told

DOWNLOAD = "GET /gemini/v1beta/files/abc:download"


def detail(**tokens: int) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": number} for name, number in tokens.items()]


def answer(usage: dict[str, Any] | None, *, finish: str | None = "STOP", text: str = "x") -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    told = {} if usage is None else {"usageMetadata": usage}
    ended = candidate if finish is None else candidate | {"finishReason": finish}
    return {"candidates": [ended], **told, "modelVersion": "gemini-3-flash", "responseId": "r"}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"promptTokenCount": 30, "candidatesTokenCount": 9, "totalTokenCount": 39}, Usage(input=30, output=9)),
        ({"promptTokenCount": 30, "candidatesTokenCount": 5, "thoughtsTokenCount": 4, "cachedContentTokenCount": 20},
         Usage(input=10, cache_read=20, output=5, reasoning=4)),
        ({"promptTokenCount": 30, "candidatesTokenCount": 5, "toolUsePromptTokenCount": 100},
         Usage(input=130, output=5)),
        ({"promptTokenCount": 30, "promptTokensDetails": detail(TEXT=5, IMAGE=8, VIDEO=4, AUDIO=6, DOCUMENT=7),
          "candidatesTokenCount": 5, "candidatesTokensDetails": detail(TEXT=1, IMAGE=4)},
         Usage(input=12, input_image=12, input_audio=6, output=1, output_image=4)),
        ({"promptTokenCount": 30, "promptTokensDetails": detail(TEXT=10, AUDIO=20), "cachedContentTokenCount": 18,
          "cacheTokensDetails": detail(AUDIO=15, TEXT=3), "candidatesTokenCount": 5},
         Usage(input=7, cache_read=18, input_audio=5, output=5)),
        ({"promptTokenCount": 30, "candidatesTokenCount": 5,
          "promptTokensDetails": [{"modality": 4, "tokenCount": 20}, {"modality": 1, "tokenCount": 10}]},
         Usage(input=10, input_audio=20, output=5)),
        ({"promptTokenCount": 30, "cachedContentTokenCount": 40, "candidatesTokenCount": 5},
         Usage(cache_read=30, output=5)),
    ],
)  # fmt: skip
def test_bodies_and_streams_that_tell_the_same_are_read_alike(usage: dict[str, Any], expected: Usage) -> None:
    """A body, a stream of events and a streamed array that tell the same are read alike."""
    array = json.dumps([answer({"promptTokenCount": 30}, finish=None), answer(usage)], indent=1).encode()
    read = [
        of_body(GENERATE, answer(usage)),
        of_events(STREAM_GENERATE, answer({"promptTokenCount": 30}, finish=None), answer(usage)),
        of_body(STREAM_GENERATE, array),
    ]
    assert [one.shares for one in read] == [(Share("gemini-3-flash", expected),)] * 3
    assert not any(one.missing for one in read)
    assert read[0].source is Source.REPORTED


def test_the_last_chunk_of_a_stream_counts_and_what_it_leaves_out_was_told_before() -> None:
    """Numbers are cumulative; the output may stand in the middle only; a candidate that goes on has not ended."""
    chunks = [
        answer({"promptTokenCount": 30, "candidatesTokenCount": 2, "cachedContentTokenCount": 4}, finish=None),
        answer({"promptTokenCount": 30, "candidatesTokenCount": 5}),
        answer({"promptTokenCount": 30, "candidatesTokenCount": 9}, finish=None),
        answer({"promptTokenCount": 31}, finish=None),
    ]
    going_on, ended = of_events(STREAM_GENERATE, *chunks), of_events(STREAM_GENERATE, *chunks, answer(None))
    assert going_on.usage == ended.usage == Usage(input=27, cache_read=4, output=9)
    assert (going_on.missing, ended.missing) == (True, False)


def test_an_array_cut_at_every_byte() -> None:
    """Never a wrong number: the whole elements count, and something is missing unless the last of them came."""
    forged = {"functionCall": {"name": "f", "args": {"usageMetadata": {"promptTokenCount": 999}}}}
    first = answer({"promptTokenCount": 30, "candidatesTokenCount": 2}, finish=None, text='"}]{[\\')
    first["candidates"][0]["content"]["parts"].append(forged)
    array = json.dumps([first, answer({"promptTokenCount": 30, "candidatesTokenCount": 9})]).encode()
    seen = set()
    for cut in range(len(array) + 1):
        consumption = of_body(STREAM_GENERATE, array[:cut])
        seen.add((consumption.usage, consumption.missing))
    assert seen == {(Usage(), True), (Usage(input=30, output=2), True), (Usage(input=30, output=9), False)}


def test_a_refused_prompt_and_an_error() -> None:
    """A blocked prompt has an end and an input; an error used nothing."""
    blocked = of_body(GENERATE, {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 7}})
    error = of_body(STREAM_GENERATE, [{"error": {"code": 429, "message": "", "status": "RESOURCE_EXHAUSTED"}}])
    assert (blocked.usage, blocked.missing) == (Usage(input=7), False)
    assert (error.source, error.missing) == (Source.NONE, False)


@pytest.mark.parametrize(
    ("verb", "body", "usage"),
    [
        ("embedContent", {"embedding": {}, "usageMetadata": {"promptTokenCount": 7}}, Usage(input=7)),
        ("batchEmbedContents",
         {"embeddings": [], "usageMetadata": {"promptTokenCount": 7, "promptTokenDetails": detail(IMAGE=5, TEXT=2)}},
         Usage(input=2, input_image=5)),
        ("batchEmbedContents", {"embeddings": []}, Usage()),
    ],
)  # fmt: skip
def test_of_embeddings_nothing_is_missing(verb: str, body: Any, usage: Usage) -> None:
    """Nothing comes out that is counted in tokens, so nothing is missing; what went in may be untold."""
    consumption = of_body(f"POST /gemini/v1beta/models/e:{verb}", body)
    assert (consumption.usage, consumption.missing, consumption.untold) == (usage, False, usage == Usage())


@pytest.mark.parametrize(
    ("beside", "tier"),
    [
        ({"serviceTier": "standard"}, ""),
        ({"serviceTier": "FLEX"}, "flex"),
        ({"trafficType": "ON_DEMAND"}, ""),
        ({"trafficType": "ON_DEMAND_FLEX"}, "flex"),
        ({"trafficType": "PROVISIONED_THROUGHPUT"}, "provisioned_throughput"),
        ({"trafficType": 1}, ""),
    ],
)
def test_only_an_unusual_tier_has_a_word(beside: dict[str, Any], tier: str) -> None:
    """The ordinary way has no word; Vertex has longer ones for the same."""
    consumption = of_body(GENERATE, answer({"promptTokenCount": 1, **beside}))
    assert [share.tier for share in consumption.shares] == [tier]


def test_batch_results_are_summed_and_named_by_their_file() -> None:
    """Lines with a response count, lines with an error do not."""
    usage = {"promptTokenCount": 30, "candidatesTokenCount": 5, "thoughtsTokenCount": 4}
    line = json.dumps({"key": "1", "response": answer(usage)}).encode() + b"\n"
    tally = told(DOWNLOAD)
    tally.piece(line * 2 + b'{"key":"2","error":{"code":3}}\n' + line)
    assert tally.consumed().shares == (Share("gemini-3-flash", Usage(input=90, output=15, reasoning=12), "batch"),)
    assert tally.batch == "files/abc"


def test_an_array_beyond_the_cap_is_read_at_its_end() -> None:
    """Pictures are not held, and the usage behind them counts."""
    tally = told(STREAM_GENERATE)
    tally.piece(b'[{"candidates":[{"content":{"parts":[{"inlineData":{"data":"')
    for _ in range(96):
        tally.piece(b"A" * 65_536)
    usage = json.dumps({"promptTokenCount": 30, "candidatesTokenCount": 5}).encode()
    tally.piece(b'"}}]},"finishReason":"STOP"}],"usageMetadata":' + usage + b',"modelVersion":"m"}\n]\n')
    consumption = tally.consumed()
    assert (consumption.shares, consumption.missing) == ((Share("m", Usage(input=30, output=5)),), False)


@pytest.mark.parametrize(
    ("model", "queries", "searches"),
    [
        ("gemini-3-flash-preview", ["a", "b"], 2),
        ("gemini-3-flash-preview", ["", "a", "a"], 1),
        ("gemini-3-flash-preview", [""], 0),
        ("gemini-2.5-pro", ["a", "b", "c"], 1),
        ("gemini-2.0-flash", [""], 0),
        ("gemini-3-flash-preview", [], 0),
        ("gemini-3-flash-preview", {"a": 1}, 0),
        ("gemini-3-flash-preview", ["a", 7, None], 1),
    ],
)
def test_searches_are_counted_as_they_are_charged(model: str, queries: Any, searches: int) -> None:
    """By the query since Gemini 3, by the prompt before; empty queries and repeated ones cost nothing."""
    told_all = answer({"promptTokenCount": 30, "candidatesTokenCount": 9}) | {"modelVersion": model}
    told_all["candidates"][0]["groundingMetadata"] = {"webSearchQueries": queries, "groundingChunks": []}
    begun = answer({"promptTokenCount": 30}, finish=None) | {"modelVersion": model}
    batch = told(DOWNLOAD)
    batch.piece(json.dumps({"key": "1", "response": told_all}).encode())
    for consumption in (
        of_body(GENERATE, told_all),
        of_events(STREAM_GENERATE, begun, told_all),
        of_body(STREAM_GENERATE, [begun, told_all]),
        batch.consumed(),
    ):
        assert consumption.usage.tools == ((("google_search", searches),) if searches else ())
        assert consumption.usage.total_output == 9


def test_other_grounding_is_no_search() -> None:
    """Files, maps and addresses that were given have no queries."""
    grounded = answer({"promptTokenCount": 30, "candidatesTokenCount": 9})
    grounded["candidates"][0]["groundingMetadata"] = {
        "groundingChunks": [{"web": {"uri": "x"}}],
        "retrievalQueries": ["a"],
    }
    assert of_body(GENERATE, grounded).usage.tools == ()
