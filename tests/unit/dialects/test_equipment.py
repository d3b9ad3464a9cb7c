"""The tools and MCP servers that a request declares, in each dialect's own forms; what can't be read says so."""

import json
from typing import Any

import msgspec
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
    ("anthropic", "batches.create", {"requests": []}, Equipment()),
    ("anthropic", "batches.create", {}, Equipment()),
    ("anthropic", "batches.create", {"requests": [{}]}, Equipment()),
    ("anthropic", "batches.create", {"requests": {"a": 1}}, None),
    ("anthropic", "batches.create", {"requests": [
        {"params": {"tools": [{"name": "a"}], "mcp_servers": [{"url": "https://a.x.org"}], "messages": [1, 2]}},
        {"params": {"tools": [{"type": "b"}], "mcp_servers": [{"url": "https://b.x.org"}], "messages": [1]}}]},
     Equipment(("a", "b"), ("a.x.org", "b.x.org"), 2)),
    ("anthropic", "messages.create", {"messages": None, "mcp_servers": [{"url": "https://a b"}, {"url": "x\\y"}]},
     Equipment((), ("", ""))),
    ("openai", "responses.create", {"session": {"tools": [{"type": "function", "name": "f"}]}},
     Equipment(("f",))),
    ("openai", "responses.create", {"session": "s", "input": [1, 2, 3], "messages": [1]}, Equipment(turns=3)),
    ("openai", "responses.create", {"functions": [{}], "tools": [{"type": "custom", "custom": {"name": "c"}},
                                                                 {"type": "mcp", "server_label": "l"}]},
     Equipment(("c", "function"), ("l",))),
    ("openai", "responses.create", {"web_search_options": None, "tools": [{"type": "namespace", "name": "n"}]},
     Equipment(("n",))),
    ("openai", "responses.create", {"tools": [{"type": "function", "name": 1}]}, None),
    ("openai", "responses.create", {"functions": "all"}, None),
    ("gemini", "models.generateContent",
     {"tools": [{"mcpServers": [{"name": "n", "streamableHttpTransport": {"url": "https://A.x.org/mcp"}}]},
                {"mcp_servers": {"streamable_http_transport": {"url": "https://b.x.org"}}},
                {"mcpServers": [{"name": "bare"}, {"name": "odd", "streamableHttpTransport": "https://c.x.org"}, {}]},
                {"codeExecution": {}, "url_context": None}]},
     Equipment(("codeExecution",), ("a.x.org", "b.x.org", "bare", "odd", ""))),
    ("gemini", "models.countTokens", {"generate_content_request": {"contents": [1, 2]}, "contents": [1]},
     Equipment(turns=2)),
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
    for dialect, operation in (("anthropic", "messages.create"), ("openai", "responses.create")):
        match = match_of(dialect, operation)
        told = DIALECTS[dialect].equipping.renamed(match, body, "new")
        assert told == (match, body.replace(b' : "old"', b' : "new"'))
        twice = b'{"model":"a","model":["b"],"model":"c"}'
        assert DIALECTS[dialect].equipping.renamed(match, twice, 'n"') == (
            match, b'{"model":"n\\"","model":["b"],"model":"n\\""}'
        )  # fmt: skip
        assert DIALECTS[dialect].equipping.renamed(match, b"{broken", "new") == (match, b"{broken")
    asked = match_of("gemini", "models.generateContent")
    moved, same = DIALECTS["gemini"].equipping.renamed(asked, b"{}", "a/b")
    assert (moved.path, same) == ("/v1beta/models/a/b:generateContent", b"{}")
    assert moved == msgspec.structs.replace(asked, path=moved.path)
    nameless = Match(asked.route, (), "/v1beta/batches", "")
    assert DIALECTS["gemini"].equipping.renamed(nameless, b"{}", "new") == (nameless, b"{}")
    assert DIALECTS["gemini"].equipping.renamed(asked, b"{}", "models/a?b")[0].path.endswith("/a%3Fb:generateContent")
    for name in ("new", "models/new"):
        _, told = DIALECTS["gemini"].equipping.renamed(asked, b'{"model": "models/old"}', name)
        assert told == b'{"model": "models/new"}'
