"""Where words stand in Messages requests, form by form."""

import json
from typing import Any

import pytest

from penstock.core.legible import NotReadableError
from tests.support.walked import WALKING, route, told

CREATE = "/v1/messages"


def user(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": list(blocks)}]}


def result(kind: str, content: Any) -> dict[str, Any]:
    return assistant({"type": kind, "tool_use_id": "srvtoolu_1", "content": content})


PDF = {"type": "base64", "media_type": "application/pdf", "data": "UERG"}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}

CASES: dict[str, tuple[Any, list[str]]] = {
    "strings": (
        {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}], "system": "be kind"},
        ["head system: be kind", "turns user: hi"],
    ),
    "lists": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]},
                {"role": "system", "content": "stay"},
                {"role": "assistant", "content": [{"type": "text", "text": "b"}]},
            ],
            "system": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}],
        },
        ["head system: one", "head system: two", "turns user: a", "turns system: stay", "turns assistant: b"],
    ),
    "tools": (
        {
            "tools": [
                {
                    "name": "find",
                    "type": "custom",
                    "description": "Finds people.",
                    "input_schema": {
                        "type": "object",
                        "description": "who",
                        "properties": {"mail": {"type": ["string"], "enum": ["a@x.org"], "default": "b@x.org"}},
                        "required": ["mail"],
                        "$defs": {"Person": {"title": "A person", "examples": [{"id": 123456}], "const": 7}},
                        "anyOf": [{"pattern": "^x$"}, True],
                    },
                    "input_examples": [{"mail": "c@x.org"}],
                },
                {"type": "web_search_20250305", "name": "web_search", "user_location": {"city": "Bern"},
                 "allowed_domains": ["x.org"], "blocked_domains": ["y.org"]},
            ],
            "messages": [],
        },
        [
            "tools tool-definition: Finds people.",
            "tools tool-definition: who",
            "tools name: mail",
            "tools tool-definition: a@x.org",
            "tools tool-definition: b@x.org",
            "tools name: mail",
            "tools name: Person",
            "tools tool-definition: A person",
            "tools name: id",
            "tools tool-definition (a number): 123456",
            "tools tool-definition: ^x$",
            "tools name: mail",
            "tools tool-definition: c@x.org",
            "tools identifier: Bern",
            "tools tool-definition: x.org",
            "tools tool-definition: y.org",
        ],
    ),
    "a call": (
        assistant({"type": "tool_use", "id": "toolu_1", "name": "pay", "input": {
            "to": "Ann", "list": ["x", 12345, 4111111111111111, 4111111111111111.0, -1234567, 1234567.5, 1.5e300, True,
             None], "deep": {"id": "i"}}}),
        [
            "turns name: to",
            "turns tool-input: Ann",
            "turns name: list",
            "turns tool-input: x",
            "turns tool-input (a number): 4111111111111111",
            "turns tool-input (a number): 4111111111111111.0",
            "turns name: deep",
            "turns name: id",
            "turns tool-input: i",
        ],
    ),
    "calls of others' tools": (
        assistant(
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "Ann"}},
            {"type": "mcp_tool_use", "id": "m", "name": "echo", "server_name": "e", "input": {"say": "Bob"}},
        ),
        ["turns name: query", "turns tool-input: Ann", "turns name: say", "turns tool-input: Bob"],
    ),
    "a result as a string": (
        user({"type": "tool_result", "tool_use_id": "toolu_1", "content": "done", "is_error": False}),
        ["turns tool-result: done"],
    ),
    "a result as a list": (
        user({"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "text", "text": "seen"}, IMAGE, {"type": "tool_reference", "tool_name": "WebSearch"},
            {"type": "search_result", "source": "https://x.org", "title": "T",
             "content": [{"type": "text", "text": "w"}], "citations": {"enabled": True}},
            {"type": "document", "source": PDF, "title": "Contract"},
        ]}),
        [
            "turns tool-result: seen",
            "turns document: https://x.org",
            "turns document: T",
            "turns document: w",
            "turns document: Contract",
            '<image "iVBO">',
            '<pdf "UERG">',
        ],
    ),
    "documents": (
        user(
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "words"},
             "context": "c", "citations": {"enabled": True}},
            {"type": "document", "source": {"type": "content", "content": "string"}},
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "listed"}, IMAGE]}},
            {"type": "document", "source": {"type": "url", "url": "https://x.org/a.pdf"}},
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "container_upload", "file_id": "file_2"},
            {"type": "document", "source": {"type": "base64", "media_type": "text/csv", "data": "YQ=="}},
        ),
        [
            "turns document: words",
            "turns document: c",
            "turns document: string",
            "turns document: listed",
            '<image "iVBO">',
            "<elsewhere>",
            "<elsewhere>",
            "<elsewhere>",
            '<file "YQ==">',
        ],
    ),
    "signed thinking": (
        assistant({"type": "thinking", "thinking": "hm", "signature": "c2ln"}, {"type": "text", "text": "so"}),
        ["turns assistant: so", "turns sealed"],
    ),
    "thinking that nobody signed": (
        assistant({"type": "thinking", "thinking": "hm", "signature": ""}),
        ["turns assistant: hm"],
    ),
    "redacted thinking": (assistant({"type": "redacted_thinking", "data": "abc"}), ["turns sealed"]),
    "a compaction": (
        assistant({"type": "compaction", "content": "so far", "signature": "c2ln", "encrypted_content": "e"}),
        ["turns assistant: so far", "turns sealed"],
    ),
    "a compaction that is sealed and not signed": (
        assistant({"type": "compaction", "content": "so far", "encrypted_content": "e"}),
        ["turns assistant: so far", "turns sealed"],
    ),
    "a compaction that nobody signed": (
        assistant({"type": "compaction", "content": "so far"}),
        ["turns assistant: so far"],
    ),
    "citations": (
        assistant({"type": "text", "text": "t", "citations": [{"type": "char_location", "cited_text": "quoted",
            "document_title": "D", "document_index": 0, "start_char_index": 1234567, "end_char_index": 9}]}),
        ["turns assistant: t", "turns document: quoted", "turns document: D"],
    ),
    "found on the web": (
        result("web_search_tool_result", [
            {"type": "web_search_result", "title": "T", "url": "https://x.org", "encrypted_content": "e",
             "page_age": "1 d"}
        ]),
        ["turns tool-result: T", "turns tool-result: https://x.org"],
    ),
    "a page": (
        result("web_fetch_tool_result", {"type": "web_fetch_result", "url": "https://x.org", "retrieved_at": "2026",
            "content": {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "p"}}}),
        ["turns tool-result: https://x.org", "turns document: p"],
    ),
    "code that ran": (
        result("bash_code_execution_tool_result", {"type": "bash_code_execution_result", "stdout": "out",
            "stderr": "err", "return_code": 0,
            "content": [{"type": "bash_code_execution_output", "file_id": "file_1"}]}),
        ["turns tool-result: out", "turns tool-result: err"],
    ),
    "a file that was shown": (
        result("text_editor_code_execution_tool_result", {"type": "text_editor_code_execution_view_result",
            "content": "shown", "file_type": "text"}),
        ["turns tool-result: shown"],
    ),
    "an MCP result": (
        result("mcp_tool_result", [{"type": "text", "text": "echo"}]),
        ["turns tool-result: echo"],
    ),
    "apart": (
        {
            "metadata": {"user_id": '{"device_id":"d"}'},
            "stop_sequences": ["STOP", "Ann"],
            "mcp_servers": [{"type": "url", "url": "https://m.org", "name": "m", "authorization_token": "tok"}],
            "output_config": {"effort": "high", "format": {"type": "json_schema", "schema": {"title": "S"}}},
            "context_management": {"edits": [{"type": "compact_20260112", "instructions": "keep names"}]},
            "thread": {"type": "continue", "previous_message_id": "msg_1"},
            "messages": [{"role": "user", "content": "x"}],
        },
        [
            "turns user: x",
            'apart identifier: {"device_id":"d"}',
            "apart other: STOP",
            "apart other: Ann",
            "apart credential: https://m.org",
            "apart credential: tok",
            "apart tool-definition: S",
            "apart system: keep names",
            "<state>",
        ],
    ),
    "tools as a server lists them": (
        assistant({"type": "mcp_tool_listing", "mcp_server_name": "s", "tools": [{"name": "n", "title": "t",
         "inputSchema": {
            "contentSchema": {"title": "a"}}, "outputSchema": {"title": "b"}, "annotations": {"hint": "c"}}]}),
        ["turns tool-definition: t", "turns tool-definition: a", "turns tool-definition: b", "turns name: hint",
         "turns tool-definition: c"],
    ),
    "tools on the way": (
        {"messages": [{"role": "system", "content": [
            {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "n"}},
            {"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {
                "type": "mcp_toolset", "tools": [{"name": "n", "description": "d"}]}}},
            {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "n"}}]}]},
        ["turns tool-definition: d"],
    ),
    "a browser": (
        user({"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "browser_state", "tabs": [{"title": "Ann's"}], "state_changes": [{"url": "https://x.org"}]}]}),
        ["turns name: title", "turns tool-result: Ann's", "turns name: url", "turns tool-result: https://x.org"],
    ),
    "lines of a file, errors, an adviser": (
        {"messages": [
            *result("text_editor_code_execution_tool_result", {"type": "x_result", "lines": ["+a", "-b"]})["messages"],
            *result("tool_search_tool_result", {"type": "x_error", "error_code": "e",
             "error_message": "m"})["messages"],
            *result("advisor_tool_result", {"type": "advisor_result", "text": "t"})["messages"]]},
        ["turns tool-result: +a", "turns tool-result: -b", "turns tool-result: m", "turns tool-result: t"],
    ),
    "models that stand in, instructions, forms": (
        {"messages": [], "fallbacks": [{"model": "m", "output_config": {"format": {"schema": {"title": "a"}}}}],
         "compaction": {"type": "summarize", "instructions": "b"}, "output_format": {"schema": {"title": "c"}},
         "safeguards": [{"context": "d"}], "tags": ["e"]},
        ["apart tool-definition: a", "apart system: b", "apart tool-definition: c", "apart name: context",
         "apart other: d", "apart other: e"],
    ),
    "what nobody knows yet": (
        {
            "messages": [{"role": "user", "mood": "glad", "content": [
                {"type": "hologram", "id": "h", "rays": [{"of": "Ann"}, 1234567], "bytes": "QUJD" * 300}]}],
            "postcard": {"to": "Bob", "type": "plain"},
            "model": "m",
        },
        [
            "turns name: mood",
            "turns other: glad",
            "turns name: rays",
            "turns name: of",
            "turns other: Ann",
            "turns other (a number): 1234567",
            "turns name: bytes",
            f'<unknown "{"QUJD" * 300}">',
            "apart name: postcard",
            "apart name: to",
            "apart other: Bob",
        ],
    ),
    "bytes that are none": (
        user({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ["a"]}},
             {"type": "image", "source": {"type": "base64", "media_type": "image/png"}, "title": "t"},
             {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "b"}, "c"]},
              "context": "d"},
             {"type": "document", "source": {"type": "url", "url": "u"}}),
        ["turns name: data", "turns other: a", "turns document: t", "turns document: b", "turns document: c",
         "turns document: d", "<elsewhere>"],
    ),
    "summaries, signed and not": (
        assistant({"type": "compaction", "content": "a", "signature": "s", "tool_changes": [
                      {"type": "text", "text": "b"}]},
                  {"type": "compaction", "content": "c", "encrypted_content": ""},
                  {"type": "thinking", "thinking": "d", "signature": None},
                  {"type": "thinking", "thinking": "e", "signature": ["f"]}),
        ["turns assistant: a", "turns assistant: b", "turns assistant: c", "turns assistant: d", "turns assistant: e",
         "turns sealed"],
    ),
    "a form that is not the usual": (
        {"messages": [{"role": "user", "content": {"text": "x", "type": "text"}}, "loose",
                      {"role": "user", "content": 4111111111111111}], "system": {"be": "kind"}},
        ["head name: be", "head other: kind", "turns user: x", "turns user: loose",
         "turns user (a number): 4111111111111111"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_words_stand_where_the_table_says(case: str) -> None:
    """Each form yields its words, whose they are and what they are part of, and nothing of what is no words."""
    body, expected = CASES[case]
    lines = told("anthropic", CREATE, body)
    assert lines == expected
    assert told("anthropic", CREATE + "/count_tokens", body) == lines


def test_each_request_of_a_batch_is_a_conversation_of_its_own() -> None:
    """Lines do not run from one request of a batch into the next."""
    requests = [{"custom_id": f"c{n}", "params": {"system": f"s{n}", **user(f"u{n}")}} for n in range(3)]
    assert told("anthropic", "/v1/messages/batches", {"requests": requests}) == [
        "head system: s0",
        "turns user: u0",
        "1 head system: s1",
        "1 turns user: u1",
        "2 head system: s2",
        "2 turns user: u2",
    ]


def test_a_name_that_stands_twice_is_walked_twice() -> None:
    """Whichever of two members a provider reads, its words are known; of two types none is believed."""
    body = (
        b'{"system":"a","messages":[{"role":"user","content":"b","content":"c"}],"system":["d"],'
        b'"messages":[{"role":"user","content":[{"type":"image","type":"text","text":"e"}]}]}'
    )
    assert told("anthropic", CREATE, body) == [
        "head system: a",
        "head system: d",
        "turns user: b",
        "turns user: c",
        "turns name: text",
        "turns other: e",
    ]


def test_a_file_is_not_walked() -> None:
    """A form with a file holds words, and says that it can't be read."""
    where = route("anthropic", "/v1/files")
    assert WALKING["anthropic"].carries(where.route.operation)
    with pytest.raises(NotReadableError):
        WALKING["anthropic"].blocks(where, b"--x\r\n")


@pytest.mark.parametrize("body", [b"", b"[]", b'"x"', b'{"messages":[}', b'{"a":1', b"[" * 9000, b'{"a":' * 9000])
def test_what_is_no_json_object_is_not_walked(body: bytes) -> None:
    """It is told as such, whatever the bytes are."""
    with pytest.raises(NotReadableError):
        WALKING["anthropic"].blocks(route("anthropic", CREATE), body)


def test_a_body_may_be_written_in_any_way() -> None:
    """Spaces, escaped names and half characters change neither what is found nor where."""
    body = (
        b' \n{ "syst\\u0065m" : [ "a" , "b" ] ,\t"messages":[ {"role" :"user", "c\\u006fntent":"\\ud83d x"} ] , '
        b'"stop_sequences":[ ]} '
    )
    assert told("anthropic", CREATE, body) == ["head system: a", "head system: b", "turns user: \ufffd x"]
    assert told("anthropic", CREATE, json.dumps({"system": "é\n漢"}, indent=2).encode()) == ["head system: é\n漢"]


def test_what_is_no_request_of_a_batch_is_unknown() -> None:
    """Its words are told, and those of the others."""
    request = {"custom_id": "c", "params": {"messages": [{"role": "user", "content": "b"}]}}
    lines = told("anthropic", "/v1/messages/batches", {"requests": ["a", request, ["d"]]})
    assert lines == ["turns user: b", "apart other: a", "1 apart other: d"]
