"""Values come back into whole answers: where a dialect says, and nowhere else."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.mask import Masks, spelt
from tests.unit.dialects.restoring.speech import (
    ANTHROPIC,
    EMAIL,
    GEMINI,
    KEY,
    OPENAI,
    PERSON,
    VALUES,
    VOICES,
    Voice,
    match,
)

RESTORING = {"anthropic": ANTHROPIC, "openai": OPENAI, "gemini": GEMINI}
SAID, GIVEN, KEPT = f"to {PERSON}: é\n", f'{EMAIL}"{KEY}', f"id {EMAIL}"
"""What a model says, what it gives a tool, and what stays as it is, tokens and all."""
NESTED = json.dumps({"mail": GIVEN, "file": json.dumps({"who": [PERSON]})})

MESSAGE = {
    "id": KEPT, "model": KEPT, "content": [
        {"type": "thinking", "thinking": KEPT, "signature": KEPT},
        {"type": "redacted_thinking", "data": KEPT},
        {"type": "text", "text": SAID, "citations": [
            {"type": "char_location", "cited_text": SAID, "document_title": SAID, "start_char_index": 3}]},
        {"type": "tool_use", "id": KEPT, "name": KEPT, "input": {"a": [GIVEN, 1, {"b": GIVEN, SAID: None}]}},
        {"type": "web_search_tool_result", "tool_use_id": KEPT, "content": [
            {"type": "web_search_result", "title": SAID, "url": KEPT, "encrypted_content": KEPT}]},
        {"type": "code_execution_tool_result", "content": {"type": "code_execution_result", "stdout": SAID}},
    ],
}  # fmt: skip
CHAT = {
    "id": KEPT, "choices": [
        {"index": 0, "message": {"content": SAID, "refusal": SAID, "reasoning_content": SAID, "tool_calls": [
            {"id": KEPT, "function": {"name": KEPT, "arguments": NESTED}},
            {"id": KEPT, "custom": {"name": KEPT, "input": GIVEN}},
        ], "reasoning_details": [{"text": KEPT, "signature": KEPT}], "audio": {"id": KEPT, "transcript": SAID}}},
        {"index": 1, "message": {"content": [{"type": "thinking", "thinking": [{"text": KEPT}]},
                                             {"type": "text", "text": SAID}],
                                 "function_call": {"name": KEPT, "arguments": NESTED}}},
    ],
}  # fmt: skip
RESPONSE = {
    "id": KEPT, "instructions": SAID, "metadata": {"for": SAID}, "output": [
        {"type": "reasoning", "id": KEPT, "summary": [{"text": SAID}], "encrypted_content": KEPT},
        {"type": "message", "content": [{"type": "output_text", "text": SAID, "annotations": [{"title": SAID}]},
                                        {"type": "refusal", "refusal": SAID}]},
        {"type": "function_call", "call_id": KEPT, "name": KEPT, "arguments": NESTED},
        {"type": "custom_tool_call", "name": KEPT, "input": GIVEN},
        {"type": "local_shell_call", "action": {"command": ["mail", GIVEN], "timeout_ms": 3}},
        {"type": "code_interpreter_call", "code": GIVEN, "outputs": [{"type": "logs", "logs": SAID}]},
    ],
}  # fmt: skip
CONTENT = {
    "candidates": [{"content": {"role": "model", "parts": [
        {"text": KEPT, "thought": True, "thoughtSignature": KEPT}, {"text": SAID, "thoughtSignature": KEPT},
        {"functionCall": {"name": KEPT, "id": KEPT, "args": {"a": [GIVEN], "b": {"c": GIVEN}, "n": 1.5}}},
        {"executableCode": {"language": "PYTHON", "code": GIVEN}}, {"codeExecutionResult": {"output": SAID}},
        {"inlineData": {"mimeType": "image/png", "data": KEPT}},
    ]}, "groundingMetadata": {"groundingSupports": [{"segment": {"text": SAID}}]}}],
    "responseId": KEPT,
}  # fmt: skip

ANSWERS: tuple[tuple[str, str, Any], ...] = (
    ("anthropic", "messages.create", MESSAGE),
    ("anthropic", "messages.count_tokens", {"type": "error", "error": {"type": KEPT, "message": SAID}}),
    ("openai", "chat.completions.create", CHAT),
    ("openai", "chat.completions.list", {"data": [CHAT]}),
    ("openai", "completions.create", {"choices": [{"text": SAID, "index": 0}]}),
    ("openai", "responses.create", RESPONSE),
    ("openai", "responses.retrieve", RESPONSE),
    ("openai", "responses.input_items", {"data": RESPONSE["output"]}),
    ("openai", "embeddings.create", {"error": {"message": SAID, "type": KEPT, "param": None, "code": KEPT}}),
    ("openai", "images.generate", {"data": [{"b64_json": KEPT, "revised_prompt": SAID}]}),
    ("openai", "threads.messages.list", {"data": [{"content": [{"text": {"value": SAID, "annotations": []}}]}]}),
    ("gemini", "models.generateContent", CONTENT),
    ("gemini", "models.streamGenerateContent", [CONTENT, {"error": {"code": 400, "message": SAID, "status": KEPT}}]),
)
each = pytest.mark.parametrize(("dialect", "operation", "answer"), ANSWERS, ids=[" ".join(row[:2]) for row in ANSWERS])


def unmasked(value: Any) -> Any:
    """The same with its values, as a reader of the whole document finds it."""
    if isinstance(value, dict):
        return {unmasked(name): unmasked(one) for name, one in value.items()}
    if isinstance(value, list):
        return [unmasked(one) for one in value]
    if not isinstance(value, str) or value == KEPT:
        return value
    if value == NESTED:
        return json.dumps(
            {"mail": unmasked(GIVEN), "file": json.dumps({"who": [VALUES[PERSON]]}, ensure_ascii=False)},
            ensure_ascii=False,
        )
    for token, put in VALUES.items():
        value = value.replace(token, put)
    return value


def whole(dialect: str, operation: str, body: bytes, values: Mapping[str, str] = VALUES, **more: Any) -> bytes:
    return RESTORING[dialect].whole(match(dialect, operation), body, Masks(values, **more))


@each
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["UTF-8", "escapes"])
def test_values_come_back_where_a_dialect_says(
    dialect: str, operation: str, answer: Any, indent: int | None, ascii_only: bool
) -> None:
    """In what is said, refused and given to tools, at the right depth; thinking, signatures, ids, names keep theirs."""
    body = json.dumps(answer, indent=indent, ensure_ascii=ascii_only).encode()
    told = whole(dialect, operation, body)
    assert json.loads(told) == unmasked(answer)


@each
def test_every_other_byte_stays(dialect: str, operation: str, answer: Any) -> None:
    """Values that need no escaping stand in the body in place of their tokens, and nothing else is written anew."""
    plain = {token: f"<{number}>" for number, token in enumerate(VALUES)}
    body = json.dumps(answer, indent=1, separators=(" ,", ":  ")).encode().replace(KEPT.encode(), b"kept")
    wanted = body
    for token, value in plain.items():
        wanted = wanted.replace(token.encode(), value.encode())
    assert whole(dialect, operation, body, plain) == wanted


@each
def test_an_answer_without_tokens_is_the_same_object(dialect: str, operation: str, answer: Any) -> None:
    """Also where it holds what looks like one."""
    body = json.dumps(answer).encode()
    assert whole(dialect, operation, body, {spelt("EMAIL", 7): "other"}) is body
    assert whole(dialect, operation, b"<html>" + body) == b"<html>" + body


def test_some_values_come_back_in_tools_alone() -> None:
    """A secret is restored where a tool gets it, and stays a token where it would be read."""
    tools = {EMAIL: "secret"}
    told = json.loads(whole("anthropic", "messages.create", json.dumps(MESSAGE).encode(), {}, tools=tools))
    assert told["content"][3]["input"]["a"][0] == f'secret"{KEY}'
    assert told["content"][2]["text"] == SAID
    chat = {"choices": [{"message": {"content": EMAIL, "tool_calls": [{"function": {"arguments": f'"{EMAIL}"'}}]}}]}
    told = json.loads(whole("openai", "chat.completions.create", json.dumps(chat).encode(), {}, tools=tools))
    message = told["choices"][0]["message"]
    assert message["content"] == EMAIL
    assert message["tool_calls"][0]["function"]["arguments"] == '"secret"'


def test_digits_come_back_as_the_number() -> None:
    """In a tool's input and in text, only as a whole."""
    numbers = {"48151623": "12345678"}
    content = [{"type": "tool_use", "input": {"n": 48151623, "m": 481516234}}, {"type": "text", "text": "é48151623."}]
    for ascii_only in (True, False):
        body = json.dumps({"content": content}, ensure_ascii=ascii_only).encode()
        told = json.loads(whole("anthropic", "messages.create", body, {}, numbers=numbers))["content"]
        assert told[0]["input"] == {"n": 12345678, "m": 481516234}
        assert told[1]["text"] == "é12345678."


@pytest.mark.parametrize(
    ("dialect", "operation", "row"),
    [
        ("anthropic", "batches.results", {"custom_id": KEPT, "result": {"type": "succeeded", "message": MESSAGE}}),
        ("openai", "files.content", {"custom_id": KEPT, "response": {"status_code": 200, "body": CHAT}}),
        ("openai", "files.content", {"custom_id": KEPT, "response": {"status_code": 200, "body": RESPONSE}}),
    ],
)
def test_results_of_a_batch_come_back_line_by_line(dialect: str, operation: str, row: Any) -> None:
    """Each line by itself; one that can't be read stays."""
    lines = [json.dumps(row).encode(), b"{broken " + EMAIL.encode(), b'{"custom_id":"x"}', b""]
    told = whole(dialect, operation, b"\n".join(lines)).split(b"\n")
    assert json.loads(told[0]) == unmasked(row)
    assert told[1:] == lines[1:]


@pytest.mark.slow
@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.name)
@settings(deadline=None)
@given(data=st.data())
def test_nothing_that_arrives_makes_it_fail(voice: Voice, data: st.DataObject) -> None:
    """Frames with pieces put in, taken out and doubled, and values of the wrong kind: what can't be read passes."""
    stream = b"".join(voice.frames([EMAIL[:4], EMAIL[4:], "EMA"]))
    for _ in range(data.draw(st.integers(1, 4))):
        place, size = data.draw(st.integers(0, len(stream))), data.draw(st.integers(0, 40))
        put = data.draw(st.sampled_from([b"", b"[[1,2]]", b"{", b"}", b'"', b"null", b"\xff", b"7", b'{"a":1}', b"\\"]))
        stream = stream[:place] + put + stream[place + size :]
    cut = data.draw(st.integers(0, len(stream)))
    told = voice.told([stream[:cut], stream[cut:]], Masks(VALUES))
    assert voice.told([stream], Masks({})) == stream
    voice.restoring.whole(voice.match, stream, Masks(VALUES))
    assert told.count(b"\n") >= stream.count(b"\n")
