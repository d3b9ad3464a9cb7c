"""The tools and MCP servers that a request declares, in each dialect's own forms; what can't be read says so."""

import json
from typing import Any

import pytest

from penstock.assembly.composing import DIALECTS
from penstock.core.equipment import Equipment
from penstock.core.route import Match
from penstock.route_rows import ROWS

TABLE: list[tuple[str, str, dict[str, Any], Equipment | None]] = [
    ("anthropic", "messages.create", {"messages": [1, 2]}, Equipment(turns=2)),
    (
        "anthropic",
        "messages.create",
        {"tools": [{"name": "get"}, {"type": "web_search_20250305", "name": "web_search"}, {"type": "mcp_toolset"}],
         "mcp_servers": [{"type": "url", "url": "https://A.example.com:8443/sse"}]},
        Equipment(("get", "web_search", "mcp_toolset"), ("a.example.com",)),
    ),
    (
        "anthropic",
        "batches.create",
        {"requests": [{"params": {"tools": [{"name": "a"}], "messages": [1]}}, {"params": {"messages": [1, 2, 3]}}]},
        Equipment(("a",), (), 3),
    ),
    (
        "openai",
        "chat.completions.create",
        {"tools": [{"type": "function", "function": {"name": "f"}}, {"type": "custom", "custom": {"name": "c"}}],
         "functions": [{"name": "old"}], "web_search_options": {}, "messages": [1]},
        Equipment(("f", "c", "old", "web_search"), (), 1),
    ),
    (
        "openai",
        "responses.create",
        {"tools": [{"type": "function", "name": "f"}, {"type": "web_search"},
                   {"type": "mcp", "server_label": "l", "server_url": "https://m.example.com/"},
                   {"type": "mcp", "server_label": "l", "connector_id": "connector_gmail"},
                   {"type": "namespace", "name": "n", "tools": [{"type": "function", "name": "in"}]}], "input": "hi"},
        Equipment(("f", "web_search", "n", "in"), ("m.example.com", "connector_gmail"), 1),
    ),
    (
        "gemini",
        "models.generateContent",
        {"tools": {"function_declarations": {"name": "f"}, "googleSearch": {}}, "contents": [1, 2]},
        Equipment(("f", "googleSearch"), (), 2),
    ),
    (
        "gemini",
        "models.countTokens",
        {"generateContentRequest": {"tools": [{"functionDeclarations": [{"name": "f"}]}], "contents": [1]}},
        Equipment(("f",), (), 1),
    ),
    ("anthropic", "messages.create", {"tools": "all"}, None),
    ("openai", "responses.create", {"tools": [{"type": 1}]}, None),
    ("gemini", "models.generateContent", {"tools": [1]}, None),
]  # fmt: skip


def match_of(dialect: str, operation: str) -> Match:
    row = next(row for row in ROWS if (row.dialect, row.operation) == (dialect, operation))
    return Match(row, (("model", "models/old"),), "/v1beta/models/old:generateContent", "")


@pytest.mark.parametrize(("dialect", "operation", "body", "expected"), TABLE)
def test_what_is_declared(dialect: str, operation: str, body: dict[str, Any], expected: Equipment | None) -> None:
    """Names of functions, types of what the provider runs itself, hosts of servers, and how many turns there are."""
    assert DIALECTS[dialect].equipping.equipment(match_of(dialect, operation), json.dumps(body).encode()) == expected


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"tools":' + b"[" * 5000])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_no_request_says_so(dialect: str, body: bytes) -> None:
    """And never raises."""
    operation = {"anthropic": "messages.create", "openai": "responses.create", "gemini": "models.generateContent"}
    assert DIALECTS[dialect].equipping.equipment(match_of(dialect, operation[dialect]), body) is None


def test_another_model_changes_nothing_else() -> None:
    """In the body of Anthropic and OpenAI, wherever the name stands besides; in Gemini's path."""
    body = b'{"x": {"model": "old"},  "model" : "old", "system": "old", "messages": ["model"]}'
    match = match_of("anthropic", "messages.create")
    assert DIALECTS["anthropic"].equipping.renamed(match, body, "new")[1] == body.replace(b' : "old"', b' : "new"')
    asked = match_of("gemini", "models.generateContent")
    moved, same = DIALECTS["gemini"].equipping.renamed(asked, b"{}", "a/b")
    assert (moved.path, same) == ("/v1beta/models/a/b:generateContent", b"{}")
    for name in ("new", "models/new"):
        _, told = DIALECTS["gemini"].equipping.renamed(asked, b'{"model": "models/old"}', name)
        assert told == b'{"model": "models/new"}'
