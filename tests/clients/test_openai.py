"""OpenAI's SDKs through the gateway: Python 2.x and 3.x, Node; Chat Completions, Responses, older operations."""

from typing import Any

import pytest

from tests.clients.answers.anthropic import GREETING
from tests.clients.comparison import assert_crossed_as, assert_the_same_through, cases
from tests.clients.stage import CLIENTS, FAMILIES, OPERATORS_KEY, OWN_KEY, Stage

FAMILY = FAMILIES["openai"]

CALLS = [["weather", {"city": "Tokyo"}], ["weather", {"city": "Paris"}]]
PLACE = {"city": "Tokyo", "asked": ["asked", "city"]}
HELLO = f"{GREETING}: Hello"
NUMBERS = {"input": 12, "output": 5, "tomorrow": ["kept"]}


def completion(words: str) -> dict[str, Any]:
    """A completion as the scripts print it."""
    return {"model": "gpt-scripted", "text": words, "stop": "stop", **NUMBERS}


def response(words: str, *items: str) -> dict[str, Any]:
    """A response as the scripts print it."""
    head = {"model": "gpt-scripted", "text": words, "status": "completed"}
    return {**head, "items": list(items or ("message",)), **NUMBERS}


def error(raised: str, status: int, code: str | None) -> dict[str, Any]:
    return {"raised": raised, "status": status, "message": f"scripted {status}", "code": code}


LOOP = {"calls": CALLS, "first": "tool_calls", "last": "call_0=18; call_1=11"}
UNAVAILABLE = error("InternalServerError", 503, None)
THROTTLED = error("RateLimitError", 429, "rate_limit_exceeded")
BEGINNING = ["response.created", "response.in_progress", "response.output_item.added"]

PRINTED: dict[str, Any] = {
    "unary": {**completion(HELLO), "request_id": True},
    "stream": {"text": HELLO, "stops": ["stop"]},
    "stream_usage": {"choices": 0, "usage": [12, 5]},
    "async_stream": HELLO,
    "tools": LOOP,
    "stream_tools": LOOP,
    "thinking": completion(f"{HELLO} (high)"),
    "image": completion(f"{GREETING}: What is this? image:126"),
    "pdf": completion(f"{GREETING}: What is this? file:one.pdf:196"),
    "structured": PLACE,
    "bad_request": error("BadRequestError", 400, "string_above_max_length"),
    "rate_limited": THROTTLED,
    "budget_gone": THROTTLED,
    "overloaded": UNAVAILABLE,
    "stream_overloaded": UNAVAILABLE,
    "stream_fails": {"raised": "APIError", "message": "scripted failure"},
    "responses_unary": response(HELLO),
    "responses_stream": {"streamed": HELLO, **response(HELLO)},
    "responses_events": [
        *BEGINNING,
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ],
    "responses_tools": {"calls": CALLS, "last": "call_0=18; call_1=11"},
    "responses_stream_tools": CALLS,
    "responses_thinking": {
        "first": response(HELLO, "reasoning", "message"),
        "again": response(f"{GREETING}: And?", "reasoning", "message"),
    },
    "responses_image": response(f"{GREETING}: What is this? image:126"),
    "responses_pdf": response(f"{GREETING}: What is this? file:one.pdf:196"),
    "responses_structured": PLACE,
    "responses_fails": [*BEGINNING, "error"],
    "count_tokens": {"tokens": 21},
    "completions": {"text": f"{GREETING}: Once", "streamed": f"{GREETING}: Once"},
    "embeddings": {"vectors": [[0.25, -0.5, 1.0]] * 2, "plain": [0.25, -0.5, 1.0]},
    "models": {"ids": ["gpt-scripted"], "owner": "scripted"},
}
PRINTED_BY_NODE: dict[str, Any] = {
    "responses_fails": {"types": BEGINNING, "raised": "APIError", "message": "scripted failure"},
}


@pytest.mark.parametrize(("client", "feature"), cases(PRINTED))
def test_a_feature_is_the_same_through_the_gateway(stage: Stage, client: str, feature: str) -> None:
    """The program prints what the provider said, and the provider receives what the program sent, and only that."""
    expected = {**PRINTED, **(PRINTED_BY_NODE if client == "node" else {})}[feature]
    assert_the_same_through(stage, FAMILY, client, feature, expected)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_stored_response_is_continued_read_and_deleted(stage: Stage, client: str) -> None:
    """A response belongs to who made it until it is deleted; then reading it is a 404 in OpenAI's own words or ours."""
    outcomes = stage.outcomes(FAMILY.dialect, client)
    direct = outcomes["direct", "responses_stored"]
    first = direct.received[2].path.rpartition("/")[2]
    expected = {"again": f"{GREETING}: And? after {first}", "same": True, "items": ["item_1"], "gone": 404}
    assert direct.printed == expected
    for target, key in (("operator", OPERATORS_KEY), ("own", OWN_KEY)):
        through = outcomes[target, "responses_stored"]
        assert through.printed == expected, target
        assert_crossed_as(through, FAMILY, key)
        # The last request asks for what is gone, which a gateway may know by itself.
        sent = [(request.method, request.target, request.body) for request in through.received]
        assert sent[:5] == [(request.method, request.target, request.body) for request in direct.received[:5]]


@pytest.mark.parametrize(("feature", "attempts"), [("rate_limited", ["0", "1", "2"]), ("budget_gone", ["0"])])
@pytest.mark.parametrize("client", CLIENTS)
def test_the_sdk_retries_as_the_provider_says(stage: Stage, client: str, feature: str, attempts: list[str]) -> None:
    """A throttle is tried again, each attempt counted for the provider; ``x-should-retry: false`` ends it at once."""
    received = stage.outcomes(FAMILY.dialect, client)["operator", feature].received
    assert [request.header("x-stainless-retry-count") for request in received] == attempts
