"""Google's SDKs through the gateway: Python 1.x (which speaks v1beta) and 3.x (v1), Node."""

from typing import Any

import pytest

from tests.clients.answers.anthropic import GREETING
from tests.clients.comparison import assert_the_same_through, cases
from tests.clients.stage import CLIENTS, FAMILIES, Stage

FAMILY = FAMILIES["gemini"]

CALLS = [["weather", {"city": "Tokyo"}], ["weather", {"city": "Paris"}]]
THOUGHT = {"text": "Let me think …", "thought": True}
HELLO = f"{GREETING}: Hello"


def response(*parts: dict[str, Any]) -> dict[str, Any]:
    """A response as the scripts print it."""
    return {"parts": list(parts), "stop": "STOP", "input": 12, "output": 5, "model": "gemini-scripted"}


def streamed(text: str = "", thought: str = "", calls: list[Any] | None = None) -> dict[str, Any]:
    return {"text": text, "thought": thought, "calls": calls or [], "stop": "STOP", "output": 5}


def signed(text: str) -> dict[str, Any]:
    return {"text": text, "thought_signature": "c2lnbmVk"}


def error(raised: str, status: int, kind: str) -> dict[str, Any]:
    return {"raised": raised, "status": status, "message": f"scripted status-{status}", "kind": kind}


UNAVAILABLE = error("ServerError", 503, "UNAVAILABLE")

PRINTED: dict[str, Any] = {
    "unary": response({"text": HELLO}),
    "stream": streamed(HELLO),
    "async_stream": HELLO,
    "tools": {"calls": CALLS, "last": "weather=18; weather=11"},
    "stream_tools": streamed(calls=CALLS),
    "thinking": {"first": response(THOUGHT, signed(HELLO)), "again": response(THOUGHT, signed(f"{GREETING}: And?"))},
    "stream_thinking": streamed(HELLO, "Let me think …"),
    "image": response({"text": f"{GREETING}: image/png:104 What is this?"}),
    "pdf": response({"text": f"{GREETING}: application/pdf:168 What is this?"}),
    "structured": {"city": "Tokyo", "asked": ["asked", "city"]},
    "count_tokens": {"tokens": 21},
    "models": {"names": ["models/gemini-scripted"], "shown": "Gemini Scripted"},
    "embeddings": [[0.25, -0.5, 1.0]],
    "chat": [f"{GREETING}: One", f"{GREETING}: Two"],
    "files": {
        "name": "files/scripted1",
        "state": "ACTIVE",
        "said": f"{GREETING}: file:https://files.example/v1beta/files/scripted1 What is this?",
    },
    "caches": {"name": "cachedContents/scripted1", "said": f"{HELLO} with cachedContents/scripted1"},
    "bad_request": error("ClientError", 400, "INVALID_ARGUMENT"),
    "rate_limited": error("ClientError", 429, "RESOURCE_EXHAUSTED"),
    "overloaded": UNAVAILABLE,
    "stream_overloaded": UNAVAILABLE,
    "stream_fails": {**UNAVAILABLE, "message": "scripted failure"},
}


def expected_of(client: str, feature: str) -> Any:
    """Node has one class of error for all statuses."""
    printed = PRINTED[feature]
    return {**printed, "raised": "ApiError"} if client == "node" and "raised" in printed else printed


@pytest.mark.parametrize(("client", "feature"), cases(PRINTED))
def test_a_feature_is_the_same_through_the_gateway(stage: Stage, client: str, feature: str) -> None:
    """The program prints what the provider said, and the provider receives what the program sent, and only that."""
    expected = expected_of(client, feature)
    assert_the_same_through(stage, FAMILY, client, feature, expected)


@pytest.mark.parametrize("client", CLIENTS)
def test_each_generation_keeps_its_version_in_the_path(stage: Stage, client: str) -> None:
    """Releases since 3 ask for v1, those before for v1beta; the gateway serves both and changes neither."""
    request = stage.outcomes(FAMILY.dialect, client)["operator", "unary"].received[0]
    version = "v1beta" if client == "python-earlier" else "v1"
    assert request.target == f"/{version}/models/gemini-scripted:generateContent"
