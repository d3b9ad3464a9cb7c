"""What each dialect's counters mean, counter by counter, and what of them is left out where they are odd."""

from typing import Any

import pytest

from penstock.core.usage import Share, Usage
from penstock.dialects.anthropic import counters as anthropic
from penstock.dialects.gemini import counters as gemini
from penstock.dialects.openai import counters as openai

CLAUDE: list[tuple[dict[str, Any], Usage]] = [
    ({"input_tokens": 7, "output_tokens": 3}, Usage(input=7, output=3)),
    ({"cache_creation_input_tokens": 9, "cache_read_input_tokens": 4}, Usage(cache_write_5m=9, cache_read=4)),
    ({"cache_creation_input_tokens": 9, "cache_creation": {"ephemeral_1h_input_tokens": 2}},
     Usage(cache_write_5m=7, cache_write_1h=2)),
    ({"cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 2}},
     Usage(cache_write_5m=5, cache_write_1h=2)),
    ({"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}, Usage(output=5, reasoning=4)),
    ({"output_tokens": 3, "output_tokens_details": {"thinking_tokens": 4}}, Usage(reasoning=3)),
    ({"output_tokens": 3, "output_tokens_details": {"thinking_tokens": "x"}}, Usage(output=3)),
    ({"server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0, "odd": 1}},
     Usage(tools=(("web_search", 2),))),
    ({"server_tool_use": [1], "cache_creation": 7, "input_tokens": -1, "output_tokens": True}, Usage()),
]  # fmt: skip


@pytest.mark.parametrize(("told", "expected"), CLAUDE)
def test_claudes_counters(told: dict[str, Any], expected: Usage) -> None:
    """What no number is counts nothing."""
    assert anthropic.usage_of(anthropic.told_of(told)) == expected
    assert anthropic.shares_of(told, "m") == (Share("m", expected),)


def test_numbers_that_nobody_told() -> None:
    """0 was told, nothing was not; of tiers only words count."""
    told = anthropic.told_of({"input_tokens": 0, "output_tokens": "x", "service_tier": 7, "speed": ["fast"]})
    assert (told.input_tokens, told.output_tokens, told.service_tier, told.speed) == (0, None, None, None)
    tiers = [("priority", "fast"), ("standard", "fast"), (None, "fast"), (None, None), ("", "slow"), ("batch", None)]
    told_of = [anthropic.told_of({"service_tier": tier, "speed": speed}) for tier, speed in tiers]
    assert [anthropic.tier_of(one) for one in told_of] == ["priority", "fast", "fast", "", "", "batch"]


def test_iterations_count_where_the_totals_do_not() -> None:
    """Each for its model; thinking and tools are the message's, and the model stands last that answered."""
    told = {
        "input_tokens": 1, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}, "service_tier": "batch",
        "server_tool_use": {"web_search_requests": 3},
        "iterations": [
            {"type": "message", "input_tokens": 10, "output_tokens": 1}, 7,
            {"type": "advisor", "model": "a", "input_tokens": 20, "cache_creation": {"ephemeral_5m_input_tokens": 4,
             "ephemeral_1h_input_tokens": 6}, "server_tool_use": {"web_search_requests": 9}},
            {"type": "message", "model": 7, "input_tokens": 30, "output_tokens": 5, "cache_read_input_tokens": 8},
        ],
    }  # fmt: skip
    assert anthropic.shares_of(told, "m") == (
        Share("a", Usage(input=20, cache_write_5m=4, cache_write_1h=6), "batch"),
        Share("m", Usage(input=40, output=4, reasoning=2, cache_read=8, tools=(("web_search", 3),)), "batch"),
    )
    whole = Usage(input=1, output=3, reasoning=2, tools=(("web_search", 3),))
    for iterations in (
        [{"type": "message", "input_tokens": 10}], [{"type": "compaction", "output_tokens": 9}], [], "x", [7],
        [{"type": "compaction"}, {"type": "message", "output_tokens": 4}],
    ):  # fmt: skip
        assert anthropic.shares_of({**told, "iterations": iterations}, "m") == (Share("m", whole, "batch"),)
    assert anthropic.shares_of({**told, "iterations": [{"type": "compaction", "input_tokens": 9}]}, "m")[0] == Share(
        "m", Usage(input=9, reasoning=0, tools=(("web_search", 3),)), "batch"
    )
    assert (anthropic.shares_of({}, "m"), anthropic.shares_of({}, None)) == ((Share("m", Usage()),), ())


def split(**tokens: Any) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": number} for name, number in tokens.items()]


GEMINI: list[tuple[dict[str, Any], Usage]] = [
    ({"promptTokenCount": 7, "candidatesTokenCount": 3, "thoughtsTokenCount": 2},
     Usage(input=7, output=3, reasoning=2)),
    ({"promptTokenCount": 9, "cachedContentTokenCount": 4}, Usage(input=5, cache_read=4)),
    ({"promptTokenCount": 9, "cachedContentTokenCount": 4, "promptTokensDetails": split(AUDIO=6, IMAGE=2),
      "cacheTokensDetails": split(AUDIO=3, TEXT=1)}, Usage(input=0, cache_read=4, input_audio=3, input_image=2)),
    ({"promptTokenCount": 9, "promptTokenDetails": split(VIDEO=6, TEXT=3)}, Usage(input=3, input_image=6)),
    ({"promptTokenCount": 9, "promptTokensDetails": split(IMAGE=1, VIDEO=2, AUDIO=3, OTHER=1)},
     Usage(input=3, input_image=3, input_audio=3)),
    ({"promptTokenCount": 1, "toolUsePromptTokenCount": 9, "toolUsePromptTokensDetails": split(AUDIO=4, IMAGE=2)},
     Usage(input=4, input_audio=4, input_image=2)),
    ({"candidatesTokenCount": 9, "candidatesTokensDetails": split(AUDIO=4, IMAGE=2, TEXT=3)},
     Usage(output=3, output_audio=4, output_image=2)),
    ({"promptTokenCount": 9, "promptTokensDetails": [
        {"modality": 4, "tokenCount": 2}, {"modality": 99, "tokenCount": 3}, {"modality": None, "tokenCount": 4}, 7,
        {"modality": 2}, {"modality": 3, "tokenCount": 1}]},
     Usage(input=6, input_audio=2, input_image=1)),
    ({"promptTokenCount": 9, "promptTokensDetails": split(IMAGE=0, VIDEO=None, AUDIO=None)}, Usage(input=9)),
    ({"promptTokenCount": "x", "candidatesTokenCount": -1, "promptTokensDetails": {"a": 1}}, Usage()),
]  # fmt: skip


@pytest.mark.parametrize(("told", "expected"), GEMINI)
def test_geminis_counters(told: dict[str, Any], expected: Usage) -> None:
    """Parts are taken out of their whole."""
    assert gemini.usage_of(gemini.told_of(told)) == expected
    searched = gemini.usage_of(gemini.told_of(told), 2)
    assert (searched.tools, searched.input) == ((("google_search", 2),), expected.input)


def test_the_latest_of_geminis_numbers_counts() -> None:
    """0 or nothing later undoes none; nothing that was never told is a number."""
    told = [
        gemini.told_of(one)
        for one in (
            {
                "promptTokenCount": 5,
                "candidatesTokenCount": 0,
                "serviceTier": "flex",
                "cacheTokensDetails": split(TEXT=1),
            },
            {"promptTokenCount": 7, "thoughtsTokenCount": 3},
            {"promptTokenCount": 0, "trafficType": "ON_DEMAND"},
        )
    ]
    last = gemini.latest(told)
    assert (last.prompt_token_count, last.candidates_token_count, last.thoughts_token_count) == (7, 0, 3)
    assert (last.cached_content_token_count, last.service_tier, last.traffic_type) == (None, "flex", "ON_DEMAND")
    assert [one.token_count for one in last.cache_tokens_details or ()] == [1]
    assert gemini.latest([]) == gemini.Told()
    assert gemini.latest(told[:1]) is told[0]
    assert [one.counts for one in (gemini.Told(), told[0], gemini.told_of({"candidatesTokenCount": 0}))] == [
        False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tier", "traffic", "expected"),
    [(None, None, ""), ("flex", None, "flex"), (None, "ON_DEMAND", ""), (None, "ON_DEMAND_FLEX", "flex"),
     (None, "PROVISIONED_THROUGHPUT", "provisioned_throughput"), ("standard", "ON_DEMAND_PRIORITY", "priority"),
     ("FLEX", "ON_DEMAND", "flex"), (7, ["x"], "")],
)  # fmt: skip
def test_geminis_tiers(tier: Any, traffic: Any, expected: str) -> None:
    """In either's word; the ordinary way has none."""
    assert gemini.tier_of(gemini.told_of({"serviceTier": tier, "trafficType": traffic})) == expected


def test_geminis_searches() -> None:
    """Each query once; before Gemini 3 the prompt."""
    queries = ["a", "b", "a", ""]
    assert [gemini.searched(queries, model) for model in ("gemini-3-flash", "gemini-2.5-pro", "")] == [2, 1, 2]
    assert (gemini.searched([""], "gemini-2.5-pro"), gemini.searched([], "gemini-3")) == (0, 0)


OPENAI: list[tuple[dict[str, Any], Usage]] = [
    ({"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}, Usage(input=7, output=3)),
    ({"input_tokens": 7, "output_tokens": 3}, Usage(input=7, output=3)),
    ({"prompt_tokens": 0, "input_tokens": 7}, Usage(input=7)),
    ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1, "audio_tokens": 3,
      "image_tokens": 1, "video_tokens": 1}},
     Usage(input=1, cache_read=2, cache_write_5m=1, input_audio=3, input_image=2)),
    ({"prompt_tokens": 3, "input_token_details": {"cached_tokens": 9}}, Usage(cache_read=3)),
    ({"completion_tokens": 9,
      "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 3, "image_tokens": 1}},
     Usage(output=3, reasoning=2, output_audio=3, output_image=1)),
    ({"completion_tokens": 3, "output_tokens_details": {"reasoning_tokens": 9}}, Usage(reasoning=3)),
    ({"completion_tokens": 9, "reasoning_tokens": 4}, Usage(output=5, reasoning=4)),
    *(({"prompt_tokens": 9, name: 4}, Usage(input=5, cache_read=4))
      for name in ("prompt_cache_hit_tokens", "num_cached_tokens", "cached_tokens")),
    ({"prompt_tokens": 9, "cached_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}},
     Usage(input=7, cache_read=2)),
    # What the total holds beyond them: sound, or reasoning; else nobody knows.
    ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 10, "prompt_tokens_details": {"audio_tokens": 2}},
     Usage(input=5, input_audio=2, output=3)),
    ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 10}, Usage(input=5, output=3, reasoning=2)),
    ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 10, "reasoning_tokens": 2},
     Usage(input=5, output=3, reasoning=2)),
    ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 10, "reasoning_tokens": 1},
     Usage(input=5, output=2, reasoning=1)),
    ({"prompt_tokens": 5, "total_tokens": 10}, Usage(input=5)),
    ({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 7}, Usage(input=5, output=3)),
    ({"seconds": 2.1}, Usage(tools=(("audio_seconds", 3),))),
    ({"seconds": 7, "server_side_tool_usage_details": {"web_calls": 2, "x_calls": 0, "odd": 1}},
     Usage(tools=(("audio_seconds", 7), ("web", 2)))),
    *(({"prompt_tokens": 1, "seconds": seconds}, Usage(input=1)) for seconds in (True, "7", -1, 0, 10**9)),
]  # fmt: skip


@pytest.mark.parametrize(("told", "expected"), OPENAI)
def test_openais_counters(told: dict[str, Any], expected: Usage) -> None:
    """And those of servers that speak it."""
    assert openai.usage_of(openai.told_of(told)) == expected


def test_output_of_one_kind() -> None:
    """Where no details are told an operation knows of what kind its output is; and which tools ran."""
    told = openai.told_of({"input_tokens": 1, "output_tokens": 3})
    ran = (("web_search", 2),)
    assert openai.usage_of(told, "output_audio", ran) == Usage(input=1, output_audio=3, tools=ran)
    assert openai.usage_of(told, "output_image") == Usage(input=1, output_image=3)
    detailed = openai.told_of({"output_tokens": 3, "output_tokens_details": {"image_tokens": 1}})
    assert openai.usage_of(detailed, "output_audio") == Usage(output=2, output_image=1)
    xai = openai.told_of({"server_side_tool_usage_details": {"web_calls": 1}})
    assert openai.usage_of(xai, tools=ran).tools == (("web", 1),)


def test_what_was_told_at_all() -> None:
    """A number, 0 too, or seconds."""
    told = [{"prompt_tokens": 0}, {"output_tokens": 0}, {"seconds": 1}, {}, {"total_tokens": 7}, {"prompt_tokens": "x"}]
    assert [openai.told_of(one).counts for one in told] == [True, True, True, False, False, False]


def test_models_that_a_model_called() -> None:
    """Their sums are the whole, or nothing is told of them."""
    models = [
        {"model": "a", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}, 7,
        {"model": "b", "usage": {"prompt_tokens": 4, "completion_tokens": 2}},
        {"model": ["x"], "usage": {"prompt_tokens": 1}},
    ]  # fmt: skip
    shares = (Share("a", Usage(input=3, output=1)), Share("b", Usage(input=4, output=2)), Share(None, Usage(input=1)))
    assert openai.breakdown({"models": models}, {"prompt_tokens": 8, "completion_tokens": 3}) == shares
    for sums in ({"prompt_tokens": 8, "completion_tokens": 4}, {"prompt_tokens": 9, "completion_tokens": 3}):
        assert openai.breakdown({"models": models}, sums) == ()
    for told in (None, [], {}, {"models": []}, {"models": {"a": 1}}, "models"):
        assert openai.breakdown(told, {}) == ()
