"""Exempt means untouched: for each form that leaves no room for words, byte for byte, against an override too."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.path.terser.scene import FORMATS, WORDS, answer, config, fresh, told
from tests.support.gateway import Gateway
from tests.support.provider import Provider

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
FUNCTION = {"name": "look", "parameters": SCHEMA}

EXEMPT: list[tuple[str, str, dict[str, Any]]] = [
    ("anthropic", "structured-output", {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}),
    ("anthropic", "structured-output", {"output_format": {"type": "json_schema", "schema": SCHEMA}}),
    ("anthropic", "forced-tool", {"tools": [{"name": "look", "input_schema": SCHEMA}], "tool_choice": {"type": "any"}}),
    (
        "anthropic", "forced-tool",
        {"tools": [{"name": "look", "input_schema": SCHEMA}], "tool_choice": {"type": "tool", "name": "look"}},
    ),
    ("anthropic", "prefill", {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "{"}]}),
    ("chat", "structured-output", {"response_format": {"type": "json_object"}}),
    (
        "chat", "structured-output",
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}}},
    ),
    ("chat", "forced-tool", {"tools": [{"type": "function", "function": FUNCTION}], "tool_choice": "required"}),
    (
        "chat", "forced-tool",
        {
            "tools": [{"type": "function", "function": FUNCTION}],
            "tool_choice": {"type": "function", "function": {"name": "look"}},
        },
    ),
    ("chat", "prefill", {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "{"}]}),
    ("responses", "structured-output", {"text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}}),
    ("responses", "forced-tool", {"tools": [{"type": "function", **FUNCTION}], "tool_choice": "required"}),
    ("responses", "continued-elsewhere", {"previous_response_id": "resp_unheard_of"}),
    (
        "gemini", "structured-output",
        {"generationConfig": {"responseMimeType": "application/json", "responseSchema": SCHEMA}},
    ),
    (
        "gemini", "forced-tool",
        {"tools": [{"functionDeclarations": [FUNCTION]}], "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
    ),
    ("gemini", "cached-content", {"cachedContent": "cachedContents/x"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Provider]]:
    """A gateway whose key says ``full``; callers bring their own credential, so that stored objects are theirs."""
    with (
        Provider(answer) as provider,
        Gateway(config(provider, keys={"intensity": "full"}), tmp_path_factory.mktemp("full")) as gateway,
    ):
        yield gateway, provider


@pytest.mark.parametrize(("name", "reason", "form"), EXEMPT, ids=[f"{name} {reason}" for name, reason, _ in EXEMPT])
def test_a_form_without_room_for_words_keeps_its_bytes(
    full: tuple[Gateway, Provider], name: str, reason: str, form: dict[str, Any]
) -> None:
    """And the answer says why. The conversation goes on without words, for that is how it began."""
    gateway, provider = full
    wire = FORMATS[name]
    plain = wire.first(fresh())
    raw = json.dumps({**plain, **form}, indent=2).encode()
    for override in ({}, {"X_Penstock_Intensity": "ultra"}):
        got = wire.send(gateway, raw, X_Provider_Key="sk-canary-callers-own", **override)
        assert got.status == 200, got
        assert provider.received[-1].body == raw
        assert told(got) == {"intensity": "off", "reason": reason, "arm": "exempt"}
    if "messages" not in form and reason not in {"cached-content", "continued-elsewhere"}:
        later = json.dumps(wire.later(plain)).encode()
        got = wire.send(gateway, later, X_Provider_Key="sk-canary-callers-own")
        assert provider.received[-1].body == later
        assert told(got)["reason"] == reason


@pytest.mark.parametrize("name", FORMATS)
def test_processes_agree_on_every_turn(tmp_path: Path, name: str) -> None:
    """Each turn comes over a connection of its own, so to any of two processes: the request that is sent on extends the
    one before it, in the middle of a restart of both as well."""
    wire = FORMATS[name]
    body, before = wire.first(fresh()), None
    with Provider(answer) as provider:
        for _ in range(2):
            with Gateway(
                {**config(provider, keys={"intensity": "full", "holdout": 0}), "workers": 2}, tmp_path
            ) as gateway:
                for _ in range(6):
                    assert told(wire.send(gateway, body))["arm"] == "treated"
                    after = json.loads(provider.received[-1].body)
                    lists = [key for key in ("messages", "input", "contents") if key in after]
                    assert WORDS in json.dumps(after)
                    if before is not None:
                        assert {**before, **dict.fromkeys(lists)} == {**after, **dict.fromkeys(lists)}
                        assert all(after[key][: len(before[key])] == before[key] for key in lists)
                    before, body = after, wire.later(body)
