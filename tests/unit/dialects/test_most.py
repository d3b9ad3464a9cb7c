"""What a request says of the most that it can use, body by body."""

import json
from typing import Any

import pytest

from penstock.assembly.limiting import DEMANDING
from penstock.core.demand import Demand
from penstock.core.route import Match
from penstock.dialects.bounding import LATER, UNREADABLE, called, count, first, rows, words_only
from penstock.route_rows import ROWS

TEXT, PICTURE = {"type": "text", "text": "a"}, {"type": "image", "source": {}}
WEB, BASH = {"type": "web_search_20250305"}, {"type": "bash_20250124"}
ANY = "the provider's tool {} may be called any number of times{}"
USES, CALLS = ": give it max_uses", ": give max_tool_calls"
NOTHING = "nothing in a request for {} says how much it may use"


def turns(*content: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(content)}]


# A request, and what differs from a demand of the body's size, one answer and one round.
MESSAGE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"model": "m", "max_tokens": 7}, {"model": "m", "output": 7}),
    ({"model": ["m"], "max_tokens": 7.0}, {}),
    ({"max_tokens": -1}, {}),
    ({"system": "a", "messages": turns(TEXT, "b")}, {}),
    ({"system": [TEXT, PICTURE]}, {"elsewhere": True}),
    ({"messages": turns(PICTURE)}, {"elsewhere": True}),
    ({"messages": "a"}, {}),
    ({"messages": 7}, {"elsewhere": True}),
    *(({"messages": turns({"type": kind})}, {})
      for kind in ("thinking", "redacted_thinking", "tool_use", "server_tool_use", "mcp_tool_use")),
    *(({"messages": turns({"type": kind, "content": [TEXT]})}, {}) for kind in ("tool_result", "search_result")),
    *(({"messages": turns({"type": kind, "content": [PICTURE]})}, {"elsewhere": True})
      for kind in ("tool_result", "search_result", "mcp_tool_result")),
    ({"messages": turns({"type": "document", "source": {"type": "text", "data": "a"}})}, {}),
    ({"messages": turns({"type": "document", "source": {"type": "content", "content": [TEXT]}})}, {}),
    ({"messages": turns({"type": "document", "source": {"type": "content", "content": [PICTURE]}})},
     {"elsewhere": True}),
    ({"messages": turns({"type": "document", "source": {"type": "base64"}})}, {"elsewhere": True}),
    ({"messages": turns({"type": "document", "source": "a"})}, {"elsewhere": True}),
    ({"messages": turns({"type": "document"})}, {"elsewhere": True}),
    ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, {"rounds": 2}),
    ({"context_management": {"edits": []}}, {}),
    ({"fallbacks": [{"model": "o"}]}, {"elsewhere": True, "unbounded": "its fallbacks may each be charged for"}),
    ({"tools": [{"name": "f"}, BASH]}, {"tools": 2}),
    ({"tools": [{**WEB, "max_uses": 2}, BASH]},
     {"tools": 2, "elsewhere": True, "rounds": 3, "calls": ("web_search",) * 2}),
    ({"tools": [{**WEB, "max_uses": 1}, {"type": "web_fetch_20250910", "max_uses": 1}]},
     {"tools": 2, "elsewhere": True, "rounds": 3, "calls": ("web_search", "web_fetch")}),
    ({"tools": [{**WEB, "max_uses": 0}]}, {"tools": 1, "elsewhere": True}),
    ({"tools": [{**WEB, "max_uses": 1001}]}, {"tools": 1, "unbounded": ANY.format("web_search", USES)}),
    ({"tools": [{**WEB, "max_uses": 1000}]},
     {"tools": 1, "elsewhere": True, "rounds": 1001, "calls": ("web_search",) * 1000}),
    *(({"tools": [{"type": f"{kind}_20260101"}]}, {"tools": 1, "unbounded": ANY.format(kind, USES)})
      for kind in ("code_execution", "tool_search", "advisor", "mcp")),
]  # fmt: skip

CHAT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"model": "m", "max_tokens": 7, "n": 2}, {"output": 7, "answers": 2}),
    ({"max_completion_tokens": 8, "max_tokens": 7}, {"output": 8}),
    ({"max_completion_tokens": None, "max_tokens": 7, "n": 0}, {"output": 7}),
    ({"max_tokens": True}, {}),
    ({"messages": turns(TEXT, {"type": "refusal"})}, {}),
    ({"messages": turns({"type": "image_url"})}, {"elsewhere": True}),
    ({"messages": [{"role": "assistant", "audio": {"id": "a"}}]}, {"elsewhere": True}),
    ({"messages": [{"role": "assistant", "audio": None}]}, {}),
    ({"scent": 1}, {"elsewhere": True}),
    ({"functions": [{"name": "f"}], "tools": [{"type": "function"}, {"type": "custom"}, {}]}, {"tools": 4}),
    ({"tools": [{"type": "web_search_preview"}]},
     {"tools": 1, "unbounded": ANY.format("web_search", CALLS)}),
    ({"web_search_options": {}}, {"elsewhere": True, "rounds": 2, "calls": ("web_search",)}),
    ({"web_search_options": None}, {}),
]  # fmt: skip

RESPONSE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"input": "a", "max_output_tokens": 7}, {"output": 7}),
    ({"context_management": [{"type": "compaction"}]}, {"rounds": 2}),
    ({"context_management": []}, {}),
    ({"previous_response_id": "r"}, {"elsewhere": True}),
    ({"input": turns({"type": "input_text"}, {"type": "output_text"})}, {}),
    ({"input": turns({"type": "input_image"})}, {"elsewhere": True}),
    *(({"input": [{"type": kind}]}, {})
      for kind in ("function_call", "custom_tool_call", "local_shell_call", "local_shell_call_output")),
    *(({"input": [{"type": kind, "output": "a"}]}, {}) for kind in ("function_call_output", "custom_tool_call_output")),
    ({"input": [{"type": "function_call_output", "output": [{"type": "input_image"}]}]}, {"elsewhere": True}),
    ({"input": [{"type": "reasoning", "encrypted_content": "e"}]}, {}),
    ({"input": [{"type": "reasoning", "encrypted_content": None}]}, {"elsewhere": True}),
    ({"input": [{"type": "item_reference"}]}, {"elsewhere": True}),
    ({"tools": [{"type": "function"}, {"type": "apply_patch"}, {"type": "local_shell"}]}, {"tools": 3}),
    ({"tools": [{"type": "web_search"}, {"type": "mcp"}, {"type": "mcp"}], "max_tool_calls": 1},
     {"tools": 3, "elsewhere": True, "rounds": 3, "calls": ("mcp", "web_search")}),
    ({"tools": [{"type": "web_search"}]}, {"tools": 1, "unbounded": ANY.format("web_search", CALLS)}),
]  # fmt: skip

LEGACY: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"prompt": "a"}, {"output": 16}),
    ({"prompt": "a", "max_tokens": 0}, {"output": 0}),
    ({"prompt": ["a", "b", "c"], "n": 2, "best_of": 3, "max_tokens": 7}, {"output": 7, "answers": 9}),
    ({"prompt": ["a", 1], "n": 3, "best_of": 2}, {"output": 16, "answers": 6}),
    ({"prompt": [1, 2, 3]}, {"output": 16}),
    ({"prompt": [[1], [2]]}, {"output": 16, "answers": 2}),
    ({"prompt": []}, {"output": 16}),
    ({"prompt": "a", "scent": 1}, {"output": 16, "elsewhere": True}),
]

GEMINI: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"contents": [{"parts": [{"text": "a"}, {"thought": True, "thought_signature": "s"}]}]}, {}),
    ({"contents": [{"parts": [{"inlineData": {}}]}]}, {"elsewhere": True}),
    ({"system_instruction": {"parts": [{"inline_data": {}}]}}, {"elsewhere": True}),
    ({"contents": [{"parts": [{"functionResponse": {"response": {}}}]}]}, {}),
    ({"contents": [{"parts": [{"function_response": {"parts": [{}]}}]}]}, {"elsewhere": True}),
    ({"cached_content": "c"}, {"elsewhere": True}),
    ({"generationConfig": {"maxOutputTokens": 7, "candidateCount": 2}}, {"output": 7, "answers": 2}),
    ({"generation_config": {"max_output_tokens": 7, "candidate_count": 0}}, {"output": 7}),
    ({"generationConfig": [1]}, {}),
    ({"tools": [{"functionDeclarations": []}, {"function_declarations": []}]}, {"tools": 2}),
    ({"tools": [{"url_context": {}, "googleSearch": {}}]},
     {"tools": 2, "unbounded": "Google's tool googleSearch may be used any number of times"}),
]  # fmt: skip

EMBEDDED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"input": ["a", "b"]}, {}), ({"input": [1, 2]}, {}), ({"input": [[1], [2]]}, {}),
    ({"input": [True]}, {"elsewhere": True}),
    ({"input": [1, "a", PICTURE]}, {"elsewhere": True}), ({"input": "a", "dimensions": 1}, {}), ({"input": [TEXT]}, {}),
    ({"input": "a", "scent": 1}, {"elsewhere": True}), ({"input": [1], "scent": 1}, {"elsewhere": True}),
]  # fmt: skip

EMBEDDING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"content": {"parts": [{"text": "a"}]}, "task_type": "t"}, {}),
    ({"content": {"parts": [{"file_data": {}}]}}, {"elsewhere": True}), ({"scent": 1}, {"elsewhere": True}),
]  # fmt: skip

TABLES: list[tuple[str, str, list[tuple[dict[str, Any], dict[str, Any]]], dict[str, Any]]] = [
    ("anthropic", "messages.create", MESSAGE, {}),
    ("openai", "chat.completions.create", CHAT, {}),
    ("openai", "responses.create", RESPONSE, {}),
    ("openai", "responses.compact", RESPONSE[:2], {}),
    ("openai", "completions.create", LEGACY, {}),
    ("gemini", "models.generateContent", GEMINI, {}),
    ("gemini", "models.streamGenerateContent", GEMINI[:2], {}),
    ("openai", "embeddings.create", EMBEDDED, {"answers": 0}),
    ("openai", "moderations.create", EMBEDDED[:2], {"answers": 0}),
    ("gemini", "models.embedContent", EMBEDDING, {"answers": 0}),
]


def most(dialect: str, operation: str, body: bytes) -> tuple[Demand, ...]:
    row = next(row for row in ROWS if (row.dialect, row.operation) == (dialect, operation))
    return DEMANDING[dialect](Match(row, (), "/", ""), body)


@pytest.mark.parametrize(
    ("dialect", "operation", "body", "expected"),
    [(dialect, name, body, expected | usual) for dialect, name, rows, usual in TABLES for body, expected in rows],
)
def test_what_a_request_may_use(dialect: str, operation: str, body: dict[str, Any], expected: dict[str, Any]) -> None:
    """All that is said of it, in each operation's own fields."""
    raw = json.dumps(body).encode()
    assert most(dialect, operation, raw) == (Demand(size=len(raw), **expected),)


def test_requests_in_a_batch() -> None:
    """Each by itself, written out as it would be alone; of Anthropic's nobody knows when they are read."""
    params = {"model": "m", "max_tokens": 7, "messages": []}
    size = len(json.dumps(params, separators=(",", ":")))
    body = json.dumps({"requests": [{"params": params}, {"params": 7}, {}]}).encode()
    assert most("anthropic", "batches.create", body) == (
        Demand(model="m", size=size, output=7, unbounded=LATER), UNREADABLE[0], UNREADABLE[0],
    )  # fmt: skip
    for odd in (b'{"requests":{}}', b'{"requests":[7]}', b"{}", b"[]", b"{", b"\xff"):
        assert most("anthropic", "batches.create", odd) == UNREADABLE
    assert most("openai", "batches.create", b"{}") == (Demand(unbounded=LATER),)
    body = json.dumps({"requests": [{"content": {"parts": []}}, 7, {"task_type": "t", "scent": 1}]}).encode()
    assert most("gemini", "models.batchEmbedContents", body) == (
        Demand(size=len('{"content":{"parts":[]}}'), answers=0),
        Demand(size=len('{"taskType":"t","scent":1}'), elsewhere=True, answers=0),
    )


@pytest.mark.parametrize(("dialect", "operation"), [
    ("anthropic", "messages.count_tokens"), ("openai", "images.generate"), ("gemini", "models.countTokens"),
])  # fmt: skip
def test_operations_of_which_nothing_is_known(dialect: str, operation: str) -> None:
    """It says so by their names."""
    assert most(dialect, operation, b"{}") == (Demand(unbounded=NOTHING.format(operation)),)
    assert most(dialect, operation, b"7") == UNREADABLE


def test_counts_and_rows() -> None:
    """Whole numbers from 0 on; the objects of a list."""
    assert [count(one) for one in (0, 7, -1, 7.0, True, "7", None)] == [0, 7, None, None, None, None, None]
    assert first({"a": None, "b": 0, "c": 1}, "x", "a", "b", "c") == 0
    assert (first({}, "a"), first({"a": 1})) == (None, None)
    assert rows([{"a": 1}, 2, {}]) == [{"a": 1}, {}]
    assert not rows({"a": 1})
    plain: list[Any] = [None, "a", {"x": 1}, [{"x": 1}, "a"], []]
    assert [words_only(one, lambda row: "x" in row) for one in plain] == [True] * 5
    assert [words_only(one, lambda row: "x" in row) for one in ({}, 7, [7], [{}], [{"x": 1}, {}])] == [False] * 5
    assert called("t", None, "") == Demand(unbounded=ANY.format("t", ""))
