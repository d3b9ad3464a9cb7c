"""The Messages API: blocks, usage, caches, counting, models, and refusals in the words that clients know."""

from typing import Any

import pytest

from tests.unit.simulator.line import Heard, Line

OLD, NEW = {"anthropic-version": "2023-06-01"}, {"anthropic-version": "2026-10-21"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "The weather in a city.", "input_schema": SCHEMA}
LONG = {"type": "text", "text": "word " * 1200, "cache_control": {"type": "ephemeral"}}


def ask(line: Line, words: object = "Explain bees.", **more: object) -> Heard:
    body: dict[str, Any] = {"model": "m", "max_tokens": 2000, "messages": [{"role": "user", "content": words}], **more}
    return line.ask("/v1/messages", {name: value for name, value in body.items() if value is not None}, OLD)


def kinds(heard: Heard) -> list[str]:
    return [block["type"] for block in heard.json["content"]]


def test_a_message_has_all_that_clients_read(line: Line) -> None:
    """The envelope, the usage with all its counters, and the headers that Anthropic sends."""
    heard = ask(line, model="claude-sonnet-5-5+seed=1")
    made = heard.json
    assert made["id"].startswith("msg_01")
    assert (made["type"], made["role"], made["model"]) == ("message", "assistant", "claude-sonnet-5-5+seed=1")
    assert (made["stop_reason"], made["stop_sequence"]) == ("end_turn", None)
    usage = made["usage"]
    assert usage["input_tokens"] > 0 < usage["output_tokens"]
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
    assert heard.headers["request-id"].startswith("req_")
    assert "anthropic-ratelimit-tokens-remaining" in heard.headers


def test_a_tool_loop(line: Line) -> None:
    """Two calls with ids of their own, then words about their results."""
    words = "What is the weather in Tokyo and Paris? Check both."
    first = ask(line, words, tools=[WEATHER]).json
    calls = first["content"]
    assert [(call["type"], call["input"]) for call in calls] == [
        ("tool_use", {"city": "Tokyo"}),
        ("tool_use", {"city": "Paris"}),
    ]
    assert first["stop_reason"] == "tool_use"
    assert len({call["id"] for call in calls}) == 2
    results = [{"type": "tool_result", "tool_use_id": call["id"], "content": "sunny"} for call in calls]
    turns = [{"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    last = ask(line, tools=[WEATHER], messages=[{"role": "user", "content": words}, *turns])
    assert kinds(last) == ["text"]
    assert "sunny" in last.json["content"][0]["text"]


@pytest.mark.parametrize(
    ("thinking", "made"),
    [
        ({"type": "enabled", "budget_tokens": 1024}, ["thinking", "text"]),
        ({"type": "adaptive"}, ["thinking", "text"]),
        ({"type": "disabled"}, ["text"]),
        (None, ["text"]),
    ],
)
def test_thinking_is_shown_when_it_is_asked_for(line: Line, thinking: object, made: list[str]) -> None:
    """A block with text and signature, counted in the output."""
    heard = ask(line, thinking=thinking)
    assert kinds(heard) == made
    assert bool(heard.json["usage"]["output_tokens_details"]["thinking_tokens"]) is (len(made) == 2)
    for block in heard.json["content"][:-1]:
        assert block["thinking"]
        assert block["signature"]


def test_omitted_thinking_leaves_its_signature(line: Line) -> None:
    """``display: omitted``: no text, but the tokens count."""
    heard = ask(line, thinking={"type": "adaptive", "display": "omitted"})
    thought = heard.json["content"][0]
    assert thought["thinking"] == ""
    assert thought["signature"]
    assert heard.json["usage"]["output_tokens_details"]["thinking_tokens"] > 0


def test_a_web_search_has_results_and_citations(line: Line) -> None:
    """The call, its result, words that cite it, and the counter of searches."""
    heard = ask(line, "The latest news about bees?", tools=[{"type": "web_search_20250305", "name": "web_search"}])
    search, result, *texts = heard.json["content"]
    assert (search["type"], search["name"], search["input"]) == (
        "server_tool_use",
        "web_search",
        {"query": "The latest news about bees"},
    )
    assert (result["type"], result["tool_use_id"]) == ("web_search_tool_result", search["id"])
    cited = [citation["url"] for text in texts for citation in text.get("citations", [])]
    assert cited
    assert set(cited) <= {page["url"] for page in result["content"]}
    assert heard.json["usage"]["server_tool_use"]["web_search_requests"] == 1
    assert heard.json["stop_reason"] == "end_turn"


def test_pictures_and_documents_are_taken_unread(line: Line) -> None:
    """Also inside a tool's result; they weigh something."""
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    document = {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}}
    heard = ask(line, [picture, document, {"type": "text", "text": "Describe both."}])
    assert heard.status == 200
    assert heard.json["usage"]["input_tokens"] > 4000


def test_caches_are_written_and_read(line: Line) -> None:
    """The three input counters are disjoint, and a changed question still reads the system's cache."""
    first, again = (ask(line, words, system=[LONG]).json["usage"] for words in ("Why bees?", "Why mead?"))
    assert first["cache_creation_input_tokens"] == again["cache_read_input_tokens"] > 1024
    assert first["cache_creation"]["ephemeral_5m_input_tokens"] == first["cache_creation_input_tokens"]
    assert first["cache_read_input_tokens"] == again["cache_creation_input_tokens"] == 0
    assert first["input_tokens"] == again["input_tokens"] < 50


def test_a_string_and_its_one_block_list_share_a_cache(line: Line) -> None:
    """They are the same content, and a mark is no part of it."""
    block = {"type": "text", "text": "material " * 1000}
    rest = [{"role": "assistant", "content": "I see."}, {"role": "user", "content": "And?"}]
    mark = {"cache_control": {"type": "ephemeral"}}
    ask(line, messages=[{"role": "user", "content": [{**block, **mark}]}])
    usage = ask(line, messages=[{"role": "user", "content": block["text"]}, *rest], **mark).json["usage"]
    assert usage["cache_read_input_tokens"] > 2000


def test_a_pre_warm_writes_and_says_nothing(line: Line) -> None:
    """``max_tokens: 0`` is legal; the next request reads."""
    system = [{**LONG, "text": "other " * 1200, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    warm = ask(line, system=system, max_tokens=0).json
    assert (warm["content"], warm["stop_reason"], warm["usage"]["output_tokens"]) == ([], "max_tokens", 0)
    assert warm["usage"]["cache_creation"]["ephemeral_1h_input_tokens"] > 1024
    assert ask(line, system=system).json["usage"]["cache_read_input_tokens"] > 1024


def test_the_cache_can_be_left_out(line: Line) -> None:
    """For answers that must not depend on what came before."""
    system = [{**LONG, "text": "third " * 1200}]
    usages = [ask(line, system=system, model="m+cache=off").json["usage"] for _ in (1, 2)]
    assert [usage["cache_read_input_tokens"] for usage in usages] == [0, 0]
    assert usages[0]["input_tokens"] > 1024


def test_counting_agrees_with_usage(line: Line) -> None:
    """Tools, system, messages and pictures included."""
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    body = {
        "model": "m",
        "system": "Be kind.",
        "tools": [WEATHER],
        "messages": [{"role": "user", "content": [picture, {"type": "text", "text": "What is this?"}]}],
    }
    counted = line.ask("/v1/messages/count_tokens", body, OLD).json["input_tokens"]
    usage = line.ask("/v1/messages", {**body, "max_tokens": 9}, OLD).json["usage"]
    assert counted == usage["input_tokens"] > 1600


def test_limits_and_stops(line: Line) -> None:
    """With the reasons that Anthropic gives."""
    cut = ask(line, max_tokens=7).json
    assert (cut["stop_reason"], cut["usage"]["output_tokens"]) == ("max_tokens", 7)
    stopped = ask(line, "Count to 9", stop_sequences=["5"]).json
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", "5")
    refused = ask(line, "simulate: set finish=refusal").json
    assert (refused["stop_reason"], refused["stop_details"]["type"]) == ("refusal", "refusal")


def test_models_come_in_pages_and_every_name_is_known(line: Line) -> None:
    """Pages in Anthropic's shape; every name is known."""
    page = line.ask("/v1/models?limit=3", headers=OLD).json
    assert [model["type"] for model in page["data"]] == ["model"] * 3
    assert (page["has_more"], page["last_id"]) == (True, page["data"][-1]["id"])
    rest = line.ask(f"/v1/models?limit=1000&after_id={page['last_id']}", headers=OLD).json
    names = [model["id"] for model in page["data"] + rest["data"]]
    assert not rest["has_more"]
    assert len(set(names)) == len(names)
    back = line.ask(f"/v1/models?limit=2&before_id={page['last_id']}", headers=OLD).json
    assert [model["id"] for model in back["data"]] == names[:2]
    assert line.ask("/v1/models/claude-of-tomorrow", headers=OLD).json["id"] == "claude-of-tomorrow"
    assert line.ask("/v1/models?limit=0", headers=OLD).status == 400


TOOL_USE = {"role": "assistant", "content": [{"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}]}
RESULT = {"type": "tool_result", "tool_use_id": "toolu_2", "content": "x"}
ASKED = {"role": "user", "content": "Go."}
PREFILL = {"role": "assistant", "content": "I"}
EMPTY = {"type": "text", "text": ""}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"model": None}, "model: Field required"),
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
        ({"max_tokens": "9"}, "max_tokens: Input should be a valid integer"),
        ({"messages": None}, "messages: Field required"),
        ({"messages": []}, "messages: at least one message is required"),
        ({"messages": "Hi"}, "messages: Input should be a valid list"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: Input should be 'user' or 'assistant'"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content: Input should be a valid string"),
        ({"messages": [{"role": "user", "content": [EMPTY]}]}, "text content blocks must be non-empty"),
        ({"messages": [ASKED, TOOL_USE, ASKED]}, "without `tool_result` blocks immediately after: toolu_1"),
        ({"messages": [ASKED, {"role": "user", "content": [RESULT]}]}, "unexpected `tool_use_id` found"),
        ({"thinking": {"type": "enabled"}}, "thinking.enabled.budget_tokens: Field required"),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, "greater than or equal to 1024"),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, "`max_tokens` must be greater than"),
        ({"tools": [{"name": "a"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [WEATHER, WEATHER]}, "Tool names must be unique"),
        ({"tools": [WEATHER], "tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found in provided tools"),
        ({"tool_choice": {"type": "any"}}, "tool_choice may only be specified while providing tools"),
        ({"system": [LONG] * 5}, "A maximum of 4 blocks with cache_control may be provided. Found 5."),
        ({"temperature": 2}, "temperature: range: 0..1"),
        ({"model": "claude-opus-4-8", "temperature": 1}, "`temperature` is deprecated for this model."),
        ({"model": "claude-opus-4-8", "messages": [ASKED, PREFILL]}, "does not support assistant message prefill"),
        ({"model": "m+pace=fast"}, "pace must be a duration"),
    ],
)  # fmt: skip
def test_what_is_refused(line: Line, wrong: dict[str, object], words: str) -> None:
    """With 400, in Anthropic's envelope and words."""
    heard = ask(line, **wrong)
    assert (heard.status, heard.json["type"], heard.json["error"]["type"]) == (400, "error", "invalid_request_error")
    assert words in heard.json["error"]["message"]
    assert heard.json["request_id"] == heard.headers["request-id"]


def test_the_new_version_refuses_what_the_old_one_takes(line: Line) -> None:
    """Sampling parameters, and documents that the assistant wrote."""
    body = {"model": "m", "max_tokens": 9, "messages": [ASKED], "top_p": 0.5}
    assert line.ask("/v1/messages", body, OLD).status == 200
    assert line.ask("/v1/messages", body, NEW).json["error"]["message"] == "top_p: Extra inputs are not permitted"


def test_older_models_go_on_from_a_prefill(line: Line) -> None:
    """The answer is the rest of a turn that the caller began; no question is taken from it."""
    assert kinds(ask(line, model="claude-sonnet-4-5", messages=[ASKED, PREFILL])) == ["text"]


def test_a_system_message_in_the_middle_is_taken(line: Line) -> None:
    """Claude Code sends one, with an output_config of its own."""
    middle = {"role": "system", "content": "Tools: none.", "output_config": {"effort": "low"}}
    assert ask(line, messages=[ASKED, middle]).status == 200
