"""The Gemini API: parts, thoughts, usage, counting, embeddings, models, and refusals."""

import json
import math
from typing import Any

import pytest

from tests.unit.simulator.line import Heard, Line, events

SCHEMA = {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]}
WEATHER = {"functionDeclarations": [{"name": "weather", "parameters": SCHEMA}]}
BOTH = "What is the weather in Tokyo and Paris? Check both."


def said(words: str, role: str = "user") -> dict[str, Any]:
    return {"role": role, "parts": [{"text": words}]}


def ask(
    line: Line, *contents: Any, model: str = "gemini-2.0-flash", action: str = "generateContent", **more: Any
) -> Heard:
    body = {"contents": list(contents) or [said("Explain bees.")], **more}
    return line.ask(f"/v1beta/models/{model}:{action}", body)


def parts(heard: Heard) -> list[Any]:
    return list(heard.json["candidates"][0]["content"]["parts"])


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_a_response_has_all_that_clients_read(line: Line, version: str) -> None:
    """Under each version of the API: a candidate that ends, counts that add up."""
    made = line.ask(
        f"/{version}/models/gemini-2.0-flash+seed%3D1:generateContent", {"contents": said("Why bees?")}
    ).json
    assert made["candidates"][0]["finishReason"] == "STOP"
    assert made["candidates"][0]["content"]["role"] == "model"
    assert made["modelVersion"] == "gemini-2.0-flash"
    usage = made["usageMetadata"]
    assert usage["totalTokenCount"] == usage["promptTokenCount"] + usage["candidatesTokenCount"]


def test_a_tool_loop(line: Line) -> None:
    """Two calls, signed once, then words about their results; a call still ends with STOP."""
    first = ask(line, said(BOTH), model="gemini-3.8-flash", tools=[WEATHER])
    calls = parts(first)
    assert [call["functionCall"]["args"] for call in calls] == [{"city": "Tokyo"}, {"city": "Paris"}]
    assert ["thoughtSignature" in call for call in calls] == [True, False]
    assert first.json["candidates"][0]["finishReason"] == "STOP"
    results = [{"functionResponse": {"name": "weather", "response": {"sky": "clear"}}} for _ in calls]
    turns = [said(BOTH), {"role": "model", "parts": calls}, {"role": "user", "parts": results}]
    assert "clear" in parts(ask(line, *turns, tools=[WEATHER]))[0]["text"]


@pytest.mark.parametrize(
    ("config", "called"),
    [
        ({"mode": "NONE"}, 0),
        ({"mode": "AUTO"}, 2),
        ({"mode": "ANY", "allowedFunctionNames": ["weather"]}, 2),
        ({"mode": "ANY", "allowedFunctionNames": ["other"]}, 0),
    ],
)
def test_the_calling_mode(line: Line, config: dict[str, object], called: int) -> None:
    """AUTO, ANY among allowed names, NONE."""
    heard = ask(line, said(BOTH), tools=[WEATHER], toolConfig={"functionCallingConfig": config})
    assert sum("functionCall" in part for part in parts(heard)) == called


@pytest.mark.parametrize(
    ("model", "config", "shown", "thinks"),
    [
        ("gemini-2.0-flash", {}, False, False),
        ("gemini-3.8-flash", {}, False, True),
        ("gemini-3.5-flash-lite", {}, False, False),
        ("gemini-3.8-flash", {"thinkingBudget": 0}, False, False),
        ("gemini-3.8-flash", {"thinkingLevel": "LOW", "includeThoughts": True}, True, True),
        ("gemini-2.0-flash", {"includeThoughts": True, "thinkingBudget": 9}, True, True),
    ],
)
def test_thoughts_are_counted_apart_and_shown_on_request(
    line: Line, model: str, config: dict[str, object], shown: bool, thinks: bool
) -> None:
    """Counted apart from the answer, shown on request, within the budget, and signed."""
    heard = ask(line, model=model, generationConfig={"thinkingConfig": config})
    usage = heard.json["usageMetadata"]
    assert any(part.get("thought") for part in parts(heard)) is shown
    assert bool(usage.get("thoughtsTokenCount")) is thinks
    assert usage.get("thoughtsTokenCount", 0) <= config.get("thinkingBudget", 1000)
    assert ("thoughtSignature" in parts(heard)[-1]) is thinks


def test_structured_output(line: Line) -> None:
    """Both schema fields, Gemini's spelling of types, and any JSON."""
    for config in ({"responseSchema": SCHEMA}, {"responseJsonSchema": SCHEMA}):
        config["responseMimeType"] = "application/json"  # type: ignore[assignment]
        heard = ask(line, said("Where is Rome?"), generationConfig=config)
        assert json.loads(parts(heard)[0]["text"]) == {"city": "Rome"}
    loose = ask(line, generationConfig={"responseMimeType": "application/json"})
    assert isinstance(json.loads(parts(loose)[0]["text"]), dict)


def test_the_router_of_gemini_cli(line: Line) -> None:
    """Its question about models gets one of the models."""
    kinds = {"reasoning": {"type": "STRING"}, "model_choice": {"type": "STRING", "enum": ["flash", "pro"]}}
    schema = {"type": "OBJECT", "properties": kinds, "required": ["reasoning", "model_choice"]}
    config = {"responseMimeType": "application/json", "responseJsonSchema": schema}
    heard = ask(line, said("simulate: say hi"), model="gemini-3.5-flash-lite", generationConfig=config)
    assert json.loads(parts(heard)[0]["text"])["model_choice"] in {"flash", "pro"}


def test_a_stream_counts_as_it_goes(line: Line) -> None:
    """Each frame has the totals so far; the last ones are those of the whole answer."""
    whole = ask(line, said("Count to 5")).json["usageMetadata"]
    frames = events(ask(line, said("Count to 5"), action="streamGenerateContent?alt=sse").body)
    counts = [frame["usageMetadata"]["candidatesTokenCount"] for frame in frames]
    assert counts == sorted(counts)
    assert frames[-1]["usageMetadata"] == whole
    text = "".join(part["text"] for frame in frames for part in frame["candidates"][0]["content"]["parts"])
    assert text == "1, 2, 3, 4, 5."


def test_both_spellings_of_fields(line: Line) -> None:
    """Proto JSON takes snake_case too; names that callers chose stay as they are."""
    schema = {"type": "OBJECT", "properties": {"home_city": {"type": "STRING"}}, "required": ["home_city"]}
    config = {"response_mime_type": "application/json", "response_schema": schema}
    heard = ask(line, said("Where is Rome?"), generation_config=config, system_instruction=said("Be kind."))
    assert json.loads(parts(heard)[0]["text"]) == {"home_city": "Rome"}
    cut = ask(line, generation_config={"max_output_tokens": 3}).json
    assert cut["candidates"][0]["finishReason"] == "MAX_TOKENS"


def test_there_are_as_many_candidates_as_asked_for(line: Line) -> None:
    """As many as asked for."""
    made = ask(line, generationConfig={"candidateCount": 3}).json["candidates"]
    assert [candidate["index"] for candidate in made] == [0, 1, 2]


def test_a_search_grounds_the_answer(line: Line) -> None:
    """Segments of the text, by bytes, point at pages."""
    heard = ask(line, said("The latest news about bees?"), tools=[{"googleSearch": {}}])
    grounding = heard.json["candidates"][0]["groundingMetadata"]
    text = parts(heard)[0]["text"].encode()
    for support in grounding["groundingSupports"]:
        segment = support["segment"]
        assert text[segment["startIndex"] : segment["endIndex"]].decode() == segment["text"]
        assert grounding["groundingChunks"][support["groundingChunkIndices"][0]]["web"]["uri"]
    assert grounding["groundingSupports"]


def test_counting_agrees_with_usage(line: Line) -> None:
    """Given as contents, or as the request that would be sent."""
    request = {"contents": [said("Why bees?")], "systemInstruction": said("Be kind."), "tools": [WEATHER]}
    counted = line.ask(
        "/v1beta/models/m:countTokens", {"generateContentRequest": {"model": "models/m", **request}}
    ).json["totalTokens"]
    assert counted == line.ask("/v1beta/models/m:countTokens", request).json["totalTokens"]
    assert counted == line.ask("/v1beta/models/m:generateContent", request).json["usageMetadata"]["promptTokenCount"]


def test_long_prompts_are_cached(line: Line) -> None:
    """From the second time on."""
    counts = [
        ask(line, said("word " * 1200), said("OK.", "model"), said(words)).json["usageMetadata"]
        for words in ("One?", "Two?")
    ]
    assert "cachedContentTokenCount" not in counts[0]
    assert 1024 <= counts[1]["cachedContentTokenCount"] < counts[1]["promptTokenCount"]


def test_embeddings_have_the_size_asked_for(line: Line) -> None:
    """One and many, of the size asked for."""
    request = {"content": said("a cat"), "outputDimensionality": 64}
    one = line.ask("/v1beta/models/gemini-embedding-001:embedContent", request).json["embedding"]["values"]
    many = line.ask("/v1/models/gemini-embedding-001:batchEmbedContents", {"requests": [request, request]}).json
    assert [row["values"] for row in many["embeddings"]] == [one, one]
    assert len(one) == 64
    assert math.isclose(math.hypot(*one), 1, rel_tol=1e-6)


def test_models_come_in_pages_and_every_name_is_known(line: Line) -> None:
    """Pages in Gemini's shape; every name is known."""
    page = line.ask("/v1beta/models?pageSize=3").json
    rest = line.ask(f"/v1beta/models?pageSize=50&pageToken={page['nextPageToken']}").json
    names = [model["name"] for model in page["models"] + rest["models"]]
    assert "nextPageToken" not in rest
    assert {"models/gemini-3.8-flash", "models/gemini-3.5-flash-lite"} <= set(names)
    assert len(set(names)) == len(names)
    assert line.ask("/v1beta/models/gemini-of-tomorrow").json["name"] == "models/gemini-of-tomorrow"


CALLED = {"role": "model", "parts": [{"functionCall": {"name": "a", "args": {}}}] * 2}
ANSWERED = {"role": "user", "parts": [{"functionResponse": {"name": "a", "response": {}}}]}


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"contents": []}, 400, "contents is not specified"),
        ({"contents": 7}, 400, "Invalid value at 'contents'"),
        ({"contents": [said("x", "robot")]}, 400, "Please use a valid role"),
        ({"contents": [{"role": "user"}]}, 400, "contents.parts must not be empty"),
        ({"contents": [said("x"), CALLED, ANSWERED]}, 400, "number of function response parts"),
        ({"generationConfig": {"maxOutputTokens": 0}}, 400, "must be positive"),
        ({"cachedContent": "cachedContents/1"}, 403, "CachedContent not found"),
    ],
)
def test_what_is_refused(line: Line, wrong: dict[str, object], status: int, words: str) -> None:
    """In Google's envelope; without ``alt=sse`` a stream's refusal is a list of one."""
    body = {"contents": [said("x")], **wrong}
    heard = line.ask("/v1beta/models/m:generateContent", body)
    assert (heard.status, heard.json["error"]["code"]) == (status, status)
    assert words in heard.json["error"]["message"]
    assert line.ask("/v1beta/models/m:streamGenerateContent", body).json[0]["error"] == heard.json["error"]
    assert line.ask("/v1beta/models/m:streamGenerateContent?alt=sse", body).json == heard.json


def test_answers_in_turns_of_their_own_count_together(line: Line) -> None:
    """Some clients send each function's response as a content of its own."""
    assert ask(line, said("x"), CALLED, ANSWERED, ANSWERED).status == 200
