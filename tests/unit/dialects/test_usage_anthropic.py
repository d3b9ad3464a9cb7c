"""Anthropic's usage: counters, merging, iterations, batches."""

import json
from typing import Any

import pytest

from penstock.core.usage import Share, Source, Usage
from tests.unit.dialects.tallying import MESSAGES, of_body, of_events, told

BATCH = "GET /anthropic/v1/messages/batches/msgbatch_1/results"


def start(**usage: Any) -> dict[str, Any]:
    return {"type": "message_start", "message": {"model": "claude-opus-5", "usage": usage}}


def delta(reason: str | None = "end_turn", **usage: Any) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage}


STOP = {"type": "message_stop"}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"input_tokens": 3, "output_tokens": 5}, Usage(input=3, output=5)),
        ({"input_tokens": 3, "output_tokens": 9, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 6},
         Usage(input=3, output=9, cache_read=7, cache_write_5m=6)),
        ({"input_tokens": 3, "output_tokens": 9, "cache_creation_input_tokens": 6,
          "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 4}},
         Usage(input=3, output=9, cache_write_5m=2, cache_write_1h=4)),
        ({"input_tokens": 3, "output_tokens": 9, "cache_creation_input_tokens": 6,
          "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}},
         Usage(input=3, output=9, cache_write_5m=6)),
        ({"input_tokens": 3, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}},
         Usage(input=3, output=5, reasoning=4)),
        ({"input_tokens": 3, "output_tokens": 9, "output_tokens_details": {"thinking_tokens": 40}},
         Usage(input=3, reasoning=9)),
        ({"input_tokens": 3, "output_tokens": 9,
          "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0}},
         Usage(input=3, output=9, tools=(("web_search", 2),))),
    ],
)  # fmt: skip
def test_a_message_and_a_stream_that_tell_the_same_are_read_alike(usage: dict[str, Any], expected: Usage) -> None:
    """A whole message and a stream that tells the same numbers are read alike, without overlaps."""
    unary = of_body(MESSAGES, {"model": "claude-opus-5", "content": [], "usage": usage})
    streamed = of_events(MESSAGES, start(**usage | {"output_tokens": 1}), delta(**usage), STOP)
    assert unary.shares == streamed.shares == (Share("claude-opus-5", expected),)
    assert (unary.source, unary.missing) == (streamed.source, streamed.missing) == (Source.REPORTED, False)


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        ({"output_tokens": 9}, Usage(input=30, cache_read=20, output=9)),
        ({"input_tokens": 0, "cache_read_input_tokens": None, "output_tokens": 9},
         Usage(input=30, cache_read=20, output=9)),
        ({"input_tokens": 35, "cache_read_input_tokens": 25, "output_tokens": 9},
         Usage(input=35, cache_read=25, output=9)),
        ({"input_tokens": "many", "output_tokens": 9}, Usage(input=30, cache_read=20, output=9)),
    ],
    ids=["left out", "zero and null", "other numbers", "nonsense"],
)  # fmt: skip
def test_later_counters_replace_earlier_ones_but_do_not_undo_them(late: dict[str, Any], expected: Usage) -> None:
    """What message_delta tells goes before message_start, unless it tells nothing."""
    consumption = of_events(
        MESSAGES, start(input_tokens=30, cache_read_input_tokens=20, output_tokens=1), delta(**late), STOP
    )
    assert consumption.usage == expected


def test_a_stream_that_ends_early_keeps_its_input_and_says_that_something_is_missing() -> None:
    """Cut before message_delta, the input is known, the output is not final."""
    consumption = of_events(MESSAGES, start(input_tokens=30, output_tokens=1), {"type": "ping"})
    assert (consumption.usage.input, consumption.source, consumption.missing) == (30, Source.REPORTED, True)


def test_counters_on_the_way_are_final_only_at_the_end() -> None:
    """A message_delta without a stop reason is not the last; message_stop makes what was told final."""
    begun = [start(input_tokens=30, output_tokens=1), delta(None, output_tokens=4)]
    assert of_events(MESSAGES, *begun).missing
    assert not of_events(MESSAGES, *begun, STOP).missing


def count(**more: Any) -> dict[str, Any]:
    return {"input_tokens": 0, "output_tokens": 0, **more}


@pytest.mark.parametrize(
    ("iterations", "expected"),
    [
        ([count(type="message", input_tokens=10, output_tokens=6)],
         [Share("claude-opus-5", Usage(input=10, output=4, reasoning=2))]),
        ([count(type="compaction", input_tokens=500, output_tokens=50),
          count(type="message", input_tokens=10, output_tokens=6)],
         [Share("claude-opus-5", Usage(input=510, output=54, reasoning=2))]),
        ([count(type="message", input_tokens=4, output_tokens=1),
          count(type="advisor_message", model="claude-fable-5", input_tokens=70, output_tokens=7),
          count(type="message", input_tokens=6, output_tokens=5)],
         [Share("claude-fable-5", Usage(input=70, output=7)),
          Share("claude-opus-5", Usage(input=10, output=4, reasoning=2))]),
        ([count(type="message", model="claude-opus-5", input_tokens=9),
          count(type="fallback_message", model="claude-sonnet-5", input_tokens=10, output_tokens=6)],
         [Share("claude-opus-5", Usage(input=9)),
          Share("claude-sonnet-5", Usage(input=10, output=4, reasoning=2))]),
    ],
    ids=["message", "compaction", "advisor", "fallback"],
)  # fmt: skip
def test_iterations_are_shares_of_their_models(iterations: list[Any], expected: list[Share]) -> None:
    """What the totals leave out is counted; the model that answered stands last, with the thinking."""
    usage = {
        "input_tokens": 10, "output_tokens": 6, "output_tokens_details": {"thinking_tokens": 2},
        "iterations": iterations,
    }  # fmt: skip
    assert list(of_body(MESSAGES, {"model": "claude-opus-5", "usage": usage}).shares) == expected
    assert list(of_events(MESSAGES, start(input_tokens=10), delta(**usage), STOP).shares) == expected


@pytest.mark.parametrize(
    ("beside", "tier"),
    [
        ({"service_tier": "standard"}, ""),
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": None}, ""),
        ({"service_tier": "standard", "speed": "fast"}, "fast"),
    ],
)
def test_only_an_unusual_tier_has_a_word(beside: dict[str, Any], tier: str) -> None:
    """The ordinary way has no word."""
    consumption = of_body(MESSAGES, {"model": "m", "usage": count(input_tokens=1, **beside)})
    assert [share.tier for share in consumption.shares] == [tier]


def test_an_error_and_a_silent_server() -> None:
    """An error used nothing; a message without usage used something that nobody told."""
    refused = of_body(MESSAGES, {"type": "error", "error": {"type": "overloaded_error"}})
    silent = of_body(MESSAGES, {"type": "message", "model": "claude-opus-5", "content": []})
    assert (refused.source, refused.missing) == (Source.NONE, False)
    assert (silent.source, silent.missing, silent.model) == (Source.NONE, True, "claude-opus-5")


def test_a_tools_arguments_named_usage_are_not_usage() -> None:
    """An object of the model's own making does not count, in a body or in an event."""
    forged = {"type": "tool_use", "name": "usage", "input": {"usage": {"input_tokens": 1, "output_tokens": 9999}}}
    body = {"model": "m", "content": [forged], "usage": count(input_tokens=3, output_tokens=4)}
    block = {"type": "content_block_start", "index": 0, "content_block": forged}
    streamed = of_events(MESSAGES, start(input_tokens=3, output_tokens=1), block, delta(output_tokens=4), STOP)
    assert of_body(MESSAGES, body).usage == streamed.usage == Usage(input=3, output=4)


def _result(number: int, model: str = "claude-opus-5", **usage: Any) -> bytes:
    message = {"model": model, "usage": {"service_tier": "batch", **usage}}
    return json.dumps({"custom_id": f"c{number}", "result": {"type": "succeeded", "message": message}}).encode() + b"\n"


LINES = b"".join(
    [_result(1, input_tokens=10, output_tokens=2, cache_read_input_tokens=5), b"\n",
     b'{"custom_id":"c2","result":{"type":"errored","error":{"type":"error"}}}\n',
     _result(3, "claude-haiku-5", input_tokens=1, output_tokens=1), _result(4, input_tokens=20, output_tokens=3)]
)  # fmt: skip


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_batch_results_are_summed_by_model(size: int) -> None:
    """However they are cut, lines add up; failed requests cost nothing; the batch is named."""
    tally = told(BATCH)
    for place in range(0, len(LINES), size):
        tally.piece(LINES[place : place + size])
    consumption = tally.consumed()
    assert consumption.shares == (
        Share("claude-haiku-5", Usage(input=1, output=1), "batch"),
        Share("claude-opus-5", Usage(input=30, output=5, cache_read=5), "batch"),
    )
    assert (tally.batch, consumption.source, consumption.missing) == ("msgbatch_1", Source.REPORTED, False)


def test_batch_results_cut_in_a_line_say_that_something_is_missing() -> None:
    """The whole lines count."""
    consumption = of_body(BATCH, LINES[:-20])
    assert (consumption.usage.input, consumption.missing) == (11, True)
