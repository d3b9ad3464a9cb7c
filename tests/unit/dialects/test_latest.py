"""What the user says at the end of a later request, in every format: the one message that can ask for more."""

import json
from typing import Any

import pytest

from penstock.app import DIALECTS
from penstock.core.head import RequestHead
from penstock.core.terseness import LATEST_BYTES
from penstock.routes import match

MESSAGES = "/v1/messages"
CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
GEMINI = "/gemini/v1beta/models/m:generateContent"
DIALECT = {MESSAGES: "anthropic", CHAT: "openai", RESPONSES: "openai", GEMINI: "gemini"}


def user(content: Any, **more: Any) -> dict[str, Any]:
    return {"role": "user", "content": content, **more}


def ask(*parts: Any, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": list(parts)}


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


HI = user("Hi")
ANSWER = {"role": "assistant", "content": "Light bends."}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}
RESULT = {"type": "tool_result", "tool_use_id": "t", "content": "explain in more detail"}
INPUT = {"type": "input_text", "text": "Why?"}
SYSTEM = {"role": "system", "content": "x"}
SAID = {"role": "model", "parts": [{"text": "Light bends."}]}
FIRST = ask({"text": "Hi"})
LONG = "x" * LATEST_BYTES

ROWS: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
    ("a first message", MESSAGES, {"messages": [HI]}, ()),
    ("a string", MESSAGES, {"messages": [HI, ANSWER, user("Why?")]}, ("Why?",)),
    ("blocks", MESSAGES, {"messages": [HI, ANSWER, user([text("a"), text("b")])]},
     ("a", "b")),
    ("a result", MESSAGES, {"messages": [HI, CALL, user([RESULT])]}, ()),
    ("a result and a word", MESSAGES, {"messages": [HI, CALL, user([RESULT, text("Why?")])]}, ("Why?",)),
    ("a system message behind", MESSAGES, {"messages": [HI, ANSWER, user("Why?"), SYSTEM]}, ("Why?",)),
    ("a prefill behind", MESSAGES, {"messages": [HI, ANSWER, user("Why?"), ANSWER]}, ()),
    ("long", MESSAGES, {"messages": [HI, ANSWER, user(LONG)]}, ()),
    ("no content", MESSAGES, {"messages": [HI, ANSWER, {"role": "user"}]}, ()),
    ("a first message", CHAT, {"messages": [SYSTEM, HI]}, ()),
    ("a string", CHAT, {"messages": [SYSTEM, HI, ANSWER, user("Why?")]}, ("Why?",)),
    ("parts", CHAT, {"messages": [HI, ANSWER, user([text("Why?"), {"type": "image_url"}])]}, ("Why?",)),
    ("a tool's answer", CHAT, {"messages": [HI, ANSWER, {"role": "tool", "content": "more detail"}]}, ()),
    ("a developer's message behind", CHAT,
     {"messages": [HI, ANSWER, user("Why?"), {"role": "developer", "content": "x"}]}, ("Why?",)),
    ("long", CHAT, {"messages": [HI, ANSWER, user(LONG)]}, ()),
    ("no content", CHAT, {"messages": [HI, ANSWER, {"role": "user", "content": None}]}, ()),
    ("a first message", RESPONSES, {"input": "Why?"}, ()),
    ("a string that continues", RESPONSES, {"previous_response_id": "resp_1", "input": "Why?"}, ("Why?",)),
    ("a conversation's", RESPONSES, {"conversation": "conv_1", "input": [user("Why?")]}, ("Why?",)),
    ("items", RESPONSES, {"input": [HI, ANSWER, user([INPUT], type="message")]}, ("Why?",)),
    ("a call's answer", RESPONSES,
     {"previous_response_id": "resp_1", "input": [{"type": "function_call_output", "output": "more detail"}]}, ()),
    ("long", RESPONSES, {"previous_response_id": "resp_1", "input": LONG}, ()),
    ("no input", RESPONSES, {"previous_response_id": "resp_1"}, ()),
    ("a first message", GEMINI, {"contents": [FIRST]}, ()),
    ("parts", GEMINI, {"contents": [FIRST, SAID, ask({"text": "a"}, {"inlineData": {}}, {"text": "b"})]}, ("a", "b")),
    ("a part without its list", GEMINI, {"contents": [FIRST, SAID, {"parts": {"text": "Why?"}}]}, ("Why?",)),
    ("a function's answer", GEMINI,
     {"contents": [FIRST, SAID, ask({"functionResponse": {"name": "f", "response": {"text": "more detail"}}})]}, ()),
    ("an older function's answer", GEMINI, {"contents": [FIRST, SAID, ask({"text": "a"}, role="function")]}, ()),
    ("long", GEMINI, {"contents": [FIRST, SAID, ask({"text": LONG})]}, ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "body", "texts"), ROWS, ids=[f"{row[1]} {row[0]}" for row in ROWS])
def test_what_the_user_says_last(name: str, path: str, body: dict[str, Any], texts: tuple[str, ...]) -> None:
    """Of a later request alone, of the user's own message alone, and without what tools brought."""
    speaking = DIALECTS[DIALECT[path]].speaking
    found = speaking.opening(match(RequestHead("POST", path.encode(), ())), json.dumps(body).encode())
    assert found is not None
    assert speaking.said(found.latest) == texts


@pytest.mark.parametrize("dialect", ["anthropic", "openai", "gemini"])
@pytest.mark.parametrize("content", [b"", b"null", b"7", b'"', b"[", b"[7]", b'{"text":7}', b"\xff"])
def test_any_content_can_be_asked(dialect: str, content: bytes) -> None:
    """What is no content of the dialect's says nothing."""
    assert DIALECTS[dialect].speaking.said(content) == ()
