"""Where words stand in OpenAI's requests, form by form."""

import json
from typing import Any

import pytest

from penstock.core.legible import NotReadableError
from tests.support.walked import WALKING, route, told

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
PNG = "data:image/png;base64,iVBO"
PDF = "data:application/pdf;base64,JVBE"


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content, **more}]}


def user(*parts: Any) -> dict[str, Any]:
    return said("user", list(parts))


def items(*given: Any) -> dict[str, Any]:
    return {"input": list(given)}


CHATS: dict[str, tuple[Any, list[str]]] = {
    "who speaks": (
        {"model": "m", "messages": [
            {"role": "system", "content": "a"}, {"role": "developer", "content": [{"type": "text", "text": "b"}]},
            {"role": "user", "content": "c", "name": "Ann"}, {"role": "system", "content": "d"},
            {"role": "assistant", "content": None, "refusal": "e"}, {"role": "tool", "tool_call_id": "t",
             "content": "f"},
            {"role": "function", "name": "pay", "content": "g"}]},
        ["head system: a", "head system: b", "turns user: c", "turns identifier: Ann", "turns system: d",
         "turns assistant: e", "turns tool-result: f", "turns tool-result: g"],
    ),
    "calls": (
        said("assistant", "x", tool_calls=[
            {"id": "c1", "type": "function", "function": {"name": "pay", "arguments": '{"to":"A\\"n","n":[123456,1]}'}},
            {"id": "c2", "type": "function", "function": {"name": "pay", "arguments": "{broken"}},
            {"id": "c3", "type": "function", "function": {"name": "pay", "arguments": ""}},
            {"id": "c4", "type": "custom", "custom": {"name": "run", "input": "ls"}}],
            function_call={"name": "pay", "arguments": '["z"]'}),
        ["turns assistant: x", "turns name (in a string): to", 'turns tool-input (in a string): A"n',
         "turns name (in a string): n", "turns tool-input (in a string) (a number): 123456",
         "turns tool-input: {broken", "turns tool-input: ls", "turns tool-input (in a string): z"],
    ),
    "attachments": (
        user({"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
             {"type": "image_url", "image_url": {"url": "https://x.org/a.png"}},
             {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
             {"type": "file", "file": {"file_data": PDF, "filename": "Ann.pdf"}},
             {"type": "file", "file": {"file_data": "JVBERi0x"}},
             {"type": "file", "file": {"file_id": "file-1"}},
             {"type": "image_url", "image_url": {"url": "data:text/plain,words"}}),
        ["turns document: Ann.pdf", "turns document: data:text/plain,words", f'<image "{PNG}">', "<elsewhere>",
         '<audio "UklG">',
         f'<pdf "{PDF}">', '<pdf "JVBERi0x">', "<elsewhere>"],
    ),
    "reasoning of compatible servers": (
        said("assistant", "x", reasoning_content="hm", reasoning_details=[{"type": "reasoning.text", "text": "why"}]),
        ["turns assistant: x", "turns assistant: hm", "turns assistant: why"],
    ),
    "reasoning that is signed": (
        said("assistant", "x", reasoning_details=[
            {"type": "reasoning.text", "text": "why", "signature": "c2ln"}, {"type": "reasoning.encrypted",
             "data": "e"}]),
        ["turns assistant: x", "turns sealed"],
    ),
    "tools": (
        {"messages": [], "functions": [{"name": "old", "description": "d0", "parameters": {"title": "t0"}}], "tools": [
            {"type": "function", "function": {"name": "f", "description": "d1", "strict": True, "parameters": {
                "type": "object", "properties": {"mail": {"description": "d2"}}, "required": ["mail"]}}},
            {"type": "custom", "custom": {"name": "c", "description": "d3", "format": {"type": "grammar", "grammar": {
                "syntax": "lark", "definition": "d4"}}}}]},
        ["tools tool-definition: d0", "tools tool-definition: t0", "tools tool-definition: d1", "tools name: mail",
         "tools tool-definition: d2", "tools name: mail", "tools tool-definition: d3", "tools tool-definition: d4"],
    ),
    "apart": (
        {**said("user", "x"), "user": "u", "safety_identifier": "s", "metadata": {"team": "Ann's"}, "stop": "END",
         "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"title": "T"}}},
         "prediction": {"type": "content", "content": [{"type": "text", "text": "p"}]},
         "web_search_options": {"user_location": {"type": "approximate", "approximate": {"city": "Bern"}}},
         "prompt_cache_key": "k", "reasoning_effort": "low", "audio": {"voice": "v", "format": "wav"}},
        ["turns user: x", "apart identifier: u", "apart identifier: s", "apart name: team", "apart other: Ann's",
         "apart other: END", "apart tool-definition: T", "apart other: p", "apart identifier: Bern",
         "apart identifier: k"],
    ),
    "thinking of other servers": (
        said("assistant", [{"type": "redacted_thinking", "data": "e"}]),
        ["turns sealed"],
    ),
    "what servers hand back": (
        said("assistant", [], annotations=[
                 {"type": "url_citation", "url_citation": {"title": "T", "url": "https://x.org", "start_index": 1}}],
             thinking_blocks=[{"type": "thinking", "thinking": "hm", "signature": ""}], audio={"id": "a"},
             images=["iVBO"], reasoning="why", tool_calls=[{"id": "c", "extra_content": {"google": {"s": "c2ln"}}}]),
        ["turns document: T", "turns document: https://x.org", "turns assistant: hm", "turns assistant: why", "<state>",
         '<image "iVBO">', "turns sealed"],
    ),
    "settings of servers": (
        {"messages": [], "grammar": "a", "json_schema": {"title": "b"}, "search_settings": {"domains": ["c"]},
         "options": {"stop": "d"}},
        ["apart tool-definition: a", "apart tool-definition: b", "apart name: domains", "apart other: c",
         "apart name: stop", "apart other: d"],
    ),
    "what nobody knows yet": (
        {**user({"type": "scent", "notes": ["rose"], "bytes": "QUJD" * 300}), "postcard": "Bob"},
        ["turns name: notes", "turns other: rose", "turns name: bytes", f'<unknown "{"QUJD" * 300}">',
         "apart name: postcard",
         "apart other: Bob"],
    ),
}  # fmt: skip

RESPONSE: dict[str, tuple[Any, list[str]]] = {
    "a string": ({"instructions": "be", "input": "hi"}, ["head system: be", "turns user: hi"]),
    "messages": (
        items({"role": "developer", "content": "a"}, {"type": "message", "role": "user", "content": [
                  {"type": "input_text", "text": "b"}, {"type": "input_image", "image_url": PNG, "file_id": None},
                  {"type": "input_file", "file_data": PDF, "filename": "f.pdf"},
                  {"type": "input_file", "file_url": "https://x.org/f.pdf"}, {"type": "input_image", "file_id": "f"}]},
              {"type": "message", "role": "developer", "content": "c"},
              {"type": "message", "id": "msg", "role": "assistant", "status": "completed", "content": [
                  {"type": "output_text", "text": "d", "annotations": [
                      {"type": "url_citation", "title": "T", "url": "https://x.org", "start_index": 0}],
                       "logprobs": []},
                  {"type": "refusal", "refusal": "e"}]}),
        ["head system: a", "turns user: b", "turns document: f.pdf", f'<image "{PNG}">', f'<pdf "{PDF}">',
         "<elsewhere>",
         "<elsewhere>", "turns system: c", "turns assistant: d", "turns document: T", "turns document: https://x.org",
         "turns assistant: e"],
    ),
    "calls": (
        items({"type": "function_call", "call_id": "c", "id": "fc", "name": "n", "arguments": '{"to":"Ann"}'},
              {"type": "function_call_output", "call_id": "c", "output": "done"},
              {"type": "function_call_output", "call_id": "c", "output": [
                  {"type": "input_text", "text": "seen"}, {"type": "input_image", "image_url": PNG}]},
              {"type": "custom_tool_call", "call_id": "c", "name": "n", "input": "ls"},
              {"type": "custom_tool_call_output", "call_id": "c", "output": "out"},
              {"type": "local_shell_call", "call_id": "c", "id": "l", "status": "completed", "action": {
                  "type": "exec", "command": ["cat", "a"], "env": {"KEY": "v"}, "working_directory": "/home/ann"}},
              {"type": "local_shell_call_output", "id": "l", "output": "text"},
              {"type": "shell_call", "call_id": "c", "action": {"commands": ["ls"]}},
              {"type": "shell_call_output", "call_id": "c", "output": [
                  {"stdout": "o", "stderr": "e", "outcome": {"type": "exit", "exit_code": 0}}]},
              {"type": "apply_patch_call", "call_id": "c", "operation": {"type": "update_file", "path": "p",
               "diff": "+x"}},
              {"type": "apply_patch_call_output", "call_id": "c", "status": "failed", "output": "no"}),
        ["turns name (in a string): to", "turns tool-input (in a string): Ann", "turns tool-result: done",
         "turns tool-result: seen", f'<image "{PNG}">', "turns tool-input: ls", "turns tool-result: out",
         "turns name: command", "turns tool-input: cat", "turns tool-input: a", "turns name: env", "turns name: KEY",
         "turns tool-input: v", "turns name: working_directory", "turns tool-input: /home/ann",
         "turns tool-result: text", "turns name: commands", "turns tool-input: ls", "turns tool-result: o",
         "turns tool-result: e", "turns tool-input: p", "turns tool-input: +x", "turns tool-result: no"],
    ),
    "calls of the provider's tools": (
        items({"type": "web_search_call", "id": "w", "status": "completed", "action": {"type": "search",
         "query": "Ann"}},
              {"type": "file_search_call", "id": "f", "queries": ["Bob"], "results": [
                  {"file_id": "f", "filename": "n", "text": "t", "attributes": {"a": "b"}, "score": 0.5}]},
              {"type": "code_interpreter_call", "id": "i", "container_id": "c", "code": "print()", "outputs": [
                  {"type": "logs", "logs": "l"}, {"type": "image", "url": PNG}]},
              {"type": "image_generation_call", "id": "g", "result": "iVBO", "revised_prompt": "a cat"},
              {"type": "mcp_list_tools", "id": "m", "server_label": "s", "tools": [
                  {"name": "n", "description": "d", "input_schema": {"title": "T"}, "annotations": {"hint": "h"}}]},
              {"type": "mcp_call", "id": "m", "server_label": "s", "name": "n", "arguments": '{"q":"z"}', "output": "o",
               "error": {"type": "http_error", "code": 5, "message": "bad"}},
              {"type": "computer_call", "id": "c", "call_id": "c", "action": {"type": "type", "text": "typed"}},
              {"type": "computer_call_output", "call_id": "c", "output": {"type": "computer_screenshot",
                                                                           "image_url": PNG}}),
        ["turns name: query", "turns tool-input: Ann", "turns tool-input: Bob", "turns tool-result: n",
         "turns tool-result: t", "turns name: a", "turns tool-result: b", "turns tool-input: print()",
         "turns tool-result: l", f'<image "{PNG}">', "turns tool-input: a cat", '<image "iVBO">',
         "turns tool-definition: d", "turns tool-definition: T", "turns name: hint", "turns tool-definition: h",
         "turns name (in a string): q", "turns tool-input (in a string): z", "turns tool-result: o", "turns name: type",
         "turns tool-result: http_error", "turns name: code", "turns name: message", "turns tool-result: bad",
         "turns name: text", "turns tool-input: typed", f'<image "{PNG}">'],
    ),
    "reasoning": (
        items({"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "s"}],
         "encrypted_content": "e"},
              {"type": "reasoning", "id": "r", "summary": [], "content": [{"type": "reasoning_text", "text": "t"}],
               "encrypted_content": None},
              {"type": "compaction", "encrypted_content": "e"}),
        ["turns assistant: s", "turns sealed", "turns assistant: t", "turns sealed"],
    ),
    "what the provider holds": (
        {**items({"type": "item_reference", "id": "i"}, {"id": "i"}), "previous_response_id": "r",
         "conversation": {"id": "c"}, "prompt": {"id": "p", "version": "1", "variables": {"who": "Ann", "pic": {
             "type": "input_image", "image_url": PNG}}}},
        ["<state>", "<state>", "<state>", "<state>", "apart name: who", "apart user: Ann", "apart name: pic", "<state>",
         f'<image "{PNG}">'],
    ),
    "tools": (
        {"input": "x", "tools": [
            {"type": "function", "name": "f", "description": "d1", "parameters": {"title": "T"}, "strict": True},
            {"type": "namespace", "name": "ns", "description": "d2", "tools": [
                {"type": "function", "name": "g", "description": "d3", "parameters": {}}]},
            {"type": "mcp", "server_label": "s", "server_url": "https://m.org", "authorization": "tok",
             "headers": {"X-Key": "secret"}, "require_approval": "never", "server_description": "d4"},
            {"type": "web_search", "user_location": {"type": "approximate", "city": "Bern"},
             "filters": {"allowed_domains": ["x.org"]}},
            {"type": "file_search", "vector_store_ids": ["vs"], "filters": {"type": "eq", "key": "k", "value": "Ann"}},
            {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["f"]}},
            {"type": "code_interpreter", "container": "cntr_1"}]},
        ["tools tool-definition: d1", "tools tool-definition: T", "tools tool-definition: d2",
         "tools tool-definition: d3", "tools credential: https://m.org", "tools credential: tok", "tools name: X-Key",
         "tools credential: secret", "tools tool-definition: d4", "tools identifier: Bern",
         "tools tool-definition: x.org", "tools name: k", "tools tool-input: Ann", "<elsewhere>", "turns user: x"],
    ),
    "what Codex sends": (
        {**items({"type": "additional_tools", "role": "developer", "tools": [{"type": "function",
         "description": "d"}]}),
         "client_metadata": {"cwd": "/home/ann"}, "include": ["reasoning.encrypted_content"], "store": False,
         "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "n", "description": "D",
                                                 "schema": {"title": "T"}}}},
        ["turns tool-definition: d", "apart name: cwd", "apart identifier: /home/ann", "apart tool-definition: D",
         "apart tool-definition: T"],
    ),
    "rare items": (
        items({"type": "agent_message", "role": "assistant", "content": [{"type": "input_text", "text": "agent"},
                                                                         {"type": "input_json", "data": {"k": "v"}}]},
              {"type": "shell_call", "call_id": "c", "environment": {"type": "local", "skills": [
                  {"name": "a", "description": "b", "path": "c"}]}, "action": {}},
              {"type": "configuration_update", "text": {"format": {"type": "json_schema", "schema": {"title": "d"}}}},
              {"type": "compaction_summary", "encrypted_content": "e"},
              {"type": "tool_search_call", "arguments": {"query": "e"}, "execution": "client"},
              {"type": "tool_search_output", "tools": [{"type": "function", "description": "f"}]},
              {"type": "mcp_approval_request", "id": "i", "name": "n", "server_label": "s", "arguments": '{"q":"g"}'},
              {"type": "mcp_approval_response", "approval_request_id": "i", "approve": True, "reason": "h"},
              {"type": "program", "id": "i", "call_id": "c", "code": "j", "fingerprint": "p"},
              {"type": "program_output", "id": "i", "call_id": "c", "result": "k", "status": "completed"},
              {"type": "image_generation_call", "id": "i", "error": {"code": "c", "message": "l"}},
              {"type": "computer_call", "call_id": "c", "pending_safety_checks": [{"id": "i", "message": "m"}]},
              {"type": "computer_call_output", "call_id": "c", "acknowledged_safety_checks": [{"message": "o"}],
               "output": {"type": "computer_screenshot", "file_id": "f"}},
              {"type": "web_search_call", "results": [{"title": "r", "url": "s", "snippet": "t"}]}),
        ["turns assistant: agent", "turns name: k", "turns document: v", "turns tool-definition: a",
         "turns tool-definition: b", "turns tool-definition: c", "turns tool-definition: d",
         "turns sealed", "turns name: query", "turns tool-input: e", "turns tool-definition: f",
         "turns name (in a string): q", "turns tool-input (in a string): g", "turns user: h", "turns tool-input: j",
         "turns tool-result: k", "turns tool-result: l", "turns tool-result: m", "turns tool-result: o", "<elsewhere>",
         "turns tool-result: r", "turns tool-result: s", "turns tool-result: t"],
    ),
    "rare tools": (
        {"input": [], "tools": [
            {"type": "image_generation", "input_image_mask": {"image_url": PNG}},
            {"type": "shell", "environment": {"type": "container_auto", "skills": [
                {"type": "inline", "name": "a", "source": {"type": "base64", "media_type": "application/zip",
                                                            "data": "UEsD"}}],
                "network_policy": {"type": "allowlist", "allowed_domains": ["b"], "domain_secrets": [
                    {"domain": "c", "name": "KEY", "value": "d"}]}}},
            {"type": "custom", "name": "n", "format": {"type": "grammar", "syntax": "lark", "definition": "e"}}]},
        [f'<image "{PNG}">', "tools tool-definition: a", "tools tool-definition: b", "tools tool-definition: c",
         "tools credential: d", '<file "UEsD">', "tools tool-definition: e"],
    ),
    "pictures that were made": (
        items({"type": "image_generation_call", "id": "g", "status": "completed", "action": "edit", "background": "b",
               "output_format": "png", "quality": "q", "size": "1x1", "svg_usage": "s", "revised_prompt": "a",
               "result": PNG, "error": {"code": "c", "type": "t", "param": "p", "message": "m",
                                        "moderation_details": {"x": "y"}}},
              {"type": "image_generation_call", "result": "iVBO", "scent": "rose"}),
        ["turns tool-input: a", "turns tool-result: m", f'<image "{PNG}">', "turns name: scent", "turns other: rose",
         '<image "iVBO">'],
    ),
    "an answer's words in pieces": (
        items({"role": "assistant", "content": [{"type": "output_text", "text": "a", "logprobs": [{"token": "a"}]}]}),
        ["turns assistant: a", "<unknown>"],
    ),
}  # fmt: skip

OTHERS: dict[str, tuple[str, Any, list[str]]] = {
    "texts to embed": ("/v1/embeddings", {"model": "m", "input": ["a", "b"], "encoding_format": "base64"},
                       ["apart document: a", "apart document: b"]),
    "tokens to embed": ("/v1/embeddings", {"input": [[1, 2], [3]]}, ["<unknown>"]),
    "a text as tokens": ("/v1/embeddings", {"input": [1, 2, 3], "user": "u"}, ["<unknown>", "apart identifier: u"]),
    "a completion": ("/v1/completions", {"prompt": "p", "suffix": "s", "stop": ["x"]},
                     ["apart user: p", "apart other: s", "apart other: x"]),
    "a moderation": ("/v1/moderations", {"input": [{"type": "text", "text": "t"},
                                                   {"type": "image_url", "image_url": {"url": PNG}}]},
                     ["apart user: t", f'<image "{PNG}">']),
    "a picture": ("/v1/images/generations", {"prompt": "a cat", "size": "1x1", "user": "u"},
                  ["apart user: a cat", "apart identifier: u"]),
    "a changed picture": ("/v1/images/edits", {"prompt": "p", "images": [{"image_url": PNG}], "mask": {"file_id": "f"}},
                          ["apart user: p", f'<image "{PNG}">', "<elsewhere>"]),
    "speech": ("/v1/audio/speech", {"input": "say", "instructions": "softly", "voice": "v"},
               ["apart user: say", "apart other: softly"]),
    "an assistant": ("/v1/assistants", {"model": "m", "name": "N", "instructions": "i", "tools": [
                         {"type": "function", "function": {"name": "f", "description": "d"}}], "metadata": {"k": "v"}},
                     ["head system: i", "tools tool-definition: d", "apart other: N", "apart name: k",
                      "apart other: v"]),
    "a thread": ("/v1/threads", {"messages": [{"role": "user", "content": "u", "attachments": [{"file_id": "f"}],
                                                "metadata": {"k": "v"}}]},
                 ["turns user: u", "turns name: k", "turns other: v", "<elsewhere>"]),
    "a run": ("/v1/threads/t_1/runs", {"assistant_id": "a", "additional_instructions": "more", "additional_messages": [
                  {"role": "user", "content": [{"type": "text", "text": "u"}]}]},
              ["head system: more", "turns user: u", "<state>"]),
    "a thread and its run": ("/v1/threads/runs", {"assistant_id": "a", "thread": {"messages": [
                                 {"role": "user", "content": "u"}]}, "instructions": "i"},
                             ["head system: i", "turns user: u", "<state>"]),
    "results for a run": ("/v1/threads/t_1/runs/r_1/submit_tool_outputs", {"tool_outputs": [
                              {"tool_call_id": "c", "output": "o"}]}, ["turns tool-result: o"]),
    "items": ("/v1/conversations", {"items": [{"role": "user", "content": "u"}], "metadata": {"k": "v"}},
              ["turns user: u", "apart name: k", "apart other: v"]),
    "a search": ("/v1/vector_stores/v_1/search", {"query": ["q", "r"], "filters": {"type": "and", "filters": [
                     {"type": "eq", "key": "k", "value": "Ann"}]}},
                 ["apart tool-input: q", "apart tool-input: r", "apart name: k", "apart tool-input: Ann"]),
    "a file in a store": ("/v1/vector_stores/v_1/files", {"file_id": "f", "attributes": {"who": "Ann", "n": 1234567}},
                          ["<elsewhere>", "apart name: who", "apart other: Ann", "apart name: n",
                           "apart other (a number): 1234567"]),
    "a batch": ("/v1/batches", {"input_file_id": "f", "endpoint": "/v1/x", "metadata": {"k": "v"}},
                ["<elsewhere>", "apart name: k", "apart other: v"]),
    "a film": ("/v1/videos", {"prompt": "p", "model": "m", "seconds": "4"}, ["apart user: p"]),
    "tuning": ("/v1/fine_tuning/jobs", {"model": "m", "training_file": "f", "suffix": "ann"},
               ["<elsewhere>", "apart other: ann"]),
    "a counted input": ("/v1/responses/input_tokens", {"input": "x"}, ["turns user: x"]),
    "a compacted input": ("/v1/responses/compact", {"input": [{"role": "user", "content": "x"}]}, ["turns user: x"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CHATS)
def test_words_of_a_chat(case: str) -> None:
    """Each form yields its words, whose they are, and nothing of what is no words."""
    body, expected = CHATS[case]
    assert told("openai", CHAT, body) == expected


@pytest.mark.parametrize("case", RESPONSE)
def test_words_of_a_response(case: str) -> None:
    """Items of every type yield what was said, called and answered."""
    body, expected = RESPONSE[case]
    assert told("openai", RESPONSES, body) == expected


@pytest.mark.parametrize("case", OTHERS)
def test_words_of_other_operations(case: str) -> None:
    """Each operation has its own row."""
    path, body, expected = OTHERS[case]
    assert told("openai", path, body) == expected


@pytest.mark.parametrize(
    "path", ["/v1/audio/transcriptions", "/v1/images/edits", "/v1/videos", "/v1/files", "/v1/uploads/u_1/parts"]
)
def test_forms_say_that_they_cannot_be_read(path: str) -> None:
    """Fields of a multipart form hold words that are not walked."""
    where = route("openai", path)
    assert WALKING["openai"].carries(where.route.operation)
    with pytest.raises(NotReadableError):
        WALKING["openai"].blocks(where, b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nAnn\r\n--x--\r\n')


def test_arguments_are_walked_however_deep_they_are_quoted() -> None:
    """JSON in a string is read there; of what stands in it as a string again, the string is the leaf."""
    inner = json.dumps({"body": json.dumps({"mail": "a@x.org"})})
    call = {"type": "function_call", "call_id": "c", "name": "n", "arguments": inner}
    assert told("openai", RESPONSES, items(call)) == [
        "turns name (in a string): body",
        'turns tool-input (in a string): {"mail": "a@x.org"}',
    ]
