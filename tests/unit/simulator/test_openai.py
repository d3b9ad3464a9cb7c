"""OpenAI's APIs: Chat Completions, Completions, Responses, embeddings, moderations, models, and refusals."""

import base64
import json
import math
import struct
from typing import Any

import pytest

from tests.unit.simulator.line import Heard, Line, events

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
BOTH = "What is the weather in Tokyo and Paris? Check both."


def chat(line: Line, words: str = "Explain bees.", **more: object) -> Heard:
    body: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": words}], **more}
    return line.ask("/v1/chat/completions", {name: value for name, value in body.items() if value is not None})


def respond(line: Line, given: object = "Explain bees.", **more: object) -> Heard:
    body = {"model": "gpt-4o", "input": given, **more}
    return line.ask("/v1/responses", {name: value for name, value in body.items() if value is not None})


# --- Chat Completions -------------------------------------------------------------------------------------------


def test_a_completion_has_all_that_clients_read(line: Line) -> None:
    """Choices, usage that adds up, and the headers that OpenAI sends."""
    heard = chat(line, n=2, model="gpt-4o+seed=3")
    made = heard.json
    assert (made["object"], made["model"]) == ("chat.completion", "gpt-4o+seed=3")
    assert [choice["finish_reason"] for choice in made["choices"]] == ["stop", "stop"]
    first, second = (choice["message"]["content"] for choice in made["choices"])
    assert first != second
    usage = made["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert heard.headers["x-request-id"]
    assert heard.headers["openai-processing-ms"].isdigit()


def test_a_chat_tool_loop(line: Line) -> None:
    """Two calls with ids of their own, then words about their results."""
    choice = chat(line, BOTH, tools=[WEATHER]).json["choices"][0]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    calls = choice["message"]["tool_calls"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Tokyo"}, {"city": "Paris"}]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "sunny"} for call in calls]
    turns = [{"role": "user", "content": BOTH}, choice["message"], *results]
    last = chat(line, messages=turns, tools=[WEATHER], tool_choice="required").json["choices"][0]
    assert last["finish_reason"] == "stop"
    assert "sunny" in last["message"]["content"]


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", 0), ("auto", 2), ("required", 2), ({"type": "function", "function": {"name": "weather"}}, 2),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [WEATHER]}}, 2),
    ],
)  # fmt: skip
def test_the_tool_choice(line: Line, choice: object, called: int) -> None:
    """In each form that the API has; one at a time where parallel calls are off."""
    heard = chat(line, BOTH, tools=[WEATHER], tool_choice=choice)
    assert len(heard.json["choices"][0]["message"].get("tool_calls", [])) == called
    alone = chat(line, BOTH, tools=[WEATHER], tool_choice=choice, parallel_tool_calls=False)
    assert len(alone.json["choices"][0]["message"].get("tool_calls", [])) == min(called, 1)


def test_functions_and_custom_tools(line: Line) -> None:
    """The older form of functions, and tools of free text, whole and streamed."""
    functions = [{"name": "weather", "parameters": SCHEMA}]
    legacy = chat(line, BOTH, functions=functions).json["choices"][0]
    assert (legacy["finish_reason"], legacy["message"]["function_call"]["name"]) == ("function_call", "weather")
    streamed = events(chat(line, BOTH, functions=functions, stream=True).body)
    pieces = [chunk["choices"][0]["delta"].get("function_call", {}) for chunk in streamed]
    assert json.loads("".join(piece.get("arguments", "") for piece in pieces)) == {"city": "Tokyo"}
    custom = [{"type": "custom", "custom": {"name": "note"}}]
    called = chat(line, "simulate: call note two words", tools=custom).json["choices"][0]["message"]["tool_calls"][0]
    assert (called["type"], called["custom"]) == ("custom", {"name": "note", "input": "two words"})


@pytest.mark.parametrize(
    ("model", "effort", "reasons"),
    [
        ("gpt-4o", None, False),
        ("gpt-4o", "low", True),
        ("gpt-5-mini", None, True),
        ("o3", None, True),
        ("gpt-5.5", "none", False),
    ],
)
def test_reasoning_is_counted(line: Line, model: str, effort: str | None, reasons: bool) -> None:
    """By models that reason, and where it is asked for; it is hidden, and part of the output."""
    usage = chat(line, model=model, reasoning_effort=effort).json["usage"]
    hidden = usage["completion_tokens_details"]["reasoning_tokens"]
    assert bool(hidden) is reasons
    assert usage["completion_tokens"] > hidden


def test_structured_output(line: Line) -> None:
    """A schema, and any JSON."""
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}
    content = chat(line, "Where is Rome?", response_format=form).json["choices"][0]["message"]["content"]
    assert json.loads(content) == {"city": "Rome"}
    loose = chat(line, response_format={"type": "json_object"}).json["choices"][0]["message"]["content"]
    assert isinstance(json.loads(loose), dict)


def test_long_prompts_are_cached(line: Line) -> None:
    """From the second time on, in steps of 128, also under another question."""
    system = {"role": "system", "content": "word " * 1200}
    usages = [
        chat(line, messages=[system, {"role": "user", "content": words}]).json["usage"] for words in ("One?", "Two?")
    ]
    cached = [usage["prompt_tokens_details"]["cached_tokens"] for usage in usages]
    assert cached[0] == 0 < cached[1] < usages[1]["prompt_tokens"]
    assert cached[1] % 128 == 0


def test_limits_and_stops(line: Line) -> None:
    """With the reasons that OpenAI gives."""
    for name in ("max_tokens", "max_completion_tokens"):
        cut = chat(line, **{name: 7}).json
        assert (cut["choices"][0]["finish_reason"], cut["usage"]["completion_tokens"]) == ("length", 7)
    stopped = chat(line, "Count to 9", stop="5").json["choices"][0]
    assert (stopped["finish_reason"], stopped["message"]["content"]) == ("stop", "1, 2, 3, 4, ")


def test_legacy_completions(line: Line) -> None:
    """Prompts, echo, the old default limit, and the stream."""
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": ["Count to 3", "Count to 4"], "echo": True, "n": 2}
    made = line.ask("/v1/completions", body).json
    assert made["object"] == "text_completion"
    assert [choice["index"] for choice in made["choices"]] == [0, 1, 2, 3]
    assert made["choices"][3]["text"] == "Count to 41, 2, 3, 4."
    long = line.ask("/v1/completions", {"model": "m", "prompt": "Explain bees."}).json
    assert (long["choices"][0]["finish_reason"], long["usage"]["completion_tokens"]) == ("length", 16)
    streamed = line.ask("/v1/completions", {"model": "m", "prompt": "Count to 3", "stream": True}).body
    assert "".join(chunk["choices"][0]["text"] for chunk in events(streamed)) == "1, 2, 3."
    assert streamed.endswith(b"data: [DONE]\n\n")


# --- Responses --------------------------------------------------------------------------------------------------


def test_a_response_has_all_that_clients_read(line: Line) -> None:
    """Items, usage that adds up, and the parameters as they came."""
    made = respond(line, instructions="Be kind.", metadata={"a": "b"}, tools=[], temperature=None).json
    assert (made["object"], made["status"], made["error"]) == ("response", "completed", None)
    assert (made["instructions"], made["metadata"], made["temperature"]) == ("Be kind.", {"a": "b"}, 1.0)
    assert [item["type"] for item in made["output"]] == ["message"]
    assert made["output"][0]["content"][0]["text"]
    assert made["usage"]["total_tokens"] == made["usage"]["input_tokens"] + made["usage"]["output_tokens"]


def test_a_responses_tool_loop(line: Line) -> None:
    """Reasoning and calls come back as input, and are answered in words."""
    tools = [{"type": "function", "name": "weather", "parameters": SCHEMA}]
    asked: list[Any] = [{"role": "user", "content": BOTH}]
    more = {"model": "gpt-5.5", "tools": tools, "store": False, "reasoning": {"effort": "low", "summary": "auto"}}
    first = respond(line, asked, **more).json["output"]
    assert [item["type"] for item in first] == ["reasoning", "function_call", "function_call"]
    assert first[0]["encrypted_content"]
    assert first[0]["summary"][0]["text"]
    outputs = [
        {"type": "function_call_output", "call_id": item["call_id"], "output": "sunny"}
        for item in first
        if item["type"] == "function_call"
    ]
    last = respond(line, [*asked, *first, *outputs], **more).json["output"]
    assert [item["type"] for item in last] == ["reasoning", "message"]
    assert "sunny" in last[1]["content"][0]["text"]


def test_codex_tools(line: Line) -> None:
    """Namespaces and tools of free text, given among the tools or in the input; their calls keep both names."""
    group = {"type": "namespace", "name": "files", "tools": [{"type": "custom", "name": "patch"}]}
    script = {"role": "user", "content": "simulate: call files.patch *** Begin"}
    for given, tools in (([script], [group]), ([{"type": "additional_tools", "tools": [group]}, script], [])):
        item = respond(line, given, tools=tools).json["output"][0]
        assert (item["type"], item["namespace"], item["name"], item["input"]) == (
            "custom_tool_call", "files", "patch", "*** Begin",
        )  # fmt: skip


def test_a_web_search_item(line: Line) -> None:
    """A finished search, then words whose annotations point at what they cite."""
    search, message = respond(line, "The latest news about bees?", tools=[{"type": "web_search"}]).json["output"]
    assert (search["type"], search["status"], search["action"]["type"]) == ("web_search_call", "completed", "search")
    content = message["content"][0]
    for citation in content["annotations"]:
        assert content["text"][citation["start_index"] : citation["end_index"]]
        assert {"type": "url", "url": citation["url"]} in search["action"]["sources"]
    assert content["annotations"]


def test_counting_agrees_with_usage(line: Line) -> None:
    """Instructions, tools and pictures included."""
    picture = {"type": "input_image", "image_url": "https://example.com/a.png"}
    given = [{"role": "user", "content": [picture, {"type": "input_text", "text": "What is this?"}]}]
    body = {"model": "gpt-4o", "instructions": "Be kind.", "input": given, "tools": [{"type": "web_search"}]}
    counted = line.ask("/v1/responses/input_tokens", body).json
    assert counted["object"] == "response.input_tokens"
    assert counted["input_tokens"] == line.ask("/v1/responses", body).json["usage"]["input_tokens"] > 1600


def test_a_compacted_conversation_goes_on(line: Line) -> None:
    """The user's messages and one item for the rest, which are taken as input again."""
    turns = [{"role": "user", "content": "Why bees?"}, {"role": "assistant", "content": "Because."}]
    made = line.ask("/v1/responses/compact", {"model": "gpt-4o", "input": turns}).json
    assert made["object"] == "response.compaction"
    assert [item["type"] for item in made["output"]] == ["message", "compaction"]
    assert respond(line, [*made["output"], {"role": "user", "content": "Go on."}]).status == 200


def test_an_incomplete_response(line: Line) -> None:
    """The limit is told where the API tells it."""
    made = respond(line, max_output_tokens=16).json
    assert (made["status"], made["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert made["usage"]["output_tokens"] == 16
    stream = events(respond(line, max_output_tokens=16, stream=True).body)
    assert stream[-1]["type"] == "response.incomplete"


# --- the rest ---------------------------------------------------------------------------------------------------


def embedded(line: Line, *texts: str, **more: object) -> list[Any]:
    heard = line.ask("/v1/embeddings", {"model": "text-embedding-3-small", "input": list(texts), **more})
    return [row["embedding"] for row in heard.json["data"]]


def test_embeddings_are_unit_vectors_of_the_size_asked_for(line: Line) -> None:
    """Unit vectors of the size asked for, the same in both encodings, close where the words are."""
    cat, cats, sums = embedded(line, "the cat sat here", "here sat the cat Tom", "algebra")
    assert len(cat) == 1536
    assert math.isclose(math.hypot(*cat), 1, rel_tol=1e-6)
    near, far = (sum(a * b for a, b in zip(cat, other, strict=True)) for other in (cats, sums))
    assert near > 0.8
    assert abs(far) < 0.3
    (packed,) = embedded(line, "the cat sat here", encoding_format="base64", dimensions=64)
    (plain,) = embedded(line, "the cat sat here", dimensions=64)
    assert list(struct.unpack("<64f", base64.b64decode(packed))) == plain


def test_there_is_one_moderation_an_input(line: Line) -> None:
    """One result an input."""
    made = line.ask("/v1/moderations", {"input": ["I love bees", "I will kill it"]}).json
    assert [result["flagged"] for result in made["results"]] == [False, True]
    assert made["results"][1]["categories"]["violence"]


def test_models_come_in_one_list_and_every_name_is_known(line: Line) -> None:
    """A list in OpenAI's shape; every name is known."""
    listed = line.ask("/v1/models").json
    assert listed["object"] == "list"
    assert {"gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-5-mini", "o1", "o3"} <= {
        model["id"] for model in listed["data"]
    }
    assert line.ask("/v1/models/vendor/any").json["id"] == "vendor/any"


@pytest.mark.parametrize(
    ("wrong", "param", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": "Hi"}, "messages", "invalid_type"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id", "missing_required_parameter"),
        ({"max_tokens": 0}, "max_tokens", "integer_below_min_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"tool_choice": "auto"}, "tool_choice", "invalid_request_error"),
        ({"model": "m+tokens=100000", "n": 9}, "n", "invalid_value"),
    ],
)
def test_what_chat_refuses(line: Line, wrong: dict[str, object], param: str, code: str) -> None:
    """With 400 and all four keys of OpenAI's envelope."""
    heard = chat(line, **wrong)
    assert (heard.status, set(heard.json["error"])) == (400, {"message", "type", "param", "code"})
    assert (heard.json["error"]["param"], heard.json["error"]["code"]) == (param, code)


CALL = {"type": "function_call", "call_id": "c1", "name": "a", "arguments": "{}"}


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({"model": None}, 400, "Missing required parameter: 'model'."),
        ({"input": None}, 400, "Missing required parameter: 'input'."),
        ({"input": [{"role": "user", "content": 7}]}, 400, "Invalid type for 'input[0].content'"),
        ({"input": [CALL, {"role": "user", "content": "x"}]}, 400, "No tool output found for function call c1."),
        ({"input": [{"type": "function_call_output", "call_id": "c9", "output": ""}]}, 400, "No tool call found"),
        ({"max_output_tokens": 3}, 400, "Expected a value >= 16"),
        ({"previous_response_id": "resp_1"}, 400, "Previous response with id 'resp_1' not found."),
        ({"conversation": "conv_1"}, 404, "keeps no objects"),
        ({"input": [{"type": "item_reference", "id": "msg_1"}]}, 404, "Item with id 'msg_1' not found."),
        ({"background": True}, 400, "keeps no objects"),
    ],
)
def test_what_responses_refuses(line: Line, wrong: dict[str, object], status: int, words: str) -> None:
    """What is malformed, and what would need objects that nobody keeps here."""
    heard = respond(line, **{"given": wrong.pop("input"), **wrong} if "input" in wrong else wrong)
    assert heard.status == status
    assert words in heard.json["error"]["message"]
