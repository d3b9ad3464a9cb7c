"""The requests of two published pages, at every level and by every way to ask for one.

The pages promise that a key has a default, that a header or a query overrides it, that the answer's header says what
ran, and that nothing but a system prompt is touched. What must arrive is written out by hand, to the byte.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from penstock.core.terseness import Intensity
from penstock.policies.compress.rules import SHIPPED
from tests.support.client import Got, ask
from tests.support.gateway import CALLER_KEY, Gateway, settings
from tests.support.provider import Provider, Received, Scripted, json_answer, stream_answer

LEVELS = tuple(one.value for one in Intensity)
KEYS = {level: f"mt_live_{level}{'0' * (44 - len(level))}" for level in LEVELS}
"""One key for each level, which is its default."""

ANSWERS = {
    "/v1/messages": b'{"type":"message","model":"m","content":[],"usage":{"input_tokens":9,"output_tokens":3}}',
    "/v1/chat/completions": b'{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}',
}
FRAMES = (b'data: {"choices":[{"delta":{"content":"1, 2"}}]}\n\n', b"data: [DONE]\n\n")


@dataclass(frozen=True)
class Published:
    """A request of a page, as its SDK or its curl writes it."""

    path: str
    body: str
    arrives: str
    """The same with the words, where ``WORDS`` stands for them as a JSON string's inside."""

    def sent(self, level: str) -> bytes:
        """What must arrive at this level."""
        words = json.dumps(SHIPPED[Intensity(level)].text)[1:-1] if level != "off" else ""
        return (self.arrives.replace("WORDS", words) if words else self.body).encode()


_POOLING = '"messages":[{"role":"user","content":"Explain connection pooling."}],"model":"claude-3-5-sonnet-latest"'
_BLOCK = '{"type":"text","text":"You are a senior database engineer."}'
_DATABASE = '{"role":"user","content":"How does connection pooling work?"}],"model":"gpt-4o-mini","max_tokens":400}'
_EXPERT = '{"role":"system","content":"You are a database expert."},'
_COUNT = '{"role":"user","content":"Count to 10"}],"model":"gpt-4o-mini","stream":true'
_CURL = '{ "model": "gpt-4o-mini", "messages": ['
_LONGEST = '{"role": "user", "content": "What is a deadlock?"}] }'
_OURS = '{"role":"system","content":"WORDS"},'

EXAMPLES = {
    "anthropic, basic": Published(
        "/v1/messages", f'{{"max_tokens":1024,{_POOLING}}}', f'{{"system":"WORDS","max_tokens":1024,{_POOLING}}}'
    ),
    "anthropic, system": Published(
        "/v1/messages",
        f'{{"max_tokens":1024,{_POOLING},"system":"You are a senior database engineer."}}',
        f'{{"max_tokens":1024,{_POOLING},"system":"WORDS\\n\\nYou are a senior database engineer."}}',
    ),
    "anthropic, system as blocks": Published(
        "/v1/messages",
        f'{{"max_tokens":1024,{_POOLING},"system":[{_BLOCK}]}}',
        f'{{"max_tokens":1024,{_POOLING},"system":[{{"type":"text","text":"WORDS"}},{_BLOCK}]}}',
    ),
    "openai, basic": Published(
        "/v1/chat/completions",
        f'{{"messages":[{_EXPERT}{_DATABASE}',
        f'{{"messages":[{_OURS}{_EXPERT}{_DATABASE}',
    ),
    "openai, stream": Published(
        "/v1/chat/completions", f'{{"messages":[{_COUNT}}}', f'{{"messages":[{_OURS}{_COUNT}}}'
    ),
    "openai, curl": Published("/v1/chat/completions", f"{_CURL}{_LONGEST}", f"{_CURL}{_OURS}{_LONGEST}"),
}

every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
every_level = pytest.mark.parametrize("level", LEVELS)


def answer(received: Received) -> Scripted:
    """What each page's provider says."""
    streams = json.loads(received.body).get("stream")
    return stream_answer(*FRAMES) if streams else json_answer(ANSWERS[received.path])


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Provider]]:
    """A gateway with a key for each level, in front of providers whose keys the callers bring."""
    with Provider(answer) as provider:
        rows = settings(
            anthropic={"dialect": "anthropic", "base_url": provider.base_url},
            openai={"dialect": "openai", "base_url": f"{provider.base_url}/v1"},
        )
        keys = [{"name": level, "key": key, "intensity": level} for level, key in KEYS.items()]
        # Usage is not asked for: what that does to a stream's request is another page's matter.
        config = {**rows, "keys": keys, "terser": {"holdout": 0}, "stream_usage": "estimate"}
        with Gateway(config, tmp_path_factory.mktemp("published")) as gateway:
            yield gateway, provider


def asked(
    gateway: Gateway, example: Published, key: str, query: str = "", headers: Mapping[str, str] | None = None
) -> Got:
    """The page's request: its key in the header that its SDK has for it, and the caller's own provider key."""
    chat = example.path.endswith("completions")
    shown = {"authorization": f"Bearer {key}"} if chat else {"x-api-key": key, "anthropic-version": "2023-06-01"}
    named = {**shown, "X-Provider-Key": CALLER_KEY, **(headers or {})}
    return ask(gateway, example.path + query, example.body, named, key=None)


@every_example
@every_level
def test_a_keys_level_runs(published: tuple[Gateway, Provider], example: Published, level: str) -> None:
    """The level's words arrive at their place, nothing else is touched, and the header says what ran."""
    gateway, provider = published
    got = asked(gateway, example, KEYS[level])
    assert got.status == 200
    assert (provider.received[-1].body, provider.received[-1].target) == (example.sent(level), example.path)
    assert got.headers["x-mintoken-intensity"] == got.headers["x-penstock-intensity"] == level
    if level != "off":
        assert (got.headers["x-penstock-reason"], got.headers["x-penstock-arm"]) == ("default", "treated")
        assert got.headers["x-penstock-rules"] == SHIPPED[Intensity(level)].version
    said = b"".join(FRAMES) if "stream" in example.body else ANSWERS[example.path]
    assert got.body == said


@every_example
@every_level
@pytest.mark.parametrize("way", ["X-Mintoken-Intensity", "X-Penstock-Intensity", "?intensity="])
def test_a_request_overrides_its_keys_level(
    published: tuple[Gateway, Provider], example: Published, level: str, way: str
) -> None:
    """By either header or the query, from any default, on this very request; the wish itself goes no further."""
    gateway, provider = published
    default = KEYS["lite" if level == "ultra" else "ultra"]
    query, headers = (f"{way}{level}", {}) if way.startswith("?") else ("", {way: level})
    got = asked(gateway, example, default, query, headers)
    assert got.status == 200
    received = provider.received[-1]
    assert (received.body, received.target) == (example.sent(level), example.path)
    assert not [name for name, _ in received.headers if "intensity" in name]
    assert got.headers["x-mintoken-intensity"] == got.headers["x-penstock-intensity"] == level
    assert (got.headers["x-penstock-reason"], got.headers["x-penstock-arm"]) == ("override", "forced")
