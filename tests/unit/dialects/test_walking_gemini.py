"""Where words stand in Gemini's requests, form by form and in both spellings."""

import re
from typing import Any

import pytest

from penstock.core.legible import NotReadableError
from tests.support.walked import WALKING, route, told

GENERATE = "/v1beta/models/m:generateContent"
FUNCTIONS = [{"name": "f", "description": "d", "parametersJsonSchema": {"properties": {"mail": {"title": "t"}}}}]


def user(*parts: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


def model(*parts: Any) -> dict[str, Any]:
    return {"contents": [{"role": "model", "parts": list(parts)}]}


CASES: dict[str, tuple[Any, list[str]]] = {
    "who speaks": (
        {"contents": [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}, {"parts": [{"text": "c"}]},
                      {"role": "model", "parts": [{"text": "d"}]}, {"role": "function", "parts": [{"text": "e"}]}],
         "systemInstruction": {"role": "user", "parts": [{"text": "x"}, {"text": "y"}]}},
        ["head system: x", "head system: y", "turns user: a", "turns user: b", "turns user: c", "turns assistant: d",
         "turns tool-result: e"],
    ),
    "lists of one without brackets": (
        {"contents": {"parts": {"text": "a"}}, "systemInstruction": {"parts": {"text": "x"}},
         "tools": {"functionDeclarations": FUNCTIONS[0]}},
        ["head system: x", "tools tool-definition: d", "tools name: mail", "tools tool-definition: t", "turns user: a"],
    ),
    "calls": (
        {"contents": [
            {"role": "model", "parts": [{"functionCall": {"id": "i", "name": "f", "args": {"to": "Ann",
             "n": 1234567}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "ok"}, "parts": [
                {"inlineData": {"mimeType": "image/png", "data": "iVBO"}}]}}]}]},
        ["turns name: to", "turns tool-input: Ann", "turns name: n", "turns tool-input (a number): 1234567",
         "turns name: output", "turns tool-result: ok", '<image "iVBO">'],
    ),
    "code": (
        model({"executableCode": {"language": "PYTHON", "code": "print()"}},
              {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "out"}}),
        ["turns tool-input: print()", "turns tool-result: out"],
    ),
    "attachments": (
        user({"inlineData": {"mimeType": "application/pdf", "data": "UERG", "displayName": "Ann.pdf"}},
             {"inlineData": {"mimeType": "audio/mp3", "data": "SUQz"}},
             {"inlineData": {"mimeType": "text/plain", "data": "YQ=="}},
             {"fileData": {"mimeType": "image/png", "fileUri": "https://x.org/f"}}, {"text": "see"}),
        ["turns document: Ann.pdf", "turns user: see", '<pdf "UERG">', '<audio "SUQz">', '<file "YQ==">',
         "<elsewhere>"],
    ),
    "a thought that is signed": (
        model({"text": "hm", "thought": True, "thoughtSignature": "c2ln"}, {"text": "so"}),
        ["turns assistant: so", "turns sealed"],
    ),
    "a thought that nobody signed": (model({"text": "hm", "thought": True}), ["turns assistant: hm"]),
    "a call with a signature": (
        model({"functionCall": {"name": "f", "args": {"to": "Ann"}}, "thoughtSignature": "c2ln"}),
        ["turns name: to", "turns tool-input: Ann", "turns sealed"],
    ),
    "tools": (
        {"tools": [{"functionDeclarations": [*FUNCTIONS, {"name": "g", "parameters": {
                       "type": "OBJECT", "properties": {"a": {"description": "e", "enum": ["x"]}},
                        "required": ["a"]}}]},
                   {"googleSearch": {"excludeDomains": ["x.org"]}}, {"codeExecution": {}}, {"urlContext": {}},
                   {"mcpServers": [{"name": "n", "streamableHttpTransport": {"url": "https://m.org", "headers": {
                       "X-Key": "secret"}}}]}], "contents": []},
        ["tools tool-definition: d", "tools name: mail", "tools tool-definition: t", "tools name: a",
         "tools tool-definition: e", "tools tool-definition: x", "tools name: a", "tools tool-definition: x.org",
         "tools credential: https://m.org", "tools name: X-Key", "tools credential: secret"],
    ),
    "apart": (
        {**user({"text": "u"}), "generationConfig": {
            "stopSequences": ["END"], "responseSchema": {"description": "d"}, "responseMimeType": "application/json",
            "temperature": 1.2345678, "responseJsonSchema": {"title": "t"}},
         "cachedContent": "cachedContents/1", "labels": {"team": "blue"}, "safetySettings": [{"category": "X"}],
         "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]},
                        "retrievalConfig": {"latLng": {"latitude": 46.9479739}}}},
        ["turns user: u", "apart other: END", "apart tool-definition: d", "apart tool-definition: t", "<state>",
         "apart name: team", "apart other: blue", "apart name: latitude"],
    ),
    "rare parts": (
        model({"toolCall": {"id": "i", "toolType": "T", "args": {"q": "a"}}},
              {"toolResponse": {"id": "i", "response": {"r": "b"}}}, {"text": "c", "partMetadata": {"from": "d"}},
              {"audioTranscription": {"said": "e"}}, {"documentMetadata": {"by": "f"}},
              {"text": "hm", "thought": True, "thoughtSignature": "c2ln",
               "fileData": {"fileUri": "u", "displayName": "g"}}),
        ["turns name: q", "turns tool-input: a", "turns name: r", "turns tool-result: b", "turns assistant: c",
         "turns name: from", "turns other: d", "turns name: said", "turns document: e", "turns name: by",
         "turns document: f", "turns document: g", "<elsewhere>", "turns sealed"],
    ),
    "rare tools and settings": (
        {"contents": [], "tools": [
            {"fileSearch": {"fileSearchStoreNames": ["s"], "metadataFilter": "a"}}, {"exaAiSearch": {"apiKey": "b"}},
            {"retrieval": {"api": "c"}}],
         "generationConfig": {
             "audioTranscriptionConfig": {"vocabulary": ["d"]}, "responseFormat": [{"of": "e"}],
             "_responseJsonSchema": {"title": "g"}, "speechConfig": {
                 "voiceConfig": {"replicatedVoiceConfig": {"sample": "UklG"}},
                 "multiSpeakerVoiceConfig": {"speakerVoiceConfigs": [{"speaker": "f"}]}}}},
        ["tools tool-input: a", "<elsewhere>", "tools credential: b", "tools name: api", "tools other: c",
         "apart name: vocabulary", "apart other: d", "apart name: of", "apart tool-definition: e",
         "apart tool-definition: g", "apart identifier: f", "<audio>"],
    ),
    "what nobody knows yet": (
        {**user({"text": "u", "smellData": {"bytes": "QUJD" * 300, "of": "Ann"}}), "postcard": "Bob"},
        ["turns user: u", "turns name: smellData", "turns name: bytes", "turns name: of", "turns other: Ann",
         f'<unknown "{"QUJD" * 300}">', "apart name: postcard",
         "apart other: Bob"],
    ),
}  # fmt: skip


def snake(value: Any) -> Any:
    """The same in the other spelling, but for the names that are anybody's."""
    if isinstance(value, list):
        return [snake(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name) if name != "smellData" else name: snake(one)
            if name not in {"headers", "properties"} else one for name, one in value.items()}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_words_stand_where_the_table_says(case: str) -> None:
    """Each form yields its words, whose they are and what they are part of, in both spellings."""
    body, expected = CASES[case]
    assert told("gemini", GENERATE, body) == expected
    assert told("gemini", GENERATE.replace("generate", "streamGenerate"), snake(body)) == expected


def test_a_counted_request_is_walked_like_the_one_that_it_stands_for() -> None:
    """Contents alone, or a whole request inside."""
    path = "/v1/models/m:countTokens"
    assert told("gemini", path, user({"text": "a"})) == ["turns user: a"]
    inner = {**user({"text": "a"}), "systemInstruction": {"parts": [{"text": "b"}]}, "model": "models/m"}
    assert told("gemini", path, {"generateContentRequest": inner}) == ["head system: b", "turns user: a"]
    assert told("gemini", path, {"generate_content_request": inner}) == ["head system: b", "turns user: a"]


def test_texts_to_embed_and_to_keep() -> None:
    """Each request of a batch is by itself; what is cached is walked before it is kept."""
    one = {"model": "models/m", "content": {"parts": [{"text": "a"}]}, "title": "t", "taskType": "X"}
    assert told("gemini", "/v1/models/m:embedContent", one) == ["apart document: a", "apart other: t"]
    assert told("gemini", "/v1/models/m:batchEmbedContents", {"requests": [one, one]}) == [
        "apart document: a",
        "apart other: t",
        "1 apart document: a",
        "1 apart other: t",
    ]
    kept = {**user({"text": "a"}), "system_instruction": {"parts": [{"text": "s"}]}, "displayName": "n", "ttl": "5s"}
    assert told("gemini", "/v1beta/cachedContents", kept) == ["head system: s", "turns user: a", "apart other: n"]


def test_a_file_is_not_walked() -> None:
    """Its bytes stream, and may be anything."""
    where = route("gemini", "/upload/v1beta/files")
    assert WALKING["gemini"].carries(where.route.operation)
    with pytest.raises(NotReadableError):
        WALKING["gemini"].blocks(where, b"{}")


def test_a_turn_is_known_by_its_role_or_by_its_parts() -> None:
    """Whatever else it holds; without either it is a part of the user's."""
    path = "/v1beta/models/m:generateContent"
    assert told("gemini", path, {"contents": [{"role": "model", "text": "a"}]}) == [
        "turns name: text", "turns other: a",
    ]  # fmt: skip
    assert told("gemini", path, {"contents": [{"parts": [{"text": "a"}]}, {"text": "b"}, "c"]}) == [
        "turns user: a", "turns user: b", "turns user: c",
    ]  # fmt: skip
    signed = {"text": "a", "thought": True, "thoughtSignature": "s"}
    parts = [signed, {**signed, "thoughtSignature": ""}, {**signed, "thought": False}]
    assert told("gemini", path, {"contents": [{"role": "user", "parts": [parts[0]]}]}) == ["turns sealed"]
    assert told("gemini", path, {"contents": [{"role": "user", "parts": [parts[1]]}]}) == ["turns assistant: a"]
    assert told("gemini", path, {"contents": [{"role": "user", "parts": [parts[2]]}]}) == [
        "turns user: a", "turns sealed",
    ]  # fmt: skip
