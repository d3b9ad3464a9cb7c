"""The most that requests can use: a table of bodies in every dialect, and what bounds them or why nothing does."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from penstock.assembly.limiting import DEMANDING
from penstock.core.price import LongRates, Rates, Sheet, TierPrices, priced
from penstock.core.route import Match
from penstock.policies.limit.worst import FRAMING, PER_TOOL, Known, Most, UnboundedError, dearest, worst
from penstock.route_rows import ROWS

WINDOW, LIMIT = 200_000, 64_000
PRICE = priced(
    Sheet(
        price=Rates(input=Decimal(3), cache_write_1h=Decimal(6), output=Decimal(15)),
        long=(LongRates(above=200_000, input=Decimal(6), cache_write_1h=Decimal(12), output=Decimal("22.5")),),
        tiers={"priority": TierPrices(factor=Decimal(2)), "batch": TierPrices(factor=Decimal("0.5"))},
        tools={"web_search": Decimal(10)},
    )
)
MODEL = Known(WINDOW, LIMIT, dearest(PRICE))
IN, OUT = 24, 45
"""Micro-dollars a token: the priority tier's, of a long request, for what is kept an hour."""

HELLO = [{"role": "user", "content": "hello"}]
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


def most(dialect: str, operation: str, body: Mapping[str, Any] | bytes, known: Known = MODEL, added: int = 0) -> Most:
    row = next(row for row in ROWS if (row.dialect, row.operation) == (dialect, operation))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    demands = DEMANDING[dialect](Match(row, (), "/", ""), raw)
    return worst(demands, [known] * len(demands), added)


def claude(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "max_tokens": 100, "messages": HELLO, **fields}


def size(body: Mapping[str, Any]) -> int:
    return len(json.dumps(body)) + FRAMING


def chat(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "messages": HELLO, **fields}


def asked(**fields: Any) -> dict[str, Any]:
    return {"model": "m", "input": "hello", **fields}


def gemini(**fields: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": "hello"}]}], **fields}


TOOLS = [{"name": "f", "input_schema": {}}, {"type": "bash_20250124", "name": "bash"}]
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "done"}]}
TEXT_FILE = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"}}
HELD = {"type": "content", "content": [IMAGE]}
PICTURE = {"type": "input_image", "image_url": "u"}
SHELL = {"type": "local_shell"}
CALLED = [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]
GIVEN = {"type": "function_call_output", "call_id": "c", "output": "done"}

BY_BYTES: list[tuple[str, str, dict[str, Any], int, int]] = [
    # What went in is bounded by the body, plus so many tools; what comes out by the cap.
    ("anthropic", "messages.create", claude(), 0, 100),
    ("anthropic", "messages.create", claude(system=[{"type": "text", "text": "be brief"}]), 0, 100),
    ("anthropic", "messages.create", claude(tools=TOOLS), 2, 100),
    ("anthropic", "messages.create", claude(messages=[{"role": "user", "content": [RESULT, TEXT_FILE]}]), 0, 100),
    ("anthropic", "messages.create", {"model": "m", "messages": HELLO}, 0, LIMIT),
    ("anthropic", "messages.create", claude(max_tokens=0), 0, 0),
    ("openai", "chat.completions.create", chat(max_tokens=50), 0, 50),
    ("openai", "chat.completions.create", chat(max_tokens=50, max_completion_tokens=70), 0, 70),
    ("openai", "chat.completions.create", chat(max_completion_tokens=70, n=3), 0, 210),
    ("openai", "chat.completions.create", chat(n=2), 0, 2 * LIMIT),
    ("openai", "completions.create", {"model": "m", "prompt": "a"}, 0, 16),
    (
        "openai",
        "completions.create",
        {"prompt": ["a", "b"], "n": 2, "best_of": 5, "max_tokens": 7},
        0,
        70,
    ),
    ("openai", "completions.create", {"prompt": "a", "n": 5, "best_of": 2, "max_tokens": 7}, 0, 35),
    (
        "openai",
        "chat.completions.create",
        chat(max_tokens=5, functions=[{"name": "f"}], tools=[{"type": "function"}]),
        2,
        5,
    ),
    (
        "openai",
        "chat.completions.create",
        chat(max_tokens=5, messages=[{"content": [{"type": "text", "text": "a"}]}]),
        0,
        5,
    ),
    ("openai", "responses.create", asked(max_output_tokens=90), 0, 90),
    (
        "openai",
        "responses.create",
        asked(input=[{"role": "user", "content": [{"type": "input_text", "text": "a"}]}]),
        0,
        LIMIT,
    ),
    ("openai", "responses.create", asked(input=[*CALLED, GIVEN], tools=[SHELL]), 1, LIMIT),
    ("openai", "embeddings.create", {"model": "m", "input": ["a", "b"]}, 0, 0),
    ("openai", "embeddings.create", {"model": "m", "input": [[1, 2], [3]]}, 0, 0),
    ("gemini", "models.generateContent", gemini(generationConfig={"maxOutputTokens": 40, "candidateCount": 2}), 0, 80),
    ("gemini", "models.generateContent", gemini(generation_config={"max_output_tokens": 40}), 0, 40),
    ("gemini", "models.streamGenerateContent", gemini(), 0, LIMIT),
    ("gemini", "models.embedContent", {"content": {"parts": [{"text": "hello"}]}}, 0, 0),
]


@pytest.mark.parametrize(("dialect", "operation", "body", "tools", "output"), BY_BYTES)
def test_words_are_bounded_by_the_body(
    dialect: str, operation: str, body: dict[str, Any], tools: int, output: int
) -> None:
    """A byte a token, the provider's own framing, and the cap of the request or else the model's."""
    found = most(dialect, operation, body)
    taken = size(body) + tools * PER_TOOL
    assert (found.input, found.output) == (taken, output)
    assert found.cost is not None
    assert 0 < found.cost - (taken * IN + output * OUT) <= 2


ELSEWHERE: list[tuple[str, str, dict[str, Any]]] = [
    ("anthropic", "messages.create", claude(messages=[{"role": "user", "content": [IMAGE]}])),
    ("anthropic", "messages.create", claude(messages=[{"role": "user", "content": [{**RESULT, "content": [IMAGE]}]}])),
    ("anthropic", "messages.create", claude(messages=[{"role": "user", "content": [{**TEXT_FILE, "source": HELD}]}])),
    ("anthropic", "messages.create", claude(container="c")),
    ("anthropic", "messages.create", claude(a_field_of_tomorrow=1)),
    ("openai", "chat.completions.create",
     chat(max_tokens=100, messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}])),
    ("openai", "chat.completions.create", chat(max_tokens=100, messages=[{"role": "assistant", "audio": {"id": "a"}}])),
    ("openai", "responses.create", asked(max_output_tokens=100, input=[{"role": "user", "content": [PICTURE]}])),
    ("openai", "responses.create", asked(max_output_tokens=100, input=[{**GIVEN, "output": [PICTURE]}])),
    ("openai", "responses.create", asked(max_output_tokens=100, previous_response_id="r")),
    ("openai", "responses.create", asked(max_output_tokens=100, input=[{"type": "item_reference", "id": "i"}])),
    ("openai", "responses.create", asked(max_output_tokens=100, input=[{"type": "reasoning", "id": "i"}])),
    ("openai", "responses.create", asked(max_output_tokens=100, prompt={"id": "p"})),
    ("gemini", "models.generateContent",
     gemini(cachedContent="c", generationConfig={"maxOutputTokens": 100})),
    ("gemini", "models.generateContent",
     {"contents": [{"parts": [{"file_data": {"file_uri": "f"}}]}], "generationConfig": {"maxOutputTokens": 100}}),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "operation", "body"), ELSEWHERE)
def test_what_stands_elsewhere_is_bounded_by_the_window(dialect: str, operation: str, body: dict[str, Any]) -> None:
    """And where nobody knows the window there is no bound."""
    found = most(dialect, operation, body)
    assert (found.input, found.output) == (WINDOW, 100)
    with pytest.raises(UnboundedError, match="window is not known"):
        most(dialect, operation, body, Known(None, LIMIT, MODEL.rates))


UNBOUNDED: list[tuple[str, str, dict[str, Any] | bytes, str]] = [
    ("anthropic", "messages.create", claude(tools=[SEARCH]), "max_uses"),
    ("anthropic", "messages.create", claude(fallbacks=[{"model": "other"}]), "fallbacks"),
    ("anthropic", "messages.create", b"[]", "can't be read"),
    ("anthropic", "batches.create", {"requests": ["?"]}, "can't be read"),
    ("openai", "responses.create", asked(tools=[{"type": "web_search"}]), "max_tool_calls"),
    (
        "anthropic",
        "batches.create",
        {"requests": [{"custom_id": "1", "params": claude()}]},
        "when its results are read",
    ),
    ("openai", "batches.create", {"input_file_id": "f"}, "when its results are read"),
    ("openai", "images.generate", {"prompt": "a cat"}, "nothing in a request"),
    ("openai", "threads.runs.create", {"assistant_id": "a"}, "nothing in a request"),
    ("gemini", "models.generateContent", gemini(tools=[{"googleSearch": {}}]), "googleSearch"),
    ("openai", "responses.create", asked(tools=[{"type": "mcp"}], max_tool_calls=1), "calls of mcp have no price"),
]


@pytest.mark.parametrize(("dialect", "operation", "body", "why"), UNBOUNDED)
def test_what_has_no_bound_says_why(dialect: str, operation: str, body: dict[str, Any] | bytes, why: str) -> None:
    """In words that tell a caller what to change."""
    with pytest.raises(UnboundedError, match=why):
        most(dialect, operation, body)


def test_a_model_without_a_known_cap_needs_one_in_the_request() -> None:
    """The words name what is missing."""
    with pytest.raises(UnboundedError, match="no most output tokens"):
        most("openai", "chat.completions.create", chat(), Known(WINDOW, None, MODEL.rates))
    assert most("openai", "chat.completions.create", chat(max_tokens=5), Known(WINDOW, None, None)).cost is None


def test_a_tool_of_the_providers_runs_the_model_once_more_for_each_use() -> None:
    """Each time it may read all of the window; its calls are paid for too."""
    found = most("anthropic", "messages.create", claude(tools=[{**SEARCH, "max_uses": 3}]))
    assert (found.input, found.output) == (4 * WINDOW, 400)
    assert found.cost == 4 * WINDOW * IN + 400 * OUT + 3 * 10_000 + 2
    searching = most("openai", "chat.completions.create", chat(max_tokens=100, web_search_options={}))
    assert (searching.input, searching.output) == (2 * WINDOW, 200)
    assert searching.cost == 2 * WINDOW * IN + 200 * OUT + 10_000 + 2


@pytest.mark.parametrize(
    ("dialect", "operation", "body"),
    [
        ("anthropic", "messages.create", claude(context_management={"edits": [{"type": "compact_20260112"}]})),
        ("openai", "responses.create", asked(max_output_tokens=100, context_management=[{"type": "compaction"}])),
    ],
)
def test_where_it_may_be_compacted_the_model_runs_once_more(dialect: str, operation: str, body: dict[str, Any]) -> None:
    """Nothing else of managing a context does that."""
    found = most(dialect, operation, body)
    assert (found.input, found.output) == (2 * size(body), 200)
    cleared = claude(context_management={"edits": [{"type": "clear_tool_uses_20250919"}]})
    assert most("anthropic", "messages.create", cleared).output == 100
