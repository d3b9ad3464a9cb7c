"""Answers in their usual form are read by decoders that know it, all others with care: both must read the same.

Usual answers are changed, place by place, into whatever a provider could send; as JSON text, so that keys can come
twice and numbers can be of any size. A mark that means nothing makes the usual form unusual: with it the very same
answer is read with care.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.core.ending import Ending
from penstock.core.usage import Consumption
from tests.unit.dialects.tallying import CHAT, GENERATE, MESSAGES, RESPONSES, STREAM_GENERATE, told

ODD = (
    "null", "true", "false", "0", "-0", "7", "500", "-3", "1.5", "12.0", "1E2", "1e400", "1000000000", "1000000001",
    "9223372036854775808", "123456789012345678901234567890", '""', '"12"', '"flex"', "[]", "[7]", "[{}]", "{}",
    '{"a":1}', '{"cached_tokens":3}', '[{"modality":4,"tokenCount":2}]', '{"blockReason":"X"}', '"in_progress"',
    "[" * 40 + "]" * 40, "[" * 5000 + "]" * 5000,
)  # fmt: skip

# What may stand beside the usual fields of any object, and with what in it.
ODD_BESIDE = ("null", "true", "7", '"in_progress"', "[7]", '{"cached_tokens":3}')
BESIDE = (
    "unheard_of", "error", "iterations", "speed", "service_tier", "prompt_tokens", "input_tokens", "completion_tokens",
    "output_tokens", "seconds", "status", "prompt_tokens_details", "input_tokens_details", "input_token_details",
    "num_cached_tokens", "reasoning_tokens", "server_side_tool_usage_details", "x_groq", "usage_breakdown", "output",
    "background", "finishReason", "finish_reason", "stop_reason", "refusal", "tool_calls", "choices", "model",
    "promptTokenDetails", "promptFeedback", "candidates", "cacheTokensDetails",
    "trafficType", "candidatesTokenCount",
)  # fmt: skip


class Raw(str):
    """JSON text, as it stands."""


@dataclass(frozen=True)
class Form:
    """A kind of answer: its route, usual answers, and where a mark that means nothing makes them unusual."""

    route: str
    usual: list[Any]
    place: str
    mark: str


def _split(**tokens: int) -> list[Any]:
    return [{"modality": name, "tokenCount": number} for name, number in tokens.items()]


def _element(finish: str | None, queries: list[str], **counts: Any) -> dict[str, Any]:
    candidate = {"content": {}, "finishReason": finish, "groundingMetadata": {"webSearchQueries": queries}}
    return {"candidates": [candidate], "usageMetadata": {"promptTokenCount": 30, **counts}, "modelVersion": "gemini-3"}


ELEMENTS = [
    _element("STOP", ["a", "b"], candidatesTokenCount=9, thoughtsTokenCount=3, promptTokensDetails=_split(TEXT=30)),
    _element("STOP", [], candidatesTokenCount=9, cachedContentTokenCount=7, cacheTokensDetails=_split(AUDIO=3),
             promptTokensDetails=_split(TEXT=10, AUDIO=12, IMAGE=8), serviceTier="flex", toolUsePromptTokenCount=5,
             candidatesTokensDetails=_split(IMAGE=4), toolUsePromptTokensDetails=_split(VIDEO=2)),
    _element("MAX_TOKENS", [], candidatesTokenCount=9) | {"promptFeedback": {"blockReason": "SAFETY"}},
]  # fmt: skip
CHATTED = {"prompt_tokens": 30, "completion_tokens": 9, "total_tokens": 39}
RESPONDED = {"input_tokens": 30, "output_tokens": 9, "total_tokens": 39}
INS, OUTS = {"cached_tokens": 9, "cache_write_tokens": 3, "audio_tokens": 2}, {"reasoning_tokens": 4, "audio_tokens": 1}
SEARCHED = [
    {"type": "web_search_call", "action": {"type": "search"}},
    {"type": "file_search_call"},
    {"type": "message", "content": [{"type": "output_text", "text": "a"}, {"type": "refusal", "refusal": "No."}]},
]
CALLED = {"type": "function_call", "arguments": '{"a":'}
CHOICES = [
    {"finish_reason": "length", "message": {"refusal": None, "content": "a"}},
    {"finish_reason": "stop", "message": {"refusal": "No.", "tool_calls": [{"function": {"arguments": "{}"}}]}},
    {
        "finish_reason": "tool_calls",
        "message": {"tool_calls": [{"function": {"arguments": '{"a":'}}], "function_call": {"arguments": "{}"}},
    },
]

FORMS = {
    "anthropic": Form(MESSAGES, [
        {"model": "m", "stop_reason": "max_tokens", "usage": {"input_tokens": 30, "output_tokens": 9}},
        {"model": "m", "usage": {
            "input_tokens": 30, "output_tokens": 9, "cache_creation_input_tokens": 8, "cache_read_input_tokens": 7,
            "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 3},
            "output_tokens_details": {"thinking_tokens": 4}, "service_tier": "standard", "speed": "fast",
            "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 0}}},
    ], r'"usage":\{(?!\})', '"iterations":[]'),
    "chat": Form(CHAT, [
        {"model": "m", "usage": CHATTED, "service_tier": "default", "choices": CHOICES},
        {"model": "m", "usage": CHATTED | {"prompt_tokens_details": INS, "completion_tokens_details": OUTS}},
        {"model": "m", "usage": CHATTED | {"prompt_cache_hit_tokens": 5, "total_tokens": 44, "service_tier": "flex",
                                           "server_side_tool_usage_details": {"a_calls": 1}}},
    ], r"\A\{(?!\})", '"usage_breakdown":""'),
    "responses": Form(RESPONSES, [
        {"id": "r", "model": "m", "status": "completed", "background": False, "usage": RESPONDED, "output": SEARCHED},
        {"model": "m", "usage": RESPONDED, "status": "incomplete", "output": [CALLED],
         "incomplete_details": {"reason": "max_output_tokens"}},
        {"model": "m", "usage": RESPONDED | {"input_tokens_details": INS, "output_tokens_details": OUTS}},
    ], r"\A\{(?!\})", '"usage_breakdown":""'),
    "gemini": Form(GENERATE, ELEMENTS, r'"usageMetadata":\{(?!\})', '"promptTokenDetails":[]'),
    "gemini array": Form(
        STREAM_GENERATE, [[_element(None, ["c"], cachedContentTokenCount=6), one] for one in ELEMENTS],
        r'"usageMetadata":\{(?!\})', '"promptTokenDetails":[]',
    ),
}  # fmt: skip


def rendered(value: Any) -> str:
    """JSON text."""
    if isinstance(value, Raw):
        return value
    if isinstance(value, dict):
        # A name may end in marks that tell a second field of that name from the first.
        return "{" + ",".join(f'"{name.rstrip("*")}":{rendered(one)}' for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(rendered, value)) + "]"
    return json.dumps(value)


def changed(value: Any, odd: str) -> Iterator[Any]:
    """Each variant with something odd in one place: for a value, before or behind it under its name, or beside it."""
    yield Raw(odd)
    if isinstance(value, list):
        for at, one in enumerate(value):
            yield from ([*value[:at], other, *value[at + 1 :]] for other in changed(one, odd))
    if isinstance(value, dict):
        for name, one in value.items():
            yield from (value | {name: other} for other in changed(one, odd))
            yield {name + "*": Raw(odd)} | value
            yield value | {name + "*": Raw(odd)}
            yield {other: each for other, each in value.items() if other != name}
        beside = BESIDE if odd in ODD_BESIDE else ()
        yield from (value | {name: Raw(odd)} for name in beside if name not in value)


def differs(form: Form, text: str) -> bool:
    """The two readings are not the same."""
    careful = re.sub(form.place, lambda found: found[0] + form.mark + ",", text)
    return _read(form.route, text) != _read(form.route, careful)


def _read(route: str, text: str) -> tuple[Consumption, str, Ending]:
    tally = told(route)
    tally.piece(text.encode())
    return tally.consumed(), tally.batch, tally.ending


QUICK = frozenset({"null", "7"})


@pytest.mark.parametrize(
    "odd", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in ODD], ids=lambda odd: odd[:24]
)
@pytest.mark.parametrize("name", FORMS)
def test_one_odd_thing_is_read_as_with_care(name: str, odd: str) -> None:
    """In every place of every usual answer."""
    form = FORMS[name]
    texts = {rendered(variant) for usual in form.usual for variant in changed(usual, odd)}
    assert [text for text in texts if differs(form, text)] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_several_odd_things_are_read_as_with_care(name: str, data: st.DataObject) -> None:
    """Wherever they are, and with white space anywhere."""
    form = FORMS[name]
    answer = data.draw(st.sampled_from(form.usual))
    for odd in data.draw(st.lists(st.sampled_from(ODD), min_size=2, max_size=4)):
        answer = data.draw(st.sampled_from(list(changed(answer, odd))))
    text = rendered(answer)
    assert not differs(form, text.replace(",", data.draw(st.sampled_from([",", " ,\r\n\t "]))))
